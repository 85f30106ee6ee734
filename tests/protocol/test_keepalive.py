"""Pings, and the peers that are given up."""

from dataclasses import replace

import pytest

from anysocket.asgi_app.fields import Disconnected
from anysocket_protocol.frames import BINARY, FIN, PONG
from tests.protocol.client import frame
from tests.protocol.connections import A_PING, HELLO, NO_PINGS, SEND, SETTINGS, Make, disconnect, limited


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
