"""Recording which capabilities of a server an application uses while its tests run.

    with recording() as recorder:
        recorder.test = "test_chat.py::test_bye"
        ...  # run the test, in memory or on a real server in this process

A use counts when a test shows it: the application does it, or reads it after the peer has sent it.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from anysocket import discovery
from anysocket.testing.reading import watching
from anysocket.testing.recorded import RecordedTransport
from anysocket.transport import Transport

VERSION = 1
"""The version of the JSON that uses are kept in."""

UNSEEN: Mapping[str, tuple[str, ...]] = {
    "Every request has an order, and to read its lines doesn't show that the order matters.": (
        "header_order",
    ),
    "The application has the peer's offers as `subprotocols`.": ("handshake_headers",),
    "The peer decides how it writes its list of subprotocols.": (
        "all_subprotocol_lines",
        "empty_subprotocols",
    ),
    "The peer chooses the version of HTTP, and the peers of tests speak HTTP/1.1.": (
        "over_http2",
        "no_accept_key_over_http2",
    ),
    "Extensions are between the peer and the server; the application sees the same messages.": (
        "compression",
        "compressed_with_ping",
        "malformed_extension_offer",
    ),
    "The server adds these headers to a denial, not the application.": ("denial_without_upgrade_headers",),
    "The peer decides whether it closes right behind its messages.": ("answers_before_close",),
    "A handler that returns without an answer is a mistake, not a need.": ("no_answer",),
    "The server sends this close frame; the application doesn't see it.": (
        "oversized_frame_code",
        "close_echo",
        "protocol_error_close",
        "invalid_close_code_close",
        "invalid_text_close",
    ),
    "How much waits, and where, depends on the buffers of the server and on the peer.": (
        "send_pressure",
        "receive_pressure",
        "shared_connection",
        "close_with_unread",
        "end_behind_unread",
    ),
    "The peer decides when it sends its first message.": ("early_message", "message_before_accept"),
    "The application sees the same 1006 as for any other lost connection.": ("half_closed",),
    "The server sends and answers pings; the application doesn't see them.": (
        "keepalive",
        "pong_while_busy",
        "pong_behind_unread",
    ),
}
"""The capabilities whose use no test shows, by the reason."""


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One capability that an application used in one test."""

    capability: str
    """The field of `Capabilities`."""
    test: str
    """The id of the test."""
    path: str
    """The path of the connection."""


class Recorder:
    """Collects the uses of all connections in this process, whichever thread serves them."""

    def __init__(self) -> None:
        self.test: str = ""
        """The test that runs now."""
        self.uses: dict[Use, None] = {}
        """Each use once, in the order in which they came."""

    def note(self, capability: str, path: str) -> None:
        """Add a use by the test that runs now."""
        self.uses[Use(capability, self.test, path)] = None

    def wrap(self, transport: Transport) -> Transport:
        """Record what happens on a connection."""
        return RecordedTransport(transport, self.note)


@contextmanager
def recording() -> Generator[Recorder, None, None]:
    """Record each connection that begins within the block.

    Raises:
        RuntimeError: another recording is under way in this process.
    """
    recorder = Recorder()
    discovery.record(recorder.wrap)
    try:
        with watching(recorder.note):
            yield recorder
    finally:
        discovery.record(None)
