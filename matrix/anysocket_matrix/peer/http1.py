"""WebSocket over HTTP/1.1 (RFC 6455): a TCP connection of its own, after an upgrade."""

import base64
import hashlib
import secrets
import socket
import time
from typing import ClassVar

import h11

from anysocket_matrix.peer.wire import (
    HANDSHAKE_DEADLINE,
    THE_END,
    Mismatch,
    Request,
    Response,
    open_tcp,
    reset_tcp,
)


class HTTP1Connection:
    """One TCP connection, or one TLS session on it."""

    http_version: ClassVar[str] = "1.1"
    success_status: ClassVar[int] = 101

    def __init__(self, tcp: socket.socket, request: Request) -> None:
        self.tcp = tcp
        self._http = h11.Connection(h11.CLIENT)
        self._early = b""
        key = base64.b64encode(secrets.token_bytes(16))
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        self.accept_token: str | None = base64.b64encode(digest).decode()
        head = h11.Request(
            method="GET",
            target=request.target,
            headers=[
                (b"Host", request.authority),
                (b"Upgrade", b"websocket"),
                (b"Connection", b"Upgrade"),
                (b"Sec-WebSocket-Key", key),
                (b"Sec-WebSocket-Version", b"13"),
                *request.lines(),
            ],
        )
        sent = (self._http.send(head) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        tcp.sendall(sent + request.behind)

    def answer(self, deadline: float = HANDSHAKE_DEADLINE) -> Response:
        head: h11.Response | h11.InformationalResponse | None = None
        body = b""
        until = time.monotonic() + deadline
        while True:
            if body and time.monotonic() > until:
                raise Mismatch("an answer to the handshake", f"a body that goes on for {deadline:g} s")
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                raise Mismatch("an HTTP answer", f"{error}") from None
            if event is h11.NEED_DATA:
                self.tcp.settimeout(max(until - time.monotonic(), 0.001))
                data = self.tcp.recv(1 << 16)
                if not data and head is None:
                    raise Mismatch("an answer to the handshake", THE_END)
                self._http.receive_data(data)
            elif isinstance(event, h11.InformationalResponse):
                if event.status_code == self.success_status:
                    self._early = self._http.trailing_data[0]
                    return _response(event, b"")
            elif isinstance(event, h11.Response):
                head = event
            elif isinstance(event, h11.Data):
                body += event.data
            elif head is not None:
                self._early = self._http.trailing_data[0]
                return _response(head, body)

    def send(self, data: bytes, deadline: float) -> None:
        self.tcp.settimeout(deadline)
        self.tcp.sendall(data)

    def receive(self, deadline: float) -> bytes:
        if self._early:
            early, self._early = self._early, b""
            return early
        self.tcp.settimeout(deadline)
        return self.tcp.recv(1 << 20)

    def half_close(self) -> None:
        # SSLSocket.shutdown would forget the TLS session, and could read nothing after it.
        socket.socket.shutdown(self.tcp, socket.SHUT_WR)

    def reset(self) -> None:
        reset_tcp(self.tcp)

    def leave(self) -> None:
        self.tcp.close()

    def another(self, request: Request) -> "HTTP1Connection":
        return connect_http1(request)


def connect_http1(request: Request) -> HTTP1Connection:
    """Connect, and ask for a WebSocket."""
    return HTTP1Connection(open_tcp(request.url, "http/1.1"), request)


def _response(head: h11.Response | h11.InformationalResponse, body: bytes) -> Response:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
    return Response(head.status_code, headers, bytes(body))
