"""The same echo in other frameworks, where they are installed: `anysocket cost --app starlette`."""

from collections.abc import Callable, Mapping
from typing import cast

from anysocket.asgi import ASGIApp


def _starlette() -> ASGIApp:
    from starlette.applications import Starlette
    from starlette.routing import WebSocketRoute
    from starlette.websockets import WebSocket, WebSocketDisconnect

    async def echo(ws: WebSocket) -> None:
        await ws.accept()
        try:
            while True:
                await ws.send_text(await ws.receive_text())
        except WebSocketDisconnect:
            pass

    return cast("ASGIApp", Starlette(routes=[WebSocketRoute("/echo", echo)]))  # its own types for ASGI


PEERS: Mapping[str, Callable[[], ASGIApp]] = {"starlette": _starlette}
"""What makes each framework's app."""


def peer(name: str) -> ASGIApp:
    """Make a framework's app.

    Raises:
        ValueError: there is no such framework here.
    """
    if name not in PEERS:
        raise ValueError(f"there is no app {name!r}: choose one of {', '.join(PEERS)}")
    try:
        return PEERS[name]()
    except ImportError:
        raise ValueError(f"{name} isn't installed: pip install {name}") from None
