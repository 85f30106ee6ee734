"""What `anysocket servers --json` writes: all that it knows, and all that it was asked."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version

import msgspec

from anysocket.testing.needs import Use
from anysocket_matrix.choosing.figures import Figures
from anysocket_matrix.choosing.needs import NEEDS, SHORT, Need
from anysocket_matrix.choosing.qualify import Judged, command, rows
from anysocket_matrix.rows.rows import Row


class NeedRecord(msgspec.Struct):
    """Something that can be asked for."""

    name: str
    short: list[str]
    says: str
    clause: str | None


class RowRecord(msgspec.Struct):
    """A row to choose."""

    row: str
    distribution: str
    version: str | None
    """None where it isn't installed."""
    loops: tuple[str, ...]
    http2: bool
    support: dict[str, str]
    """native, repaired or absent, by the capability's name among the needs."""
    figures: Mapping[str, float]
    """Medians of a benchmark, by scenario and unit."""


class LackRecord(msgspec.Struct):
    """What a row lacks of what was asked for."""

    need: str
    does: tuple[str, ...]
    upstream: tuple[str, ...]
    instead: tuple[str, ...]


class JudgedRecord(msgspec.Struct):
    """Whether a row qualifies, and how to run it or why it doesn't."""

    row: str
    version: str | None
    qualifies: bool
    command: str
    lacks: list[LackRecord]


class UseRecord(msgspec.Struct):
    """Which test of an application has used something."""

    need: str
    test: str
    path: str
    """The path of the connection."""


class Record(msgspec.Struct):
    """All of it. What begins with `asked` is empty when nothing was asked for."""

    anysocket: str
    needs: list[NeedRecord]
    rows: list[RowRecord]
    asked_uses: list[UseRecord]
    asked_needs: list[str]
    asked_rows: list[JudgedRecord]


def record(
    uses: Mapping[Need, Sequence[Use]],
    needs: Sequence[Need],
    judged: Sequence[Judged],
    figures: Figures | None,
) -> Record:
    """Give all of it."""
    return Record(
        anysocket=version("anysocket"),
        needs=[_need(need) for need in NEEDS.values()],
        rows=[_row(row, {} if figures is None else figures.of(row)) for row in rows()],
        asked_uses=[UseRecord(need.name, use.test, use.path) for need in uses for use in uses[need]],
        asked_needs=[need.name for need in needs],
        asked_rows=[_judged(each) for each in judged],
    )


def _need(need: Need) -> NeedRecord:
    short = [name for name, full in SHORT.items() if full == need.name]
    return NeedRecord(need.name, short, need.says, need.clause or None)


def _row(row: Row, figures: Mapping[str, float]) -> RowRecord:
    server = row.server
    capabilities = [need for need in NEEDS.values() if need.capability]
    support = {need.name: getattr(row.capabilities, need.capability).value for need in capabilities}
    return RowRecord(row.name, server.distribution, server.version, server.loops, row.http2, support, figures)


def _judged(judged: Judged) -> JudgedRecord:
    lacks = [LackRecord(each.need.name, each.does, each.upstream, each.instead) for each in judged.lacks]
    row = judged.row
    return JudgedRecord(row.name, row.server.version, not lacks, command(row), lacks)
