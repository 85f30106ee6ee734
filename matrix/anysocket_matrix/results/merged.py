"""Several runs merged: each row and version with the results of every environment."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from anysocket_matrix.results import files
from anysocket_matrix.results.results import WORST_LAST, Cell, Results, RowResult, Verdict, order


class Measured(msgspec.Struct, frozen=True):
    """One row and version, in every environment that measured it."""

    row: str
    version: str
    runs: dict[str, RowResult]
    """The results by environment, which is the name of the results file."""

    @property
    def cells(self) -> dict[str, dict[str, Cell]]:
        """The cells of each case, by environment."""
        found: dict[str, dict[str, Cell]] = {}
        for environment, run in self.runs.items():
            for cell in run.cells:
                found.setdefault(cell.case, {})[environment] = cell
        return found

    @property
    def worst(self) -> RowResult:
        """One result for all environments: the worst cell of each case."""
        cells = [max(each.values(), key=_badness) for each in self.cells.values()]
        return msgspec.structs.replace(next(iter(self.runs.values())), cells=cells)

    @property
    def differing(self) -> dict[str, dict[str, Verdict]]:
        """The verdicts by environment, for the cases on which environments disagree."""
        return {
            case: {environment: cell.verdict for environment, cell in cells.items()}
            for case, cells in self.cells.items()
            if len({cell.verdict for cell in cells.values()}) > 1
        }


def _badness(cell: Cell) -> int:
    return WORST_LAST.index(cell.verdict)


class Merged(msgspec.Struct, frozen=True):
    """The results of several runs."""

    rows: list[Measured]
    missing: list[str] = []
    """The expected results that don't exist: one sentence each."""

    @property
    def as_declared(self) -> bool:
        """Whether every environment measured what is declared, and no results are missing."""
        return not self.missing and self.results.as_declared

    @property
    def results(self) -> Results:
        """The rows of every environment."""
        return Results([run for row in self.rows for run in row.runs.values()])

    @property
    def newest(self) -> list[Measured]:
        """The newest version of each row."""
        return list({row.row: row for row in self.rows}.values())


def merge(paths: Iterable[Path], expected: Sequence[str] = ()) -> Merged:
    """Read and merge results; those that can't be read are missing.

    Args:
        paths: files, and folders of files.
        expected: the environments that must be among them.
    """
    by_file: dict[str, Results] = {}
    missing: list[str] = []
    for path in paths:
        found = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not found:
            missing.append(f"there are no results in {path}")
        for file in found:
            try:
                by_file[_unused(file, by_file)] = files.read([file])
            except ValueError as error:
                missing.append(str(error))
    missing += [f"{name} has written no results" for name in expected if name not in by_file]
    return Merged(_by_row(by_file), missing)


def _unused(file: Path, taken: Mapping[str, object]) -> str:
    """Name a file's environment, with its folder if two folders have files of the same name."""
    return file.stem if file.stem not in taken else f"{file.parent.name}/{file.stem}"


def _by_row(by_file: Mapping[str, Results]) -> list[Measured]:
    found: dict[tuple[str, str], dict[str, RowResult]] = {}
    for environment, results in by_file.items():
        for row in results.rows:
            found.setdefault((row.row, row.version), {})[environment] = row
    return sorted(
        (Measured(row, version, runs) for (row, version), runs in found.items()),
        key=lambda row: order(row.row, row.version),
    )
