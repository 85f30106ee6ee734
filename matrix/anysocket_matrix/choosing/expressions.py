"""What the expressions in a function are, as far as annotations tell."""

import ast
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import GetSetDescriptorType, ModuleType
from typing import Any, Final

from anysocket_matrix.choosing.functions import Function, function_of, read
from anysocket_matrix.choosing.kinds import ANY, Kind, annotated, one_of
from anysocket_matrix.choosing.values import UNKNOWN

COPIES: Final = frozenset[object]({list, set, frozenset, tuple, sorted, reversed, iter})
TAKES: Final = frozenset({"get", "get_nowait", "pop", "popleft", "setdefault"})
"""The methods of containers and queues that give one of what is in them."""


class Expressions:
    """Tells it of one function."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._bound: dict[str, list[Callable[[], Kind]]] = {}
        """What each local name may be, read when it is asked for."""
        self._reading: set[str] = set()
        for name, kind in self._bindings():
            self._bound.setdefault(name, []).append(kind)

    def kind(self, node: ast.expr) -> Kind:
        """Tell what an expression is."""
        match node:
            case ast.Name(id=name) if name in self._bound:
                return self._local(name)
            case ast.Name(id=name):
                return _of_global(self._function.names, name)
            case ast.Attribute(value=of, attr=name):
                module = self._function.value(of)
                inside = isinstance(module, ModuleType)
                return _of_global(vars(module), name) if inside else attribute(self.kind(of), name)
            case ast.Subscript(value=of, slice=ast.Constant(value=position)):
                return self.kind(of).item(position)
            case ast.Subscript(value=of):
                return self.kind(of).item()
            case ast.Await(value=of) | ast.NamedExpr(value=of):
                return self.kind(of)
            case ast.BoolOp(values=several):
                return one_of(map(self.kind, several))
            case ast.IfExp(body=one, orelse=other):
                return one_of([self.kind(one), self.kind(other)])
            case ast.ListComp(elt=of) | ast.SetComp(elt=of) | ast.GeneratorExp(elt=of):
                return Kind(list, (self.kind(of),))
            case ast.Call(func=ast.Attribute(value=of, attr=name)) if isinstance(self.kind(of).of, type):
                return _called(self.kind(of), name)
            case ast.Call(func=called, args=[first, *_]) if self._function.value(called) in COPIES:
                return Kind(list, (self.kind(first).iterated(),))
            case ast.Call(func=called):
                return _returned(self._function.value(called))
            case _:
                return ANY

    def annotated(self, annotation: ast.expr) -> Kind:
        """Read an annotation of this function."""
        return annotated(annotation, self._function.names)

    def _local(self, name: str) -> Kind:
        if name in self._reading:
            return ANY  # it is made of itself
        self._reading.add(name)
        kinds = (kind() for kind in self._bound[name])
        found = next((kind for kind in kinds if kind.of is not UNKNOWN), ANY)
        self._reading.discard(name)
        return found

    def _bindings(self) -> Iterator[tuple[str, Callable[[], Kind]]]:
        arguments = self._function.tree.args
        for argument in [*arguments.posonlyargs, *arguments.args][:1]:
            if argument.annotation is None:
                yield argument.arg, partial(Kind, self._function.first)
        for node in ast.walk(self._function.tree):
            match node:
                case (
                    ast.arg(arg=name, annotation=ast.expr() as annotation)
                    | ast.AnnAssign(target=ast.Name(id=name), annotation=ast.expr() as annotation)
                    | ast.ExceptHandler(name=str(name), type=ast.expr() as annotation)
                ):
                    yield name, partial(self.annotated, annotation)
                case ast.Assign(targets=[target], value=given) | ast.NamedExpr(target=target, value=given):
                    yield from self._targets(target, partial(self.kind, given))
                case (
                    ast.For(target=target, iter=over)
                    | ast.AsyncFor(target=target, iter=over)
                    | ast.comprehension(target=target, iter=over)
                ):
                    yield from self._targets(target, partial(self._iterated, over))
                case _:
                    pass

    def _targets(
        self, target: ast.expr, kind: Callable[[], Kind]
    ) -> Iterator[tuple[str, Callable[[], Kind]]]:
        match target:
            case ast.Name(id=name):
                yield name, kind
            case ast.Tuple(elts=several):
                for position, each in enumerate(several):
                    yield from self._targets(each, partial(_item, kind, position))
            case _:
                pass

    def _iterated(self, over: ast.expr) -> Kind:
        return self.kind(over).iterated()


def attribute(kind: Kind, name: str) -> Kind:
    """Tell what an attribute is: as the class annotates it, or as a method of it sets it."""
    for cls in kind.of.__mro__ if isinstance(kind.of, type) else ():
        annotations = _annotations(vars(cls))
        if name in annotations:
            return annotated(annotations[name], _names(cls))
        member = vars(cls).get(name)
        if isinstance(member, property):
            return _returned(member)
        if name in (found := _set_by_methods(cls)):
            return found[name]
    return ANY


_SET: Final[dict[type, dict[str, Kind]]] = {}


def _set_by_methods(cls: type) -> Mapping[str, Kind]:
    """Tell what the methods of a class set on `self`, what has an annotation first."""
    if cls in _SET or cls.__module__ == "builtins":
        return _SET.get(cls, {})
    found = _SET[cls] = {}  # filled here: what is set may be made of another such
    methods = [method for each in vars(cls).values() if (method := read(each)) is not None]
    for method in methods:
        for name, annotation in _of_self(method, annotations=True):
            found.setdefault(name, annotated(annotation, method.names))
    for method in methods:
        expressions = Expressions(method)
        for name, given in _of_self(method, annotations=False):
            if (kind := expressions.kind(given)).of is not UNKNOWN:
                found.setdefault(name, kind)
    return found


def _of_self(method: Function, *, annotations: bool) -> Iterator[tuple[str, ast.expr]]:
    first = next(iter([*method.tree.args.posonlyargs, *method.tree.args.args]), None)
    for node in ast.walk(method.tree):
        match node:
            case ast.AnnAssign(
                target=ast.Attribute(value=ast.Name(id=self), attr=name), annotation=found
            ) if annotations:
                pass
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=self), attr=name)], value=found) if (
                not annotations
            ):
                pass
            case _:
                continue
        if first is not None and self == first.arg:
            yield name, found


def _of_global(names: Mapping[str, object], name: str) -> Kind:
    found = names.get(name, UNKNOWN)
    annotations = _annotations(names)
    if found is UNKNOWN:
        return ANY
    if name in annotations:
        return annotated(annotations[name], names)
    return Kind(found if isinstance(found, type) else type(found))  # whose attributes are alike


def _called(kind: Kind, name: str) -> Kind:
    """Tell what a method gives."""
    member = function_of(inspect.getattr_static(kind.of, name, None))
    if member is not None:
        return _returned(member)
    if kind.within(Mapping):
        match name:
            case "values":
                return Kind(list, (kind.argument(1),))
            case "items":
                return Kind(list, (Kind(tuple, (kind.argument(0), kind.argument(1))),))
            case "keys":
                return Kind(list, (kind.argument(0),))
            case _:
                pass
    if name == "copy":
        return kind
    return kind.argument(len(kind.given) - 1) if name in TAKES else ANY


def _returned(called: object) -> Kind:
    if isinstance(called, type):
        return Kind(called)
    function = function_of(called)
    if function is None or "return" not in function.__annotations__:
        return ANY
    return annotated(function.__annotations__["return"], function.__globals__)


def _item(kind: Callable[[], Kind], position: int) -> Kind:
    return kind().item(position)


def _annotations(names: Mapping[str, object]) -> Mapping[str, object]:
    """Give what a class or a module annotates."""
    found: Any = names.get("__annotations__")  # none, or how `type` itself gets at them
    return {} if found is None or isinstance(found, GetSetDescriptorType) else found


def _names(cls: type) -> Mapping[str, object]:
    module = sys.modules.get(cls.__module__)
    return {} if module is None else vars(module)
