"""The matrix's own peer: over both versions of HTTP, with and without TLS."""

import socket
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest
import trustme
from anyio.from_thread import start_blocking_portal
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset, WindowUpdated
from h2.events import Event as HTTP2Event
from h2.settings import SettingCodes, Settings

from anysocket import Application, WebSocketRequest
from anysocket_adapters import running
from anysocket_matrix.peer.frames import Opcode, frame_bytes
from anysocket_matrix.peer.peer import Ended, Mismatch, Peer

app = Application()


@app.websocket("/echo")
async def echo(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    await ws.send(f"{request.scheme} {request.http_version}")
    while (message := await ws.receive()) is not None:
        await ws.send(message)


@app.websocket("/denied")
async def denied(request: WebSocketRequest) -> None:
    await request.deny(401, [("x-a", "1"), ("x-a", "2")], b"x" * LONG)


LONG = 300_000
"""More bytes than a window holds."""


@pytest.fixture(scope="module", params=["ws", "wss"])
def url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[str, None, None]:
    """Serve on a server with HTTP/2, by prior knowledge and by ALPN."""
    with start_blocking_portal() as portal:
        if request.param == "ws":
            server = running(app, "hypercorn")
        else:
            chain, key = certificate(tmp_path_factory.mktemp("tls"))
            server = running(app, "hypercorn", tls_certificate=chain, tls_key=key)
        with portal.wrap_async_context_manager(server) as url:
            assert url.startswith(f"{request.param}://")
            yield url


def certificate(folder: Path) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert("127.0.0.1")
    chain, key = folder / "chain.pem", folder / "key.pem"
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    return chain, key


both_versions = pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])


@both_versions
def test_echo(url: str, http2: bool) -> None:
    with Peer.connect(f"{url}/echo", http2=http2) as peer:
        peer.expect_open()
        assert (peer.scheme, peer.http_version) == (url.partition(":")[0], "2" if http2 else "1.1")
        peer.expect_text(f"{peer.scheme} {peer.http_version}")
        peer.send_bytes(b"x" * LONG)
        peer.expect_bytes(b"x" * LONG)
        assert not peer.hears_something(within=0.01)
        peer.send_text("é")
        assert peer.hears_something(within=2)
        peer.expect_text("é")
        with pytest.raises(Mismatch, match="saw nothing"):
            peer.receive_frame(deadline=0.01)


@both_versions
def test_denial(url: str, http2: bool) -> None:
    with Peer.connect(f"{url}/denied", http2=http2) as peer:
        peer.expect_status(401)
        peer.expect_header("x-a", "1", "2")
        peer.expect_body(b"x" * LONG)
        with pytest.raises(Mismatch, match="saw HTTP 401"):
            peer.expect_open()


@both_versions
def test_the_sides_address_each_other(url: str, http2: bool) -> None:
    with Peer.connect(f"{url}/echo", http2=http2) as peer:
        assert url.endswith("//{}:{}".format(*peer.remote_address))
        assert peer.local_address[1] not in (0, peer.remote_address[1])


@both_versions
def test_another(url: str, http2: bool) -> None:
    """Over HTTP/2 both share the TCP connection, and neither receives the other's data."""
    with Peer.connect(f"{url}/echo", http2=http2) as one, one.another("/echo") as two:
        assert (one.local_address == two.local_address) is http2
        two.send_text("two")
        one.send_text("one")
        for peer, text in ((two, "two"), (one, "one")):
            peer.expect_text(f"{peer.scheme} {peer.http_version}")
            peer.expect_text(text)
        one.reset_stream()
        two.send_text("still here")
        two.expect_text("still here")


T = TypeVar("T")


class Server:
    """The server's side of one HTTP/2 connection, with behaviour that a real server doesn't have."""

    def __init__(self, tcp: socket.socket, *, websocket: bool) -> None:
        self.tcp = tcp
        self._events: list[HTTP2Event] = []
        self.engine = H2Connection(H2Configuration(client_side=False))
        able = {SettingCodes.ENABLE_CONNECT_PROTOCOL: int(websocket)}
        self.engine.local_settings = Settings(client=False, initial_values=able)
        self.engine.initiate_connection()
        self.flush()

    @property
    def window(self) -> int:
        """The bytes that may be sent on the first stream."""
        return self.engine.local_flow_control_window(1)

    def flush(self) -> None:
        self.tcp.sendall(self.engine.data_to_send())

    def accept(self) -> None:
        """Open the first stream."""
        self.wait_for(RequestReceived)
        self.engine.send_headers(1, [(":status", "200")])
        self.flush()

    def send(self, data: bytes) -> None:
        self.engine.send_data(1, data)
        self.flush()

    def wait_for(self, kind: type[T], deadline: float = 5) -> T:
        """Wait for an event of this kind; other events are kept."""
        self.tcp.settimeout(deadline)
        while not (found := [event for event in self._events if isinstance(event, kind)]):
            data = self.tcp.recv(1 << 16)
            assert data, f"the end of the connection instead of {kind.__name__}"
            self._events += self.engine.receive_data(data)
            self.flush()
        self._events = [event for event in self._events if event is not found[0]]
        return found[0]

    def wait_for_the_end(self) -> None:
        while self.tcp.recv(1 << 16):
            pass


@contextmanager
def serving(script: Callable[[Server], None], *, websocket: bool = True) -> Generator[str, None, None]:
    """Run a script as the server of one connection; the `with` block ends with the script."""

    def serve() -> None:
        tcp, _ = listener.accept()
        with tcp:
            script(Server(tcp, websocket=websocket))

    with ThreadPoolExecutor() as threads, socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        result = threads.submit(serve)
        try:
            yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            result.result()


def test_a_server_without_websocket_over_http2() -> None:
    """The peer doesn't ask for an extended CONNECT that wasn't offered (RFC 8441 section 3)."""
    wanted = pytest.raises(Mismatch, match="without ENABLE_CONNECT_PROTOCOL")
    with serving(Server.wait_for_the_end, websocket=False) as url, wanted:
        Peer.connect(url, http2=True)


def test_the_request_over_http2() -> None:
    """The request has no upgrade headers (RFC 8441 section 5)."""
    seen: list[tuple[str, str]] = []

    def script(server: Server) -> None:
        headers = server.wait_for(RequestReceived).headers
        seen.extend((name.decode(), value.decode()) for name, value in headers)
        assert server.wait_for(DataReceived, deadline=0.001).data == b"behind"

    with serving(script) as url:
        asked = f"{url}/a?b=c"
        with Peer.connect(asked, headers=[("X-A", "1")], behind=b"behind", answer=False, http2=True) as peer:
            peer.expect_end()
    assert seen == [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":path", "/a?b=c"),
        (":authority", url.removeprefix("ws://")),
        ("sec-websocket-version", "13"),
        ("x-a", "1"),
    ]


def test_windows() -> None:
    """The peer sends only as much as it may, and lets the server send only as much as it reads."""
    frame = frame_bytes(Opcode.BINARY, bytes(1000), masked=False)
    seen = Event()

    def script(server: Server) -> None:
        server.accept()
        for _ in range(65):
            server.send(frame)
        server.wait_for(StreamEnded)
        assert server.window < len(frame)
        seen.set()
        for _ in range(65):
            while server.window < len(frame):
                server.wait_for(WindowUpdated)
            server.send(frame)
        server.wait_for_the_end()

    with serving(script) as url, Peer.connect(url, http2=True) as peer:
        assert 60_000 < peer.send_until_full(1000, limit=1_000_000) < 1 << 16
        peer.half_close()
        assert seen.wait(5)
        for _ in range(130):
            peer.expect_bytes(bytes(1000))


def end_of_stream(server: Server) -> None:
    server.engine.end_stream(1)
    server.flush()


def reset_of_stream(server: Server) -> None:
    server.engine.reset_stream(1)
    server.flush()


def end_of_http2(server: Server) -> None:
    server.engine.close_connection()
    server.flush()


def end_of_tcp(server: Server) -> None:
    server.tcp.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("end", [end_of_stream, reset_of_stream, end_of_http2, end_of_tcp])
def test_the_end_that_the_peer_sees(end: Callable[[Server], None]) -> None:
    def script(server: Server) -> None:
        server.accept()
        server.send(frame_bytes(Opcode.TEXT, b"last words", masked=False))
        end(server)
        server.wait_for_the_end()

    with serving(script) as url, Peer.connect(url, http2=True) as peer:
        peer.expect_text("last words")
        peer.expect_end()
        peer.send_text("too late")
        with pytest.raises(Ended):
            peer.expect_text("more")


@pytest.mark.parametrize(
    ("leave", "event"),
    [(Peer.half_close, StreamEnded), (Peer.leave, StreamEnded), (Peer.reset_stream, StreamReset)],
)
def test_the_end_of_one_stream(leave: Callable[[Peer], None], event: type[StreamEnded | StreamReset]) -> None:
    """The connection stays open for the other streams."""

    def script(server: Server) -> None:
        server.accept()
        server.send(frame_bytes(Opcode.CLOSE, masked=False))
        server.wait_for(event)
        server.wait_for(RequestReceived)

    with serving(script) as url, Peer.connect(url, http2=True) as peer:
        leave(peer)
        peer.another(answer=False).expect_end()


def test_a_denial_before_a_reset() -> None:
    """The denial is complete: the reset only ends the request (RFC 9113 section 8.1)."""

    def script(server: Server) -> None:
        server.wait_for(RequestReceived)
        server.engine.send_headers(1, [(":status", "503")])
        server.engine.send_data(1, b"nobody is here", end_stream=True)
        server.engine.reset_stream(1)
        server.flush()

    with serving(script) as url, Peer.connect(url, http2=True) as peer:
        peer.expect_status(503)
        peer.expect_body(b"nobody is here")


def test_data_behind_the_end() -> None:
    """The peer's direction of a stream is open after the server's has ended (RFC 9113 section 5.1)."""

    def script(server: Server) -> None:
        server.accept()
        server.engine.end_stream(1)
        server.flush()
        server.wait_for(DataReceived)

    with serving(script) as url, Peer.connect(url, http2=True) as peer:
        peer.expect_end()
        peer.send_text("too late")
