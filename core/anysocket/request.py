"""The handshake as a handler sees it, and the connection that it opens."""

from collections.abc import AsyncGenerator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import cached_property
from typing import TypeVar, cast

import anyio
from anyio.abc import TaskGroup

from anysocket.asgi import ASGIApp, Scope
from anysocket.asgi_app.events import Events
from anysocket.asgi_app.response import respond
from anysocket.asgi_app.scope import scope_of
from anysocket.capabilities import Capabilities
from anysocket.handshake import Address, Handshake, HeaderLines, denial
from anysocket.http.multidict import Headers, Query
from anysocket.http.url import URL
from anysocket.session.session import Session
from anysocket.session.websocket import WebSocket
from anysocket.values import Values

Subprotocol = TypeVar("Subprotocol", bound=StrEnum)


class WebSocketRequest:
    """The peer's request to open a connection (contract H1).

    It is read-only. A part is parsed when it is first read.
    """

    def __init__(
        self,
        session: Session,
        path_names: Sequence[str] = (),
        path_values: Sequence[str] = (),
        server_scope: Scope | None = None,
        app_state: Values | None = None,
    ) -> None:
        self._session = session
        self._path_names = path_names
        self._path_values = path_values
        self._server_scope: Scope = {} if server_scope is None else server_scope
        self._app_state = Values() if app_state is None else app_state

    @cached_property
    def _handshake(self) -> Handshake:
        return self._session.handshake

    @property
    def web_socket(self) -> WebSocket:
        """The connection itself."""
        return self._session

    @property
    def capabilities(self) -> Capabilities:
        """The declaration of this connection's server, such as `capabilities.accept_headers`.

        A capability that is `Support.ABSENT` doesn't hold here. The contract lists them by clause.
        """
        return self._session.capabilities

    @property
    def connecting(self) -> bool:
        """Whether the handshake waits for an answer, or is being answered."""
        return self._session.connecting

    @property
    def path_params(self) -> Mapping[str, str]:
        """The parameters of the path as text: `/chat/{room}` gives `path_params["room"]`."""
        return dict(zip(self._path_names, self._path_values, strict=True))

    @property
    def path(self) -> str:
        """The path, percent-decoded, without the query and without the root path."""
        return self._handshake.path

    @property
    def raw_path(self) -> bytes:
        """The path as the peer sent it, without the query."""
        return self._handshake.raw_path

    @property
    def root_path(self) -> str:
        """The path at which the application is mounted; empty at the root."""
        return self._handshake.root_path

    @cached_property
    def query(self) -> Query:
        """The query parameters."""
        return Query.from_raw(self._handshake.query_string)

    @cached_property
    def headers(self) -> Headers:
        """The header lines."""
        return Headers.from_raw(self._handshake.headers)

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """The subprotocols that the peer offers, in its order of preference."""
        return self._handshake.subprotocols

    @property
    def client(self) -> Address | None:
        """The peer's host and port; None if there are none, as on a unix socket."""
        return self._handshake.client

    @property
    def server(self) -> Address | None:
        """The host and port that the peer connected to; None if there are none."""
        return self._handshake.server

    @property
    def scheme(self) -> str:
        """`ws`, or `wss` over TLS."""
        return self._handshake.scheme

    @property
    def http_version(self) -> str:
        """`1.1`, or `2` (RFC 8441)."""
        return self._handshake.http_version

    @cached_property
    def url(self) -> URL:
        """The address that the peer asked for."""
        return URL.of(self._handshake)

    @cached_property
    def scope(self) -> Mapping[str, object]:
        """The request as an ASGI scope, with the keys that a middleware has added."""
        return scope_of(self._handshake, self._server_scope)

    @property
    def session(self) -> MutableMapping[str, object]:
        """The session that a middleware around the application has put into the scope.

        Raises:
            LookupError: there is no session.
        """
        if "session" not in self._server_scope:
            raise LookupError("no session in the scope: wrap the application in a session middleware")
        # The existing middlewares keep a dict of JSON values: hence the cast.
        return cast("MutableMapping[str, object]", self._server_scope["session"])

    @cached_property
    def state(self) -> Values:
        """The values of this connection, by a `Key`; those of the lifespan also by a str.

        A value that isn't set for this connection is looked up in what the lifespan yielded, and
        then in `Application.state`.
        """
        return Values(self._handshake.state, self._app_state)

    @property
    def reason(self) -> str:
        """The close reason that goes with `web_socket.code`, empty without one (contract C1)."""
        return self._session.reason

    @cached_property
    def events(self) -> Events:
        """The connection as ASGI's `receive` and `send`, for code that is written for them."""
        return Events(self._session, self._handshake)

    def choose_subprotocol(self, supported: type[Subprotocol]) -> Subprotocol | None:
        """Choose the subprotocol for accept: the first one offered that an enumeration has.

        Args:
            supported: the subprotocols as the values of a `StrEnum`.
        """
        values = {each.value: each for each in supported}
        return next((values[offered] for offered in self.subprotocols if offered in values), None)

    @asynccontextmanager
    async def task_group(self) -> AsyncGenerator[TaskGroup, None]:
        """Run tasks beside the handler's own block, and end them all together.

        They end when the block ends, when one of them fails, and when the connection is closed.
        A task that receives gets the end first. After our own close they end within the close
        timeout. Then the block is cancelled too, and the code behind it runs.

        Raises:
            InvalidState: before accept.
        """
        self._session.read_ahead()
        async with anyio.create_task_group() as tasks:

            async def end_together() -> None:
                await self._session.wait_end_delivered()
                tasks.cancel_scope.cancel()

            tasks.start_soon(end_together)
            yield tasks
            tasks.cancel_scope.cancel()

    async def wait_closed(self) -> int:
        """Wait until the connection is closed, and return its close code (contract C6).

        For a handler that doesn't receive, or for a task beside one that does. Messages that come
        meanwhile can still be received, even after the end. Beyond 32 of them or 1 MiB the peer
        has to wait.

        Raises:
            InvalidState: before accept.
        """
        return await self._session.wait_closed()

    async def deny(
        self, response: int | ASGIApp = 403, headers: HeaderLines = (), body: str | bytes = b""
    ) -> None:
        """Refuse the connection with an HTTP response instead of accepting it (contract H3).

        Args:
            response: a status from 300 to 599; or a complete response of another framework, such
                as Starlette's: any ASGI app that answers an http request.
            headers: lines of the response; content-length, and content-type for a str, are added.
            body: a str is sent as UTF-8.

        Raises:
            ValueError: the status or a header can't be sent. Nothing has been sent.
            TypeError: headers or a body are given beside a complete response.
            InvalidState: the handshake has been answered before.
            Unsupported: the server can't send this response. Nothing has been sent, and the
                handshake can still be answered.
        """
        if isinstance(response, int):
            await self._session.deny(denial(response, headers, body))
        elif headers != () or body:
            raise TypeError("a response has its own headers and body: give them to it")
        else:
            await self._session.deny(await respond(response, self.scope))
