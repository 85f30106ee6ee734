"""Whole servers on real sockets, raw, with anysocket, and others beside: `anysocket cost --whole`.

The server runs under callgrind, its clients don't. Each client waits for a reply before it sends
again, so that the server reads and writes equally often in every run.
"""

import os
import platform
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_adapters.options import Loop
from anysocket_matrix.cost import callgrind
from anysocket_matrix.cost.beside import SAYS as BESIDE_SAYS
from anysocket_matrix.cost.memory import TRACED, Held, held

Look = TypeVar("Look")

_LISTENERS = 200
_IDLE = 2_000
_TIMEOUT = 120.0

MEMORY = "bytes of an idle connection"


class Whole(msgspec.Struct, frozen=True):
    """What an action costs the whole server, in instructions, or an idle connection in bytes."""

    loop: Loop
    served: str
    what: str
    cost: int


class WholeCosts(msgspec.Struct, frozen=True):
    """One run, and the environment that its figures depend on."""

    python: str
    versions: dict[str, str]
    costs: list[Whole]
    held: list[Held]
    """The memory of an idle connection with anysocket on uvicorn, by line."""

    def cost(self, loop: Loop, served: str, what: str) -> int | None:
        """Give one figure, or None where it wasn't measured."""
        found = (
            each.cost for each in self.costs if (each.loop, each.served, each.what) == (loop, served, what)
        )
        return next(found, None)


BASE = "uvicorn-raw"
"""What the ratios are to."""

ASGI = {
    "uvicorn-raw": "uvicorn's websockets-sansio, raw",
    "own-raw": "anysocket's connection on uvicorn, raw",
    "uvicorn": "anysocket on uvicorn",
    "uvicorn-sansio": "anysocket on uvicorn's websockets-sansio",
    "hypercorn-raw": "hypercorn, raw",
    "hypercorn": "anysocket on hypercorn",
}
"""The servers of ASGI applications, and what serves on them: raw is written against ASGI by hand."""

SERVED = {**ASGI, **BESIDE_SAYS}

LOOPS: tuple[Loop, ...] = ("asyncio", "uvloop")

_DISTRIBUTIONS = ("uvicorn", "hypercorn", "websockets", "picows", "aiohttp", "uvloop")


class Work(msgspec.Struct, frozen=True):
    """The clients' work."""

    what: str
    times: tuple[int, int]
    """The number of repetitions in the two runs; their difference counts."""
    each: int
    """The number of counted units in one repetition."""
    do: Callable[[int, list[socket.socket], int], None]
    """Do it this many times: on a port, with open connections."""
    path: str = "/echo/a"
    peers: int = 1


def _echo(port: int, peers: list[socket.socket], times: int) -> None:
    for _ in range(times):
        peers[0].sendall(_text(b"x" * 32))
        _read(peers[0], 34)


_BURST = 100


def _push(port: int, peers: list[socket.socket], times: int) -> None:
    for _ in range(times):
        peers[0].sendall(_text(b"%d" % _BURST))
        _read(peers[0], 34 * _BURST)


def _broadcast(port: int, peers: list[socket.socket], times: int) -> None:
    for _ in range(times):
        peers[0].sendall(_text(b"x" * 32))
        for peer in peers:
            _read(peer, 34)


def _connect(port: int, peers: list[socket.socket], times: int) -> None:
    for _ in range(times):
        with _connected(port, "/echo/a") as peer:
            _close(peer)


WORK = (
    Work("echo", (100, 400), 1, _echo),
    Work("push", (2, 8), _BURST, _push, "/push/a"),
    Work(f"broadcast to {_LISTENERS}, a delivery", (2, 8), _LISTENERS, _broadcast, "/room/a", _LISTENERS),
    # One full garbage collection more or less is one percent of these.
    Work("connection", (100, 1_100), 1, _connect),
)


def measure_whole(progress: Callable[[str], None]) -> WholeCosts:
    """Count instructions, then the bytes of many idle connections.

    Args:
        progress: called with what is counted next.

    Raises:
        ValueError: valgrind isn't installed, or failed.
    """
    costs: list[Whole] = []
    for loop in LOOPS:
        for served, says in SERVED.items():
            progress(f"{says}, on {loop}")
            counted = _counted(served, loop)
            counted[MEMORY] = _memory(served, loop)
            costs += [Whole(loop, served, what, cost) for what, cost in counted.items()]
    versions = {name: version(name) for name in _DISTRIBUTIONS}
    return WholeCosts(platform.python_version(), versions, costs, _held())


def _counted(served: str, loop: Loop) -> dict[str, int]:
    costs: dict[str, int] = {}
    works = [work for work in WORK if served in ASGI or work.peers == 1]
    if served == "floor":
        works = list(WORK[:1])
    with (
        TemporaryDirectory() as folder,
        _serving(served, loop, *callgrind.command(Path(folder))) as (server, port),
    ):
        for work in works:
            with ExitStack() as stack:
                peers = [stack.enter_context(_connected(port, work.path)) for _ in range(work.peers)]
                work.do(port, peers, work.times[0])  # Python specialises its bytecode first
                _marked(server)
                for times in work.times:
                    work.do(port, peers, times)
                    _marked(server)
                for peer in peers:
                    _close(peer)
            few, many = callgrind.counts(Path(folder))[-2:]
            costs[work.what] = round((many - few) / (work.times[1] - work.times[0]) / work.each)
    return costs


def _marked(server: "subprocess.Popen[str]") -> str:
    server.send_signal(signal.SIGUSR1)
    assert server.stdout is not None
    return server.stdout.readline()


def _memory(served: str, loop: Loop) -> int:
    with _serving(served, loop) as (server, port):
        before, after = _idle(port, lambda: _private(server.pid))
    return (after - before) // _IDLE


def _held() -> list[Held]:
    with _serving("uvicorn", "asyncio", environment=TRACED) as (server, port):
        before, after = _idle(port, lambda: _marked(server))
    return held(before, after, _IDLE)


def _idle(port: int, look: Callable[[], Look]) -> tuple[Look, Look]:
    """Measure before this many connections are opened, and while they are open."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as stack:
        for _ in range(_IDLE // 10):
            stack.enter_context(_connected(port, "/echo/a"))
        before = look()
        for _ in range(_IDLE):
            stack.enter_context(_connected(port, "/echo/a"))
        return before, look()


def _private(process: int) -> int:
    """Return the bytes of a process that it shares with no other process."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


@contextmanager
def _serving(
    served: str, loop: Loop, *under: str, environment: Mapping[str, str] = callgrind.ENVIRONMENT
) -> Generator[tuple["subprocess.Popen[str]", int], None, None]:
    command = [*under, sys.executable, "-m", "anysocket_matrix.cost.served", served, loop]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        if not line:
            raise ValueError(f"the server didn't start:\n{server.communicate()[1][-2000:]}")
        yield server, int(line)
    finally:
        server.kill()
        server.communicate()


@contextmanager
def _connected(port: int, path: str) -> Generator[socket.socket, None, None]:
    with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        peer.sendall(request.encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            answer += _read(peer, 1)
        if not answer.startswith(b"HTTP/1.1 101 "):
            raise ValueError(f"the server has refused the connection: {answer!r}")
        yield peer


def _text(payload: bytes) -> bytes:
    return b"\x81" + bytes([0x80 | len(payload)]) + bytes(4) + payload  # masked with zeroes


def _close(peer: socket.socket) -> None:
    """Close with 1000, and wait for the end."""
    peer.sendall(b"\x88\x82" + bytes(4) + b"\x03\xe8")
    while peer.recv(65536):
        pass


def _read(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            raise ValueError("the server has closed the connection")
        data += part
    return data


def print_whole(console: Console, costs: WholeCosts) -> None:
    """Print a table for each event loop, and the lines that hold memory."""
    for loop in LOOPS:
        console.print(
            f"Whole servers on {loop}, Python {costs.python}; in brackets the ratio to {SERVED[BASE]}"
        )
        table = Table()
        for column in ("", *WHAT):
            table.add_column(column, justify="right" if column else "left")
        for row in rows(costs, loop):
            table.add_row(*row)
        console.print(table)
    table = Table(title="memory that anysocket allocates for an idle connection")
    for column in ("bytes", "module", "line"):
        table.add_column(column, justify="right" if column == "bytes" else "left")
    for line in costs.held:
        table.add_row(f"{line.size:,}", line.where, escape(line.line))
    console.print(table)


WHAT = (*(work.what for work in WORK), MEMORY)


def rows(costs: WholeCosts, loop: Loop) -> list[tuple[str, ...]]:
    """Give the table of an event loop: a row for each of what is served."""
    found: list[tuple[str, ...]] = []
    for served, says in SERVED.items():
        cells = [_cell(costs.cost(loop, served, what), costs.cost(loop, BASE, what)) for what in WHAT]
        if any(cell != "-" for cell in cells):
            found.append((says, *cells))
    return found


def _cell(cost: int | None, base: int | None) -> str:
    if cost is None or base is None:
        return "-"
    return f"{cost:,} ({cost / base:.2f})"
