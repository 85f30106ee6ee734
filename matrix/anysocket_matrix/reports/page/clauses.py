"""The clauses of the contract, in the page's order and with its titles."""

import re
from collections.abc import Iterable, Mapping

import msgspec


class Clause(msgspec.Struct, frozen=True, omit_defaults=True):
    """A clause, and the address of its text."""

    title: str = ""
    address: str = ""


GROUPS: Mapping[str, str] = {
    "H": "Handshake",
    "M": "Messages",
    "C": "Close",
    "L": "Lifecycle",
    "N": "Applications of other frameworks",
}
"""The groups of clauses by their letter, in the order of the contract."""

TITLES: Mapping[str, str] = {
    "H1": "The request",
    "H2": "Accept",
    "H3": "Deny",
    "H4": "No answer",
    "H5": "A peer that leaves before accept",
    "M1": "Text and binary",
    "M2": "Order and concurrency",
    "M3": "The largest message",
    "M4": "Back-pressure",
    "M5": "A message right behind the handshake",
    "C1": "Code and reason",
    "C2": "What close takes",
    "C3": "Close is safe",
    "C4": "After the end",
    "C5": "How a handler ends",
    "C6": "Noticing the end without receiving",
    "L1": "Startup that fails",
    "L2": "Shutdown",
    "L3": "Keepalive",
    "N1": "The scope",
    "N2": "The events received",
    "N3": "Accept and deny",
    "N4": "What an application sends",
    "N5": "An application that closes",
    "N6": "How an application ends",
}
"""The title of each clause."""


def clauses(contract: str) -> dict[str, Clause]:
    """Return all clauses.

    Args:
        contract: the address of the page with their text, or an empty string.
    """
    return {
        name: Clause(title, contract and f"{contract}#{name.lower()}-{title.lower().replace(' ', '-')}")
        for name, title in TITLES.items()
    }


def clause_order(name: str) -> tuple[object, ...]:
    """Return the sort key of clauses."""
    known = list(GROUPS)
    letter = re.sub(r"\d+$", "", name)
    return known.index(letter) if letter in known else len(known), letter, int(name[len(letter) :] or 0)


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Group clauses by their letter."""
    found: dict[str, list[str]] = {}
    for name in names:
        letter = re.sub(r"\d+$", "", name)
        found.setdefault(GROUPS.get(letter, letter), []).append(name)
    return found
