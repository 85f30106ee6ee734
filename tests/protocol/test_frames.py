"""Frames of a server, and masking."""

import runpy
import sys
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.frames import Close
from websockets.speedups import apply_mask as c_apply_mask

from anysocket_protocol import frames
from anysocket_protocol.frames import BINARY, FIN, close_payload, header, is_close_code
from tests.protocol.client import Frame, parse

Mask = Callable[[bytes | bytearray | memoryview, bytes | bytearray], bytes]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 70000])
def test_a_header_has_the_shortest_length(size: int) -> None:
    """The client reads the payload behind it (section 5.2)."""
    assert parse(header(FIN | BINARY, size) + bytes(size)) == [Frame(FIN | BINARY, bytes(size))]


@pytest.fixture
def without_extension(monkeypatch: pytest.MonkeyPatch) -> Mask:
    """Masking in Python, as where websockets isn't installed."""
    monkeypatch.setitem(sys.modules, "websockets.speedups", None)
    masks: Mask = runpy.run_path(frames.__file__)["apply_mask"]
    return masks


def test_masking_in_python(without_extension: Mask) -> None:
    """It gives what the C function gives, of whatever can be masked."""
    masks = without_extension
    assert masks is not c_apply_mask

    @given(
        st.binary(max_size=300),
        st.binary(min_size=4, max_size=4),
        st.sampled_from([bytes, bytearray, memoryview]),
    )
    @example(b"", b"\0\0\0\1", bytes)
    def agree(data: bytes, mask: bytes, kind: Callable[[bytes], bytes]) -> None:
        expected = c_apply_mask(data, mask)
        assert masks(kind(data), mask) == expected
        assert type(masks(kind(data), bytearray(mask))) is bytes
        assert masks(expected, mask) == data

    agree()


@given(st.integers(-1, 70000), st.text(max_size=70))
@example(1000, "é" * 61 + "a")
@example(1000, "é" * 62)
def test_a_close_frame(code: int, reason: str) -> None:
    """websockets reads the same from it, or neither of the two writes it."""
    try:
        payload = close_payload(code, reason)
    except ValueError:
        assert not is_close_code(code) or len(reason.encode()) > 123
    else:
        assert Close.parse(payload) == Close(code, reason)
        assert len(payload) <= 125


def test_a_close_frame_without_a_code() -> None:
    assert close_payload(None, "") == b""


def test_the_codes_of_close_frames() -> None:
    """Those of RFC 6455 section 7.4 and IANA's registry, and the ranges of libraries and applications."""
    allowed = [code for code in range(70000) if is_close_code(code)]
    assert allowed == [1000, 1001, 1002, 1003, *range(1007, 1015), *range(3000, 5000)]
