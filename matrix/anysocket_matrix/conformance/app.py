"""The app under test: it runs the handler that a request names, over the transport that it names.

A request says in `x-handler` which handler of which case, in `x-layer` whether over the plain
ASGI transport or through the server's adapter, and in `x-connection` under which number the
handler's notes are kept. `GET /notes/<number>` waits for them, `GET /started/<number>` for its
beginning, `GET /noted/<number>` for its first note, and `GET /gate/<number>` lets it go on.
"""

from typing import cast

import anyio
import msgspec

from anysocket import Application, WebSocketRequest, discovery
from anysocket.asgi import Receive, Scope, Send
from anysocket_adapters.asgi import ASGITransport
from anysocket_matrix.conformance.case import HANDLERS, Notes, cases

NOTES_DEADLINE = 3.0
"""Seconds that a handler may take to end after its peer asks for its notes."""

_POLL = 0.002
"""Seconds between two looks at a handler; a thread or another loop may be the one that runs it."""


class Record(msgspec.Struct):
    """What one handler noted, and how it ended."""

    notes: list[object]
    code: int | None = None
    raised: str | None = None
    done: bool = False


class _Running:
    def __init__(self) -> None:
        self.notes = Notes()
        self.record = Record(self.notes)


_running: dict[str, _Running] = {}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a connection of a case, or the notes of one."""
    if scope["type"] == "websocket":
        await _run_case(scope, receive, send)
    elif scope["type"] == "http":
        await _answer(cast("str", scope["path"]), send)
    else:
        cases()
        await Application()(scope, receive, send)


async def _run_case(scope: Scope, receive: Receive, send: Send) -> None:
    headers = dict(cast("list[tuple[bytes, bytes]]", scope["headers"]))
    handler = HANDLERS[headers[b"x-handler"].decode()]
    running = _running[headers[b"x-connection"].decode()] = _Running()
    connect = ASGITransport if headers[b"x-layer"] == b"plain" else discovery.connect
    transport = connect(scope, receive, send)
    application = Application(max_message_size=handler.max_message_size, close_timeout=handler.close_timeout)
    requests: list[WebSocketRequest] = []

    async def noting(request: WebSocketRequest) -> None:
        requests.append(request)
        await handler.run(request, running.notes)

    application.websocket(transport.handshake.path)(noting)
    try:
        await application.handle(transport)
    except Exception as error:
        running.record.raised = f"{type(error).__name__}: {error}"
        raise
    finally:
        running.record.code = requests[0].web_socket.code
        running.record.done = True


async def _answer(path: str, send: Send) -> None:
    verb, number = path.split("/")[-2:]
    with anyio.move_on_after(NOTES_DEADLINE):
        while number not in _running:  # noqa: ASYNC110  # the server may be ahead of the app
            await anyio.sleep(_POLL)
        running = _running[number]
        if verb == "gate":
            running.notes.open_gate()
        while not running.record.done and (  # noqa: ASYNC110
            verb == "notes" or (verb == "noted" and not running.notes)
        ):
            await anyio.sleep(_POLL)
    body = msgspec.msgpack.encode(_running[number].record)
    headers = [(b"content-type", b"application/msgpack"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
