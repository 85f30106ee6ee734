"""Large compressed messages inflate one after the other, and others have their turn between the steps."""

from collections.abc import Callable

from anysocket_protocol.frames import BINARY, CLOSE, FIN, RSV1
from anysocket_protocol.inflating import Inflating
from tests.protocol.bench import BenchLoop
from tests.protocol.client import Frame, frame
from tests.protocol.connections import Make, limited
from tests.protocol.test_deflate import deflated

MEBIBYTE = 1024 * 1024
OFFER = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"


def test_a_large_message_takes_several_turns(make: Make) -> None:
    bench = make(opened=False)
    bench.open(OFFER)
    task = bench.receive()
    bench.peer_sends(frame(FIN | RSV1 | BINARY, deflated(bytes(MEBIBYTE))))
    assert not task.done()
    assert not bench.wire.reading
    bench.loop.turn(10)
    assert task.done()
    assert task.result() == {"type": "websocket.receive", "bytes": bytes(MEBIBYTE)}
    assert bench.wire.reading


def test_a_bomb_is_let_go_at_once(make: Make) -> None:
    """The connection stays for the peer's end, but nothing that has been inflated."""
    bench = make(limited(max_message_size=MEBIBYTE), opened=False)
    bench.open(OFFER)
    bench.peer_sends(frame(FIN | RSV1 | BINARY, deflated(bytes(MEBIBYTE + 1))))
    bench.loop.turn(10)
    (close,) = bench.frames()
    assert close == Frame(FIN | CLOSE, (1009).to_bytes(2) + b"a message that inflates to too much")
    assert not bench.wire.lost
    assert bench.connection._reader is None  # pyright: ignore[reportPrivateUsage]


def test_one_message_after_the_other() -> None:
    """The next one begins when the first is complete; the same connection's next message waits in line."""
    loop = BenchLoop()
    queue, taken = Inflating(loop), list[str]()

    def message(name: str, steps: list[bool]) -> Callable[[], None]:
        def step() -> None:
            taken.append(name)
            if steps:
                queue.go_on(step, same_message=steps.pop(0))

        return step

    queue.go_on(message("a", [True, False]), same_message=False)
    queue.go_on(message("b", [True]), same_message=False)
    loop.turn(10)
    loop.close()
    assert taken == ["a", "a", "b", "b", "a"]
