"""The features of earlier frameworks: each is a test with the feature's id.

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
"""The framework and its number of features, by the prefix of the ids."""

Test: TypeAlias = Callable[..., Awaitable[None]] | Callable[..., None]
AnyTest = TypeVar("AnyTest", bound=Test)


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature, and the test that proves it."""

    does: str
    api: str
    """The API that provides it, in Markdown."""
    test: Test


FEATURES: dict[str, Feature] = {}
"""The features by id, such as "BA4"."""


def feature(name: str, does: str, *, api: str) -> Callable[[AnyTest], AnyTest]:
    """Declare that a test proves a feature; a test may prove several.

    Args:
        name: the id.
        does: the description, in one line.
        api: the part of anysocket that provides it, in Markdown.
    """

    def register(test: AnyTest) -> AnyTest:
        assert name not in FEATURES, f"{name} has two tests"
        FEATURES[name] = Feature(does, api, test)
        test.__dict__[name] = True  # `pytest -k BA4` looks here
        return test

    return register
