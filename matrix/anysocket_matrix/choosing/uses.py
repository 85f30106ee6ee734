"""What an application uses that some server lacks, found in its source.

Modest on purpose: only what is done with a socket whose kind an annotation tells, or the place
that the application calls it from; and, as a guess, what looks like its close on anything else.
What can't be seen here is asked for by name.
"""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Final

from anysocket import Application, Close, CloseCode, Connection, ConnectionClosed, WebSocket, WebSocketRequest
from anysocket.application import AnyRoute
from anysocket.close import EVERY_CODE
from anysocket_matrix.choosing.expressions import Expressions
from anysocket_matrix.choosing.functions import Function, functions, read
from anysocket_matrix.choosing.kinds import SOCKETS

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
        CloseCode.BAD_GATEWAY: "peer-code-1014",
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
    certain: bool = True
    """Whether it is known to be about a socket."""


def uses(app: Application) -> list[Use]:
    """Find what an application uses, in the order of its source."""
    found = [use for function in functions(app) for use in _Reader(function).uses()]
    found += [use for route in app.routes for use in _expected_codes(route)]
    return sorted(dict.fromkeys(found), key=lambda use: (use.file, use.line))


def _expected_codes(route: AnyRoute) -> Iterator[Use]:
    """Read which close codes a route tells from the others: none, unless it silences only some."""
    codes = [code for code in EVERY_CODE if code in route.expected_codes]
    function = read(route.handler)
    if function is not None and 0 < len(codes) < len(EVERY_CODE):
        written = [
            each.value
            for decorator in function.tree.decorator_list
            for each in ast.walk(decorator)
            if isinstance(each, ast.keyword) and each.arg == "expected_codes"
        ]
        line = function.line + (written[0].lineno - 1 if written else 0)
        code = f"expected_codes={ast.unparse(written[0]) if written else '…'}"
        for need in dict.fromkeys(["peer-close-code", *(CODES[each] for each in codes if each in CODES)]):
            yield Use(need, function.file, line, code)


class _Reader:
    """Reads one function."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._expressions = Expressions(function)

    def uses(self) -> Iterator[Use]:
        expressions = [node for node in ast.walk(self._function.tree) if isinstance(node, ast.expr)]
        for node in sorted(expressions, key=lambda each: each.lineno):
            for need in dict.fromkeys(self._needs(node)):
                line = self._function.line + node.lineno - 1
                yield Use(need, self._function.file, line, ast.unparse(node), not self._guessed(node))

    def _guessed(self, node: ast.expr) -> bool:
        """Tell whether this is a close of something that nothing tells the kind of."""
        match node:
            case ast.Call(func=ast.Attribute(value=of, attr="close")):
                return self._kind(of) not in SOCKETS
            case _:
                return False

    def _kind(self, node: ast.expr) -> object:
        return self._expressions.kind(node).of

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
        elif name == "close" and not _has_its_own(kind, name) and self._is_like_ours(call):
            yield from self._closed(call)

    def _is_like_ours(self, call: ast.Call) -> bool:
        """Tell whether a close takes what ours does: nothing else is closed with such a number."""
        named = {keyword.arg for keyword in call.keywords}
        return self._value(_argument(call, 0, "code")) in EVERY_CODE or "code" in named

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
            and self._kind(node.value) in (*SOCKETS, ConnectionClosed)
        )

    def _value(self, node: ast.expr | None) -> object:
        """Give what an argument is, None where it isn't given."""
        return None if node is None else self._function.value(node)


def _has_its_own(kind: object, method: str) -> bool:
    """Tell whether a kind is known to be no socket: a class, but no protocol that a socket has as well."""
    own = inspect.getattr_static(kind, method, None) if isinstance(kind, type) else None
    return own is not None and not getattr(kind, "_is_protocol", False)


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
