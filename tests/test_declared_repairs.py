"""Each repair of an adapter names all that it relies on, and nothing else."""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import pytest

import anysocket_adapters
from anysocket import Capabilities
from anysocket_adapters.repairs.repair import Repair, Repairs, attribute_names, warn_unrepaired


def registries() -> list[Repairs]:
    """Give every registry of repairs in the adapters."""
    modules = pkgutil.walk_packages(anysocket_adapters.__path__, f"{anysocket_adapters.__name__}.")
    names = [each.name for each in modules]
    found = (value for name in names for value in vars(import_module(name)).values())
    return list({id(each): each for each in found if isinstance(each, Repairs)}.values())


REGISTRIES = registries()

# Of the implementation that uvicorn itself has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated")

each_registry = pytest.mark.parametrize("repairs", REGISTRIES, ids=lambda repairs: repairs.target)
each_repair = pytest.mark.parametrize(
    ("repairs", "repair"),
    [
        pytest.param(repairs, repair, id=f"{repairs.target}-{repair.mixin.__name__}")
        for repairs in REGISTRIES
        for repair in repairs.all
    ],
)


def test_registries_are_found() -> None:
    assert {"FrameProtocol", "WSProtocol"} <= {each.target.partition(":")[2] for each in REGISTRIES}


_PUBLIC = {"_replace"}
"""Attributes of every named tuple."""


class Used:
    """What the methods of a mixin use of other code's."""

    def __init__(self, repair: Repair, theirs: frozenset[str], others: frozenset[str]) -> None:
        mixin = _parsed(repair)
        defined = set(_defined(mixin))
        self.attributes = (defined & theirs) - {*dir(object)}
        """Of the server's class, those that it overrides among them."""
        self.names = set[str]()
        """Names that it imports, as `module:name`."""
        self.private = set[str]()
        """Attributes of other objects that aren't meant for others."""
        for node in ast.walk(mixin):
            if isinstance(node, ast.ImportFrom) and not str(node.module).startswith("anysocket"):
                self.names |= {f"{node.module}:{each.name}" for each in node.names}
            elif isinstance(node, ast.Attribute):
                if node.attr in dir(object):
                    continue
                if _is_super(node.value):
                    self.attributes |= {node.attr} - (others - theirs)
                elif isinstance(node.value, ast.Name) and node.value.id == "self":
                    self.attributes |= {node.attr} - defined - (others - theirs)
                elif node.attr.startswith("_") and node.attr not in _PUBLIC:
                    self.private.add(node.attr)


def _parsed(repair: Repair) -> ast.ClassDef:
    (mixin,) = ast.parse(dedent(inspect.getsource(repair.mixin))).body
    assert isinstance(mixin, ast.ClassDef)
    return mixin


def _defined(mixin: ast.ClassDef) -> Iterator[str]:
    for node in mixin.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (each.id for each in node.targets if isinstance(each, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


def used(repairs: Repairs, repair: Repair) -> Used:
    """Give what a repair uses; the repairs of its class may use each other's attributes."""
    target: type = pkgutil.resolve_name(repairs.target)
    same = (each for each in REGISTRIES if each.target == repairs.target)
    return Used(
        repair, attribute_names(target), frozenset(name for each in same for name in _all_defined(each))
    )


@each_repair
def test_it_names_what_it_uses(repairs: Repairs, repair: Repair) -> None:
    uses = used(repairs, repair)
    attributes = {need for need in repair.needs if ":" not in need}
    others = {need for need in repair.needs if ":" in need}
    assert uses.attributes <= attributes
    assert all(any(f"{need}.".startswith(f"{name}.") for need in others) for name in uses.names)
    assert uses.private <= {need.rpartition(".")[2] for need in others}


@each_repair
def test_its_adapter_uses_what_it_names(repairs: Repairs, repair: Repair) -> None:
    folder = Path(inspect.getfile(repair.mixin)).parent
    source = "\n".join(path.read_text() for path in folder.glob("*.py"))
    for need in repair.needs:
        words = re.findall(rf"\b{need.rpartition(':')[2].rpartition('.')[2]}\b", source)
        assert len(words) > 1, need  # once in `needs`
    assert len(set(repair.needs)) == len(repair.needs)


@each_repair
def test_what_it_keeps_are_capabilities(repairs: Repairs, repair: Repair) -> None:
    assert set(repair.keeps) <= {each.name for each in fields(Capabilities)}


@each_registry
def test_all_of_it_can_be_made_on_the_installed_release(
    repairs: Repairs, caplog: pytest.LogCaptureFixture
) -> None:
    warn_unrepaired.cache_clear()
    of_others = {name for other in REGISTRIES if other is not repairs for name in _all_defined(other)}
    needs = {need for repair in repairs.all for need in repair.needs}
    if needs & of_others - attribute_names(pkgutil.resolve_name(repairs.target)):
        return  # they stand on the repairs of another registry
    assert not repairs.missing()
    assert not caplog.records


def _all_defined(repairs: Repairs) -> set[str]:
    return {name for repair in repairs.all for name in _defined(_parsed(repair))}
