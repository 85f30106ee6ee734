"""The parts of an answer to the handshake that a server can't send, by its declaration.

The core refuses them before anything is sent: the handshake can then still be answered.
"""

from http import HTTPStatus

from anysocket.capabilities import Capabilities, Support
from anysocket.errors import Unsupported
from anysocket.handshake import Denial, RawHeaders

_ABSENT = Support.ABSENT  # reading a module's name costs a tenth of reading an enumeration's member

_NAMED = frozenset(map(int, HTTPStatus))


def check_accept(capabilities: Capabilities, subprotocol: str | None, headers: RawHeaders) -> None:
    """Check that a server can send this when it accepts (contract H2).

    Raises:
        Unsupported: it can't send the subprotocol or the headers.
    """
    if capabilities.accept_subprotocol is _ABSENT and subprotocol is not None:
        raise Unsupported("this server can't choose a subprotocol: accept without (accept_subprotocol)")
    if capabilities.accept_headers is _ABSENT and headers:
        raise Unsupported("this server can't send headers when it accepts: accept without (accept_headers)")


def check_denial(capabilities: Capabilities, denial: Denial) -> None:
    """Check that a server can send a denial (contract H3).

    Raises:
        Unsupported: it can't send the status, the headers or the body.
    """
    status = denial.status
    if capabilities.denial_status is _ABSENT and status != 403:
        raise Unsupported(f"this server can't deny with {status}, only with 403 (denial_status)")
    if capabilities.denial_unnamed_status is _ABSENT and status not in _NAMED:
        raise Unsupported(f"this server can't deny with {status}, which no RFC names (denial_unnamed_status)")
    if capabilities.denial_response is _ABSENT and (denial.body or _names(denial)):
        raise Unsupported(
            "this server can't send headers or a body when it denies: give the status alone (denial_response)"
        )
    if capabilities.denial_cookies is _ABSENT and _names(denial).count(b"set-cookie") > 1:
        raise Unsupported("this server can't send Set-Cookie twice when it denies (denial_cookies)")
    if capabilities.denial_header_duplicates is _ABSENT:
        names = [name for name in _names(denial) if name != b"set-cookie"]
        if len(set(names)) < len(names):
            raise Unsupported(
                "this server can't send a header twice when it denies: combine its values "
                "(denial_header_duplicates)"
            )
    if capabilities.denial_latin1_headers is _ABSENT:
        for name, value in denial.headers:
            if not value.isascii():
                raise Unsupported(
                    f"this server can't send {name.decode()} when it denies: its value isn't ASCII "
                    "(denial_latin1_headers)"
                )


def _names(denial: Denial) -> list[bytes]:
    """Give the names of a denial's headers, without content-length, which every server adds itself."""
    return [name for name, _ in denial.headers if name != b"content-length"]
