"""What a server may lack: one field per such behaviour, and the clause that its absence takes away.

An adapter declares its server's support here once; the runtime, the matrix and the documentation
read this declaration. A field left out is NATIVE.
"""

from dataclasses import dataclass, field, fields
from enum import Enum


class Support(Enum):
    """How a server comes by a capability; the matrix proves it in both directions."""

    NATIVE = "native"
    """The plain ASGI transport passes."""
    REPAIRED = "repaired"
    """The plain ASGI transport fails, the adapter passes."""
    ABSENT = "absent"
    """The adapter fails too: the server loses the information."""


def _capability(clause: str, says: str) -> Support:
    return field(default=Support.NATIVE, metadata={"clause": clause, "says": says})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """A server's support for each behaviour that some server lacks."""


def described() -> dict[str, tuple[str, str]]:
    """Give each capability's clause and what it says, by name."""
    return {each.name: (each.metadata["clause"], each.metadata["says"]) for each in fields(Capabilities)}
