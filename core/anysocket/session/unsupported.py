"""The parts of an answer to the handshake that a server can't send, by its declaration.

The core refuses them before anything is sent: the handshake can then still be answered.
"""

from http import HTTPStatus

from anysocket.capabilities import Capabilities, Support
from anysocket.errors import Unsupported
from anysocket.handshake import Denial, RawHeaders


def check_accept(capabilities: Capabilities, subprotocol: str | None, headers: RawHeaders) -> None:
    """Check that a server can accept so (contract H2).

    Raises:
        Unsupported: it can't send the subprotocol or the headers.
    """
    if subprotocol is not None and capabilities.accept_subprotocol is Support.ABSENT:
        raise Unsupported("this server can't choose a subprotocol: accept without (accept_subprotocol)")
    if headers and capabilities.accept_headers is Support.ABSENT:
        raise Unsupported("this server can't send headers when it accepts: accept without (accept_headers)")


def check_denial(capabilities: Capabilities, denial: Denial) -> None:
    """Check that a server can send a denial (contract H3).

    Raises:
        Unsupported: it can't send the status, the headers or the body.
    """
    if denial.status != 403 and capabilities.denial_status is Support.ABSENT:
        raise Unsupported(f"this server can't deny with {denial.status}, only with 403 (denial_status)")
    if denial.status not in _NAMED and capabilities.denial_unnamed_status is Support.ABSENT:
        raise Unsupported(
            f"this server can't deny with {denial.status}, which no RFC names (denial_unnamed_status)"
        )
    headers = [name for name, _ in denial.headers if name != b"content-length"]
    if (denial.body or headers) and capabilities.denial_response is Support.ABSENT:
        raise Unsupported(
            "this server can't send headers or a body when it denies: give the status alone (denial_response)"
        )
    repeated = {name for name in headers if headers.count(name) > 1}
    if b"set-cookie" in repeated and capabilities.denial_cookies is Support.ABSENT:
        raise Unsupported("this server can't send Set-Cookie twice when it denies (denial_cookies)")
    if repeated - {b"set-cookie"} and capabilities.denial_header_duplicates is Support.ABSENT:
        raise Unsupported(
            "this server can't send a header twice when it denies: combine its values "
            "(denial_header_duplicates)"
        )
    if capabilities.denial_latin1_headers is Support.ABSENT:
        for name, value in denial.headers:
            if not value.isascii():
                raise Unsupported(
                    f"this server can't send {name.decode()} when it denies: its value isn't ASCII "
                    "(denial_latin1_headers)"
                )


_NAMED = frozenset(map(int, HTTPStatus))
