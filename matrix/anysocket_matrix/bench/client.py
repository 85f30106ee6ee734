"""The load generator, in a process of its own: `python -m anysocket_matrix.bench.client`.

It runs the command on each line of its standard input, answers with a line, and ends with its input.
Between two commands it does nothing.
"""

import asyncio
import gc
import sys
from collections.abc import Mapping, Sequence
from time import perf_counter, process_time

import msgspec
import uvloop

from anysocket_matrix.bench.compressed import Compressed
from anysocket_matrix.bench.connections import LoadFailed
from anysocket_matrix.bench.load import Broadcast, Connect, Echo, Idle, Load, Push
from anysocket_matrix.bench.protocol import Answer, Command, Done, Failed, Open, Run, Shut
from anysocket_matrix.bench.scenarios import Kind

LOADS: Mapping[Kind, type[Load]] = {
    Kind.ECHO: Echo,
    Kind.COMPRESSED: Compressed,
    Kind.PUSH: Push,
    Kind.BROADCAST: Broadcast,
    Kind.CONNECT: Connect,
    Kind.IDLE: Idle,
}


class Client:
    """The loads, by the address of their app."""

    def __init__(self) -> None:
        self._loads: dict[str, Load] = {}

    async def do(self, command: Command) -> Answer:
        """Run a command."""
        try:
            match command:
                case Open():
                    return await self._open(command)
                case Run(url, seconds):
                    return await _run(self._loads[url], seconds)
                case Shut(url):
                    return await self._shut(url)
        except LoadFailed as error:
            await self._shut(command.url)
            return Failed(str(error))

    async def _open(self, command: Open) -> Done:
        if command.url not in self._loads:
            self._loads[command.url] = LOADS[command.scenario.kind](command.scenario, command.url)
        await self._loads[command.url].connect(command.connections)
        return Done()

    async def _shut(self, url: str) -> Done:
        if url in self._loads:
            await self._loads.pop(url).close()
        gc.collect()
        return Done()


async def _run(load: Load, seconds: float) -> Done:
    load.latencies.clear()
    began, busy = perf_counter(), process_time()
    count = await load.run(seconds)
    busy, took = process_time() - busy, perf_counter() - began
    latencies = sorted(load.latencies)
    return Done(count, took, busy, _percentile(latencies, 0.5), _percentile(latencies, 0.99))


def _percentile(ordered: Sequence[float], part: float) -> float | None:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)] if ordered else None


def main() -> None:
    """Run until the input ends."""
    gc.disable()  # garbage is collected when connections are closed
    commands = msgspec.json.Decoder(Command)
    client = Client()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in sys.stdin.buffer:
            answer = runner.run(client.do(commands.decode(line)))
            sys.stdout.buffer.write(msgspec.json.encode(answer) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
