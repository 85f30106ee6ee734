"""A server in which one name is another, as its next release may have it: `test_broken_repairs` starts it.

    python -m tests.servers.renamed ROW [NAME PACKAGE...]

NAME is that of an attribute or a method, or a colon and a name of a module: a class, a function.

It prints the URL, serves an echo until its input ends, and prints what it has seen as a line of JSON.
"""

import ast
import json
import logging
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from functools import partial, wraps
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any, Never

import anyio
import anyio.to_thread

from anysocket import Application, Support, WebSocketRequest
from anysocket.asgi import Scope
from anysocket.capabilities import Capabilities, described
from anysocket.transport import Transport
from anysocket_adapters import ServerFailed, loops, running
from anysocket_adapters.options import Loop, OptionValues
from anysocket_adapters.repairs.repair import Repairs

# The name


class Finder:
    """Finds the modules of some packages, to load them renamed."""

    def __init__(self, name: str, packages: Sequence[str]) -> None:
        self._name = name
        self._packages = packages

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in self._packages:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            renaming = Renaming(self._name, self._packages)
            spec.loader = Loader(renaming, spec.loader.name, spec.loader.path)
        return spec


class Loader(SourceFileLoader):
    """Loads a module in which a name is another."""

    def __init__(self, renaming: "Renaming", fullname: str, path: str) -> None:
        super().__init__(fullname, path)
        self._renaming = renaming

    def get_code(self, fullname: str) -> CodeType | None:
        source = self.get_data(self.path)
        if not re.search(rb"\b%b\b" % self._renaming.old.encode(), source):
            return super().get_code(fullname)
        tree = ast.fix_missing_locations(self._renaming.visit(ast.parse(source)))
        return compile(tree, self.path, "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        vars(module)[EITHER] = partial(either, self._renaming.old, self._renaming.new)
        vars(module)[FIELD] = partial(field, self._renaming.old, self._renaming.new)
        super().exec_module(module)


EITHER = "__either__"
FIELD = "__field__"


def either(old: str, new: str, found: object) -> object:
    """Get an attribute by its new name; an object that isn't the server's may have one by the old name."""
    try:
        return getattr(found, new)
    except AttributeError:
        return getattr(found, old)


def field(old: str, new: str, called: object) -> str:
    """Give the name by which a call passes a value: a dataclass takes its fields by their new names."""
    return new if new in getattr(called, "__dataclass_fields__", ()) else old


class Renaming(ast.NodeTransformer):
    """Renames an attribute or a method; with a colon before it, what a module has.

    Each is renamed where it is defined, stored, got, or imported from one of the packages.
    """

    def __init__(self, name: str, packages: Sequence[str]) -> None:
        self.old = name.removeprefix(":")
        self.new = f"{self.old}_of_the_next_release"
        self._packages = packages
        self._of_module = name.startswith(":")
        self._in_body = self._of_module
        """Whether a plain name, here, is the one that is renamed."""

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        outside = self._in_body
        if outside and node.name == self.old:
            node.name = self.new
        self._in_body = True
        self.generic_visit(node)
        self._in_body = outside
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        outside = self._in_body
        if outside and node.name == self.old:
            node.name = self.new
        parameters = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        self._in_body = self._of_module and all(each.arg != self.old for each in parameters)
        self.generic_visit(node)
        self._in_body = outside
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self._in_body and node.id == self.old:
            node.id = self.new
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST:
        if self._of_module and (node.level or (node.module or "").partition(".")[0] in self._packages):
            for each in node.names:
                if each.name == self.old:
                    each.name = self.new
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if node.attr != self.old:
            return node
        if isinstance(node.ctx, ast.Load):
            return ast.Call(ast.Name(EITHER, ast.Load()), [node.value], [])
        node.attr = self.new
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self._of_module and isinstance(node.value, str) and node.value.endswith(f":{self.old}"):
            node.value = node.value.removesuffix(self.old) + self.new  # as an import is written in a string
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Name("getattr" | "hasattr" | "setattr"), [_, ast.Constant(self.old), *_]):
                node.args[1] = ast.Constant(self.new)
            case ast.Call(ast.Name(called)):
                for each in node.keywords:
                    if each.arg == self.old:  # of a parameter, or of a field, whose name is another now
                        name = ast.Call(ast.Name(FIELD, ast.Load()), [ast.Name(called, ast.Load())], [])
                        each.arg, each.value = None, ast.Dict([name], [each.value])
            case _:
                pass
        return node


# The server


class Reporting(Application):
    """Keeps the declarations of its last connection."""

    transport: Transport
    capabilities: Capabilities

    def handle(self, transport: Transport, scope: Scope | None = None) -> Coroutine[object, Never, None]:
        self.transport = transport
        return super().handle(transport, scope)


app = Reporting()


@app.websocket("/")
async def echo(request: WebSocketRequest) -> None:
    """Send everything back."""
    app.capabilities = request.capabilities
    await request.web_socket.accept()
    while (message := await request.web_socket.receive()) is not None:
        await request.web_socket.send(message)


class Records(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


STREAM_CANCELLED = "StreamReaderProtocol.connection_made.<locals>.callback(<Task cancell"
"""Python 3.11 logs this for each task of `asyncio.start_server` that is cancelled, as hypercorn's are."""

applied = set[Repairs]()


def note(method: Callable[..., Any]) -> Callable[..., Any]:
    """Note which registries are asked for repairs."""

    @wraps(method)
    def noting(repairs: Repairs, *found: object) -> object:
        applied.add(repairs)
        return method(repairs, *found)

    return noting


def absent(capabilities: Capabilities) -> list[str]:
    return [name for name in described() if getattr(capabilities, name) is Support.ABSENT]


async def main(server: str, loop: Loop) -> str | None:
    """Serve until the input ends; give what is wrong when the server doesn't start."""
    try:
        # With what makes a server need all of its repairs.
        options = OptionValues(
            loop=loop, log_level="warning", ping_interval=20, ping_timeout=20, compression=False
        )
        async with running(app, server, **options) as url:
            print(url, flush=True)
            await anyio.to_thread.run_sync(sys.stdin.read)
    except ServerFailed as error:
        return str(error)
    return None


if __name__ == "__main__":
    row, *renamed = sys.argv[1:]
    if renamed:
        sys.meta_path.insert(0, Finder(renamed[0], renamed[1:]))
    for each in ("apply", "subclass"):
        setattr(Repairs, each, note(getattr(Repairs, each)))
    records = Records()
    logging.getLogger().addHandler(records)
    chosen, *variant = row.split("+")
    loop: Loop = "trio" if "trio" in variant else "asyncio"
    failed: list[str | None] = []

    async def run() -> None:
        failed.append(await main(chosen, loop))

    loops.run(loop, run)
    transport = getattr(app, "transport", None)
    print(
        json.dumps(
            {
                "failed": failed[0],
                "absent": absent(app.capabilities) if transport else [],
                "declared": absent(transport.declared) if transport else [],
                "applied": [
                    f"{repairs.target} {each.mixin.__qualname__}"
                    for repairs in applied
                    for each in repairs.all
                ],
                "warnings": [
                    each.getMessage() for each in records.records if each.levelno == logging.WARNING
                ],
                "errors": [
                    each.getMessage()
                    for each in records.records
                    if each.levelno > logging.WARNING and STREAM_CANCELLED not in each.getMessage()
                ],
            }
        ),
        flush=True,
    )
