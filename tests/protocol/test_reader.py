"""Frames read whole or in pieces, right or wrong ones: the short way and the complete one agree."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ProtocolError
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as PeerProtocol

from anysocket_protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    TEXT,
    FrameError,
    apply_mask,
)
from anysocket_protocol.reader import Closed, Event, Fragment, Ping, Pong, Reader

MASK = b"\x12\x34\x56\x78"


def frame(first: int, payload: bytes = b"", *, masked: bool = True, length: bytes | None = None) -> bytes:
    """Write a client's frame, or one that a client mustn't send."""
    size = len(payload)
    mask_bit = 0x80 if masked else 0
    if length is None and size <= 125:
        head = bytes((first, mask_bit | size))
    elif length is None:
        head = bytes((first, mask_bit | 126)) + struct.pack("!H", size)
        if size > 65535:
            head = bytes((first, mask_bit | 127)) + struct.pack("!Q", size)
    else:
        head = bytes((first,)) + length
    return head + (MASK + apply_mask(payload, MASK) if masked else payload)


@dataclass
class Outcome:
    """What a reader made of a stream."""

    events: list[Event]
    error: int | None = None


def read(pieces: Iterable[bytes], reader: Reader, *, short: bool) -> Outcome:
    """Read a stream that comes in pieces, as a connection does."""
    outcome = Outcome([])
    try:
        for piece in pieces:
            message = reader.whole_message(piece) if short and reader.idle else None
            if message is not None:
                outcome.events.append(message)
                continue
            reader.receive_data(piece)
            while (event := reader.next_event()) is not None:
                if event is not Fragment.READ:
                    outcome.events.append(event)
    except FrameError as error:
        outcome.error = error.code
    return outcome


def cut(stream: bytes, places: Iterable[int]) -> list[bytes]:
    """Cut a stream in pieces, none of them empty."""
    ends = sorted({place % (len(stream) + 1) for place in places} | {0, len(stream)})
    return [stream[begin:end] for begin, end in pairwise(ends)]


texts = st.text(max_size=200).map(str.encode)
payloads = st.one_of(texts, st.binary(max_size=200), st.binary(min_size=126, max_size=140))
firsts = st.one_of(
    st.sampled_from([FIN | TEXT, FIN | BINARY, FIN | PING, FIN | PONG, TEXT, BINARY, CONTINUATION, FIN]),
    st.integers(0, 255),
)
frames = st.builds(frame, firsts, payloads, masked=st.sampled_from([True, True, True, False]))


def close_frame(code: int, reason: bytes) -> bytes:
    return frame(FIN | CLOSE, struct.pack("!H", code) + reason)


closes = st.builds(
    close_frame,
    st.integers(900, 5100),
    st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=10)),
)
streams = st.lists(st.one_of(frames, frames, closes, st.binary(max_size=20)), min_size=1, max_size=8)


@settings(max_examples=1500, deadline=None)
@given(streams, st.lists(st.integers(0, 5000), max_size=10))
@example([frame(FIN | TEXT, b"a"), frame(FIN | TEXT, b"b")], [])
@example([frame(FIN | BINARY, b"x" * 126)], [])
def test_the_short_way_and_every_cut_agree(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    whole = read([stream], Reader(1000, 5), short=False)
    assert read(parts, Reader(1000, 5), short=True) == whole
    assert read(cut(stream, places), Reader(1000, 5), short=True) == whole
    assert read((bytes([byte]) for byte in stream), Reader(1000, 5), short=True) == whole


class Peer(PeerProtocol):
    """websockets' reader of the same stream."""

    def __init__(self) -> None:
        super().__init__(Side.SERVER, state=OPEN, max_size=1000)

    def outcome(self, stream: bytes) -> Outcome:
        self.receive_data(stream)
        outcome, parts, opcode = Outcome([]), list[bytes](), Opcode.TEXT
        for event in self.events_received():
            assert isinstance(event, PeerFrame)
            data = bytes(event.data)
            match event.opcode:
                case Opcode.PING:
                    outcome.events.append(Ping(data))
                case Opcode.PONG:
                    outcome.events.append(Pong(data))
                case Opcode.CLOSE:
                    code = struct.unpack("!H", data[:2])[0] if data else 1005
                    outcome.events.append(Closed(code, data[2:].decode()))
                case _:
                    if event.opcode is not Opcode.CONT:
                        parts, opcode = [], event.opcode
                    parts.append(data)
                    if event.fin:
                        message = b"".join(parts)
                        outcome.events.append(message.decode() if opcode is Opcode.TEXT else message)
        return outcome


@settings(max_examples=1500, deadline=None)
@given(streams)
def test_what_websockets_makes_of_it(parts: list[bytes]) -> None:
    """The same events before the first mistake, and the same code for that."""
    stream = b"".join(parts)
    peer = Peer()
    try:
        expected = peer.outcome(stream)
    except UnicodeDecodeError:
        return  # websockets leaves the text of messages to its caller
    ours = read([stream], Reader(1000, 1000), short=True)
    closes = [index for index, event in enumerate(ours.events) if isinstance(event, Closed)]
    if closes:  # behind the first one websockets reads nothing
        ours = Outcome(ours.events[: closes[0] + 1])
    error = peer.parser_exc
    if ours.error == 1007 or isinstance(error, UnicodeDecodeError):
        return  # we refuse bad text at once, websockets a bad reason with another error
    if str(error) == "incomplete fragmented message":
        return  # a close frame within a message, which RFC 6455 section 5.4 allows
    assert ours.events == expected.events
    if error is None and ours.error is not None:
        peer.receive_data(bytes(1100))  # we refuse by the header, websockets once there is a mask
        assert peer.parser_exc is not None
    elif error is None:
        assert ours.error is None
    else:
        # Of two mistakes in one header, websockets looks at the size first.
        assert ours.error in ((1002,) if isinstance(error, ProtocolError) else (1009, 1002))
