"""What a server can't send is refused by its declaration, before anything is sent (contract H2 and H3)."""

import pytest

from anysocket import Capabilities, Connection, Support, Unsupported, WebSocketRequest
from anysocket.adapter import Denial, Handshake
from anysocket.close import EVERY_CODE
from anysocket.handshake import denial
from anysocket.messages.plain import Plain
from anysocket.session.session import Session
from anysocket.session.state import State
from anysocket.testing.memory import Accepted, MemoryPeer, MemoryTransport

pytestmark = pytest.mark.anyio


def transport_without(name: str) -> MemoryTransport:
    """Make the transport of a server that lacks one capability."""

    class Lacking(MemoryTransport):
        @property
        def capabilities(self) -> Capabilities:
            return Capabilities(**{name: Support.ABSENT})

    return Lacking(Handshake(subprotocols=("chat",)))


REPEATED = [(b"x", b"1"), (b"x", b"2")]
COOKIES = [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]


@pytest.mark.parametrize(
    ("lacks", "refused", "sent"),
    [
        ("denial_status", denial(404), denial(403, [("x", "1")], "why")),
        ("denial_response", denial(404, body="why"), denial(404)),
        ("denial_response", denial(404, [("x", "1")]), denial(404)),
        ("denial_header_duplicates", denial(403, REPEATED), denial(403, COOKIES)),
        ("denial_cookies", denial(403, COOKIES), denial(403, REPEATED)),
        ("denial_latin1_headers", denial(403, [("x", "é")]), denial(403, [("x", "e")])),
        ("denial_unnamed_status", denial(499), denial(404)),
    ],
)
async def test_a_denial(lacks: str, refused: Denial, sent: Denial) -> None:
    transport = transport_without(lacks)
    session = Session(transport)
    with pytest.raises(Unsupported, match=rf"\({lacks}\)$"):
        await session.deny(refused)
    assert session.state is State.CONNECTING
    await session.deny(sent)
    assert await transport.peer.receive() == sent  # the first thing it has seen


@pytest.mark.parametrize(
    ("lacks", "subprotocol", "headers"),
    [("accept_subprotocol", "chat", []), ("accept_headers", None, [("x", "1")])],
)
async def test_accept(lacks: str, subprotocol: str | None, headers: list[tuple[str, str]]) -> None:
    transport = transport_without(lacks)
    session = Session(transport)
    with pytest.raises(Unsupported, match=rf"\({lacks}\)$"):
        await session.accept(subprotocol, headers)
    assert session.state is State.CONNECTING
    await session.accept()
    assert await transport.peer.receive() == Accepted(None, [])


async def test_a_handler_reads_the_declaration() -> None:
    request = WebSocketRequest(Session(transport_without("accept_headers")))
    assert request.capabilities == Capabilities(accept_headers=Support.ABSENT)


async def test_the_reason_stands_beside_the_code(opened: Session, peer: MemoryPeer) -> None:
    connection: Connection[str, str] = Connection(
        WebSocketRequest(opened), Plain().decoder(str), Plain().encoder(str), EVERY_CODE
    )
    assert (connection.code, connection.reason) == (None, "")
    await peer.close(4001, "bye")
    assert await opened.receive() is None
    assert (connection.code, connection.reason) == (4001, "bye")
