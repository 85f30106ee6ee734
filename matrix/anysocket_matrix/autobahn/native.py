"""The reasons why cases fail both with the bare server and with anysocket, which can't change the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from anysocket_matrix.autobahn.verdicts import Committed, Verdict, parse


@dataclass(frozen=True)
class NativeFailure:
    """A deviation of a server from Autobahn's expectation."""

    rows: Sequence[str]
    groups: Sequence[str]
    """Cases, or groups of cases."""
    because: str

    def cases(self, committed: Mapping[str, Committed]) -> list[str]:
        """Return the cases that fail, or aren't implemented, on all of these rows."""
        failed = [failures(committed[row]) for row in self.rows]
        return [case for case in failed[0] if self._is_about(case) and all(case in each for each in failed)]

    def explains(self, row: str, case: str) -> bool:
        """Return whether this is the reason why a case fails on a row."""
        return row in self.rows and self._is_about(case)

    def _is_about(self, case: str) -> bool:
        return any(f"{case}.".startswith(f"{group}.") for group in self.groups)


def failures(committed: Committed) -> list[str]:
    """Return the cases that fail with anysocket, or aren't implemented."""
    return [
        case
        for case, pair in committed.cases.items()
        if any(verdict.worse_than([Verdict.NON_STRICT]) for verdict in parse(pair.ours))
    ]


NATIVE = (
    NativeFailure(
        rows=("granian", "granian-mt", "granian-rsgi", "daphne"),
        groups=("12", "13"),
        because="none of them compresses.",
    ),
    NativeFailure(
        rows=("uvicorn-sansio",),
        groups=("7.1.5",),
        because="websockets treats a close frame within a fragmented message as a protocol error and "
        "answers with 1002; the connection ends in either case.",
    ),
    NativeFailure(
        rows=("uvicorn-websockets",),
        groups=("9.3.1", "9.3.2", "9.4.1", "9.4.2"),
        because="the legacy implementation of websockets refuses a message of more than 4096 fragments; "
        "these messages have 4 MiB in fragments of 64 and of 256 bytes.",
    ),
)
