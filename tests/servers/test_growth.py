"""Nothing grows with time: the memory of a server after an hour's messages, and after many connections."""

import time
from itertools import pairwise

import pytest

from anysocket_matrix.bench import apps, scenarios
from anysocket_matrix.bench.generator import LoadGenerator
from anysocket_matrix.bench.protocol import Open, Run, Shut
from anysocket_matrix.bench.scenarios import COLLECT
from anysocket_matrix.bench.server import AppServer, cores
from anysocket_matrix.rows.rows import row

DEADLINE = 90.0

STEPS = 6

GROWTH = 128 * 1024
"""Bytes in each step. Memory grows now and then without a leak; with a leak it grows every time."""


@pytest.mark.parametrize("name", ["uvicorn", "hypercorn", "granian", "granian-rsgi"])
@pytest.mark.parametrize(("scenario", "count"), [("in-flight", 5_000), ("connect", 300)])
def test_no_memory_is_left_behind(name: str, scenario: str, count: int) -> None:
    (what,), app = scenarios.choose([scenario], None), apps.choose([apps.OURS])[-1]
    of_server, of_client = cores()
    held = list[int]()
    with AppServer(row(name), app, of_server) as server, LoadGenerator(of_client) as client:
        processes, url = server.processes(), server.url + what.path
        until = time.monotonic() + DEADLINE
        client.ask(Open(url, what, 1))
        for _ in range(STEPS):
            done = 0
            while done < count:
                assert time.monotonic() < until, f"only {done} of {count} in time"
                done += client.ask(Run(url, 0.2)).count
            collect = server.url + COLLECT.path
            for command in (Open(collect, COLLECT, 0), Run(collect, 0), Shut(collect)):
                client.ask(command)
            held.append(processes.memory)
        client.ask(Shut(url))
    assert min(after - before for before, after in pairwise(held)) < GROWTH, held
