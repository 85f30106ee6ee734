"""The close codes and reasons that may be sent (contract C2)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from anysocket import ApplicationCode, Close, CloseCode

SENDABLE = {
    *(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
    *range(3000, 5000),
}


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1011, 1014, 3000, 3999, 4000, 4999])
def test_sendable(code: int) -> None:
    Close(code).validate()


@pytest.mark.parametrize("code", [-1, 0, 999, 1004, 1005, 1006, 1015, 1016, 1999, 2000, 2999, 5000, 65536])
def test_not_sendable(code: int) -> None:
    with pytest.raises(ValueError, match=f"close code {code} can't be sent"):
        Close(code).validate()


@given(st.integers() | st.integers(0, 6000))
@example(1004)
@example(1015)
@example(4999)
@example(5000)
def test_any_int(code: int) -> None:
    try:
        Close(code).validate()
    except ValueError:
        assert code not in SENDABLE
    else:
        assert code in SENDABLE


@pytest.mark.parametrize("code", CloseCode)
def test_named_codes_without_a_frame(code: CloseCode) -> None:
    never_on_the_wire = {CloseCode.NO_STATUS_RCVD, CloseCode.ABNORMAL_CLOSURE, CloseCode.TLS_HANDSHAKE}
    if code in never_on_the_wire:
        with pytest.raises(ValueError, match=f"close code {int(code)} can't be sent"):
            Close(code).validate()
    else:
        Close(code).validate()


REASONS_THAT_FIT = ["", "x" * 123, "é" * 61 + "x", "€" * 41, "🙂" * 30 + "xxx"]


@pytest.mark.parametrize("reason", REASONS_THAT_FIT)
def test_reason_fits(reason: str) -> None:
    Close(1000, reason).validate()


@pytest.mark.parametrize("reason", [*(fits + "x" for fits in REASONS_THAT_FIT[1:]), "é" * 62, "🙂" * 31])
def test_reason_too_long(reason: str) -> None:
    with pytest.raises(ValueError, match=f"this one has {len(reason.encode())}$"):
        Close(1000, reason).validate()


@given(st.text(min_size=25, max_size=130))
def test_any_reason_is_measured_in_bytes(reason: str) -> None:
    if len(reason.encode()) <= 123:
        Close(1000, reason).validate()
    else:
        with pytest.raises(ValueError, match="at most 123 bytes"):
            Close(1000, reason).validate()


def test_reason_that_no_utf8_can_hold() -> None:
    with pytest.raises(ValueError, match="surrogates not allowed"):
        Close(1000, "\ud800").validate()


@pytest.mark.parametrize("code", [3000, 3999, 4000, 4999])
def test_an_applications_own_codes(code: int) -> None:
    assert ApplicationCode(code) == code


@pytest.mark.parametrize("code", [-1, 1000, 2999, 5000])
def test_codes_that_are_no_applications_own(code: int) -> None:
    with pytest.raises(ValueError, match=f"{code} isn't an application's own close code: use 3000-4999"):
        ApplicationCode(code)
