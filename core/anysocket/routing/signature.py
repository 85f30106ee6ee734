"""The signature of a handler: its parameters, and the check for mistakes in them."""

import inspect
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from anysocket.http.multidict import Query
from anysocket.messages.codec import Codec
from anysocket.messages.types import resolved
from anysocket.request import WebSocketRequest
from anysocket.routing import mistakes
from anysocket.routing.parameters import Parameter, parameter
from anysocket.routing.sockets import Make, maker

AnyHandler: TypeAlias = Callable[..., object]


class Refused(Exception):
    """The parameters of a request don't fit the handler."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters that a handler is called with."""

    kind: object
    """The annotation of its socket."""
    make_socket: Make
    path: Mapping[str, Parameter]
    query: Mapping[str, Parameter]
    defaults: Mapping[str, object]
    places: Sequence[tuple[int, str, Parameter]]
    """The parameters of the path, each with its position among them."""

    def path_arguments(self, values: Sequence[str]) -> dict[str, object]:
        """Convert the parameters of a request's path.

        Raises:
            Refused: with 403, as for a path without a route.
        """
        return {name: _parse(403, name, wanted, values[place]) for place, name, wanted in self.places}

    def query_arguments(self, query: Query) -> dict[str, object]:
        """Convert the parameters of a request's query.

        Raises:
            Refused: with 400.
        """
        values: dict[str, object] = {}
        for name, wanted in self.query.items():
            given = query.get_all(name)
            if wanted.is_list and (given or name not in self.defaults):
                values[name] = [_parse(400, name, wanted, text) for text in given]
            elif given:
                values[name] = _parse(400, name, wanted, given[0])
            elif name not in self.defaults and not wanted.is_optional:
                raise Refused(400, f"{name} is missing in the query: it must be {wanted.converter.wants}")
            elif name not in self.defaults:
                values[name] = None
        return values


def _parse(status: int, name: str, wanted: Parameter, text: str) -> object:
    try:
        return wanted.converter.parse(text)
    except (ValueError, OverflowError):
        raise Refused(status, f"{name} must be {wanted.converter.wants}, not {text[:100]!r}") from None


def read(
    path: str, names: Sequence[str], handler: AnyHandler, codec: Codec | None, expected_codes: Container[int]
) -> Signature:
    """Read a handler's signature.

    Args:
        path: the route's path, for messages.
        names: the names of the path's parameters.
        handler: the handler.
        codec: the route's codec, if it has one.
        expected_codes: the route's expected close codes.

    Raises:
        TypeError: the handler isn't async, has no annotated socket, or has a parameter that can't
            be converted.
    """
    of_route = mistakes.handler_of(path)
    if not inspect.iscoroutinefunction(handler) and not inspect.iscoroutinefunction(
        getattr(type(handler), "__call__", None)  # noqa: B004 - an object with an async __call__
    ):
        raise TypeError(f"{of_route} must be async: write `async def`")
    try:
        parameters = list(inspect.signature(handler, eval_str=True).parameters.values())
    except Exception as error:  # an annotation that only type checkers can evaluate
        raise TypeError(f"an annotation of {of_route} can't be found at run time: {error}") from error
    if not parameters or parameters[0].kind not in _POSITIONAL:
        raise TypeError(
            f"{of_route} has no socket: its first parameter must be a Connection[Receive, Send], "
            "a WebSocketRequest or a WebSocket"
        )
    socket, *others = parameters
    if socket.annotation is socket.empty:
        raise TypeError(mistakes.no_annotation(path, socket.name))
    kind = resolved(socket.annotation)
    in_path: dict[str, Parameter] = {}
    in_query: dict[str, Parameter] = {}
    try:
        make_socket = maker(kind, codec, expected_codes)
        for each in others:
            if each.kind in _MANY:
                raise TypeError(mistakes.MANY)
            if each.kind is each.POSITIONAL_ONLY:
                raise TypeError(mistakes.POSITIONAL_ONLY)
            wanted = parameter(str if each.annotation is each.empty else each.annotation)
            if each.name in names and wanted.is_list:
                raise TypeError(mistakes.LIST_IN_PATH)
            (in_path if each.name in names else in_query)[each.name] = wanted
    except TypeError as error:
        raise TypeError(f"{of_route}: {error}") from error
    missing = [name for name in names if name not in in_path]
    if missing and kind is not WebSocketRequest:  # a request has them in path_params
        raise TypeError(mistakes.no_parameter(path, missing[0]))
    defaults = {each.name: each.default for each in others if each.default is not each.empty}
    places = [(place, name, in_path[name]) for place, name in enumerate(names) if name in in_path]
    return Signature(kind, make_socket, in_path, in_query, defaults, places)


_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
