"""C1: the close codes after a peer breaks the protocol, for the peer and for the handler."""

import struct

from anysocket_matrix.case import case
from anysocket_matrix.conformance.case_peer import CasePeer, Connect
from anysocket_matrix.conformance.handlers import until_the_end
from anysocket_matrix.peer.frames import Opcode


def expect_told(peer: CasePeer, code: int) -> None:
    """Expect a close frame with this code, and the end of the handler."""
    peer.expect_close(code)
    peer.record()


@case("C1", requires="invalid_text_close")
def test_text_that_is_no_utf8(connect: Connect) -> None:
    """A peer that sends text that isn't UTF-8 sees 1007."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.TEXT, b"\xff\xfe")
    expect_told(peer, 1007)


@case("C1", requires="protocol_error_code")
def test_handler_is_told_of_bad_text(connect: Connect) -> None:
    """Text that isn't UTF-8 gives the handler 1007."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.TEXT, b"\xff\xfe")
    peer.expect_code(1007)


@case("C1", requires="protocol_error_code")
def test_handler_is_told_of_bad_frames(connect: Connect) -> None:
    """A frame that breaks the protocol gives the handler 1002."""
    peer = connect(until_the_end)
    peer.send_frame(0x3, b"a")
    peer.expect_code(1002)


@case("C1", requires="invalid_text_close")
def test_text_cut_within_a_character(connect: Connect) -> None:
    """A peer whose text ends within a character sees 1007."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.TEXT, b"\xe2\x82", fin=False)
    peer.send_frame(Opcode.CONTINUATION, b"")
    expect_told(peer, 1007)


@case("C1", requires="protocol_error_close")
def test_unmasked_frame(connect: Connect) -> None:
    """A peer that sends an unmasked frame sees 1002 (RFC 6455 section 5.1)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.TEXT, b"a", masked=False)
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_reserved_bit(connect: Connect) -> None:
    """A peer that sets a reserved bit without an extension sees 1002 (RFC 6455 section 5.2)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.TEXT, b"a", rsv=2)
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_unknown_opcode(connect: Connect) -> None:
    """A peer that sends an unknown opcode sees 1002 (RFC 6455 section 5.2)."""
    peer = connect(until_the_end)
    peer.send_frame(0x3, b"a")
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_fragmented_ping(connect: Connect) -> None:
    """A peer that sends a control frame in fragments sees 1002 (RFC 6455 section 5.5)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.PING, b"a", fin=False)
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_long_ping(connect: Connect) -> None:
    """A peer that sends a control frame above 125 bytes sees 1002 (RFC 6455 section 5.5)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.PING, b"a" * 126)
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_continuation_of_nothing(connect: Connect) -> None:
    """A peer that sends a continuation without a first fragment sees 1002 (RFC 6455 section 5.4)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.CONTINUATION, b"a")
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_message_within_a_message(connect: Connect) -> None:
    """A peer that begins a message before the last one ends sees 1002 (RFC 6455 section 5.4)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.TEXT, b"a", fin=False)
    peer.send_frame(Opcode.TEXT, b"b")
    expect_told(peer, 1002)


@case("C1", requires="protocol_error_close")
def test_close_of_one_byte(connect: Connect) -> None:
    """A peer that sends a close frame of one byte sees 1002 (RFC 6455 section 5.5.1)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.CLOSE, b"\x03")
    expect_told(peer, 1002)


@case("C1", requires="invalid_close_code_close")
def test_close_with_a_reserved_code(connect: Connect) -> None:
    """A peer that closes with a reserved code sees 1002 (RFC 6455 section 7.4)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.CLOSE, struct.pack("!H", 1006))
    expect_told(peer, 1002)


@case("C1", requires="invalid_close_code_close")
def test_close_with_an_undefined_code(connect: Connect) -> None:
    """A peer that closes with a code outside all ranges sees 1002 (RFC 6455 section 7.4)."""
    peer = connect(until_the_end)
    peer.send_frame(Opcode.CLOSE, struct.pack("!H", 999))
    expect_told(peer, 1002)


@case("C1", requires="invalid_text_close")
def test_close_reason_that_is_no_utf8(connect: Connect) -> None:
    """A peer that sends a close reason that isn't UTF-8 sees 1007 (RFC 6455 section 8.1)."""
    peer = connect(until_the_end)
    peer.send_close(1000, b"\xff")
    expect_told(peer, 1007)
