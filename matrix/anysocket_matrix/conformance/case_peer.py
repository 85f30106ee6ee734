"""The fixtures of the cases: peers that are connected to their programs, and servers.

The pytest plugin makes both. Servers import the cases too, but without pytest.
"""

from typing import Protocol, Unpack

from anysocket_adapters.options import OptionValues
from anysocket_matrix.case import Program
from anysocket_matrix.conformance.app import NOTES_DEADLINE, Record
from anysocket_matrix.conformance.records import fetch_record
from anysocket_matrix.peer.frames import Frame, Opcode
from anysocket_matrix.peer.peer import Ended, Lines, Mismatch, Peer
from anysocket_matrix.rows.running_server import RunningServer

_ENDED_DEADLINE = 1.5
"""Seconds for a server to see that a program has ended: one server checks once a second."""

_LAST_LOOK = 0.05
"""Seconds for a frame that the server has already sent."""


class Connect(Protocol):
    """Connects a peer to a handler or an application."""

    def __call__(
        self,
        program: Program,
        path: str = "/",
        *,
        headers: Lines = (),
        behind: bytes = b"",
        answer: bool = True,
        beside: "CasePeer | None" = None,
        http2: bool | None = None,
    ) -> "CasePeer":
        """Connect a peer. With `beside`, connect over HTTP/2 on the same TCP connection as that peer.

        The version of HTTP is the row's, unless a case is about one version.
        """
        ...


class CasePeer(Peer):
    """A peer that can also ask for the record of its program."""

    server_url: str
    number: str
    informative: bool = False
    """Whether the result is only informative, so that the peer waits for a short time."""

    def receive_frame(self, expected: object = "a frame", deadline: float | None = None) -> Frame:
        """Wait for the next frame; an informative case gives its program time to run first."""
        try:
            return super().receive_frame(expected, deadline)
        except Mismatch as mismatch:
            if not self.informative or isinstance(mismatch, Ended):
                raise
            ended = self._ask("notes").done
            try:
                return super().receive_frame(expected, _ENDED_DEADLINE if ended else _LAST_LOOK)
            except Ended:
                raise
            except Mismatch:
                raise mismatch from None

    def open_gate(self) -> None:
        """Open the program's gate."""
        self._ask("gate")

    def wait_until_started(self) -> None:
        """Wait until the program runs."""
        self._ask("started")

    def wait_until_receiving(self) -> None:
        """Wait until the server reads messages, which some servers do only while the program receives."""
        self.wait_until_started()
        self.send_frame(Opcode.PING)
        self.expect_pong(b"")

    def wait_for_a_note(self) -> None:
        """Wait until the program has noted something."""
        self._ask("noted")

    def record(self, *, silent: bool = False) -> Record:
        """Wait until the program has ended, and give its record.

        Args:
            silent: neither read nor answer meanwhile, instead of leaving as a peer should.

        Raises:
            Mismatch: the program hasn't ended in time.
        """
        if not silent:
            self.leave()
        record = self._ask("notes")
        if not record.done:
            raise Mismatch("the program to end", f"it still runs; notes {record.notes}")
        return record

    def expect_notes(self, *notes: object) -> None:
        """Expect that the program has ended with exactly these notes."""
        record = self.record()
        if record.notes != list(notes):
            raise Mismatch(f"notes {list(notes)}", f"{record.notes}, raised {record.raised}")

    def expect_code(self, code: int) -> None:
        """Expect that the program has ended with this close code."""
        record = self.record()
        if record.code != code:
            raise Mismatch(f"code {code}", f"code {record.code}, raised {record.raised}")

    def expect_raised(self, error: str | None) -> None:
        """Expect that the program has raised this exception to the server, or none."""
        record = self.record()
        if record.raised != error:
            raise Mismatch(f"raised {error}", f"raised {record.raised}")

    def _ask(self, verb: str) -> Record:
        answer = fetch_record(self.server_url, f"/{verb}/{self.number}", 2 * NOTES_DEADLINE)
        if answer is None:
            raise Mismatch("the program to run", "it never did")
        return answer


class Launch(Protocol):
    """Starts a server for one case."""

    def __call__(self, app: str, **options: Unpack[OptionValues]) -> RunningServer: ...
