"""What an application does wrong, and when it ends."""

from tests.protocol.client import close_frame
from tests.protocol.connections import A_HELLO, A_MESSAGE, HELLO, SEND, Make


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
