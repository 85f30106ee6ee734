"""The address that a server listens on."""

import errno
import socket
import stat
from pathlib import Path

from anysocket_adapters.options import Options


def bind(options: Options) -> socket.socket:
    """Bind a listening socket to the address in the options.

    Raises:
        ValueError: the address is in use, isn't one of this machine, or isn't allowed. The message
            names it.
    """
    try:
        if options.unix_socket is not None:
            return _bind_unix(options.unix_socket, options.unix_socket_mode)
        family, kind, protocol, _, address = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # With the protocol: asyncio sets TCP_NODELAY only on a socket whose protocol is TCP.
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        where = options.unix_socket or f"{options.host}:{options.port}"
        raise ValueError(f"can't listen on {where}: {error.strerror or error}") from error
    listener.setblocking(False)
    return listener


def _bind_unix(path: Path, mode: int) -> socket.socket:
    """Bind a unix socket; replace one that a dead server has left."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
                if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
                    path.unlink()
        listener.bind(str(path))
        path.chmod(mode)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener


def url(listener: socket.socket, options: Options) -> str:
    """Give the URL of the address that is really bound."""
    scheme = "ws" if options.tls_certificate is None else "wss"
    if options.unix_socket is not None:
        return f"{scheme}+unix://{options.unix_socket}"
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
