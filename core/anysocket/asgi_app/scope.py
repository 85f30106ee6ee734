"""A handshake as an ASGI scope (https://asgi.readthedocs.io/en/latest/specs/www.html#websocket-connection-scope)."""

from urllib.parse import unquote_to_bytes

from anysocket.asgi import Scope, below
from anysocket.handshake import Handshake


def scope_of(handshake: Handshake, server_scope: Scope) -> Scope:
    """Make a scope of version 2.5, with the other keys of the server's own scope."""
    return {
        **server_scope,
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": handshake.http_version,
        "scheme": handshake.scheme,
        "path": _path(handshake),
        "raw_path": handshake.raw_path,
        "query_string": handshake.query_string,
        "root_path": handshake.root_path,
        "headers": [(name, value) for name, value in handshake.headers],
        "client": handshake.client,
        "server": handshake.server,
        "subprotocols": list(handshake.subprotocols),
        "state": handshake.state,
        "extensions": {"websocket.http.response": {}},
    }


def _path(handshake: Handshake) -> str:
    """Put the root path before the path, unless the peer has sent it.

    Quart, Channels and the apps that Starlette mounts expect it there.
    """
    path = unquote_to_bytes(handshake.raw_path).decode("utf-8", "replace")
    sent = below(handshake.root_path, path) != path
    return path if sent else handshake.root_path + path
