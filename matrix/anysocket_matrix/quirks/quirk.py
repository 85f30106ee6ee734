"""A quirk: where a server deviates from the contract, and how this is repaired."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from anysocket_adapters.repairs.versions import at_least

REPOSITORY: Final = r"(?P<repository>[\w-]+/[\w-]+)"
THREAD: Final = re.compile(rf"{REPOSITORY}#(?P<number>\d+)")
SOURCE: Final = re.compile(rf"https://github\.com/{REPOSITORY}/blob/[\w.-]+/(?P<lines>[\w./-]+#L\d+(-L\d+)?)")


class Where(Enum):
    """Where a quirk is repaired."""

    CORE = "core"
    """The server never sees the cause, or the core doesn't use what the server reports."""
    ADAPTER = "adapter"
    """The server's transport overrides a method of `ASGITransport`."""
    CONNECTION = "connection"
    """The server's own object is repaired, for one connection."""
    SERVE = "serve"
    """`anysocket serve` and `running` run the server differently from its own command."""
    NOWHERE = "nowhere"
    """The server loses the information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """One deviation from the contract, on one row or on several."""

    number: int
    rows: tuple[str, ...]
    """The rows that have the quirk; each stands for all its variants."""
    does: str
    """What the server does."""
    clauses: tuple[str, ...]
    cases: tuple[str, ...]
    """The conformance cases that fail without the repair."""
    repair: Mapping[Where, str]
    """How the quirk is repaired, with the names of the code that does it."""
    absent: tuple[str, ...] = ()
    """The capabilities that are absent on these rows in spite of the repair."""
    fixed_in: str | None = None
    """The first release of the server without the quirk."""
    upstream: tuple[str, ...] = ()
    """The threads about the quirk, as `owner/repository#number`.

    Without a thread: the address of the lines that cause it, in the source of a release.
    """

    def affects(self, row: str, version: str | None = None) -> bool:
        """Return whether a row has the quirk, with this version of its server or with any supported one."""
        if version is not None and self.fixed_in is not None and at_least(version, self.fixed_in):
            return False
        return any(set(each.split("+")) <= set(row.split("+")) for each in self.rows)

    def links(self) -> dict[str, str]:
        """Return each upstream address by the text to show for it.

        Raises:
            ValueError: an entry is neither a thread nor lines of source.
        """
        return dict(_link(each) for each in self.upstream)


def _link(upstream: str) -> tuple[str, str]:
    if thread := THREAD.fullmatch(upstream):
        # GitHub leads from an issue's address to a pull request's.
        return upstream, f"https://github.com/{thread['repository']}/issues/{thread['number']}"
    if source := SOURCE.fullmatch(upstream):
        return f"{source['repository']}: {source['lines']}", upstream
    raise ValueError(
        f"upstream {upstream!r} is neither a thread, as owner/repository#number, nor lines of source, "
        "as https://github.com/owner/repository/blob/tag/path#L1-L2"
    )
