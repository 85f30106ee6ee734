"""A route: one path with its handler."""

import inspect
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from functools import update_wrapper
from typing import Concatenate, Generic, ParamSpec, cast, get_origin
from urllib.parse import quote, urlencode

from anysocket.connection import Connection
from anysocket.messages.codec import Codec
from anysocket.request import WebSocketRequest
from anysocket.routing.parameters import Parameter
from anysocket.routing.signature import Refused, Signature, read
from anysocket.routing.sockets import Socket
from anysocket.routing.template import Segment, segments
from anysocket.session.session import Session
from anysocket.supervision.handler import refuse

P = ParamSpec("P")


class Route(Generic[Socket, P]):
    """A path with its handler, made by `Application.websocket`. It can be called like the handler.

    Attributes:
        path: the path as it was given, such as `/chat/{room}`.
        handler: the handler itself.
    """

    def __init__(
        self,
        path: str,
        handler: Callable[Concatenate[Socket, P], Awaitable[None]],
        *,
        auto_accept: bool | None,
        codec: Codec | None,
        expected_codes: Container[int],
    ) -> None:
        self.path: str = path
        self.handler: Callable[Concatenate[Socket, P], Awaitable[None]] = handler
        self.expected_codes: Container[int] = expected_codes
        self.codec: Codec | None = codec
        self.segments: tuple[Segment, ...] = segments(path)
        self.names: tuple[str, ...] = tuple(each.text for each in self.segments if each.is_parameter)
        self.signature: Signature = read(path, self.names, handler, codec, expected_codes)
        is_connection = get_origin(self.signature.kind) is Connection
        self._auto_accept = is_connection if auto_accept is None else auto_accept
        # Type checkers don't know the parameters that it is called with.
        self._call: Callable[..., Awaitable[None]] = handler
        self._handler_signature = inspect.signature(handler)
        update_wrapper(self, handler, updated=())  # a callable object may have attributes of these names

    async def __call__(self, socket: Socket, /, *args: P.args, **kwargs: P.kwargs) -> None:
        """Call the handler."""
        await self.handler(socket, *args, **kwargs)

    def serve(
        self, request: WebSocketRequest, session: Session, path_values: Sequence[str]
    ) -> Awaitable[None]:
        """Call the handler for a request: convert the parameters, and accept if the route does.

        It returns the handler's own awaitable: every idle connection would keep another coroutine.
        A request whose parameters don't fit is refused.

        Args:
            request: the request.
            session: its connection.
            path_values: the parameters of the path, in their order.
        """
        arguments: dict[str, object] = {}
        try:
            if self.signature.path:
                arguments = self.signature.path_arguments(path_values)
            if self.signature.query:
                arguments |= self.signature.query_arguments(request.query)
        except Refused as refused:
            return refuse(session, refused.status, str(refused))
        if self._auto_accept and request.connecting:  # a middleware may have accepted before
            return self._accept_and_call(request, arguments)
        return self._call(self.signature.make_socket(request), **arguments)

    async def _accept_and_call(self, request: WebSocketRequest, arguments: Mapping[str, object]) -> None:
        await request.web_socket.accept()
        await self._call(self.signature.make_socket(request), **arguments)

    def url(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Build the path and the query of this route from the parameters of its handler.

        A parameter that isn't given, or is None, isn't in the query.

        Raises:
            TypeError: a parameter is missing or unknown.
            ValueError: the route would refuse the value, or no path can contain it: it is empty,
                a dot segment, or has a slash.
        """
        given = self._handler_signature.bind(None, *args, **kwargs).arguments
        path = "".join(
            f"/{self._path_value(text, given) if is_parameter else quote(text)}"
            for text, is_parameter in self.segments
        )
        query = [
            (name, _text(name, value, wanted))
            for name, wanted in self.signature.query.items()
            for value in _values(given.get(name), wanted)
        ]
        return f"{path}?{urlencode(query)}" if query else path

    def _path_value(self, name: str, given: Mapping[str, object]) -> str:
        if name not in self.signature.path:
            raise TypeError(f"the handler of route {self.path!r} has no parameter {name}: add `{name}: str`")
        value = given[name] if name in given else self.signature.defaults[name]
        text = _text(name, value, self.signature.path[name])
        if text in ("", ".", "..") or "/" in text:
            raise ValueError(f"{name}={text!r} can't be a segment of the path {self.path!r}")
        return quote(text, safe="")


def _text(name: str, value: object, wanted: Parameter) -> str:
    try:
        text = wanted.converter.format(value)
        wanted.converter.parse(text)
    except (ValueError, AttributeError):  # from a value that isn't a date
        raise ValueError(f"{name} must be {wanted.converter.wants}, not {value!r}") from None
    return text


def _values(value: object, wanted: Parameter) -> Iterable[object]:
    if value is None:
        return ()
    # The handler's annotation is a list, and type checkers check the call.
    return cast("Iterable[object]", value) if wanted.is_list else (value,)
