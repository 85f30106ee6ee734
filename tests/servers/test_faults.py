"""Processes that are killed, stopped or stuck: what is left of them, and when."""

import os
import signal
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.servers.serving import Serving

from anysocket_matrix.peer.peer import Peer
from anysocket_matrix.peer.wire import Mismatch

APP = "tests.servers.apps:app"

GRACE = 1

BUSY = 3
"""Extra seconds for a machine that runs other tests at the same time."""

LATEST = GRACE + 2 + BUSY
"""Seconds after a signal in which a server is gone (contract L2)."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture(params=["1", "3"])
def workers(request: pytest.FixtureRequest) -> str:
    """Return how many workers serve."""
    number: str = request.param
    return number


def served(log: Path, row: str, workers: str = "1", *options: str) -> Serving:
    arguments = ("--server", row, "--port", "0", "--workers", workers, "--graceful-timeout", str(GRACE))
    return Serving(log, APP, *arguments, *options)


def pid_of_one(serving: Serving, path: str = "/pid") -> int:
    """Return the process that serves a new connection."""
    with Peer.connect(f"{serving.url}{path}") as peer:
        return int(peer.receive_frame().payload)


def other_pids(serving: Serving, number: int, gone: int = 0) -> set[int]:
    """Wait until as many workers serve, without one that is gone."""
    found, until = set[int](), time.monotonic() + 30
    while len(found) < number:
        assert time.monotonic() < until, serving.log()
        with suppress(OSError, Mismatch):  # a worker that has just died
            found |= {pid_of_one(serving)} - {gone}
    return found


def test_no_worker_outlives_its_parent(row: str, log: Path, workers: str) -> None:
    with served(log, row, workers) as serving:
        serving.ready()
        with Peer.connect(f"{serving.url}/blocking") as peer:
            peer.receive_frame()
            serving.signal(signal.SIGKILL)
            serving.wait_until_nothing_is_left(2 + BUSY)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["sigterm", "sigint"])
@pytest.mark.parametrize("path", ["/blocking", "/deaf", "/swallows", "/ignores"])
def test_a_handler_cannot_hold_up_the_end(
    row: str, log: Path, workers: str, path: str, number: signal.Signals
) -> None:
    """Contract L2."""
    with served(log, row, workers) as serving, Peer.connect(f"{serving.url}{path}") as peer:
        peer.receive_frame()
        sent = time.monotonic()
        serving.signal(number)
        assert serving.wait(LATEST) == 0
        serving.wait_until_nothing_is_left(LATEST + 0.5 - (time.monotonic() - sent))


def test_a_second_signal_ends_a_handler_that_blocks(server: str, log: Path, workers: str) -> None:
    if server == "granian":
        pytest.skip("granian's workers don't notice a second signal (contract L2)")
    with (
        served(log, server, workers, "--graceful-timeout", "60") as serving,
        Peer.connect(f"{serving.url}/blocking") as peer,
    ):
        peer.receive_frame()
        serving.terminate()
        time.sleep(0.2)  # or the two are one
        serving.terminate()
        assert serving.wait(2 + BUSY) == 0
        serving.wait_until_nothing_is_left(0.5)


def test_a_killed_worker_is_replaced(row: str, log: Path) -> None:
    with served(log, row, "2") as serving:
        serving.ready()
        one, other = sorted(other_pids(serving, 2))
        with connected_to(serving, other) as peer:
            os.kill(one, signal.SIGKILL)
            other_pids(serving, 2, gone=one)
            peer.send_text("still here")
            peer.expect_text("still here")
        serving.terminate()
        assert serving.wait(LATEST) == 0
        serving.wait_until_nothing_is_left(1)


@contextmanager
def connected_to(serving: Serving, worker: int) -> Generator[Peer, None, None]:
    """Connect an echo to this worker."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with Peer.connect(f"{serving.url}/echo_of_pid") as peer:
            if int(peer.receive_frame().payload) == worker:
                yield peer
                return
    raise AssertionError(f"worker {worker} takes no connection:\n{serving.log()}")


def test_a_worker_that_keeps_dying_is_replaced_ever_later(server: str, log: Path) -> None:
    if server == "granian":
        pytest.skip("granian gives up a worker that dies again within 5.5 s (docs/serving.md)")
    with served(log, server, "2") as serving:
        serving.ready()
        gone = 0
        for _ in range(4):
            gone = other_pids(serving, 1, gone).pop()
            os.kill(gone, signal.SIGKILL)
            serving.expect_output(f"died: exit status {-signal.SIGKILL}")
        pauses = sorted(float(line.split()[-2]) for line in serving.log().splitlines() if "died" in line)
        assert pauses[-1] > pauses[0]
