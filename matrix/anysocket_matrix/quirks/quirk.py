"""What is told of a quirk: where a server deviates from the contract, and what is done about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Where(Enum):
    """Where a quirk is repaired."""

    CORE = "core"
    """Nothing comes to the server that would show it, or what the server reports back isn't believed."""
    ADAPTER = "adapter"
    """A method of the server's transport stands for that of the specification."""
    CONNECTION = "connection"
    """A method of the server's own object is overridden, for one connection."""
    SERVE = "serve"
    """`anysocket serve` and `running` run the server otherwise than its own command does."""
    NOWHERE = "nowhere"
    """The server loses the information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """One deviation, of one server or of several."""

    number: int
    rows: tuple[str, ...]
    """The rows that have it; each stands for all its variants."""
    does: str
    """What the server does."""
    clauses: tuple[str, ...]
    cases: tuple[str, ...]
    """The conformance cases that fail without the repair."""
    repair: Mapping[Where, str]
    """What is done about it, with the names of the code that does it."""
    absent: tuple[str, ...] = ()
    """The capabilities that are absent on these rows for all that."""
    upstream: tuple[str, ...] = ()
    """The threads about it, as `owner/repository#number`."""

    def affects(self, row: str) -> bool:
        """Tell whether a row has it."""
        return any(set(each.split("+")) <= set(row.split("+")) for each in self.rows)
