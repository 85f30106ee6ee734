"""Messages in both directions, and what they cost the others."""

from functools import partial

import pytest

from anysocket_protocol.frames import BINARY, FIN, PING, PONG, TEXT
from tests.protocol.bench import echo
from tests.protocol.client import Frame, close_frame, frame
from tests.protocol.connections import A_HELLO, A_MESSAGE, HELLO, SEND, Make, limited


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
