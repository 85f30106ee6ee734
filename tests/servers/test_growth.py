"""That nothing grows with time: what thousands of messages and connections leave behind on a server."""

import time

import pytest

from anysocket_matrix.bench import apps, scenarios
from anysocket_matrix.bench.generator import Generator
from anysocket_matrix.bench.server import AppServer, cores
from anysocket_matrix.bench.talk import Open, Run, Shut
from anysocket_matrix.rows import row

DEADLINE = 60.0

GROWTH = 512 * 1024
"""Bytes, which is no more than a few for each message, and less than an object for each connection."""


@pytest.mark.parametrize(
    ("name", "scenario", "before", "count"),
    [
        (server, scenario, before, count)
        for server in ("uvicorn", "hypercorn", "granian", "granian-rsgi")
        for scenario, before, count in (("in-flight", 5_000, 50_000), ("connect", 500, 2_500))
    ],
)
def test_no_memory_is_left_behind(name: str, scenario: str, before: int, count: int) -> None:
    (what,), app = scenarios.choose([scenario], None), apps.choose([apps.OURS])[-1]
    of_server, of_client = cores()
    with AppServer(row(name), app, of_server) as server, Generator(of_client) as client:
        processes, url = server.processes(), server.url + what.path
        until = time.monotonic() + DEADLINE

        def go_through(wanted: int) -> int:
            """Have so many messages or connections, and give the memory after them."""
            done = 0
            while done < wanted:
                assert time.monotonic() < until, f"only {done} of {wanted} in time"
                done += client.ask(Run(url, 0.2)).count
            return processes.memory

        client.ask(Open(url, what, 1))
        held = go_through(before)
        grown = go_through(count) - held
        client.ask(Shut(url))
    print(name, scenario, grown)
    assert grown < GROWTH
