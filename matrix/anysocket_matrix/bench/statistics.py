"""What the rounds of a run say: medians, spread, and whether there is a difference at all.

A ratio is taken within a round, where two apps have had the same machine, and the ratios of all
rounds are then looked at together. Whether their median differs from 1 is told by the sign test,
since nothing is known of how the noise of a shared machine is distributed: an app that costs the
same is above and below 1 as a coin falls. A difference is told when a coin would fall so
one-sidedly in at most 5 % of all runs. That takes six rounds at least, all on one side; of nine,
eight.
"""

from collections.abc import Sequence
from math import comb
from statistics import median, quantiles

import msgspec

SIGNIFICANCE = 0.05
"""How often a difference may be told where there is none."""


class Spread(msgspec.Struct, frozen=True):
    """A median, and the quartiles around it."""

    median: float
    lower: float
    upper: float


class Ratio(msgspec.Struct, frozen=True):
    """How much an app costs of what the raw one costs."""

    spread: Spread
    differs: bool | None
    """Whether it differs from 1, and None where the rounds are too few to tell."""


def spread(values: Sequence[float]) -> Spread:
    """Give the median and the quartiles."""
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    lower, _, upper = quantiles(values, n=4, method="inclusive")
    return Spread(median(values), lower, upper)


def ratio(values: Sequence[float]) -> Ratio:
    """Judge the ratios of all rounds."""
    return Ratio(spread(values), differs(values))


def differs(ratios: Sequence[float]) -> bool | None:
    """Tell by the sign test whether the median differs from 1; None when no outcome could tell."""
    if _by_chance(len(ratios), 0) > SIGNIFICANCE:
        return None
    # What is exactly 1 is on neither side.
    above, below = (sum(sign * each > sign for each in ratios) for sign in (1, -1))
    return _by_chance(above + below, min(above, below)) <= SIGNIFICANCE


def _by_chance(count: int, fewer: int) -> float:
    """Give how probable it is that of so many coins at most so few fall on one of the sides."""
    return min(1.0, 2 * sum(comb(count, each) for each in range(fewer + 1)) / (1 << count))
