"""permessage-deflate: what is agreed on, and what goes through it."""

import random
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame as PeerFrame
from websockets.frames import Opcode
from websockets.headers import parse_extension

from anysocket_protocol.deflate import Agreed, Deflater, Inflater, agree
from anysocket_protocol.frames import ErrorCode, FrameError

TAIL = b"\x00\x00\xff\xff"
MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("offers", "header"),
    [
        ("permessage-deflate", "server_max_window_bits=12"),
        (
            "permessage-deflate; client_max_window_bits",
            "server_max_window_bits=12; client_max_window_bits=12",
        ),
        (
            "permessage-deflate ;client_max_window_bits = 9",
            "server_max_window_bits=12; client_max_window_bits=9",
        ),
        (
            "permessage-deflate; client_max_window_bits=8",
            "server_max_window_bits=12; client_max_window_bits=8",
        ),
        (
            'permessage-deflate; client_max_window_bits="10"',
            "server_max_window_bits=12; client_max_window_bits=10",
        ),
        (
            "permessage-deflate; client_max_window_bits=15",
            "server_max_window_bits=12; client_max_window_bits=12",
        ),
        ("permessage-deflate; server_max_window_bits=10", "server_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=15", "server_max_window_bits=12"),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12",
        ),
        # The client's window, which is ours to choose.
        *(
            (f"permessage-deflate{offer}", f"server_max_window_bits=12; client_max_window_bits={bits}")
            for offer, bits in {
                "; client_max_window_bits": 12,
                " ;client_max_window_bits = 9": 9,
                "; client_max_window_bits=8": 8,
                '; client_max_window_bits="10"': 10,
                "; client_max_window_bits=15": 12,
            }.items()
        ),
        # Several offers are in the client's order; the first that can be met is (section 5).
        ("permessage-deflate; server_max_window_bits=9, permessage-deflate", "server_max_window_bits=9"),
        ("permessage-deflate; mux, permessage-deflate; server_max_window_bits=9", "server_max_window_bits=9"),
        ("x-webkit-deflate-frame, permessage-deflate", "server_max_window_bits=12"),
    ],
)
def test_an_offer_that_is_met(offers: str, header: str) -> None:
    agreed = agree(offers.split(","))
    assert agreed is not None
    assert agreed.header().decode() == f"permessage-deflate; {header}"


@pytest.mark.parametrize(
    "parameters",
    [
        "unknown",
        "server_no_context_takeover=1",
        "server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits; client_max_window_bits=10",
        "server_max_window_bits",
        "server_max_window_bits=8",  # zlib deflates with no window of 256 bytes
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=09",
        "server_max_window_bits=",
        'server_max_window_bits=""',
        'server_max_window_bits=10"',
        'server_max_window_bits=""10""',
        "client_max_window_bits=7",
        "client_max_window_bits=+9",
        "client_max_window_bits=\u0669",
        "",
        "=",
    ],
)
def test_an_offer_that_is_declined(parameters: str) -> None:
    """Unknown, repeated and malformed parameters (section 7.1)."""
    assert agree([f"permessage-deflate; {parameters}"]) is None
    assert agree([f"permessage-deflate; {parameters}", "permessage-deflate"]) == Agreed()


@given(st.lists(st.text(max_size=60), max_size=3))
def test_no_offer_is_an_error(offers: list[str]) -> None:
    agree([*offers, *(f"permessage-deflate;{each}" for each in offers)])


bits = st.one_of(st.none(), st.integers(9, 15))


@st.composite
def offers(draw: st.DrawFn) -> str:
    parts = ["permessage-deflate"]
    parts += [
        each for each in ("server_no_context_takeover", "client_no_context_takeover") if draw(st.booleans())
    ]
    server, client = draw(bits), draw(bits)
    if server is not None:
        parts.append(f"server_max_window_bits={server}")
    if draw(st.booleans()):
        parts.append("client_max_window_bits" + ("" if client is None else f"={client}"))
    return "; ".join(parts)


@settings(max_examples=150, deadline=None)
@given(
    offers(),
    st.lists(st.one_of(st.binary(max_size=300), st.text("ab", max_size=3000).map(str.encode)), max_size=6),
)
def test_both_ends_and_websockets(offer: str, messages: list[bytes]) -> None:
    """What websockets accepts as our answer reads what we write, and we read what it writes."""
    agreed = agree([offer])
    assert agreed is not None
    ((_, offered),) = parse_extension(offer)
    _, expected = ServerPerMessageDeflateFactory(
        server_max_window_bits=12, client_max_window_bits=12 if "client_max_window_bits" in offer else None
    ).process_request_params(offered, [])
    assert (agreed.server_no_context_takeover, agreed.client_no_context_takeover) == (
        expected.local_no_context_takeover,
        expected.remote_no_context_takeover,
    )
    assert agreed.server_max_window_bits == expected.local_max_window_bits
    assert (agreed.client_max_window_bits or 15) == expected.remote_max_window_bits
    client = PerMessageDeflate(
        agreed.server_no_context_takeover,
        agreed.client_no_context_takeover,
        agreed.server_max_window_bits,
        max(agreed.client_max_window_bits or 15, 9),
    )
    inflater, deflater = Inflater(agreed), Deflater(agreed)
    for message in messages:
        read = client.decode(PeerFrame(Opcode.BINARY, deflater.deflate(message), rsv1=True))
        assert bytes(read.data) == message
        written = bytes(client.encode(PeerFrame(Opcode.BINARY, message)).data)
        cut = len(written) // 2
        parts = [
            inflater.inflate(written[:cut], end=False, max_size=len(message)),
            inflater.inflate(written[cut:], end=True, max_size=len(message)),
        ]
        assert b"".join(parts) == message


HELLO = bytes.fromhex("f248cdc9c90700")


@pytest.mark.parametrize(
    ("payloads", "messages"),
    [
        ([HELLO], [b"Hello"]),  # 7.2.3.1
        ([HELLO, bytes.fromhex("f200110000")], [b"Hello", b"Hello"]),  # 7.2.3.2
        ([bytes.fromhex("000500faff48656c6c6f00")], [b"Hello"]),  # 7.2.3.3
        ([bytes.fromhex("f348cdc9c9070000"), HELLO], [b"Hello", b"Hello"]),  # 7.2.3.4
        ([bytes.fromhex("f24805000000ffffcac9c90700")], [b"Hello"]),  # 7.2.3.5
        ([b"\x00", HELLO], [b"", b"Hello"]),  # 7.2.3.6
        ([bytes.fromhex("f348cdc9c90700") * 2 + HELLO, HELLO], [b"HelloHelloHello", b"Hello"]),  # 7.2.1
        ([bytes.fromhex("f348cdc9c90700"), HELLO], [b"Hello", b"Hello"]),  # a client that leaves out a byte
    ],
)
def test_the_examples_of_the_rfc(payloads: list[bytes], messages: list[bytes]) -> None:
    """RFC 7692 section 7.2.3, whole and byte by byte."""
    whole, bytewise = Inflater(Agreed()), Inflater(Agreed())
    assert [whole.inflate(each, end=True, max_size=100) for each in payloads] == messages
    for payload, message in zip(payloads[:-1], messages, strict=False):
        parts = [
            bytewise.inflate(payload[at : at + 1], end=False, max_size=100) for at in range(len(payload) - 1)
        ]
        parts.append(bytewise.inflate(payload[-1:], end=True, max_size=100))
        assert b"".join(parts) == message


def test_a_client_whose_window_cannot_be_bounded() -> None:
    """It may look back by 32 KiB (section 7.1.2.2); one that agreed to 8 bits writes no more than 9 read."""
    noise = random.Random(1).randbytes(30_000)
    data = deflated(noise + noise)
    assert len(data) < 40_000
    assert Inflater(Agreed()).inflate(data, end=True, max_size=60_000) == noise + noise
    with pytest.raises(FrameError):
        Inflater(Agreed(client_max_window_bits=12)).inflate(data, end=True, max_size=60_000)
    assert Inflater(Agreed(client_max_window_bits=8)).inflate(HELLO, end=True, max_size=5) == b"Hello"


def test_a_context_that_was_not_to_be_kept() -> None:
    """Section 7.1.1.2: nothing is held for a client that has agreed to keep none."""
    deflater = Deflater(Agreed())
    messages = [deflater.deflate(b"Hello" * 20) for _ in range(2)]
    inflater = Inflater(Agreed(client_no_context_takeover=True))
    assert inflater.inflate(messages[0], end=True, max_size=100) == b"Hello" * 20
    with pytest.raises(FrameError) as error:
        inflater.inflate(messages[1], end=True, max_size=100)
    assert error.value.code == ErrorCode.INVALID_PAYLOAD_DATA


def deflated(data: bytes) -> bytes:
    return Deflater(Agreed(server_max_window_bits=15)).deflate(data)


def inflated(data: bytes, max_size: int) -> bytes:
    """Inflate one frame, in as many steps as it takes."""
    inflater, whole = Inflater(Agreed()), b""
    while not whole or inflater.unfinished:
        whole += inflater.inflate(
            b"" if inflater.unfinished else data, end=True, max_size=max_size - len(whole)
        )
    return whole


@pytest.mark.parametrize("size", [1, 1000, MEBIBYTE])
def test_the_limit_at_its_edge(size: int) -> None:
    data = deflated(bytes(size))
    assert inflated(data, size) == bytes(size)
    with pytest.raises(FrameError) as error:
        inflated(data, size - 1)
    assert error.value.code == ErrorCode.MESSAGE_TOO_BIG


def test_a_bomb_is_not_inflated() -> None:
    """200 MiB in 200 KiB: inflating stops at the limit, and nothing is kept."""
    bomb = deflated(bytes(200 * MEBIBYTE))
    assert len(bomb) < MEBIBYTE
    tracemalloc.start()
    try:
        with pytest.raises(FrameError):
            inflated(bomb, MEBIBYTE)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MEBIBYTE
    assert kept < MEBIBYTE // 4


def test_a_bomb_of_streams() -> None:
    """Each final block begins a stream, in two bytes: a frame has a bounded number of them."""
    block = bytes.fromhex("0300")
    assert Inflater(Agreed()).inflate(block * 60 + b"\x00", end=True, max_size=100) == b""
    with pytest.raises(FrameError) as error:
        Inflater(Agreed()).inflate(block * 1_000_000, end=True, max_size=100)
    assert error.value.code == ErrorCode.MESSAGE_TOO_BIG


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=60), st.booleans()), max_size=4), st.integers(0, 50))
def test_garbage(frames: list[tuple[bytes, bool]], max_size: int) -> None:
    """It is refused, or inflates to what is allowed and what zlib makes of it."""
    inflater = Inflater(Agreed(client_no_context_takeover=True))
    for data, end in frames:
        try:
            out = inflater.inflate(data, end=end, max_size=max_size)
        except FrameError:
            return
        assert len(out) <= max_size
        if len(frames) == 1:
            peer = zlib.decompressobj(-15)
            expected = peer.decompress(data + TAIL if end else data)
            assert out == expected or peer.eof


def test_nothing_is_allocated_before_it_is_used() -> None:
    """A connection that compresses nothing holds no window."""
    tracemalloc.start()
    try:
        held = [(Inflater(Agreed()), Deflater(Agreed())) for _ in range(100)]
        size = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert size / len(held) < 500
