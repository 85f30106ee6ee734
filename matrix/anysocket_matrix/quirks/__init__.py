"""The quirks of all servers. Cases prove each repair, or the capability that stays absent."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from anysocket_matrix.quirks import daphne, granian, hypercorn, uvicorn
from anysocket_matrix.quirks.quirk import Quirk, Where

__all__ = ["QUIRKS", "SEEN", "Quirk", "Where"]

QUIRKS: Final = tuple(
    sorted(
        (*uvicorn.QUIRKS, *hypercorn.QUIRKS, *granian.QUIRKS, *daphne.QUIRKS),
        key=lambda quirk: quirk.number,
    )
)

SEEN: Final[Mapping[str, str]] = MappingProxyType(
    {"uvicorn": "0.54.0", "hypercorn": "0.18.0", "granian": "2.8.9", "daphne": "4.2.3"}
)
"""The version of each distribution in which quirks without a case were last checked by hand."""
