"""The bars of the page: the verdicts of each row, as wide as their numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from anysocket_matrix.reports.page.data import Row

WIDTH = 1000


@dataclass(frozen=True, slots=True)
class Segment:
    """The cases of one verdict."""

    verdict: str
    count: int
    x: float
    width: float


def bars(rows: Sequence[Row]) -> list[list[Segment]]:
    """Return a bar for each row, all to the same scale."""
    longest = max((sum(row.counts.values()) for row in rows), default=0) or 1
    return [_bar(row, WIDTH / longest) for row in rows]


def _bar(row: Row, scale: float) -> list[Segment]:
    segments: list[Segment] = []
    before = 0
    for verdict, count in row.counts.items():
        if count:
            segments.append(Segment(verdict, count, round(before * scale, 1), round(count * scale, 1)))
        before += count
    return segments
