"""The clauses of the contract, as the page names and orders them."""

import re
from collections.abc import Iterable, Mapping

import msgspec


class Clause(msgspec.Struct, frozen=True, omit_defaults=True):
    """A clause, and where its text is."""

    title: str = ""
    address: str = ""


GROUPS: Mapping[str, str] = {
    "H": "Handshake",
    "M": "Messages",
    "C": "Close",
    "L": "Lifecycle",
    "N": "Applications of other frameworks",
}
"""What the letters of the clauses stand for, in the order of the contract."""


def clause_order(name: str) -> tuple[object, ...]:
    """Give the key by which clauses are sorted."""
    known = list(GROUPS)
    letter = re.sub(r"\d+$", "", name)
    return known.index(letter) if letter in known else len(known), letter, int(name[len(letter) :] or 0)


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Group clauses by what their letter stands for."""
    found: dict[str, list[str]] = {}
    for name in names:
        letter = re.sub(r"\d+$", "", name)
        found.setdefault(GROUPS.get(letter, letter), []).append(name)
    return found
