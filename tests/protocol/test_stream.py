"""Bytes go out in the order in which they were written, wherever that was."""

from hypothesis import given, settings
from hypothesis import strategies as st

from anysocket_protocol.frames import BINARY, FIN
from tests.protocol.bench import Bench
from tests.protocol.client import frame

places = st.sampled_from(["callback", "task", "read", "turn"])
sizes = st.sampled_from([0, 10, 200, 20_000, 70_000])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(places, sizes, st.integers(1, 3)), max_size=20))
def test_the_order_of_bytes(steps: list[tuple[str, int, int]]) -> None:
    bench = Bench()
    bench.open()
    sent: list[bytes] = []

    def sends(size: int, times: int) -> None:
        for _ in range(times):
            sent.append(b"%d:" % len(sent) + bytes(size))
            bench.connection.send_message({"type": "websocket.send", "bytes": sent[-1]})

    async def in_a_task(size: int, times: int) -> None:
        sends(size, times)

    async def in_a_read(size: int, times: int) -> None:
        await bench.connection.receive()
        sends(size, times)

    for place, size, times in steps:
        match place:
            case "callback":
                bench.loop.call_soon(sends, size, times)
            case "task":
                bench.tasks.append(bench.loop.create_task(in_a_task(size, times)))
            case "read":
                bench.tasks.append(bench.loop.create_task(in_a_read(size, times)))
                bench.loop.call_soon(bench.connection.data_received, frame(FIN | BINARY, b""))
            case _:
                bench.loop.turn()
    bench.loop.turn(5)
    assert not bench.loop.errors
    assert [each.payload for each in bench.frames()] == sent
    bench.close()
