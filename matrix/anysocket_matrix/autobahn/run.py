"""Run Autobahn's cases on a row: one server with both echoes, and kosoku as the client."""

import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

import msgspec

from anysocket_adapters import Options
from anysocket_adapters.options import OptionValues
from anysocket_matrix.autobahn import echo
from anysocket_matrix.autobahn.client import CaseResult, Task
from anysocket_matrix.autobahn.verdicts import Case, Outcome, RowResult, Verdict
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import NotServing, RunningServer

HEAVY = ("9", "12", "13")
"""The groups of large messages and of compression, whose cases keep a CPU busy and have a deadline."""

AT_ONCE = {False: 16, True: 2}
"""The number of cases that run at the same time, heavy ones and others: many others only wait."""

PACKAGES = ("autobahn", "kosoku", "websockets", "wsproto")
"""The packages, besides the server itself, that the verdicts depend on."""


class ClientFailed(Exception):
    """kosoku ended before its cases did."""


_CLIENT = (sys.executable, "-m", "anysocket_matrix.autobahn.client")


def all_cases() -> list[str]:
    """Return the ids of all of Autobahn's cases."""
    listed = subprocess.run(_CLIENT, capture_output=True, text=True, check=True)
    return listed.stdout.split()


def run_row(row: Row, cases: Sequence[str], repeat: int, progress: Callable[[], None]) -> RowResult:
    """Run cases on a row, with both echoes; `progress` is called with each result.

    Raises:
        NotServing: the server didn't start, or died.
        ClientFailed: kosoku died.
    """
    began = time.monotonic()
    outcomes = {case: Case(bare=[], ours=[]) for case in cases}
    with RunningServer(row, f"{echo.__name__}:app", **_options(row)) as server:
        bare, ours = server.url + echo.BARE, server.url + echo.OURS
        for result in _results((bare, ours), list(cases) * repeat):
            case = outcomes[result.case]
            verdict = Verdict.of(result.behavior, passed=result.passed)
            (case.bare if result.url == bare else case.ours).append(Outcome(verdict, result.says))
            progress()
        if not server.answers:
            raise NotServing(f"{row.name} died", server.log())
    return RowResult(
        row=row.name,
        version=row.server.version or "not installed",
        python=platform.python_version(),
        packages=_versions(),
        seconds=round(time.monotonic() - began, 1),
        cases=outcomes,
    )


def _options(row: Row) -> OptionValues:
    """Return the options that the cases need: compression, and no pings of the server, which end a case."""
    values = OptionValues(log_level="critical", ping_interval=0)
    if "compression" not in row.server.refuses(Options(compression=True)):
        values["compression"] = True
    return values


def _results(urls: Sequence[str], cases: Sequence[str]) -> Iterator[CaseResult]:
    for heavy, at_once in AT_ONCE.items():
        chosen = [case for case in cases if (case.split(".")[0] in HEAVY) is heavy]
        yield from _run_client(Task(urls, chosen, at_once))


def _run_client(task: Task) -> Iterator[CaseResult]:
    command = [*_CLIENT, msgspec.json.encode(task).decode()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as client:
        assert client.stdout is not None  # it is a pipe
        try:
            for line in client.stdout:
                yield msgspec.json.decode(line, type=CaseResult)
            if client.wait() != 0:
                raise ClientFailed(f"kosoku ended with status {client.returncode}; see its output above")
        finally:
            client.kill()


def _versions() -> dict[str, str]:
    found = dict[str, str]()
    for package in PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
