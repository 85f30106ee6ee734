"""What each row costs, from a file of `anysocket bench`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.bench.apps import OURS
from anysocket_matrix.bench.results import Results, read
from anysocket_matrix.bench.summary import Cell, Line, lines, summarise
from anysocket_matrix.rows.rows import Row


class Figures:
    """A run of the benchmark."""

    def __init__(self, file: Path) -> None:
        """Read the file.

        Raises:
            ValueError: it can't be read, is something else, or has nothing of anysocket.
        """
        self._file = file
        self._results: Results = read(file)
        self._cells = [cell for cell in summarise(self._results) if cell.app == OURS]
        if not self._cells:
            raise ValueError(f"{file} has no figures of anysocket: run anysocket bench --app {OURS}")

    def of(self, row: Row) -> Mapping[str, float]:
        """Give a row's medians by scenario and unit; none of what wasn't measured, such as HTTP/2."""
        cells = [cell for cell in self._cells if cell.server == row.name]
        return {_label(line): line.figures[OURS][0].median for line in self._lines(cells)}

    def print(self, console: Console, chosen: Sequence[Row]) -> None:
        """Print a table of them."""
        labels = [_label(line) for line in self._lines(self._cells)]
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        for heading in ("", *labels):
            table.add_column(heading, justify="right" if heading else "left")
        for row in chosen:
            figures = self.of(row)
            shown = (f"{figures[label]:,.1f}" if label in figures else "-" for label in labels)
            table.add_row(row.name, *shown)
        environment = self._results.environment
        console.print(
            escape(
                f"Processor time of the server, and memory, with a handler of anysocket's ({self._file}: "
                f"Python {environment.python}, {environment.processor}):"
            ),
            soft_wrap=True,
        )
        console.print(table)

    def _lines(self, cells: Sequence[Cell]) -> Sequence[Line]:
        return lines(cells, self._results.units)


def _label(line: Line) -> str:
    return f"{line.scenario} {line.label}"
