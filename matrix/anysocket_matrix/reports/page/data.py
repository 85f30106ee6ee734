"""The data of the page, with each text and each result of a case stored once."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import msgspec

from anysocket.capabilities import described
from anysocket_matrix.case import cases
from anysocket_matrix.quirks import QUIRKS, Quirk
from anysocket_matrix.reports.page.clauses import Clause, clause_order
from anysocket_matrix.results.merged import Measured, Merged
from anysocket_matrix.results.results import Cell, Failure, Verdict
from anysocket_matrix.results.supported import supported

T = TypeVar("T", bound=Hashable)


class Row(msgspec.Struct, frozen=True):
    """A column of the page's table: one row of the matrix in one version."""

    name: str
    server: str
    variants: list[str]
    version: str
    newest: bool
    counts: dict[str, int]
    """The number of cases, by verdict."""
    support: dict[str, str]
    """The support for each capability that was measured."""
    runs: list["Run"]


class Run(msgspec.Struct, frozen=True):
    """One run that measured a row."""

    environment: str
    measured_with: str
    trouble: str | None


class Saw(msgspec.Struct, frozen=True):
    """The result of a case over one layer; `expected` and the others are indexes into `texts`."""

    layer: str
    passed: bool = True
    expected: int | None = None
    seen: int | None = None
    trouble: int | None = None
    log: int | None = None


class Face(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result of a case; many cells have the same one."""

    verdict: str
    declared: str
    layers: tuple[Saw, ...]
    known: str | None = None


class PageCase(msgspec.Struct, frozen=True):
    """A line of the page's table."""

    id: str
    clause: str
    says: str
    requires: tuple[str, ...]
    cells: list[list[tuple[int, list[int]]]]
    """For each row its faces: one, or several if its runs differ, each with the indexes of these runs."""


class PageQuirk(msgspec.Struct, frozen=True):
    """A quirk, as a cell's details show it."""

    number: int
    does: str
    repair: list[tuple[str, str]]
    cases: tuple[str, ...]
    rows: list[int]
    upstream: list[tuple[str, str]]


class KnownFailure(msgspec.Struct, frozen=True):
    """A case that fails although no capability covers it."""

    row: int
    case: str
    address: str


class Capability(msgspec.Struct, frozen=True):
    """A capability to choose a server by."""

    clause: str
    says: str


class PageData(msgspec.Struct, frozen=True):
    """All data of the page."""

    rows: list[Row]
    clauses: dict[str, Clause]
    capabilities: dict[str, Capability]
    cases: list[PageCase]
    faces: list[Face]
    texts: list[str]
    quirks: list[PageQuirk]
    known: list[KnownFailure]


class _Numbered(Generic[T]):
    """Values by index, each stored once."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    def values(self) -> list[T]:
        return list(self._numbers)


class _Faces:
    """The faces of cells, and their texts."""

    def __init__(self) -> None:
        self.faces = _Numbered[Face]()
        self.texts = _Numbered[str]()

    def number(self, cell: Cell) -> int:
        layers = tuple(self._saw(layer.value, failure) for layer, failure in cell.failures.items())
        return self.faces.number(Face(cell.verdict.value, cell.declared.value, layers, cell.known))

    def _saw(self, layer: str, failure: Failure | None) -> Saw:
        if failure is None:
            return Saw(layer)
        texts = (failure.expected, failure.seen, failure.trouble, failure.log)
        return Saw(layer, False, *(None if text is None else self.texts.number(text) for text in texts))


def page_data(merged: Merged, clauses: Mapping[str, Clause]) -> PageData:
    """Collect the data of the page."""
    faces = _Faces()
    found = _cases(merged.rows, faces)
    names = sorted({case.clause for case in found}, key=clause_order)
    return PageData(
        rows=_rows(merged),
        clauses={name: clauses.get(name, Clause()) for name in names},
        capabilities=_capabilities(found),
        cases=sorted(found, key=lambda case: clause_order(case.clause)),
        faces=faces.faces.values(),
        texts=faces.texts.values(),
        quirks=[_quirk(quirk, merged.rows) for quirk in QUIRKS],
        known=[
            KnownFailure(number, cell.case, cell.known)
            for number, row in enumerate(merged.rows)
            for cell in row.worst.cells
            if cell.known is not None
        ],
    )


def _rows(merged: Merged) -> list[Row]:
    newest = merged.newest
    return [_row(row, newest=row in newest) for row in merged.rows]


def _row(row: Measured, *, newest: bool) -> Row:
    server, *variants = row.row.split("+")
    worst = row.worst
    return Row(
        name=row.row,
        server=server,
        variants=variants,
        version=row.version,
        newest=newest,
        counts={each.value: sum(cell.verdict is each for cell in worst.cells) for each in Verdict},
        support={name: support.value for name, support in supported(worst).items()},
        runs=[
            Run(
                environment,
                ", ".join(
                    (
                        f"anysocket {run.anysocket}, Python {run.python}, {run.platform}",
                        *(f"{name} {version}" for name, version in run.packages.items()),
                    )
                ),
                run.trouble,
            )
            for environment, run in row.runs.items()
        ],
    )


def _cases(rows: Sequence[Measured], faces: _Faces) -> list[PageCase]:
    says = {case.id: case.description for case in cases()}
    order = {case: number for number, case in enumerate(says)}
    of_rows = [row.cells for row in rows]
    found = {case: cell for row in of_rows for case, by_run in row.items() for cell in by_run.values()}
    return [
        PageCase(
            case,
            found[case].clause,
            " ".join(says.get(case, "").split()),
            found[case].requires,
            [_cell(row, cells.get(case, {}), faces) for row, cells in zip(rows, of_rows, strict=True)],
        )
        for case in sorted(found, key=lambda case: order.get(case, len(order)))
    ]


def _cell(row: Measured, cells: Mapping[str, Cell], faces: _Faces) -> list[tuple[int, list[int]]]:
    runs: dict[int, list[int]] = {}
    for number, environment in enumerate(row.runs):
        if environment in cells:
            runs.setdefault(faces.number(cells[environment]), []).append(number)
    return list(runs.items())


def _capabilities(found: Iterable[PageCase]) -> dict[str, Capability]:
    """Return the capabilities declared here, and those in results of another version of anysocket."""
    here = {name: Capability(clause, says) for name, (clause, says) in described().items()}
    others = {
        name: Capability(case.clause, name.replace("_", " "))
        for case in found
        for name in case.requires
        if name not in here
    }
    return dict(sorted((here | others).items(), key=lambda item: clause_order(item[1].clause)))


def _quirk(quirk: Quirk, rows: list[Measured]) -> PageQuirk:
    return PageQuirk(
        quirk.number,
        quirk.does,
        [(where.value, says) for where, says in quirk.repair.items()],
        quirk.cases,
        [number for number, row in enumerate(rows) if quirk.affects(row.row, row.version)],
        list(quirk.links().items()),
    )
