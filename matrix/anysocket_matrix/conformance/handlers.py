"""Handlers that several files of cases use."""

from anysocket import WebSocketRequest
from anysocket_matrix.case import Notes, handler


@handler()
async def until_the_end(request: WebSocketRequest, notes: Notes) -> None:
    """Note every message."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        notes.append(message)


@handler()
async def echo(request: WebSocketRequest, notes: Notes) -> None:
    """Send every message back."""
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(message)
