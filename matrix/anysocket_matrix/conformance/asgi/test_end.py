"""N6: how an application ends, and the effect of its errors."""

import anyio

from anysocket_matrix.case import ASGICall, asgi_app, case
from anysocket_matrix.conformance.asgi.script import (
    OPEN,
    RECEIVE,
    REST,
    Event,
    accept,
    attempt,
    body,
    close,
    open_connection,
    receive_the_rest,
    script,
    send,
    start,
    text,
)
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.peer.peer import Mismatch

UNKNOWN: Event = {"type": "x"}


@asgi_app()
async def does_nothing(asgi: ASGICall) -> None:
    """Return at once."""


@asgi_app()
async def fails_at_once(asgi: ASGICall) -> None:
    """Raise at once."""
    raise LookupError("at once")


@asgi_app()
async def fails_before_accept(asgi: ASGICall) -> None:
    """Raise after websocket.connect."""
    await asgi.receive()
    raise LookupError("before accept")


@asgi_app()
async def fails_within_a_response(asgi: ASGICall) -> None:
    """Raise between a response's start and its body."""
    await asgi.receive()
    await asgi.send(start(status=401))
    await asgi.send(body(body=b"half", more_body=True))
    raise LookupError("within a response")


@asgi_app()
async def fails_after_a_response(asgi: ASGICall) -> None:
    """Raise after a response."""
    await asgi.receive()
    await asgi.send(start(status=401))
    await asgi.send(body(body=b"no"))
    raise LookupError("after a response")


@asgi_app()
async def fails_when_open(asgi: ASGICall) -> None:
    """Raise on an open connection."""
    await open_connection(asgi)
    await asgi.send(send(text="open"))
    raise LookupError("when open")


@asgi_app()
async def fails_after_its_close(asgi: ASGICall) -> None:
    """Raise after its own close."""
    await open_connection(asgi)
    await asgi.send(close(code=4001))
    raise LookupError("after its close")


@asgi_app()
async def fails_after_the_disconnect(asgi: ASGICall) -> None:
    """Raise after the peer has closed."""
    await open_connection(asgi)
    await receive_the_rest(asgi)
    raise LookupError("after the disconnect")


@asgi_app()
async def exits_before_accept(asgi: ASGICall) -> None:
    """Raise SystemExit before accept."""
    await asgi.receive()
    raise SystemExit(3)


@asgi_app()
async def exits_when_open(asgi: ASGICall) -> None:
    """Raise SystemExit on an open connection."""
    await open_connection(asgi)
    raise SystemExit(3)


@asgi_app()
async def interrupts(asgi: ASGICall) -> None:
    """Raise KeyboardInterrupt."""
    await open_connection(asgi)
    raise KeyboardInterrupt


@asgi_app()
async def lets_the_disconnect_escape(asgi: ASGICall) -> None:
    """Send after the peer has closed, and let the exception escape."""
    await open_connection(asgi)
    await receive_the_rest(asgi)
    await asgi.send(send(text="late"))


@asgi_app()
async def lets_it_escape_from_tasks(asgi: ASGICall) -> None:
    """Do the same in two tasks of a task group."""
    await open_connection(asgi)
    await receive_the_rest(asgi)

    async def send_late() -> None:
        await asgi.send(send(text="late"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send_late)
        tasks.start_soon(send_late)


@asgi_app()
async def lets_another_error_escape(asgi: ASGICall) -> None:
    """Raise an OSError that has nothing to do with the connection."""
    await open_connection(asgi)
    raise ConnectionResetError("of a database")


@asgi_app()
async def makes_a_mistake(asgi: ASGICall) -> None:
    """Send an invalid event, and let the exception escape."""
    await open_connection(asgi)
    await asgi.send(send())


@asgi_app()
async def returns_something(asgi: ASGICall) -> None:
    """Return a value, which no application should."""
    await open_connection(asgi)
    return 7  # type: ignore[return-value]  # ty: ignore[invalid-explicit-return]  # on purpose


@asgi_app()
async def is_unhappy_with_a_wrong_event(asgi: ASGICall) -> None:
    """Send invalid events of every kind, and go on."""
    await asgi.receive()
    for wrong in (send(text="a"), body(), accept(subprotocol=1), start(status="x"), UNKNOWN):
        asgi.notes.append(await attempt(asgi.send(wrong)))
    await asgi.send(accept())
    for wrong in (accept(), send(), send(text=1), close(code=1), start(status=403), UNKNOWN):
        asgi.notes.append(await attempt(asgi.send(wrong)))
    asgi.notes.append(await asgi.receive())


@asgi_app()
async def leaves_a_task_behind(asgi: ASGICall) -> None:
    """Return after a task that waited for messages was cancelled."""
    await open_connection(asgi)

    async def receive() -> None:
        await asgi.receive()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(receive)
        await anyio.sleep(0.05)
        tasks.cancel_scope.cancel()


def expect_served(connect: Connect) -> None:
    """Expect that the server still serves."""
    peer = connect(script(OPEN, send(text="open")))
    peer.expect_text("open")


@case("N6", requires="no_answer")
def test_returns_at_once(connect: Connect) -> None:
    """An application that returns at once gives 500."""
    peer = connect(does_nothing)
    peer.expect_status(500)
    peer.expect_raised(None)


@case("N6", requires="no_answer")
def test_returns_before_accept(connect: Connect) -> None:
    """An application that returns without an answer gives 500, and nothing follows the response."""
    peer = connect(script(RECEIVE))
    peer.expect_status(500)
    if peer.hears_something(within=0.2):
        raise Mismatch("nothing behind the answer", "something")
    peer.expect_raised(None)


@case("N6")
def test_returns_within_a_response(connect: Connect) -> None:
    """An application that returns within a denial response gives 500, and nothing of the denial is sent."""
    peer = connect(script(RECEIVE, start(status=401), body(body=b"half", more_body=True)))
    peer.expect_status(500)
    peer.expect_raised(None)


@case("N6")
def test_raises_at_once(connect: Connect) -> None:
    """An application that raises at once gives 500, and the server gets the exception."""
    peer = connect(fails_at_once)
    peer.expect_status(500)
    peer.expect_raised("LookupError: at once")


@case("N6")
def test_raises_before_accept(connect: Connect) -> None:
    """An application that raises before accept gives 500, and the server gets the exception."""
    peer = connect(fails_before_accept)
    peer.expect_status(500)
    peer.expect_raised("LookupError: before accept")


@case("N6")
def test_raises_within_a_response(connect: Connect) -> None:
    """An application that raises within a denial response gives 500, and the server gets the exception."""
    peer = connect(fails_within_a_response)
    peer.expect_status(500)
    peer.expect_raised("LookupError: within a response")


@case("N6")
def test_raises_after_a_response(connect: Connect) -> None:
    """An application that raises after a denial response leaves the response as it is."""
    peer = connect(fails_after_a_response)
    peer.expect_status(401)
    peer.expect_raised("LookupError: after a response")


@case("N6", requires="close_code")
def test_returns_when_open(connect: Connect) -> None:
    """An application that returns closes with 1000, after its messages."""
    peer = connect(script(OPEN, *[send(text=str(number)) for number in range(50)]))
    for number in range(50):
        peer.expect_text(str(number))
    peer.expect_closed(1000)
    peer.expect_raised(None)


@case("N6", requires=("close_codes", "close_code"))
def test_raises_when_open(connect: Connect) -> None:
    """An application that raises on an open connection closes with 1011; the server gets the exception."""
    peer = connect(fails_when_open)
    peer.expect_text("open")
    peer.expect_closed(1011)
    peer.expect_raised("LookupError: when open")


@case("N6", requires="close_code")
def test_returns_after_its_close(connect: Connect) -> None:
    """An application that returns after its own close keeps the code of that close."""
    peer = connect(script(OPEN, close(code=4001)))
    peer.expect_closed(4001)
    peer.expect_raised(None)


@case("N6", requires="close_code")
def test_raises_after_its_close(connect: Connect) -> None:
    """An application that raises after its own close keeps its code, and the server gets the exception."""
    peer = connect(fails_after_its_close)
    peer.expect_closed(4001)
    peer.expect_raised("LookupError: after its close")


@case("N6", requires="close_echo")
def test_returns_after_the_disconnect(connect: Connect) -> None:
    """An application that returns after the peer's close leaves the close echo as it is."""
    peer = connect(script(OPEN, REST))
    peer.send_close(4000)
    peer.expect_close(4000)
    peer.expect_end()
    peer.expect_raised(None)


@case("N6", requires="close_echo")
def test_raises_after_the_disconnect(connect: Connect) -> None:
    """An application that raises after the peer's close leaves the echo; the server gets the exception."""
    peer = connect(fails_after_the_disconnect)
    peer.send_close(4000)
    peer.expect_close(4000)
    peer.expect_end()
    peer.expect_raised("LookupError: after the disconnect")


@case("N6", requires="close_code")
def test_returns_with_messages_unread(connect: Connect) -> None:
    """An application that returns with messages unread closes with 1000."""
    peer = connect(script(OPEN, RECEIVE))
    for _ in range(50):
        peer.send_text("a")
    peer.expect_closed(1000)


@case("N6")
def test_exits_before_accept(connect: Connect) -> None:
    """SystemExit before accept gives 500, the server gets it as RuntimeError and goes on serving."""
    peer = connect(exits_before_accept)
    peer.expect_status(500)
    expect_served(connect)
    raised = peer.record().raised
    if raised is None or not raised.startswith("RuntimeError"):
        raise Mismatch("a RuntimeError", raised)


@case("N6", requires=("close_codes", "close_code"))
def test_exits_when_open(connect: Connect) -> None:
    """SystemExit on an open connection closes it with 1011, and the server goes on serving."""
    peer = connect(exits_when_open)
    peer.expect_closed(1011)
    expect_served(connect)


@case("N6", requires=("close_codes", "close_code"))
def test_interrupts(connect: Connect) -> None:
    """KeyboardInterrupt on an open connection closes it with 1011, and the server goes on serving."""
    peer = connect(interrupts)
    peer.expect_closed(1011)
    expect_served(connect)


@case("N6")
def test_peer_that_left_is_no_mistake(connect: Connect) -> None:
    """An application that lets the OSError of its own send escape hasn't failed."""
    peer = connect(lets_the_disconnect_escape)
    peer.send_close(4000)
    record = peer.record()
    if record.raised not in (None, "Disconnected: the connection is closed: 4000"):
        raise Mismatch("nothing, or the end of the connection", record.raised)
    expect_served(connect)


@case("N6")
def test_peer_that_left_is_no_mistake_of_tasks(connect: Connect) -> None:
    """An application that lets such OSErrors escape from a task group hasn't failed."""
    peer = connect(lets_it_escape_from_tasks)
    peer.send_close(4000)
    peer.record()
    expect_served(connect)


@case("N6", requires=("close_codes", "close_code"))
def test_other_error(connect: Connect) -> None:
    """An application that raises an OSError of another kind fails, and closes with 1011."""
    peer = connect(lets_another_error_escape)
    peer.expect_closed(1011)
    peer.expect_raised("ConnectionResetError: of a database")


@case("N6", requires=("close_codes", "close_code"))
def test_own_mistake(connect: Connect) -> None:
    """An application that lets the exception of an invalid event escape fails, and closes with 1011."""
    peer = connect(makes_a_mistake)
    peer.expect_closed(1011)
    raised = peer.record().raised
    if raised is None or not raised.startswith("ValueError"):
        raise Mismatch("ValueError", raised)


@case("N6")
def test_mistakes_that_are_caught(connect: Connect) -> None:
    """An application that catches the exceptions of invalid events can go on as before."""
    peer = connect(is_unhappy_with_a_wrong_event)
    peer.expect_open()
    peer.send_text("a")
    before = ["RuntimeError", "RuntimeError", "TypeError", "TypeError", "RuntimeError"]
    after = ["RuntimeError", "ValueError", "TypeError", "ValueError", "RuntimeError", "RuntimeError"]
    peer.expect_notes(*before, *after, text("a"))


@case("N6", requires="close_code")
def test_returns_something(connect: Connect) -> None:
    """The return value of an application is ignored."""
    peer = connect(returns_something)
    peer.expect_closed(1000)


@case("N6", requires="close_code")
def test_leaves_a_task_behind(connect: Connect) -> None:
    """A cancelled receive doesn't delay the end of the connection."""
    peer = connect(leaves_a_task_behind)
    peer.expect_closed(1000)
    peer.expect_raised(None)
