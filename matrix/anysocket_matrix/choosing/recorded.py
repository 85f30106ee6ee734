"""What an application needs, as `pytest --anysocket-needs` has recorded it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anysocket.testing.needs import VERSION, Use
from anysocket_matrix.choosing.needs import NEEDS, Need, find
from anysocket_matrix.results.files import read_json


@dataclass
class _File:
    version: int
    uses: list[Use]


def read_uses(file: Path) -> Mapping[Need, Sequence[Use]]:
    """Read what a file has: each need, with the uses of it.

    Raises:
        ValueError: it can't be read, or is something else; names it and the command that writes one.
    """
    try:
        read = read_json(file, _File, "needs of an application")
        if read.version != VERSION:
            raise ValueError(f"{file} is of version {read.version}, not {VERSION}")
        needs = find([use.capability for use in read.uses])
    except ValueError as error:
        raise ValueError(f"{error}; pytest --anysocket-needs {file} writes such a file") from error
    in_order = [need for need in NEEDS.values() if need in needs]
    return {need: [use for use in read.uses if use.capability == need.capability] for need in in_order}
