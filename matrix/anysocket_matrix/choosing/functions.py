"""The functions that an application runs, as far as its own source tells."""

import ast
import builtins
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import FunctionType, MethodType
from typing import Final, get_origin

from anysocket import Application, WebSocketRequest

UNKNOWN: Final = object()
"""What only running the application would tell."""


@dataclass(frozen=True)
class Function:
    """One function, with its source."""

    file: Path
    line: int
    """Where its source begins."""
    tree: ast.FunctionDef | ast.AsyncFunctionDef
    names: Mapping[str, object]
    """What it can name."""
    socket: object
    """What its first parameter is, where it has no annotation: the application calls it."""

    def value(self, node: ast.expr) -> object:
        """Give what an expression stands for, `UNKNOWN` unless it is a constant or something global."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.names.get(name, UNKNOWN)
            case ast.Attribute(value=of, attr=name):
                return _attribute(self.value(of), name)
            case _:
                return UNKNOWN

    def references(self) -> Iterator[object]:
        """Give what it names, functions among it."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute):
                yield _function(self.value(node))


def functions(app: Application) -> list[Function]:
    """Give the handlers, middleware and answers to failures, and what these name of the app's own.

    Its own is what has its source below the folder of one of the handlers or middleware.
    """
    # What an application has been given isn't for others to change, and so not public.
    middleware = app._middleware  # pyright: ignore[reportPrivateUsage]
    failures = app._failures._answers.values()  # pyright: ignore[reportPrivateUsage]
    answers: list[object] = [inspect.getclosurevars(each).nonlocals["answer"] for each in failures]
    roots: list[tuple[object, object]] = [
        *((route.handler, get_origin(route.signature.kind) or route.signature.kind) for route in app.routes),
        *((each, WebSocketRequest) for each in middleware),
        *((answer, None) for answer in answers),
    ]
    found: dict[tuple[Path, int], Function] = {}
    waiting = [read for root, socket in roots if (read := _read(root, socket)) is not None]
    folders = {_top(read.file) for read in waiting}
    while waiting:
        function = waiting.pop()
        if (function.file, function.line) in found:
            continue
        found[function.file, function.line] = function
        for each in function.references():
            read = _read(each)
            if read is not None and _top(read.file) in folders:
                waiting.append(read)
    return [function for _, function in sorted(found.items(), key=lambda item: item[0])]


def _read(found: object, socket: object = None) -> Function | None:
    """Find a function's source; there is none of what isn't a function, or was made at run time."""
    function = _function(found)
    if not isinstance(function, FunctionType) or function.__module__.partition(".")[0] == "anysocket":
        return None
    try:
        lines, line = inspect.getsourcelines(function)
        tree = ast.parse(textwrap.dedent("".join(lines))).body[0]
    except (OSError, SyntaxError):  # a lambda is no statement
        return None
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    called_with = None if isinstance(found, MethodType) else socket
    file = Path(inspect.getfile(function)).resolve()
    return Function(file, line, tree, _names(function), called_with)


def _names(function: FunctionType) -> Mapping[str, object]:
    """Give what each name stands for in a function; its own variables for nothing yet."""
    code, enclosing = function.__code__, dict[str, object]()
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # it isn't set yet
            enclosing[name] = cell.cell_contents
    local: dict[str, object] = dict.fromkeys((*code.co_varnames, *code.co_cellvars), UNKNOWN)
    return {**vars(builtins), **function.__globals__, **enclosing, **local}


def _function(found: object) -> object:
    """Give what has the source: below its decorators, and of a method the function."""
    bare = inspect.unwrap(found) if callable(found) else found
    return bare.__func__ if isinstance(bare, MethodType) else bare


def _top(file: Path) -> Path:
    """Give the folder that a module's top-level package, or the module itself, is in."""
    folder = file.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder


def _attribute(of: object, name: str) -> object:
    """Look an attribute up, without running any code for it."""
    found: object = inspect.getattr_static(of, name, UNKNOWN)
    if isinstance(of, type) and issubclass(of, Enum):
        return of.__members__.get(name, found)
    return found
