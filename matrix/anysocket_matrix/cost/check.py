"""`anysocket cost --check`: compare the cost of a message and of a connection with earlier figures."""

import msgspec

from anysocket_matrix.cost import Costs

ALLOWED = 0.05
"""The part by which a cost over raw ASGI may grow or shrink."""


class Change(msgspec.Struct, frozen=True):
    """A cost over raw ASGI before and now, in instructions."""

    app: str
    what: str
    was: int
    now: int

    @property
    def is_worse(self) -> bool:
        """Whether the cost has grown."""
        return self.now > self.was

    def __str__(self) -> str:
        verb = "grew" if self.is_worse else "shrank"
        return f"{self.app}: a {self.what} over raw {verb} from {self.was:,} to {self.now:,} instructions"


def changes(then: Costs, now: Costs) -> list[Change]:
    """Return the costs that have changed by more than is allowed.

    Raises:
        ValueError: the figures can't be compared.
    """
    if _minor(then.python) != _minor(now.python):
        raise ValueError(
            f"the figures are of Python {then.python}, but this is {now.python}: each version of Python has "
            "its own figures, such as docs/results/cost-3.13.json"
        )
    before = {cost.app: then.over_raw(cost) for cost in then.costs}
    found: list[Change] = []
    for cost in now.costs:
        if cost.app == cost.raw:
            continue
        if cost.app not in before:
            raise ValueError(f"the figures lack {cost.app}: measure them again with --json")
        was, over = before[cost.app], now.over_raw(cost)
        found += [
            Change(cost.app, "message", was.message, over.message),
            Change(cost.app, "connection", was.connection, over.connection),
        ]
    return [each for each in found if abs(each.now - each.was) > ALLOWED * abs(each.was)]


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])
