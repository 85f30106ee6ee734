"""haproxy and a connection to the server that another request has left open."""

import socket
from collections.abc import Generator
from contextlib import closing, suppress
from http.client import HTTPSConnection
from threading import Thread

import pytest
from tests.outside.configurations import TLS

from anysocket_matrix.peer.peer import Peer
from anysocket_matrix.peer.wire import Mismatch, unverified
from anysocket_matrix.proxies import Certificate, RunningProxy

ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@pytest.fixture
def address() -> Generator[str, None, None]:
    """The address of a server that closes a connection when the second request comes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):  # the end of the test
            while True:
                connection = listener.accept()[0]
                Thread(target=answer_once, args=[connection], daemon=True).start()

    thread = Thread(target=serve)
    thread.start()
    yield f"127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()


def answer_once(connection: socket.socket) -> None:
    with connection, suppress(ConnectionResetError):
        connection.recv(1 << 16)
        connection.sendall(ANSWER)
        connection.recv(1 << 16)


@pytest.mark.parametrize("reuse", ["never", "safe"])
def test_a_connection_that_is_just_closing(address: str, certificate: Certificate, reuse: str) -> None:
    """By default haproxy gives it to a WebSocket over HTTP/2, which is then reset."""
    text = TLS.text.replace("http-reuse never", f"http-reuse {reuse}")
    with RunningProxy(TLS.proxy, text, f"http://{address}", certificate) as front:
        with closing(HTTPSConnection(front.address, context=unverified())) as page:
            page.request("GET", "/")
            assert page.getresponse().status == 204
        if reuse == "never":
            with Peer.connect(f"wss://{front.address}/", http2=True) as peer:
                peer.expect_status(204)
        else:
            with pytest.raises(Mismatch, match="a reset connection"):
                Peer.connect(f"wss://{front.address}/", http2=True)
