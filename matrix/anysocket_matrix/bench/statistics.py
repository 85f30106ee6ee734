"""The statistics of a run's rounds: medians, spread, and whether there is a difference at all.

A ratio is taken within a round, in which both apps ran on the same machine in the same state. The
sign test then says whether the median of all rounds' ratios differs from 1. It assumes nothing about
the noise of a shared machine: the ratio of two apps with the same cost is above or below 1 like the
sides of a coin. There is a difference if a coin would fall so one-sidedly in at most 5 % of all runs.
That takes at least six rounds, all on one side; or eight of nine.
"""

from collections.abc import Sequence
from math import comb
from statistics import median, quantiles

import msgspec

SIGNIFICANCE = 0.05
"""The probability of finding a difference where there is none."""


class Spread(msgspec.Struct, frozen=True):
    """A median, and the quartiles around it."""

    median: float
    lower: float
    upper: float


class Ratio(msgspec.Struct, frozen=True):
    """The cost of an app divided by the cost of the raw app."""

    spread: Spread
    differs: bool | None
    """Whether it differs from 1, or None if there are too few rounds."""


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), lower, upper)


def ratio(values: Sequence[float]) -> Ratio:
    """Evaluate the ratios of all rounds."""
    return Ratio(spread(values), differs(values))


def differs(ratios: Sequence[float]) -> bool | None:
    """Return whether the median differs from 1 by the sign test, or None if no outcome could show it."""
    if _by_chance(len(ratios), 0) > SIGNIFICANCE:
        return None
    # A ratio of exactly 1 is on neither side.
    above, below = (sum(sign * each > sign for each in ratios) for sign in (1, -1))
    return _by_chance(above + below, min(above, below)) <= SIGNIFICANCE


def _by_chance(count: int, fewer: int) -> float:
    """Return the probability that at most `fewer` of `count` coins fall on one of the sides."""
    return min(1.0, 2 * sum(comb(count, each) for each in range(fewer + 1)) / (1 << count))
