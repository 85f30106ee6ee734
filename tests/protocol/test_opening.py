"""A connection until it is open or refused."""

import pytest

from anysocket.asgi import ASGIEvent
from anysocket.asgi_app.fields import Disconnected
from anysocket_protocol.frames import FIN, PING, PONG, TEXT
from tests.protocol.bench import REQUEST
from tests.protocol.client import frame
from tests.protocol.connections import A_MESSAGE, HELLO, Make, disconnect, limited


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
