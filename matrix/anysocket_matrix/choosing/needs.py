"""What can be asked of a server, and by which names.

A capability is asked for by its name, with dashes; the words are those of its declaration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final, get_args

from anysocket.capabilities import described
from anysocket_adapters.options import Loop

SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {"http2": "over-http2", "subprotocol": "accept-subprotocol", "ping": "keepalive"}
)
"""Shorter names for some."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a server has or lacks."""

    name: str
    says: str
    clause: str = ""
    """The clause of the contract that it is about, for a capability."""
    capability: str = ""
    """The field of `Capabilities`."""
    loop: Loop | None = None
    """The event loop that it is about."""
    tls: bool = False


def _all() -> dict[str, Need]:
    loops: tuple[Loop, ...] = get_args(Loop)
    found = [
        *(Need(name.replace("_", "-"), says, clause, name) for name, (clause, says) in described().items()),
        *(Need(loop, f"the event loop {loop}", loop=loop) for loop in loops),
        Need("tls", "TLS by the server itself", tls=True),
    ]
    return {need.name: need for need in found}


NEEDS: Final[Mapping[str, Need]] = MappingProxyType(_all())
"""All of them, the capabilities in the order of their clauses."""

HTTP2: Final = NEEDS["over-http2"]


def find(names: Sequence[str]) -> list[Need]:
    """Find needs by their names, each once.

    Raises:
        ValueError: there is no such need, or no server can have all of them at once.
    """
    needs = [_find(name) for name in names]
    loops = list(dict.fromkeys(need.loop for need in needs if need.loop is not None))
    if len(loops) > 1:
        raise ValueError(f"a server runs on one event loop, not on {' and '.join(loops)}")
    return list(dict.fromkeys(needs))


def _find(name: str) -> Need:
    dashed = name.lower().replace("_", "-")
    dashed = SHORT.get(dashed, dashed)
    if dashed not in NEEDS:
        known = [*NEEDS, *SHORT]
        near = [each for each in known if dashed in each][:3] or get_close_matches(dashed, known)
        meant = f"did you mean {' or '.join(near)}? " if near else ""
        raise ValueError(f"there is no need {name!r}: {meant}anysocket servers --capabilities lists them all")
    return NEEDS[dashed]
