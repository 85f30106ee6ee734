"""What is told of a quirk: where a server deviates from the contract, and what is done about it."""

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
    mended: str | None = None
    """The release of the server that has it no more."""
    upstream: tuple[str, ...] = ()
    """The threads about it, as `owner/repository#number`.

    Where there is none, the address of the lines that do it, in the source of a release.
    """

    def affects(self, row: str, version: str | None = None) -> bool:
        """Tell whether a row has it, with a version of its server or with any that is supported."""
        if version is not None and self.mended is not None and at_least(version, self.mended):
            return False
        return any(set(each.split("+")) <= set(row.split("+")) for each in self.rows)

    def links(self) -> dict[str, str]:
        """Give the address of everything upstream, by the text to show for it.

        Raises:
            ValueError: it is neither a thread nor lines of source.
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
