"""A repair names all that it relies on: what it doesn't name is no warning when it is gone."""

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Iterator
from importlib import import_module

import pytest

import anysocket_adapters
from anysocket_adapters.repairs.repair import Repair, Repairs


def repairs() -> Iterator[Repair]:
    """Give those of every registry, from wherever they are."""
    for module in pkgutil.walk_packages(anysocket_adapters.__path__, "anysocket_adapters."):
        for found in vars(import_module(module.name)).values():
            if isinstance(found, Repairs):
                yield from found.all


def used(tree: ast.AST) -> set[str]:
    """Give the attributes of `self` and `super()` that a class uses."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Call)
        and ast.unparse(node.value) in ("self", "super()")
    }


@pytest.mark.parametrize("repair", dict.fromkeys(repairs()), ids=lambda repair: repair.mixin.__qualname__)
def test_it_needs_what_it_uses(repair: Repair) -> None:
    mixin = repair.mixin
    tree = ast.parse(textwrap.dedent(inspect.getsource(mixin)))
    annotated = {ast.unparse(node.target) for node in ast.walk(tree) if isinstance(node, ast.AnnAssign)}
    needs = {each for each in repair.needs if ":" not in each}
    assert used(tree) - needs - annotated - {*vars(mixin), *dir(object)} == set()
    assert needs - used(tree) - {*vars(mixin)} == set()
