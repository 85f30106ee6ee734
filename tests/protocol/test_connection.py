"""A connection between an application and a peer, step by step: its life, its limits and its times."""

import tracemalloc
from asyncio.transports import BaseTransport
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from anysocket.asgi import ASGIApp, ASGIEvent
from anysocket.asgi_app.fields import Disconnected
from anysocket_protocol.asgi import ASGIConnection
from anysocket_protocol.frames import BINARY, CLOSE, FIN, PING, PONG, TEXT
from anysocket_protocol.settings import Limits, Settings
from tests.protocol.bench import REQUEST, Bench, echo
from tests.protocol.client import Frame, close_frame, frame

SETTINGS = Settings(ping_interval=20, ping_timeout=10, close_timeout=5)
NO_PINGS = replace(SETTINGS, ping_interval=None)

HELLO = frame(FIN | TEXT, b"hello")
A_HELLO = Frame(FIN | TEXT, b"hello")
A_PING = Frame(FIN | PING, b"")
A_MESSAGE = {"type": "websocket.receive", "text": "hello"}
SEND: ASGIEvent = {"type": "websocket.send", "text": "hello"}

Make = Callable[..., Bench]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Bench] = []

    def making(settings: Settings = SETTINGS, app: ASGIApp | None = None, *, opened: bool = True) -> Bench:
        bench = Bench(app, settings, Timed)
        made.append(bench)
        if opened:
            bench.open()
        return bench

    yield making
    for bench in made:
        bench.close()


class Timed(ASGIConnection):
    """A connection that waits for its request, as one of a server of its own."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.begin()


def limited(**limits: int) -> Settings:
    return replace(SETTINGS, limits=Limits(**limits))


def disconnect(code: int, reason: str = "") -> dict[str, object]:
    return {"type": "websocket.disconnect", "code": code, "reason": reason}


def close(code: int, reason: bytes = b"") -> Frame:
    return Frame(FIN | CLOSE, code.to_bytes(2) + reason)


# The opening


def test_the_response_opens_the_connection(make: Make) -> None:
    bench = make(opened=False)
    bench.request(b"Sec-WebSocket-Protocol: chat\r\n")
    assert bench.take() == b""
    bench.send(
        {"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"x-a", b"1"), (b"x-a", b"2")]}
    )
    assert bench.take() == (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"Sec-WebSocket-Protocol: chat\r\nx-a: 1\r\nx-a: 2\r\n\r\n"
    )


def test_a_request_byte_by_byte_behind_empty_lines(make: Make) -> None:
    bench = make(opened=False)
    for byte in b"\r\n\r\n" + REQUEST + b"\r\n" + HELLO:
        bench.peer_sends(bytes((byte,)))
    bench.send({"type": "websocket.accept"})
    bench.receive()
    assert bench.received() == A_MESSAGE


def test_empty_lines_without_end_take_no_memory(make: Make) -> None:
    bench = make(opened=False)
    for _ in range(100):
        bench.peer_sends(b"\r\n" * 10_000)
    assert len(bench.connection._early) == 0  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("head", [b"GET /" + b"a" * 70_000, REQUEST + b"a: b\r\n" * 300 + b"\r\n"])
def test_a_request_above_the_limits(make: Make, head: bytes) -> None:
    bench = make(opened=False)
    bench.peer_sends(head)
    assert bench.take().startswith(b"HTTP/1.1 431 ")
    assert bench.wire.closing


@pytest.mark.parametrize("begun", [b"", b"GET / HT"])
def test_a_request_that_does_not_come_in_time(make: Make, begun: bytes) -> None:
    bench = make(opened=False)
    if begun:
        bench.peer_sends(begun)
    bench.loop.advance(9.8)
    assert bench.take() == b""
    bench.loop.advance(0.4)
    assert bench.take().startswith(b"HTTP/1.1 408 ")
    assert bench.wire.lost


def test_early_frames_come_behind_the_response(make: Make) -> None:
    bench = make(opened=False)
    bench.request(behind=HELLO + frame(FIN | PING, b"p"))
    bench.peer_sends(HELLO)
    bench.send({"type": "websocket.accept"})
    head, _, behind = bench.take().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 ")
    assert behind == bytes((FIN | PONG, 1)) + b"p"
    bench.receive()
    assert [bench.received(), bench.received()] == [A_MESSAGE] * 2


def test_an_early_frame_that_breaks_the_protocol(make: Make) -> None:
    bench = make(opened=False)
    bench.request(behind=HELLO + frame(FIN | TEXT, b"a", masked=False))
    bench.send({"type": "websocket.accept"})
    assert bench.take().partition(b"\r\n\r\n")[2][2:4] == (1002).to_bytes(2)
    bench.receive()
    assert bench.received() == A_MESSAGE
    assert bench.received() == disconnect(1002, "a frame that isn't masked")


def test_a_peer_that_sends_much_too_early_waits(make: Make) -> None:
    bench = make(limited(max_header_size=1000, max_unread=4), opened=False)
    bench.request()
    bench.peer_sends(HELLO * 100)
    assert not bench.wire.reading
    bench.send({"type": "websocket.accept"})
    bench.receive()
    assert [bench.received() for _ in range(100)] == [A_MESSAGE] * 100
    bench.loop.turn()
    assert bench.wire.reading


# A refusal


def test_a_denial(make: Make) -> None:
    bench = make(opened=False)
    bench.request()
    bench.send({"type": "websocket.close"})
    bench.loop.turn()
    assert bench.take().startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert bench.wire.lost
    bench.receive()
    assert bench.received() == disconnect(1006)


def start(status: int, *headers: tuple[bytes, bytes]) -> dict[str, object]:
    return {"type": "websocket.http.response.start", "status": status, "headers": headers}


def body(data: bytes, *, more: bool = False) -> dict[str, object]:
    return {"type": "websocket.http.response.body", "body": data, "more_body": more}


def test_a_denial_in_parts(make: Make) -> None:
    """It goes out when it is complete, with its length."""
    bench = make(opened=False)
    bench.request()
    bench.send(start(429, (b"date", b"now"), (b"retry-after", b"1")))
    bench.send(body(b"so ", more=True))
    assert bench.take() == b""
    bench.loop.advance(100)
    bench.send(body(b"it goes"))
    bench.loop.turn()
    assert bench.take() == (
        b"HTTP/1.1 429 Too Many Requests\r\n"
        b"date: now\r\nretry-after: 1\r\ncontent-length: 10\r\nconnection: close\r\n\r\nso it goes"
    )
    assert bench.wire.lost
    assert not bench.wire.aborted


def test_a_long_denial_in_parts(make: Make) -> None:
    """It goes out part by part, and may take its time, also after the peer has had to catch up."""
    bench = make(opened=False)
    bench.request()
    bench.send(start(429, (b"date", b"now")))
    bench.send(body(bytes(70_000), more=True))
    bench.wire.block()
    waits = bench.send(body(b"it ", more=True))
    bench.loop.advance(4)
    assert not waits.done()
    bench.wire.unblock()
    bench.loop.advance(100)
    bench.send(body(b"goes"))
    bench.loop.turn()
    head = b"HTTP/1.1 429 Too Many Requests\r\ndate: now\r\nconnection: close\r\n\r\n"
    assert bench.take() == head + bytes(70_000) + b"it goes"
    assert bench.wire.lost
    assert not bench.wire.aborted


def test_a_denial_that_the_peer_does_not_read(make: Make) -> None:
    bench = make(opened=False)
    bench.request()
    bench.send(start(400))
    bench.send(body(b"a", more=True))
    bench.wire.block()
    waits = bench.send(body(b"b"))
    bench.loop.advance(5.2)
    assert bench.wire.aborted
    assert waits.done()
    assert isinstance(waits.exception(), RuntimeError | Disconnected)


def test_a_header_that_is_two_lines(make: Make) -> None:
    """It raises, nothing is written, and the connection can still be accepted."""
    bench = make(opened=False)
    bench.request()
    events: list[ASGIEvent] = [
        {"type": "websocket.accept", "headers": [(b"a", b"b\r\nset-cookie: c=d")]},
        {"type": "websocket.accept", "headers": [(b"a\r\nb", b"c")]},
        {"type": "websocket.accept", "subprotocol": "chat\r\n\r\n"},
    ]
    for event in events:
        with pytest.raises(ValueError, match=r"CR, LF or NUL|token|offered"):
            bench.send(event).result()
    assert bench.take() == b""
    bench.send({"type": "websocket.accept"})
    assert bench.take().startswith(b"HTTP/1.1 101 ")


def test_a_denial_with_a_header_that_is_two_lines(make: Make) -> None:
    """Without its head no body is written."""
    bench = make(opened=False)
    bench.request()
    with pytest.raises(ValueError, match="CR, LF or NUL"):
        bench.send(start(400, (b"a", b"b\r\nc: d"))).result()
    with pytest.raises(RuntimeError, match="CONNECTING"):
        bench.send(body(b"text")).result()
    assert bench.take() == b""


# Messages


def test_what_is_sent_within_a_read_goes_out_at_once(make: Make) -> None:
    bench = make(app=echo)
    bench.peer_sends(HELLO * 3)
    assert len(bench.wire.written) == 1
    assert bench.frames() == [A_HELLO] * 3


def test_what_is_sent_within_a_turn_is_two_writes(make: Make) -> None:
    bench = make()
    for _ in range(5):
        bench.task(partial(bench.connection.send_message, SEND))
    bench.loop.turn()
    bench.take()

    async def five() -> None:
        for _ in range(5):
            await bench.connection.send_message(SEND)

    bench.task(five)
    bench.loop.turn()
    assert [len(written) for written in bench.wire.written] == [7, 28]


def test_a_burst_lets_others_have_their_turn(make: Make) -> None:
    bench = make(limited(burst=10), echo)
    bench.peer_sends(HELLO * 35)
    assert len(bench.frames()) == 10
    assert not bench.wire.reading
    bench.loop.turn()
    assert len(bench.frames()) == 10
    bench.loop.turn(3)
    assert len(bench.frames()) == 15
    assert bench.wire.reading


def test_a_burst_of_bytes_too(make: Make) -> None:
    bench = make(limited(burst_size=1000), echo)
    bench.peer_sends(frame(FIN | BINARY, bytes(400)) * 5)
    assert len(bench.frames()) == 3
    bench.loop.turn()
    assert len(bench.frames()) == 2


def test_a_burst_of_fragments_too(make: Make) -> None:
    bench = make(limited(burst=10))
    bench.peer_sends(frame(TEXT) + frame(0) * 25 + frame(FIN))
    assert not bench.wire.reading
    bench.loop.turn(3)
    assert bench.wire.reading
    assert bench.received() == {"type": "websocket.receive", "text": ""}


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("max_unread", [1, 2, 32])
def test_unread_messages_are_bounded(make: Make, *, apart: bool, max_unread: int) -> None:
    """The peer waits whether its messages come one by one or together, and all of them arrive."""
    bench = make(limited(max_unread=max_unread))
    left = [HELLO] * 100 if apart else [HELLO * 100]
    received = 0
    while received < 100:
        while left and bench.wire.reading:
            bench.peer_sends(left.pop(0))
            bench.loop.turn()
        assert len(bench.connection._inbox.unread) <= max_unread  # pyright: ignore[reportPrivateUsage]
        assert bench.received() == A_MESSAGE
        received += 1
        bench.loop.turn()


def test_unread_bytes_are_bounded(make: Make) -> None:
    bench = make(limited(max_unread_size=1000))
    bench.peer_sends(frame(FIN | BINARY, bytes(999)))
    assert bench.wire.reading
    bench.peer_sends(frame(FIN | BINARY, b"1"))
    assert not bench.wire.reading
    bench.received()
    bench.loop.turn()
    assert bench.wire.reading


def test_a_close_frame_behind_what_is_unread(make: Make) -> None:
    """Our own close reads on, whatever the application has left unread."""
    for max_unread in (1, 4):
        bench = make(limited(max_unread=max_unread))
        bench.peer_sends(HELLO * 10 + close_frame(1000))
        assert not bench.wire.reading
        bench.send({"type": "websocket.close"})
        bench.loop.turn(2)
        assert bench.wire.lost
        assert not bench.wire.aborted


def test_pressure_of_a_peer_that_does_not_read(make: Make) -> None:
    bench = make()
    bench.wire.block()
    waits = bench.send(SEND)
    assert not waits.done()
    bench.wire.unblock()
    bench.loop.turn(2)
    assert waits.done()
    assert bench.frames() == [A_HELLO]


def test_pongs_that_are_not_read_are_not_kept(make: Make) -> None:
    """Only the last one is sent once the peer reads (section 5.5.3)."""
    bench = make()
    bench.wire.block()
    for number in range(1000):
        bench.peer_sends(frame(FIN | PING, b"%d" % number))
    assert bench.take() == b""
    bench.wire.unblock()
    assert bench.frames() == [Frame(FIN | PONG, b"999")]


# The end


def test_the_peer_closes(make: Make) -> None:
    bench = make()
    waits = bench.receive()
    bench.peer_sends(close_frame(3000, b"done"))
    assert waits.result() == disconnect(3000, "done")
    assert bench.frames() == [close(3000)]
    assert bench.wire.closing
    assert bench.received() == disconnect(3000, "done")
    with pytest.raises(Disconnected):
        bench.send(SEND).result()


def test_the_peer_closes_without_a_code(make: Make) -> None:
    bench = make()
    bench.peer_sends(frame(FIN | CLOSE))
    assert bench.frames() == [Frame(FIN | CLOSE, b"")]
    assert bench.received() == disconnect(1005)


def test_we_close(make: Make) -> None:
    bench = make()
    bench.peer_sends(HELLO)
    bench.send({"type": "websocket.close", "code": 4000, "reason": "bye"})
    assert bench.frames() == [close(4000, b"bye")]
    assert not bench.wire.closing
    assert bench.received() == disconnect(4000, "bye")
    bench.peer_sends(HELLO + frame(FIN | PING))
    assert bench.take() == b""
    bench.peer_sends(close_frame(4000))
    bench.loop.turn()
    assert bench.wire.lost
    assert not bench.wire.aborted


def test_our_close_that_is_not_answered(make: Make) -> None:
    bench = make()
    bench.send({"type": "websocket.close"})
    bench.loop.advance(4.8)
    assert not bench.wire.closing
    bench.loop.advance(0.4)
    assert bench.wire.aborted


@pytest.mark.parametrize("code", [1005, 1006, 999, 5000])
def test_a_code_that_no_frame_can_carry(make: Make, code: int) -> None:
    bench = make()
    with pytest.raises(ValueError, match="close"):
        bench.send({"type": "websocket.close", "code": code}).result()
    assert bench.take() == b""
    bench.send(SEND)
    assert bench.frames() == [A_HELLO]


def test_a_reason_that_no_frame_can_carry(make: Make) -> None:
    bench = make()
    bench.send({"type": "websocket.close", "reason": "é" * 62})
    (close,) = bench.frames()
    assert close.payload == (1000).to_bytes(2) + "é".encode() * 61


def test_last_words_come_before_our_close_frame(make: Make) -> None:
    """An echo answers all that came in one read with the peer's close."""
    bench = make(app=echo)
    bench.peer_sends(HELLO * 3 + close_frame(1000))
    assert bench.frames() == [A_HELLO, A_HELLO, A_HELLO, close(1000)]


def test_last_words_of_a_slow_application(make: Make) -> None:
    """It has half a second for what it hasn't received."""
    bench = make()
    bench.peer_sends(HELLO + close_frame(1000))
    bench.loop.advance(0.3)
    assert bench.received() == A_MESSAGE
    bench.send(SEND)
    assert bench.frames() == [A_HELLO]
    bench.loop.advance(0.4)
    assert bench.frames() == [close(1000)]
    assert bench.wire.lost
    assert bench.received() == disconnect(1000)


def test_last_words_to_a_peer_that_does_not_read(make: Make) -> None:
    bench = make()
    bench.wire.block()
    waits = [bench.send(SEND)]
    bench.peer_sends(HELLO + close_frame(1000))
    waits.append(bench.send(SEND))
    assert not any(each.done() for each in waits)
    bench.loop.advance(0.7)
    for each in waits:
        with pytest.raises(Disconnected):
            each.result()
    bench.loop.advance(5.2)
    assert bench.wire.aborted


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(FIN | TEXT, b"a", masked=False), 1002),
        (frame(FIN | TEXT, b"\xff"), 1007),
        (frame(FIN | BINARY, bytes(1001)), 1009),
        (frame(TEXT, b"a") + frame(0) * 8, 1009),
    ],
)
def test_a_peer_that_breaks_the_protocol(make: Make, data: bytes, code: int) -> None:
    """It gets the code, the application too; then it has a second to hang up."""
    bench = make(limited(max_message_size=1000, max_frames=5))
    waits = bench.receive()
    bench.peer_sends(data)
    frames = bench.frames()
    assert [each.first for each in frames] == [FIN | CLOSE]
    assert frames[0].payload[:2] == code.to_bytes(2)
    assert waits.result() == disconnect(code, frames[0].payload[2:].decode())
    bench.peer_sends(HELLO)
    assert bench.wire.reading
    assert not bench.wire.closing
    bench.loop.advance(1.2)
    assert bench.wire.aborted
    assert bench.take() == b""


def test_a_violation_behind_a_burst(make: Make) -> None:
    """Reading goes on: what is unread at the end of TCP would reset it, and our close frame be lost."""
    bench = make(limited(burst=2))
    bench.peer_sends(HELLO * 5 + frame(FIN | TEXT, b"a", masked=False))
    assert not bench.wire.reading
    bench.loop.turn(5)
    assert [each.first for each in bench.frames()] == [FIN | CLOSE]
    assert bench.wire.reading


def test_the_peer_is_lost(make: Make) -> None:
    """What had come is received, and then 1006."""
    bench = make()
    bench.peer_sends(HELLO)
    bench.do(partial(bench.wire.lose, ConnectionResetError()))
    assert [bench.received(), bench.received()] == [A_MESSAGE, disconnect(1006)]
    with pytest.raises(Disconnected):
        bench.send(SEND).result()


def test_a_lost_peer_leaves_nothing_but_messages(make: Make) -> None:
    """The application may live on for long."""
    bench = make()
    tracemalloc.start()
    try:
        bench.peer_sends(HELLO + frame(FIN | BINARY, bytes(8_000_000))[:-1])
        assert tracemalloc.get_traced_memory()[0] > 8_000_000
        bench.do(partial(bench.wire.lose, None))
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()
    assert [bench.received(), bench.received()] == [A_MESSAGE, disconnect(1006)]


def test_half_a_close(make: Make) -> None:
    """TCP that ends without a close frame is a lost peer; it may read what was sent before."""
    bench = make()
    bench.send(SEND)
    bench.peer_ends()
    assert bench.received() == disconnect(1006)
    assert bench.wire.closing
    assert not bench.wire.aborted
    assert bench.frames() == [A_HELLO]


def test_half_a_close_of_a_peer_that_does_not_read(make: Make) -> None:
    for settings in (SETTINGS, NO_PINGS):
        bench = make(settings)
        bench.wire.block()
        waits = bench.send(SEND)
        bench.peer_ends()
        bench.loop.turn(2)
        with pytest.raises(Disconnected):
            waits.result()
        bench.loop.advance(5.2)
        assert bench.wire.aborted


def test_half_a_close_behind_a_close_frame(make: Make) -> None:
    """It still reads the last words."""
    bench = make()
    bench.peer_sends(HELLO + close_frame(1000))
    bench.peer_ends()
    assert not bench.wire.closing
    bench.received()
    bench.send(SEND)
    bench.received()
    assert bench.frames() == [A_HELLO, close(1000)]


# Keepalive


def test_a_peer_without_a_sign_of_life(make: Make) -> None:
    bench = make()
    waits = bench.receive()
    bench.loop.advance(19.8)
    assert bench.take() == b""
    bench.loop.advance(0.4)
    assert bench.frames() == [A_PING]
    bench.loop.advance(9.5)
    assert not bench.wire.aborted
    bench.loop.advance(0.5)
    assert bench.wire.aborted
    assert waits.result() == disconnect(1006)


@pytest.mark.parametrize("sign", [frame(FIN | PONG), HELLO[:3], frame(FIN | BINARY, bytes(2))])
def test_whatever_comes_is_a_sign_of_life(make: Make, sign: bytes) -> None:
    """A pong may be behind a long upload, so the upload counts."""
    bench = make()
    bench.loop.advance(20.2)
    assert bench.frames() == [A_PING]
    bench.peer_sends(sign)
    bench.loop.advance(19.5)
    assert bench.take() == b""
    bench.loop.advance(1)
    assert bench.frames() == [A_PING]
    bench.loop.advance(10.2)
    assert bench.wire.aborted


def test_a_pong_behind_a_long_upload(make: Make) -> None:
    """Each piece of the message is a sign of life."""
    bench = make()
    upload = frame(FIN | BINARY, bytes(200))
    for at in range(0, len(upload), 20):
        bench.peer_sends(upload[at : at + 20])
        bench.loop.advance(25)
    assert not bench.wire.aborted


def test_a_busy_peer_is_not_pinged(make: Make) -> None:
    bench = make()
    for _ in range(50):
        bench.loop.advance(5)
        bench.peer_sends(frame(FIN | PONG))
    assert bench.take() == b""


def test_a_peer_that_we_do_not_read_is_not_given_up(make: Make) -> None:
    """Pings go on, and their time begins when the application has caught up."""
    bench = make(replace(limited(max_unread=1), ping_interval=20, ping_timeout=10))
    bench.peer_sends(HELLO)
    assert not bench.wire.reading
    bench.loop.advance(99)
    assert bench.frames() == [A_PING] * 4
    bench.received()
    bench.loop.turn()
    assert bench.wire.reading
    bench.loop.advance(9)
    assert not bench.wire.aborted
    bench.loop.advance(40)
    assert bench.wire.aborted


def test_a_peer_that_reads_slowly_is_not_given_up(make: Make) -> None:
    """What it has read is a sign of life; when it reads nothing more, there is none."""
    bench = make()
    for _ in range(10):
        bench.wire.block()
        bench.loop.advance(15)
        bench.wire.unblock()
        bench.send(SEND)
    assert not bench.wire.aborted
    bench.wire.block()
    waits = bench.send(SEND)
    bench.loop.advance(30.3)
    assert bench.wire.aborted
    with pytest.raises(Disconnected):
        waits.result()


def test_pings_without_a_timeout(make: Make) -> None:
    bench = make(replace(SETTINGS, ping_timeout=None))
    bench.loop.advance(101)
    assert bench.frames() == [A_PING] * 5
    assert not bench.wire.aborted


@pytest.mark.parametrize("answered_after", [0.0, 7.0])
def test_pings_whose_timeout_is_the_longer_one(make: Make, answered_after: float) -> None:
    """A proxy in between ends what is silent for long, however patient we are."""
    bench = make(replace(SETTINGS, ping_interval=5, ping_timeout=60))
    for _ in range(5):
        bench.loop.advance(10.2)
        assert bench.frames() == [A_PING]
        bench.loop.advance(answered_after)
        bench.peer_sends(frame(FIN | PONG))
    bench.loop.advance(70.4)
    assert bench.wire.aborted


def test_no_pings(make: Make) -> None:
    bench = make(NO_PINGS)
    bench.loop.advance(1000)
    assert bench.take() == b""


# The server ends


def test_shutdown(make: Make) -> None:
    bench = make()
    waits = bench.receive()
    bench.do(bench.connection.shutdown)
    assert bench.frames() == [close(1001)]
    bench.loop.turn()
    assert waits.result() == disconnect(1001)
    bench.do(bench.connection.shutdown)
    assert bench.take() == b""


def test_shutdown_before_the_answer(make: Make) -> None:
    bench = make(opened=False)
    bench.request()
    bench.do(bench.connection.shutdown)
    assert bench.take().startswith(b"HTTP/1.1 503 ")
    with pytest.raises(Disconnected):
        bench.send({"type": "websocket.accept"}).result()


def test_shutdown_before_the_request(make: Make) -> None:
    bench = make(opened=False)
    bench.peer_sends(b"GET")
    bench.do(bench.connection.shutdown)
    assert bench.wire.aborted


def test_shutdown_while_the_peer_closes(make: Make) -> None:
    bench = make()
    bench.peer_sends(HELLO + close_frame(1000))
    bench.do(bench.connection.shutdown)
    bench.loop.advance(0.7)
    assert bench.frames() == [close(1000)]


def test_shutdown_to_a_peer_that_does_not_read(make: Make) -> None:
    bench = make()
    bench.wire.block()
    waits = bench.send(SEND)
    bench.do(bench.connection.shutdown)
    bench.loop.turn()
    with pytest.raises(Disconnected):
        waits.result()
    bench.loop.advance(5.2)
    assert bench.wire.aborted


# The application


def test_an_application_that_is_cancelled(make: Make) -> None:
    """A cancelled receive loses nothing."""
    bench = make()
    waits = bench.receive()
    waits.cancel()
    bench.peer_sends(HELLO)
    assert waits.cancelled()
    assert bench.received() == A_MESSAGE


def test_a_cancelled_send(make: Make) -> None:
    bench = make()
    bench.wire.block()
    waits = [bench.send(SEND), bench.send(SEND)]
    waits[0].cancel()
    bench.wire.unblock()
    bench.loop.turn(2)
    assert waits[0].cancelled()
    assert bench.frames() == [A_HELLO]


def test_wait_lost(make: Make) -> None:
    bench = make()
    bench.send({"type": "websocket.close"})
    waits = bench.task(bench.connection.wait_lost)
    assert not waits.done()
    bench.peer_sends(close_frame(1000))
    bench.loop.turn(3)
    assert waits.done()
    assert bench.task(bench.connection.wait_lost).done()


def test_wait_lost_that_is_given_up(make: Make) -> None:
    bench = make()
    bench.send({"type": "websocket.close"})
    bench.task(bench.connection.wait_lost).cancel()
    bench.loop.turn(2)
    assert bench.wire.aborted
