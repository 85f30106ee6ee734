"""Denying a connection with the response of an ASGI app to an http request."""

from collections.abc import Mapping
from typing import cast

import anyio

from anysocket.asgi import ASGIApp, ASGIEvent
from anysocket.handshake import Denial, RawHeaders, denial

_SCHEMES: Mapping[object, str] = {"ws": "http", "wss": "https"}


async def respond(app: ASGIApp, scope: Mapping[str, object]) -> Denial:
    """Call an app with the handshake as an http request, and return its response.

    Raises:
        ValueError: the response doesn't refuse the connection, or there is no response.
    """
    status, headers, body = 0, cast("RawHeaders", ()), b""
    asked, answered = False, anyio.Event()

    async def receive() -> ASGIEvent:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request"}
        await answered.wait()  # an app that streams may wait for the disconnect meanwhile
        return {"type": "http.disconnect"}

    async def send(event: ASGIEvent) -> None:
        nonlocal status, headers, body
        if event["type"] == "http.response.start":
            # The app sends events as the specification has them: hence the casts.
            status = cast("int", event["status"])
            headers = cast("RawHeaders", event.get("headers", ()))
        elif event["type"] == "http.response.body":
            body += cast("bytes", event.get("body", b""))
            if not event.get("more_body", False):
                answered.set()

    scheme = _SCHEMES.get(scope["scheme"], scope["scheme"])  # a proxy may have set http's
    extensions = dict[str, object]()
    http = {**scope, "type": "http", "method": "GET", "scheme": scheme, "extensions": extensions}
    await app(http, receive, send)
    if not status:
        raise ValueError(f"{app!r} gave no response to deny the connection with")
    return denial(status, headers, body)
