"""Frames read whole or in pieces, right or wrong ones: the short way and the complete one agree."""

import struct
import tracemalloc
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.protocol import OPEN, Side
from websockets.protocol import Protocol as PeerProtocol
from wsproto.extensions import Extension
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import FrameProtocol, ParseFailed
from wsproto.frame_protocol import Opcode as WsprotoOpcode

from anysocket_protocol.deflate import Agreed, Inflater
from anysocket_protocol.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    FrameError,
)
from anysocket_protocol.reader import Closed, Event, Fragment, Ping, Pong, Reader
from tests.protocol.client import close_frame, frame

MAX_SIZE = 1000


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
                if not isinstance(event, Fragment):
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
closes = st.builds(
    close_frame,
    st.integers(900, 5100),
    st.one_of(st.text(max_size=20).map(str.encode), st.binary(max_size=10)),
)
streams = st.lists(st.one_of(frames, frames, closes, st.binary(max_size=20)), min_size=1, max_size=8)


@st.composite
def compressed_streams(
    draw: st.DrawFn, *, keeps_context: bool, garbage: bool = True, pings: bool = True
) -> list[bytes]:
    """Messages in fragments, some compressed, with pings within, and mistakes here and there."""
    deflater = zlib.compressobj(wbits=-12)
    parts: list[bytes] = []
    for _ in range(draw(st.integers(1, 4))):
        opcode = draw(st.sampled_from([TEXT, BINARY]))
        data = draw(
            st.one_of(texts, st.binary(max_size=100) if opcode == BINARY else texts, st.just(b"a" * 1100))
        )
        first = opcode
        if draw(st.integers(0, 3)):
            first |= RSV1
            if not keeps_context:
                deflater = zlib.compressobj(wbits=-12)
            data = (deflater.compress(data) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        if garbage and not draw(st.integers(0, 5)):
            data = draw(st.binary(max_size=30))
        pieces = cut(data, draw(st.lists(st.integers(0, 300), max_size=3))) or [b""]
        for index, piece in enumerate(pieces):
            if index:
                first = draw(st.sampled_from([CONTINUATION] * 15 + [RSV1, TEXT]))
            if index == len(pieces) - 1:
                first |= FIN
            parts.append(frame(first, piece))
            if pings and not draw(st.integers(0, 4)):
                parts.append(frame(draw(st.sampled_from([FIN | PING] * 9 + [FIN | PING | RSV1])), b"p"))
    return parts


def limited_reader(*, compressed: bool = False, keeps_context: bool = True, max_frames: int = 1000) -> Reader:
    agreed = Agreed(client_no_context_takeover=not keeps_context)
    return Reader(MAX_SIZE, max_frames, Inflater(agreed) if compressed else None)


@settings(max_examples=700, deadline=None)
@given(streams, st.lists(st.integers(0, 5000), max_size=10))
@example([frame(FIN | TEXT, b"a"), frame(FIN | TEXT, b"b")], [])
@example([frame(FIN | BINARY, b"x" * 126)], [])
def test_the_short_way_and_every_cut_agree(parts: list[bytes], places: list[int]) -> None:
    stream = b"".join(parts)
    whole = read([stream], limited_reader(max_frames=5), short=False)
    for pieces in parts, cut(stream, places), (bytes([byte]) for byte in stream):
        assert read(pieces, limited_reader(max_frames=5), short=True) == whole


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans(), st.lists(st.integers(0, 5000), max_size=10))
def test_every_cut_of_a_compressed_stream_agrees(
    data: st.DataObject, keeps_context: bool, places: list[int]
) -> None:
    parts = data.draw(compressed_streams(keeps_context=keeps_context))
    stream = b"".join(parts)

    def reading(pieces: Iterable[bytes], *, short: bool = True) -> Outcome:
        return read(pieces, limited_reader(compressed=True, keeps_context=keeps_context), short=short)

    whole = reading([stream], short=False)
    for pieces in parts, cut(stream, places), (bytes([byte]) for byte in stream):
        assert reading(pieces) == whole


# Other readers of the same bytes


def until_closed(outcome: Outcome) -> Outcome:
    """The same up to the first close frame, behind which other readers read nothing."""
    for index, event in enumerate(outcome.events):
        if isinstance(event, Closed):
            return Outcome(outcome.events[: index + 1])
    return outcome


class Peer(PeerProtocol):
    """websockets' reader."""

    def __init__(self, *extensions: PerMessageDeflate) -> None:
        super().__init__(Side.SERVER, state=OPEN, max_size=MAX_SIZE)
        self.extensions = list(extensions)

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


def agrees_with_websockets(stream: bytes, ours: Outcome, peer: Peer) -> None:
    """The same events before the first mistake, and the same code for that."""
    try:
        expected = peer.outcome(stream)
    except UnicodeDecodeError:
        return  # websockets leaves the text of messages to its caller
    ours = until_closed(ours)
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


@settings(max_examples=700, deadline=None)
@given(streams)
def test_what_websockets_makes_of_it(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    agrees_with_websockets(stream, read([stream], limited_reader(), short=True), Peer())


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans())
def test_what_websockets_makes_of_compressed_streams(data: st.DataObject, keeps_context: bool) -> None:
    # Of what follows a final block in garbage, websockets drops what RFC 7692 section 7.2.1 allows.
    stream = b"".join(data.draw(compressed_streams(keeps_context=keeps_context, garbage=False)))
    ours = read([stream], limited_reader(compressed=True, keeps_context=keeps_context), short=True)
    agrees_with_websockets(stream, ours, Peer(PerMessageDeflate(not keeps_context, False, 15, 12)))


def wsproto_outcome(stream: bytes, offer: str | None) -> Outcome:
    """What wsproto's reader makes of a stream; it has no limits, and gives frames as they come."""
    extensions = list[Extension]()
    if offer is not None:
        deflate = WsprotoDeflate()
        deflate.accept(offer)
        extensions.append(deflate)
    reader, outcome = FrameProtocol(client=False, extensions=extensions), Outcome([])
    reader.receive_bytes(stream)
    control, text, data = b"", "", b""
    try:
        for event in reader.received_frames():
            payload = event.payload
            if isinstance(payload, tuple):
                outcome.events.append(Closed(payload[0], payload[1] or ""))
            elif isinstance(payload, str):
                text += payload
                if event.message_finished:
                    outcome.events.append(text)
                    text = ""
            elif event.opcode in (WsprotoOpcode.PING, WsprotoOpcode.PONG):
                control += payload
                if event.frame_finished:
                    kind = Ping if event.opcode is WsprotoOpcode.PING else Pong
                    outcome.events.append(kind(control))
                    control = b""
            else:
                data += payload
                if event.message_finished:
                    outcome.events.append(data)
                    data = b""
    except ParseFailed as error:
        outcome.error = error.code
    return outcome


def agrees_with_wsproto(stream: bytes, ours: Outcome, offer: str | None) -> None:
    expected = wsproto_outcome(stream, offer)
    if ours.error is not None and expected.error is None:
        expected = wsproto_outcome(stream + bytes(1100), offer)  # it looks at whole headers alone
    ours = until_closed(ours)
    if any(isinstance(event, Closed) and 1012 <= event.code <= 1014 for event in ours.events):
        return  # codes of IANA's registry that it doesn't know
    if ours.error == 1007 and expected.error == 1002:
        return  # such a code, and a reason that isn't UTF-8 either
    if ours.error == 1009:
        assert expected.events[: len(ours.events)] == ours.events
        return  # wsproto has no limits
    if ours.error is None and expected.error is not None:
        # It looks into the payload of a frame that isn't complete.
        assert expected.events == ours.events
        return
    assert (ours.events, ours.error) == (expected.events, expected.error)


@settings(max_examples=700, deadline=None)
@given(streams)
def test_what_wsproto_makes_of_it(parts: list[bytes]) -> None:
    stream = b"".join(parts)
    agrees_with_wsproto(stream, read([stream], limited_reader(), short=True), None)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.booleans())
def test_what_wsproto_makes_of_compressed_streams(data: st.DataObject, keeps_context: bool) -> None:
    # A ping within a compressed message makes wsproto take its next fragment for an uncompressed one.
    parts = data.draw(compressed_streams(keeps_context=keeps_context, garbage=False, pings=False))
    stream = b"".join(parts)
    ours = read([stream], limited_reader(compressed=True, keeps_context=keeps_context), short=True)
    offer = "permessage-deflate" + ("" if keeps_context else "; client_no_context_takeover")
    agrees_with_wsproto(stream, ours, offer)


# Limits


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
@pytest.mark.parametrize("first", [FIN | TEXT, FIN | BINARY])
@pytest.mark.parametrize("short", [True, False])
def test_the_largest_message(size: int, first: int, *, short: bool) -> None:
    """It is read; one byte more is refused by its header, before it has come."""
    whole = frame(first, b"a" * size)
    message: str | bytes = "a" * size if first == FIN | TEXT else b"a" * size
    assert read([whole], Reader(size, 1), short=short) == Outcome([message])
    above = frame(first, b"a" * (size + 1))
    assert read([above], Reader(size, 1), short=short) == Outcome([], 1009)
    head = len(above) - size - 1 - 4
    assert read([above[:head]], Reader(size, 1), short=short) == Outcome([], 1009)


def test_a_character_in_fragments() -> None:
    """It may be cut anywhere, but for the end of the message (section 5.6)."""
    parts = [frame(TEXT, b"\xe2"), frame(CONTINUATION, b"\x82"), frame(FIN, b"\xac")]
    assert read(parts, limited_reader(), short=True) == Outcome(["\u20ac"])
    assert read([*parts[:2], frame(FIN)], limited_reader(), short=True) == Outcome([], 1007)
    assert read([parts[0], frame(CONTINUATION, b"\xff")], limited_reader(), short=True) == Outcome([], 1007)


def test_the_largest_message_in_fragments() -> None:
    parts = [frame(TEXT, b"a" * 6), frame(CONTINUATION, b"b" * 4), frame(FIN, b"")]
    assert read(parts, Reader(10, 3), short=True) == Outcome(["aaaaaabbbb"])
    assert read(parts, Reader(9, 3), short=True) == Outcome([], 1009)
    assert read(parts, Reader(10, 2), short=True) == Outcome([], 1009)
    twice = read(parts * 2, Reader(10, 3), short=True)
    assert twice == Outcome(["aaaaaabbbb"] * 2)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frames_have_125_bytes(opcode: int) -> None:
    """And don't count as frames or bytes of the message that they interrupt."""
    payload = struct.pack("!H", 1000) + b"a" * 123
    parts = [frame(TEXT, b"a"), frame(FIN | opcode, payload), frame(FIN, b"b")]
    assert len(read(parts, Reader(2, 2), short=True).events) == 2
    assert read([frame(FIN | opcode, payload + b"a")], Reader(1000, 1), short=True) == Outcome([], 1002)
    assert read([frame(opcode, b"")], Reader(1000, 1), short=True) == Outcome([], 1002)


@pytest.mark.parametrize(
    "header",
    [
        b"\x82\xfe\x00\x7d",  # 125 in two bytes (section 5.2)
        b"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff",  # 65,535 in eight
        b"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00",  # 2^63
        b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x83\x80",
        b"\x8b\x80",
        b"\x92\x80",
        b"\xc2\x80",  # RSV1 without the extension
        b"\x80\x80",
        b"\x82\x00",
    ],
)
def test_a_header_that_no_client_may_send(header: bytes) -> None:
    """It is refused at once, whatever follows."""
    assert read([header + bytes(4 + 125)], Reader(1 << 62, 10), short=True) == Outcome([], 1002)
    assert read([header], Reader(1 << 62, 10), short=True) == Outcome([], 1002)


@pytest.mark.parametrize(
    "first", [FIN | RSV1 | PING, FIN | RSV1 | CLOSE, FIN | 0x60 | TEXT, FIN | 0x50 | TEXT]
)
def test_rsv1_where_it_mustnt_be(first: int) -> None:
    assert read([frame(first)], limited_reader(compressed=True), short=True) == Outcome([], 1002)
    fragments = [frame(RSV1 | TEXT, b"\x00"), frame(FIN | RSV1, b"")]
    assert read(fragments, limited_reader(compressed=True), short=True) == Outcome([], 1002)


def test_the_largest_frame_takes_no_more_than_itself() -> None:
    """Whatever the peer declares, or has sent before it goes beyond."""
    mebibyte = 1024 * 1024
    tracemalloc.start()
    try:
        reader = Reader(mebibyte, 100_000)
        assert read([b"\x82\xff" + struct.pack("!Q", mebibyte)], reader, short=True) == Outcome([])
        assert tracemalloc.get_traced_memory()[0] < 10_000
        outcome = read([bytes(4)] + [bytes(4096)] * 250, reader, short=True)
        assert outcome == Outcome([])
        assert tracemalloc.get_traced_memory()[1] < 1.5 * mebibyte
        fragments = [frame(BINARY, b"a")] + [frame(CONTINUATION, b"a")] * 10_000
        read([b"".join(fragments)], Reader(mebibyte, 100_000), short=True)
        assert tracemalloc.get_traced_memory()[0] < 1.5 * mebibyte
    finally:
        tracemalloc.stop()


def test_a_bomb_in_fragments() -> None:
    """Inflating stops at the limit of the message, wherever its frames end."""
    deflater = zlib.compressobj(9, wbits=-15)
    bomb = deflater.compress(bytes(50_000_000)) + deflater.flush(zlib.Z_SYNC_FLUSH)
    size = len(bomb) // 10
    pieces = [bomb[at : at + size] for at in range(0, len(bomb), size)]
    parts = [frame(RSV1 | BINARY, pieces[0]), *(frame(CONTINUATION, each) for each in pieces[1:])]
    tracemalloc.start()
    try:
        reader = Reader(1_000_000, 1000, Inflater(Agreed()))
        assert read(parts, reader, short=True) == Outcome([], 1009)
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()
