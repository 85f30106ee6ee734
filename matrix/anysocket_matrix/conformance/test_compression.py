"""H2, M1, M3: compressed messages (RFC 7692)."""

from anysocket_matrix.case import case
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import echo
from anysocket_matrix.conformance.test_messages import LIMIT, takes_little
from anysocket_matrix.peer.deflate import OFFER, RSV1, Deflate
from anysocket_matrix.peer.frames import Opcode

OFFERED = [("sec-websocket-extensions", OFFER)]

LONG = "Ein Vöglein sang. ".encode() * 50


@case("H2", requires="compression")
def test_messages(connect: Connect) -> None:
    """A peer that offers permessage-deflate gets it, and messages are compressed in both directions."""
    peer = connect(echo, headers=OFFERED)
    peer.expect_open()
    deflate = Deflate(peer)
    for opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.TEXT):  # each one refers to the ones before it
        deflate.send(opcode, LONG)
        deflate.expect(opcode, LONG)


@case("H2", requires="compression")
def test_fragments(connect: Connect) -> None:
    """A compressed message in fragments is one message, and an uncompressed one may follow."""
    peer = connect(echo, headers=OFFERED)
    deflate = Deflate(peer)
    compressed = deflate.compress(LONG)
    peer.send_frame(Opcode.TEXT, compressed[:10], fin=False, rsv=RSV1)
    peer.send_frame(Opcode.CONTINUATION, b"", fin=False)
    peer.send_frame(Opcode.CONTINUATION, compressed[10:])
    deflate.expect(Opcode.TEXT, LONG)
    peer.send_bytes(LONG)
    deflate.expect(Opcode.BINARY, LONG)


@case("M1", requires="compressed_with_ping")
def test_ping_between_fragments(connect: Connect) -> None:
    """A ping between the fragments of a compressed message is answered, and the message stays whole."""
    peer = connect(echo, headers=OFFERED)
    deflate = Deflate(peer)
    compressed = deflate.compress(LONG)
    peer.send_frame(Opcode.TEXT, compressed[:10], fin=False, rsv=RSV1)
    peer.send_frame(Opcode.PING, b"in between")
    peer.expect_pong(b"in between")
    peer.send_frame(Opcode.CONTINUATION, compressed[10:])
    deflate.expect(Opcode.TEXT, LONG)


@case("M3", requires="compression")
def test_too_much(connect: Connect) -> None:
    """The message size limit counts the bytes after decompression."""
    peer = connect(takes_little, headers=OFFERED)
    Deflate(peer).send(Opcode.BINARY, bytes(LIMIT + 1))
    peer.expect_close_frame()
    peer.expect_code(1009)


@case("H2")
def test_not_offered(connect: Connect) -> None:
    """The response has no extension that the peer didn't offer."""
    peer = connect(echo)
    peer.expect_open()
    peer.expect_header("sec-websocket-extensions")
    peer.send_frame(Opcode.TEXT, LONG)
    peer.expect_text(LONG.decode())
