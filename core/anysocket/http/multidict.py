"""Immutable mappings with repeated names: header lines and query parameters."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar
from urllib.parse import parse_qsl

Default = TypeVar("Default")

_FEW: Final = 16
"""Pairs that are searched one by one: a mapping of its own would cost every connection more."""


class MultiDict(Mapping[str, str]):
    """Pairs of strings in their order. As a mapping it has the first value of each name."""

    __slots__ = ("_first", "_pairs")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._pairs = tuple(pairs)
        self._first: dict[str, str] | None = None

    def get_all(self, name: str) -> list[str]:
        """Return every value of a name in order; an empty list if there is none."""
        return [value for key, value in self._pairs if key == name]

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return all pairs in their order, also those with a repeated name."""
        return self._pairs

    def __getitem__(self, name: str) -> str:
        if len(self._pairs) > _FEW:
            return self._first_values()[name]
        for key, value in self._pairs:
            if key == name:
                return value
        raise KeyError(name)

    def _first_values(self) -> dict[str, str]:
        """Give each name's first value, in the order of the names: a peer may send 100,000 of them."""
        if self._first is None:
            self._first = {}
            for name, value in self._pairs:
                self._first.setdefault(name, value)
        return self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first_values())

    def __len__(self) -> int:
        return len(self._first_values())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MultiDict):
            return NotImplemented
        return type(self) is type(other) and self._pairs == other._pairs

    def __hash__(self) -> int:
        return hash(self._pairs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self._pairs)!r})"


class Headers(MultiDict):
    """Header lines in the order sent; names are lower case, and found in any case (RFC 9110 section 5.1)."""

    __slots__ = ()

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__((name.lower(), value) for name, value in pairs)

    @classmethod
    def from_raw(cls, raw: Iterable[tuple[bytes, bytes]]) -> "Headers":
        """Decode header lines as ISO-8859-1, which loses no byte (RFC 9110 section 5.5)."""
        return cls((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)

    def get_all(self, name: str) -> list[str]:
        """Return every value of a name in order; an empty list if there is none."""
        return super().get_all(name.lower())

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())


class Query(MultiDict):
    """Query parameters in their order, percent-decoded, with blank values."""

    __slots__ = ()

    @classmethod
    def from_raw(cls, raw: bytes) -> "Query":
        """Parse a query string as `application/x-www-form-urlencoded`."""
        return cls(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))
