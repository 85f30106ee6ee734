"""The one way to change what a server does: its object gets a subclass of its own class.

A repair is a class whose methods override the server's and call `super()`. It names what it
relies on, and which capabilities hold only with it:

    PROTOCOL = Repairs("uvicorn", "uvicorn.protocols.websockets.wsproto_impl:WSProtocol")

    @PROTOCOL.repair(needs=("handle_close", "writable"), keeps=("end_while_suspended",))
    class WakesSenders(WSProtocol):
        def handle_close(self, event: CloseConnection) -> None:
            super().handle_close(event)
            self.writable.set()

For type checkers the repair derives from the server's class; at run time from `object`, and
`Repairs` mixes it into that class: `subclass` before the server makes its objects, where we
configure it, or `apply` for an object that it has made.

A release of the server may lack what a repair relies on. That repair alone is then left out, a
warning says so once, and `lost` gives the capabilities that don't hold.
"""

import dis
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from types import CodeType, FunctionType, new_class
from typing import TypeVar

from anysocket.capabilities import Capabilities, Support
from anysocket_adapters.repairs.versions import installed

_log = logging.getLogger("anysocket")

Mixin = TypeVar("Mixin", bound=type)


@dataclass(frozen=True, slots=True)
class Repair:
    """What a class of methods relies on, and what holds only with it."""

    mixin: type
    needs: tuple[str, ...]
    """Attributes and methods of the server's class, and `module:name` or `module:Class.name` for all else."""
    keeps: tuple[str, ...]
    """The capabilities that are lost without it."""


class Repairs:
    """The repairs of one class of a server's, or of a library that it uses.

    Args:
        distribution: what has the class, as a warning names it.
        target: the class, as `module:name`.
    """

    def __init__(self, distribution: str, target: str) -> None:
        self.distribution: str = distribution
        self.target: str = target
        self.all: list[Repair] = []
        """In the order of their definition: the last one is called first."""
        self._repaired: dict[type, type] = {}
        self._lost: dict[type, frozenset[str]] = {}

    def repair(self, *, needs: Collection[str], keeps: Collection[str] = ()) -> Callable[[Mixin], Mixin]:
        """Register the decorated class as a repair of the target."""

        def register(mixin: Mixin) -> Mixin:
            self.all.append(Repair(mixin, tuple(needs), tuple(keeps)))
            return mixin

        return register

    def fits(self, found: object) -> bool:
        """Tell whether an object is of the target's class, without importing it."""
        return any(f"{each.__module__}:{each.__qualname__}" == self.target for each in type(found).__mro__)

    def subclass(self) -> type | None:
        """Give the target with its repairs; None, with a warning, where there is no such class."""
        kind = _found(self.target)
        if not isinstance(kind, type):
            warn_unrepaired(self.distribution, self.target, "any of the repairs of that class")
            return None
        return self._of(kind)

    def apply(self, found: object) -> frozenset[str]:
        """Give an object the repairs that its class allows, and say which capabilities don't hold on it.

        An object of another class gets none of them, with a warning.
        """
        kind = type(found)
        repaired = self._repaired.get(kind)
        if repaired is None:
            repaired = self._of(kind) if self.fits(found) else self._leave(kind, self.target)
        if repaired is not kind:
            try:
                found.__class__ = repaired
            except TypeError:  # a class with slots, or one that isn't written in Python
                repaired = self._leave(kind, f"{self.target} whose objects can change their class")
        return self._lost[repaired]

    def lost(self, found: object) -> frozenset[str]:
        """Give the capabilities that don't hold on an object that `apply` or `subclass` has repaired."""
        return self._lost.get(type(found), _NOTHING)

    def missing(self) -> frozenset[str]:
        """Give the capabilities that don't hold on the installed release, where there is no object yet."""
        kind = self.subclass()
        return self.everything() if kind is None else self._lost[kind]

    def everything(self) -> frozenset[str]:
        """Give the capabilities that are lost without any of the repairs."""
        return frozenset(name for each in self.all for name in each.keeps)

    def _of(self, kind: type) -> type:
        """Make the repaired subclass of a class, once."""
        if kind in self._repaired:
            return self._repaired[kind]
        names = attribute_names(kind)
        mixins, lost = list[type](), set[str]()
        for each in self.all:
            if missing := lacking(each.needs, names):
                lost.update(each.keeps)
                warn_unrepaired(self.distribution, ", ".join(missing), each.mixin.__name__)
            else:
                mixins.insert(0, each.mixin)
        # Under its own name, by which the server's log and `fits` know it.
        own = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__slots__": ()}
        repaired = type(kind.__name__, (_of_the_layout(kind), *mixins, kind), own) if mixins else kind
        self._repaired[kind] = self._repaired[repaired] = repaired
        self._lost[repaired] = frozenset(lost)
        return repaired

    def _leave(self, kind: type, missing: str) -> type:
        """Leave the objects of a class as they are."""
        warn_unrepaired(self.distribution, missing, "any of the repairs of that class")
        self._repaired[kind], self._lost[kind] = kind, self.everything()
        return kind


_NOTHING = frozenset[str]()


@cache
def warn_unrepaired(distribution: str, missing: str, repair: str) -> None:
    """Say, once for each, that a repair can't be made on this release of a server."""
    _log.warning(
        "%s %s has no %s: anysocket goes on without %s. Is there a newer anysocket?",
        distribution,
        installed(distribution),
        missing,
        repair,
    )


def without(declared: Capabilities, lost: Collection[str]) -> Capabilities:
    """Give what is left of a declaration when some of its repairs couldn't be made."""
    return replace(declared, **dict.fromkeys(lost, Support.ABSENT)) if lost else declared


def _of_the_layout(kind: type) -> type:
    """Make an empty class for the first base of a subclass of `kind`, whose objects can then change to it.

    Python compares the layouts of both: those of the classes, each the `__base__` of the one
    before it, from which their objects have a `__dict__`.
    """
    first: type = object
    each: type = kind
    while each is not object:
        if "__dict__" in vars(each):
            first = each
        each = each.__base__ or object
    return new_class(first.__name__, vars(first).get("__orig_bases__", first.__bases__))  # of a generic one


def lacking(needs: Iterable[str], names: Collection[str] = ()) -> list[str]:
    """Give what isn't there: of `names`, or `module:name` and `module:Class.name` for what is installed."""
    return [need for need in needs if not _is_there(need, names)]


def _is_there(need: str, names: Collection[str]) -> bool:
    if ":" not in need:
        return need in names
    owner, _, attribute = need.rpartition(".")
    kind = _found(owner) if ":" in owner else None
    return _found(need) is not None or (isinstance(kind, type) and attribute in attribute_names(kind))


@cache
def _found(target: str) -> object:
    """Import `module:name`; None where there is no such module or name."""
    module, _, name = target.partition(":")
    try:
        found: object = import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not f"{module}.".startswith(f"{error.name}."):
            raise  # something else that the module needs isn't installed
        return None
    except ImportError:
        return None
    for each in name.split("."):
        found = getattr(found, each, None)
    return found


def attribute_names(kind: type) -> frozenset[str]:
    """Give the names of every attribute that objects of a class have: its own, and what its methods store."""
    stored = (
        name
        for each in kind.__mro__
        for member in vars(each).values()
        for function in (member, getattr(member, "__func__", None), getattr(member, "fget", None))
        if isinstance(function, FunctionType)
        for name in _stored(function.__code__)
    )
    return frozenset([*dir(kind), *stored])


def _stored(code: CodeType) -> Iterator[str]:
    """Give the attributes that a function stores, those of nested functions too."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "STORE_ATTR":
            yield instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _stored(constant)
