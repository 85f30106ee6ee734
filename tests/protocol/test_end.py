"""How a connection ends: by its peer, by its application, by its server."""

import tracemalloc
from functools import partial

import pytest

from anysocket.asgi_app.fields import Disconnected
from anysocket_protocol.frames import BINARY, CLOSE, FIN, PING, TEXT
from tests.protocol.bench import echo
from tests.protocol.client import Frame, close_frame, frame
from tests.protocol.connections import (
    A_HELLO,
    A_MESSAGE,
    HELLO,
    NO_PINGS,
    SEND,
    SETTINGS,
    Make,
    close,
    disconnect,
    limited,
)


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
