"""Typed values that an application keeps for its handlers: `app.state` and `request.state`."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar, overload

Value = TypeVar("Value")


class Key(str, Generic[Value]):
    """The name of a value, with its type: `DATABASE = Key[Database]("database")`.

    It is a str, so that a lifespan can yield `{DATABASE: database}`.
    """


class Values(Mapping[str, object]):
    """Values by key. A missing key is looked up in the given mappings, in their order."""

    def __init__(self, *below: Mapping[str, object]) -> None:
        self._own: dict[str, object] = {}
        self._below = below

    @overload
    def __getitem__(self, key: Key[Value], /) -> Value: ...
    @overload
    def __getitem__(self, key: str, /) -> object: ...
    def __getitem__(self, key: str, /) -> object:
        if key in self._own:
            return self._own[key]
        for values in self._below:
            if key in values:
                return values[key]
        raise KeyError(f"no {key!r} in the state: yield it in the lifespan, or set it by its Key")

    def __setitem__(self, key: Key[Value], value: Value, /) -> None:
        self._own[key] = value

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._own, *(key for values in self._below for key in values))))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return repr(dict(self))
