"""The functions that an application runs, as far as its own source tells."""

import ast
import builtins
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, MappingProxyType, MethodType
from typing import Final, get_origin

from anysocket import Application, WebSocketRequest
from anysocket_matrix.choosing.values import UNKNOWN, value

BELOW: Final[Mapping[type, str]] = MappingProxyType({property: "fget", classmethod: "__func__"})
"""Where the function is in what a class has of it."""


@dataclass(frozen=True)
class Function:
    """One function, with its source."""

    file: Path
    line: int
    """Where its source begins."""
    tree: ast.FunctionDef | ast.AsyncFunctionDef
    names: Mapping[str, object]
    """What it can name."""
    first: object
    """What its first parameter is, where it has no annotation: who calls it says so."""

    def value(self, node: ast.expr) -> object:
        """Give what an expression stands for, `UNKNOWN` unless it is a constant or something global."""
        return value(node, self.names)

    def references(self) -> Iterator[object]:
        """Give what it names, functions among it, and what is in the classes of it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute):
                found = self.value(node)
                yield found
                for cls in (found if isinstance(found, type) else type(found)).__mro__:
                    yield from vars(cls).values()


def functions(app: Application) -> list[Function]:
    """Give the handlers, middleware and answers to failures, and what these name of the app's own.

    Its own is what has its source below the folder of one of the handlers or middleware.
    """
    # What an application has been given isn't for others to change, and so not public.
    middleware = app._middleware  # pyright: ignore[reportPrivateUsage]
    failures = app._error_handlers._handlers.values()  # pyright: ignore[reportPrivateUsage]
    answers: list[object] = [inspect.getclosurevars(each).nonlocals["handler"] for each in failures]
    roots: list[tuple[object, object]] = [
        *((route.handler, get_origin(route.signature.kind) or route.signature.kind) for route in app.routes),
        *((each, WebSocketRequest) for each in middleware),
        *((answer, UNKNOWN) for answer in answers),
    ]
    found: dict[tuple[Path, int], Function] = {}
    waiting = [
        function
        for root, first in roots
        if _is_of_the_application(root) and (function := read(root, first)) is not None
    ]
    homes = {_home(function.file) for function in waiting}
    seen: set[FunctionType] = set()
    while waiting:
        function = waiting.pop()
        if (function.file, function.line) in found:
            continue
        found[function.file, function.line] = function
        for each in map(function_of, function.references()):
            if each is not None and each not in seen and _home(_file(each)) in homes:
                seen.add(each)
                if _is_of_the_application(each) and (function := read(each)) is not None:
                    waiting.append(function)
    return [function for _, function in sorted(found.items(), key=lambda item: item[0])]


def _is_of_the_application(found: object) -> bool:
    """Tell whether it is a function that isn't anysocket's own."""
    function = function_of(found)
    return function is not None and function.__module__.partition(".")[0] != "anysocket"


def read(found: object, first: object = UNKNOWN) -> Function | None:
    """Find a function's source; there is none of what isn't a function, or was made at run time.

    Args:
        found: perhaps a function, or a method.
        first: what its first parameter is, where it isn't that of a method.
    """
    function = function_of(found)
    if function is None:
        return None
    try:
        lines, line = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, SyntaxError):  # a lambda is no statement
        return None
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    owner = _owner(function)
    return Function(_file(function), line, tree, _names(function), first if owner is None else owner)


def _owner(function: FunctionType) -> type | None:
    """Give the class that a method is called on an object of."""
    outer, _, name = function.__qualname__.rpartition(".")
    cls = function.__globals__.get(outer)
    member = vars(cls).get(name) if isinstance(cls, type) else None
    is_method = function_of(member) is function and not isinstance(member, staticmethod | classmethod)
    return cls if isinstance(cls, type) and is_method else None


def _names(function: FunctionType) -> Mapping[str, object]:
    """Give what each name stands for in a function; its own variables for nothing yet."""
    code, enclosing = function.__code__, dict[str, object]()
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # it isn't set yet
            enclosing[name] = cell.cell_contents
    local: dict[str, object] = dict.fromkeys((*code.co_varnames, *code.co_cellvars), UNKNOWN)
    return {**vars(builtins), **function.__globals__, **enclosing, **local}


def function_of(found: object) -> FunctionType | None:
    """Give what has the source: below its decorators, and of a method the function."""
    inner: object = getattr(found, BELOW.get(type(found), ""), found)
    bare: object = inspect.unwrap(inner) if callable(inner) else inner
    function: object = bare.__func__ if isinstance(bare, MethodType) else bare
    return function if isinstance(function, FunctionType) else None


def _file(function: FunctionType) -> Path:
    return Path(function.__code__.co_filename).resolve()


@cache
def _home(file: Path) -> Path:
    """Give the folder that a module's top-level package, or the module itself, is in.

    What is installed has the folder in common with all packages, so there it is the package.
    """
    module, folder = file, file.parent
    while (folder / "__init__.py").exists():
        module, folder = folder, folder.parent
    return module if folder.name in {"site-packages", "dist-packages"} else folder
