"""C1: the close codes after a peer breaks the protocol, for the peer and for the handler."""

import struct

from anysocket_matrix.case import case
from anysocket_matrix.conformance.case_peer import Connect
from anysocket_matrix.conformance.handlers import until_the_end
from anysocket_matrix.peer.frames import Opcode, frame_bytes


def expect_failed(connect: Connect, code: int, *frames: bytes) -> None:
    """Send frames; expect a close frame with this code, and the end of the handler."""
    peer = connect(until_the_end)
    for frame in frames:
        peer.send_raw(frame)
    peer.expect_close(code)
    peer.record()


@case("C1", requires="invalid_text_close")
def test_text_that_is_no_utf8(connect: Connect) -> None:
    """A peer that sends text that isn't UTF-8 sees 1007."""
    expect_failed(connect, 1007, frame_bytes(Opcode.TEXT, b"\xff\xfe"))


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
    expect_failed(
        connect, 1007, frame_bytes(Opcode.TEXT, b"\xe2\x82", fin=False), frame_bytes(Opcode.CONTINUATION, b"")
    )


@case("C1", requires="protocol_error_close")
def test_unmasked_frame(connect: Connect) -> None:
    """A peer that sends an unmasked frame sees 1002 (RFC 6455 section 5.1)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.TEXT, b"a", masked=False))


@case("C1", requires="protocol_error_close")
def test_reserved_bit(connect: Connect) -> None:
    """A peer that sets a reserved bit without an extension sees 1002 (RFC 6455 section 5.2)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.TEXT, b"a", rsv=2))


@case("C1", requires="protocol_error_close")
def test_unknown_opcode(connect: Connect) -> None:
    """A peer that sends an unknown opcode sees 1002 (RFC 6455 section 5.2)."""
    expect_failed(connect, 1002, frame_bytes(0x3, b"a"))


@case("C1", requires="protocol_error_close")
def test_fragmented_ping(connect: Connect) -> None:
    """A peer that sends a control frame in fragments sees 1002 (RFC 6455 section 5.5)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.PING, b"a", fin=False))


@case("C1", requires="protocol_error_close")
def test_long_ping(connect: Connect) -> None:
    """A peer that sends a control frame above 125 bytes sees 1002 (RFC 6455 section 5.5)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.PING, b"a" * 126))


@case("C1", requires="protocol_error_close")
def test_continuation_of_nothing(connect: Connect) -> None:
    """A peer that sends a continuation without a first fragment sees 1002 (RFC 6455 section 5.4)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.CONTINUATION, b"a"))


@case("C1", requires="protocol_error_close")
def test_message_within_a_message(connect: Connect) -> None:
    """A peer that begins a message before the last one ends sees 1002 (RFC 6455 section 5.4)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.TEXT, b"a", fin=False), frame_bytes(Opcode.TEXT, b"b"))


@case("C1", requires="protocol_error_close")
def test_close_of_one_byte(connect: Connect) -> None:
    """A peer that sends a close frame of one byte sees 1002 (RFC 6455 section 5.5.1)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.CLOSE, b"\x03"))


@case("C1", requires="invalid_close_code_close")
def test_close_with_a_reserved_code(connect: Connect) -> None:
    """A peer that closes with a reserved code sees 1002 (RFC 6455 section 7.4)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.CLOSE, struct.pack("!H", 1006)))


@case("C1", requires="invalid_close_code_close")
def test_close_with_an_undefined_code(connect: Connect) -> None:
    """A peer that closes with a code outside all ranges sees 1002 (RFC 6455 section 7.4)."""
    expect_failed(connect, 1002, frame_bytes(Opcode.CLOSE, struct.pack("!H", 999)))


@case("C1", requires="invalid_text_close")
def test_close_reason_that_is_no_utf8(connect: Connect) -> None:
    """A peer that sends a close reason that isn't UTF-8 sees 1007 (RFC 6455 section 8.1)."""
    expect_failed(connect, 1007, frame_bytes(Opcode.CLOSE, struct.pack("!H", 1000) + b"\xff"))
