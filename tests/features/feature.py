"""What the frameworks that came before can do: each of their features is a test that carries its id.

docs/features.md is generated from here; `pytest tests/features -k BA4` runs one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

SEEDS: Mapping[str, tuple[str, int]] = {
    "BA": ("bareasgi", 13),
    "ST": ("starlette", 22),
    "BS": ("blacksheep", 15),
    "BO": ("bocadillo", 39),
}
"""By the prefix of its ids: the framework, and how many features it has."""

Test: TypeAlias = Callable[..., Awaitable[None]] | Callable[..., None]
AnyTest = TypeVar("AnyTest", bound=Test)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, and where it is proved."""

    does: str
    api: str
    """What serves it, in Markdown."""
    test: Test


FEATURES: dict[str, Feature] = {}
"""By id, such as "BA4"."""


def feature(name: str, does: str, *, api: str) -> Callable[[AnyTest], AnyTest]:
    """Say that a test proves a feature; a test may prove several.

    Args:
        name: its id.
        does: what it is, in a line.
        api: what in anysocket serves it, in Markdown.
    """

    def register(test: AnyTest) -> AnyTest:
        assert name not in FEATURES, f"{name} has two tests"
        FEATURES[name] = Feature(does, api, test)
        test.__dict__[name] = True  # where `pytest -k BA4` looks for it
        return test

    return register
