"""`anysocket bench`: choose, measure, write, show."""

import os
import platform
import resource
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from anysocket_adapters.options import Loop
from anysocket_matrix.bench import apps, native, scenarios
from anysocket_matrix.bench.measure import Plan, measure
from anysocket_matrix.bench.page import render
from anysocket_matrix.bench.report import print_results
from anysocket_matrix.bench.results import Environment, Results, read, write
from anysocket_matrix.results.files import is_folder, prepare, prepare_file, write_bytes
from anysocket_matrix.rows.rows import Row, rows

PACKAGES = ("uvloop", "websockets", "wsproto", "h11", "httptools", "autobahn", "twisted", "msgspec", "picows")
"""The packages, besides the servers and the frameworks, that the figures depend on."""

_OTHER_FILES = 200
"""The maximum number of a process's open files besides its connections."""


def plan(
    servers: Sequence[str],
    names: Sequence[str],
    wanted: Sequence[str],
    *,
    loop: Loop,
    rounds: int,
    seconds: float,
    connections: int | None,
) -> Plan:
    """Choose the rows, apps and scenarios to measure.

    Raises:
        ValueError: one doesn't exist or can't be measured; the message says what to do.
    """
    chosen = [_direct(row, loop) for row in rows(servers, variants=False, proxies=False)]
    found = Plan(chosen, apps.choose(names), scenarios.choose(wanted, connections), rounds, seconds)
    for row in chosen:
        for app in found.on(row):
            native.command(row, app, port=0)  # raises if there is none
    for app in found.apps:
        if names and app.name in names and not any(app in found.on(row) for row in chosen):
            raise ValueError(f"{app.name} can't be served on {', '.join(row.name for row in chosen)}")
    for scenario in found.scenarios:
        if scenario.name in wanted and not any(scenario in found.scenarios_on(row) for row in chosen):
            raise ValueError(
                f"{scenario.name} can't be measured on {', '.join(row.name for row in chosen)}: "
                "no messages are compressed there"
            )
    return found


def _direct(row: Row, loop: Loop) -> Row:
    if row.http2 or row.tls or row.proxy is not None:
        raise ValueError(f"the client needs HTTP/1.1, no TLS and no proxy: {row.name} can't be measured")
    return row if row.loop != "asyncio" else replace(row, loop=loop).check()


def run(chosen: Plan, json: Path | None, html: Path | None) -> bool:
    """Measure, show and write; return whether everything could be measured.

    Raises:
        ValueError: there are too few open files for the connections, or a file can't be written.
        ClientFailed: the client died.
    """
    _open_files(chosen)
    for path in (json, html):
        if path is not None:
            if is_folder(path):
                raise ValueError(
                    f"{path} must be a file, such as {path}{'.json' if path is json else '.html'}"
                )
            prepare(path)
    console = Console()
    environment = _environment(chosen)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("", total=chosen.steps)

        def going_on(says: str, steps: int) -> None:
            progress.update(bar, description=says, advance=steps)

        measured = measure(chosen, going_on)
    units = {scenario.name: scenario.unit for scenario in chosen.scenarios}
    connections = {scenario.name: scenario.connections for scenario in chosen.scenarios if scenario.memory}
    results = Results(environment, units, connections, measured.commands, measured.rounds, measured.troubles)
    if json is not None:
        write(json, results)
    _show(console, results, html)
    return not results.troubles


def show(path: Path, html: Path | None) -> None:
    """Show the results that an earlier run has written.

    Raises:
        ValueError: they can't be read, or the page can't be written.
    """
    results = read(path)
    if html is not None:
        prepare_file(html)
    _show(Console(), results, html)


def _show(console: Console, results: Results, html: Path | None) -> None:
    print_results(console, results)
    if html is not None:
        write_bytes(html, render(results).encode())


def _open_files(chosen: Plan) -> None:
    """Raise the limit of open files as far as possible, for this process and its children."""
    most = max(scenario.connections for scenario in chosen.scenarios)
    needed = most + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise ValueError(
            f"{most} connections need {needed} open files, and the limit is {hard}: raise it "
            f"(ulimit -n {needed} as root), or ask for fewer with --connections"
        )
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _environment(chosen: Plan) -> Environment:
    distributions = [
        *(row.server.distribution for row in chosen.rows),
        *(app.distribution for app in chosen.apps if app.distribution != "anysocket"),
        *PACKAGES,
    ]
    found: dict[str, str] = {}
    for each in distributions:
        with suppress(PackageNotFoundError):
            found[each] = version(each)
    return Environment(
        anysocket=version("anysocket"),
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 2),
        loop=", ".join(dict.fromkeys(row.loop for row in chosen.rows)),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        packages=found,
    )


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
