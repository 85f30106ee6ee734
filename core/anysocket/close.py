"""How a connection ends: close codes and reasons (RFC 6455 sections 5.5.1 and 7.4)."""

from collections.abc import Collection
from enum import IntEnum
from typing import Literal, NamedTuple, Self, TypeAlias

EVERY_CODE: Collection[int] = range(1000, 5000)
"""Every close code there is (RFC 6455 section 7.4)."""

MAX_REASON_BYTES = 123
"""A control frame holds 125 bytes, and the code takes two of them (RFC 6455 section 5.5)."""


class CloseCode(IntEnum):
    """The close codes of RFC 6455 section 7.4.1 and of IANA's registry."""

    NORMAL_CLOSURE = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_STATUS_RCVD = 1005
    """Never sent: the peer's close frame had no code."""
    ABNORMAL_CLOSURE = 1006
    """Never sent: the connection broke without a close frame."""
    INVALID_PAYLOAD_DATA = 1007
    POLICY_VIOLATION = 1008
    MESSAGE_TOO_BIG = 1009
    MANDATORY_EXTENSION = 1010
    INTERNAL_ERROR = 1011
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013
    BAD_GATEWAY = 1014
    TLS_HANDSHAKE = 1015
    """Never sent: the TLS handshake failed."""


class ApplicationCode(int):
    """A close code that an application defines, 3000-4999 (RFC 6455 section 7.4.2).

    Libraries register 3000-3999 with IANA; 4000-4999 are for applications alone.

    Raises:
        ValueError: the code isn't in this range.
    """

    def __new__(cls, code: int) -> Self:
        if not 3000 <= code <= 4999:
            raise ValueError(f"{code} isn't an application's own close code: use 3000-4999")
        return super().__new__(cls, code)


SendableCode: TypeAlias = (
    Literal[
        CloseCode.NORMAL_CLOSURE,
        CloseCode.GOING_AWAY,
        CloseCode.PROTOCOL_ERROR,
        CloseCode.UNSUPPORTED_DATA,
        CloseCode.INVALID_PAYLOAD_DATA,
        CloseCode.POLICY_VIOLATION,
        CloseCode.MESSAGE_TOO_BIG,
        CloseCode.MANDATORY_EXTENSION,
        CloseCode.INTERNAL_ERROR,
        CloseCode.SERVICE_RESTART,
        CloseCode.TRY_AGAIN_LATER,
        CloseCode.BAD_GATEWAY,
    ]
    | Literal[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014]
    | ApplicationCode
)
"""The close codes that may be sent, for type checkers (contract C2)."""

_SENDABLE = frozenset(code.value for code in CloseCode) - {1005, 1006, 1015}


def cut(reason: str) -> str:
    """Shorten a reason to what a close frame holds."""
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


class Close(NamedTuple):
    """A close code with its reason."""

    code: int
    reason: str = ""

    def validate(self) -> None:
        """Check that this may be sent in a close frame (contract C2).

        Raises:
            ValueError: the code isn't in 1000-1003, 1007-1014 or 3000-4999; or the reason is
                longer than 123 bytes of UTF-8 or can't be encoded.
        """
        if self.code not in _SENDABLE and not 3000 <= self.code <= 4999:
            raise ValueError(
                f"close code {self.code} can't be sent: use 1000-1003, 1007-1014 or, "
                "for an application's own codes, 3000-4999"
            )
        size = len(self.reason.encode())
        if size > MAX_REASON_BYTES:
            raise ValueError(
                f"a close reason holds at most {MAX_REASON_BYTES} bytes of UTF-8, this one has {size}"
            )
