"""What an application uses that some server lacks, found in its source.

Modest on purpose: only what is done with a socket whose kind its annotation tells, or the place
that the application calls it from. What can't be seen here is asked for by name.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Final, get_origin

from anysocket import Application, Close, CloseCode, Connection, ConnectionClosed, WebSocket, WebSocketRequest
from anysocket.close import EVERY_CODE
from anysocket_matrix.choosing.functions import Function, functions

SOCKETS: Final = frozenset[object]({WebSocket, Connection})
KINDS: Final[tuple[object, ...]] = (WebSocketRequest, *SOCKETS, ConnectionClosed)

MEMBERS: Final[Mapping[tuple[object, str], str]] = MappingProxyType(
    {
        (WebSocketRequest, "raw_path"): "raw-path",
        (WebSocketRequest, "url"): "raw-path",
        (WebSocketRequest, "reason"): "peer-close-reason",
        (WebSocketRequest, "wait_closed"): "end-while-sending",
        (WebSocketRequest, "task_group"): "end-while-sending",
        (WebSocketRequest, "choose"): "accept-subprotocol",
        (WebSocket, "code"): "peer-close-code",
        (Connection, "code"): "peer-close-code",
        (ConnectionClosed, "code"): "peer-close-code",
        (ConnectionClosed, "reason"): "peer-close-reason",
    }
)
"""The members whose very use needs something."""

CODES: Final[Mapping[int, str]] = MappingProxyType(
    {
        CloseCode.PROTOCOL_ERROR: "protocol-error-code",
        CloseCode.NO_STATUS_RCVD: "no-close-code",
        CloseCode.ABNORMAL_CLOSURE: "abnormal-closure",
        CloseCode.INVALID_PAYLOAD_DATA: "protocol-error-code",
        CloseCode.BAD_GATEWAY: "peer-bad-gateway",
    }
)
"""The codes that some server doesn't tell apart, to who compares with them."""


@dataclass(frozen=True, slots=True)
class Use:
    """One place in the source that needs something."""

    need: str
    file: Path
    line: int
    code: str
    """The expression, on one line."""


def uses(app: Application) -> list[Use]:
    """Find what an application uses, in the order of its source."""
    return list(dict.fromkeys(use for function in functions(app) for use in _Reader(function).uses()))


class _Reader:
    """Reads one function."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._kinds: dict[str, object] = {}
        self._name_kinds()

    def uses(self) -> Iterator[Use]:
        expressions = [node for node in ast.walk(self._function.tree) if isinstance(node, ast.expr)]
        for node in sorted(expressions, key=lambda each: each.lineno):
            for need in dict.fromkeys(self._needs(node)):
                line = self._function.line + node.lineno - 1
                yield Use(need, self._function.file, line, ast.unparse(node))

    # What each name is.

    def _name_kinds(self) -> None:
        tree = self._function.tree
        for position, argument in enumerate([*tree.args.posonlyargs, *tree.args.args]):
            if argument.annotation is None and position == 0:
                self._kinds[argument.arg] = self._function.socket
        for node in ast.walk(tree):
            match node:
                case ast.arg(arg=name, annotation=ast.expr() as annotation):
                    self._kinds[name] = self._annotated(annotation)
                case ast.ExceptHandler(name=str(name), type=ast.expr() as kind):
                    self._kinds[name] = self._annotated(kind)
                case _:
                    pass
        for node in ast.walk(tree):
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.NamedExpr(target=ast.Name(id=name), value=value)
                ):
                    self._kinds.setdefault(name, self._kind(value))
                case _:
                    pass

    def _annotated(self, annotation: ast.expr) -> object:
        match annotation:
            case ast.Constant(value=str(text)):
                return self._annotated(ast.parse(text, mode="eval").body)
            case ast.Subscript(value=of):
                return self._annotated(of)
            case _:
                value = self._function.value(annotation)
                kind = get_origin(value) or value
                return kind if kind in KINDS else None

    def _kind(self, node: ast.expr) -> object:
        match node:
            case ast.Name(id=name):
                return self._kinds.get(name)
            case ast.Attribute(value=of, attr="web_socket") if self._kind(of) is WebSocketRequest:
                return WebSocket
            case ast.Attribute(value=of, attr="request") if self._kind(of) is Connection:
                return WebSocketRequest
            case _:
                return None

    # What each expression needs.

    def _needs(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Attribute(value=of, attr=name):
                need = MEMBERS.get((self._kind(of), name))
                if need is not None:
                    yield need
            case ast.Compare(left=left, comparators=compared):
                yield from self._compared([left, *compared])
            case ast.Call(func=ast.Attribute(value=of, attr=name)) as call:
                yield from self._called(call, self._kind(of), name)
            case ast.Call(func=function) as call if self._function.value(function) is Close:
                yield from self._closed(call)
            case _:
                pass

    def _called(self, call: ast.Call, kind: object, name: str) -> Iterator[str]:
        if kind in SOCKETS:
            match name:
                case "accept":
                    if not _is_none(_argument(call, 0, "subprotocol")):
                        yield "accept-subprotocol"
                    if not _is_empty(_argument(call, 1, "headers")):
                        yield "accept-headers"
                case "close":
                    yield from self._closed(call)
                case "send":
                    if self._value(_argument(call, 0, "data")) in ("", b""):
                        yield "empty-messages"
                case _:
                    pass
        elif kind is WebSocketRequest and name == "deny":
            yield from self._denied(call)
        elif kind is None and name == "close" and self._value(_argument(call, 0, "code")) in EVERY_CODE:
            yield from self._closed(call)  # nothing else is closed with such a number

    def _closed(self, call: ast.Call) -> Iterator[str]:
        """Read the code and the reason of close, or of an answer to a failure."""
        code = self._value(_argument(call, 0, "code"))
        if code is not None and code != CloseCode.NORMAL_CLOSURE:
            yield "close-code"
            if isinstance(code, int) and not 3000 <= code <= 4999:
                yield "close-codes"
        if not _is_empty(_argument(call, 1, "reason")):
            yield "close-reason"

    def _denied(self, call: ast.Call) -> Iterator[str]:
        given = _argument(call, 0, "response")
        status = self._value(given)
        headers = _argument(call, 1, "headers")
        if given is not None and status != HTTPStatus.FORBIDDEN:
            yield "denial-status"
        if isinstance(status, int) and status not in set(HTTPStatus):
            yield "denial-unnamed-status"
        whole = isinstance(given, ast.Call) or callable(status)  # a response of another framework
        if whole or not _is_empty(headers) or not _is_empty(_argument(call, 2, "body")):
            yield "denial-response"
        names = [name.lower() for name in self._header_names(headers)]
        if len(set(names)) < len(names):
            yield "denial-cookies" if names.count("set-cookie") > 1 else "denial-header-duplicates"

    def _header_names(self, headers: ast.expr | None) -> Iterator[str]:
        if isinstance(headers, ast.List | ast.Tuple):
            for line in headers.elts:
                if isinstance(line, ast.Tuple) and line.elts:
                    name = self._value(line.elts[0])
                    if isinstance(name, str | bytes):
                        yield name if isinstance(name, str) else name.decode("latin-1")

    def _compared(self, operands: list[ast.expr]) -> Iterator[str]:
        if any(self._is_code(operand) for operand in operands):
            for operand in operands:
                several = operand.elts if isinstance(operand, ast.Tuple | ast.List | ast.Set) else [operand]
                for code in map(self._value, several):
                    if isinstance(code, int) and code in CODES:
                        yield CODES[code]

    def _is_code(self, node: ast.expr) -> bool:
        return (
            isinstance(node, ast.Attribute)
            and node.attr == "code"
            and self._kind(node.value) in SOCKETS | {ConnectionClosed}
        )

    def _value(self, node: ast.expr | None) -> object:
        """Give what an argument is, None where it isn't given."""
        return None if node is None else self._function.value(node)


def _argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    if position < len(call.args):
        return call.args[position]
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _is_empty(node: ast.expr | None) -> bool:
    """Tell whether an argument isn't given, or is given empty."""
    match node:
        case None | ast.Tuple(elts=[]) | ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Constant(value=value):
            return not value
        case _:
            return False
