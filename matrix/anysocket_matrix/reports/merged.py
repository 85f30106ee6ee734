"""The results of several runs: on the terminal, and as JSON."""

from pathlib import Path

import msgspec
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.reports.results import STYLES, print_trouble
from anysocket_matrix.results import files
from anysocket_matrix.results.merged import Merged
from anysocket_matrix.results.results import RowResult, Verdict


class Summary(msgspec.Struct, frozen=True):
    """One environment's results on one row."""

    environment: str
    row: str
    version: str
    python: str
    counts: dict[str, int]
    """The number of cells, by verdict."""
    finished: bool


class Difference(msgspec.Struct, frozen=True):
    """A case on which environments disagree."""

    row: str
    version: str
    case: str
    verdicts: dict[str, str]
    """By environment."""


class Head(msgspec.Struct, frozen=True):
    """The fields before the rows in the JSON."""

    as_declared: bool
    missing: list[str]
    differences: list[Difference]
    summary: list[Summary]


def head(merged: Merged) -> Head:
    """Return the conclusions from the rows."""
    return Head(
        as_declared=merged.as_declared,
        missing=merged.missing,
        differences=[
            Difference(row.row, row.version, case, {name: each.value for name, each in verdicts.items()})
            for row in merged.rows
            for case, verdicts in row.differing.items()
        ],
        summary=[
            Summary(environment, run.row, run.version, run.python, _counts(run), run.trouble is None)
            for row in merged.rows
            for environment, run in row.runs.items()
        ],
    )


def _counts(run: RowResult) -> dict[str, int]:
    return {
        verdict.value: count
        for verdict in Verdict
        if (count := sum(cell.verdict is verdict for cell in run.cells))
    }


def write(path: Path, merged: Merged) -> None:
    """Write all of it to a file, which is also a file of results that `--compare` can read.

    Raises:
        ValueError: it can't be written; the message says why.
    """
    lines = msgspec.json.encode(head(merged)).removesuffix(b"}")
    files.write_bytes(path, lines + b"," + files.encode(merged.results).removeprefix(b"{"))


def print_merged(console: Console, merged: Merged) -> None:
    """Print the summary, unexpected cells, differences between environments, and missing results."""
    said = head(merged)
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("row", "version", "environment", "Python"):
        table.add_column(name, overflow="fold")
    for verdict in Verdict:
        table.add_column(f"[{STYLES[verdict]}]{verdict.value}[/]", justify="right")
    for each in said.summary:
        counts = (str(each.counts.get(verdict.value, "")) for verdict in Verdict)
        table.add_row(each.row, each.version, each.environment, each.python, *counts)
    if said.summary:
        console.print(table)
    for row in merged.rows:
        for environment, run in row.runs.items():
            print_trouble(console, run, f"{environment}: ")
    for difference in said.differences:
        lines = ", ".join(f"{name} {verdict}" for name, verdict in difference.verdicts.items())
        console.print(f"{difference.row} {difference.version}: {difference.case} differs: {lines}")
    for sentence in said.missing:
        console.print(f"[bold red]missing:[/] {escape(sentence)}")
    console.print(
        "[bold green]Everything is as declared.[/]"
        if said.as_declared
        else "[bold red]Not everything is as declared.[/]"
    )
