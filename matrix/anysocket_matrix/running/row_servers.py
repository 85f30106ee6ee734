"""The servers of a row under test: a dead or silent one is restarted, and after a while the row given up."""

from http.client import HTTPException
from typing import Unpack

import msgspec

from anysocket_adapters.options import OptionValues
from anysocket_matrix.conformance.app import ROOT_PATH
from anysocket_matrix.conformance.records import fetch_record
from anysocket_matrix.results.results import Failure
from anysocket_matrix.rows.behind_proxy import start_server
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import NotServing, RunningServer

APP = "anysocket_matrix.conformance.app:app"

PATIENCE = 25.0
"""Seconds of unexpected failures in a row after which the row is given up."""

MIN_FAILURES = 3
"""The minimum number of failed cases in a row before that."""

_ALIVE_DEADLINE = 2.0
"""Seconds for an answer that needs no work."""

_END_DEADLINE = 0.3
"""Seconds for the end of a process to show after its connections have ended."""


def _serves(url: str) -> bool:
    """Return whether a server still answers requests."""
    try:
        return fetch_record(url, "/alive/", _ALIVE_DEADLINE) is not None
    except (OSError, HTTPException, msgspec.DecodeError):
        return False


class RowServers:
    """One server for most cases, and the servers that cases start for themselves."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self._running: RunningServer | None = None
        self._launched: list[RunningServer] = []
        self._given_up: NotServing | None = None
        self._suspect = False
        """Whether the last case failed or ran over the plain transport, of which the server may die later."""
        self._failed_seconds = 0.0
        """Seconds of failed cases since the last one that passed."""
        self._failures = 0
        self._served = False
        """Whether a server has ever been ready."""

    def url(self) -> str:
        """Return the address of a running server.

        Raises:
            NotServing: no server starts, or the last one died between two cases.
        """
        self._check_given_up()
        if self._running is not None and not self._running.answers:
            death = NotServing(f"{self._running.state}, after the case before this one", self._running.log())
            self._stop_running()
            if not self._suspect:
                raise death
        if self._running is not None:
            return self._running.url
        self._running = start_server(self.row, APP, root_path=ROOT_PATH)
        try:
            url = self._running.url
        except NotServing as error:
            self._stop_running()
            if not self._served:
                self._give_up(error.why, error.log)
            raise
        self._served = True
        return url

    def launch(self, app: str, **options: Unpack[OptionValues]) -> RunningServer:
        """Start one more server, for one case.

        Raises:
            NotServing: the row is given up.
        """
        self._check_given_up()
        self._launched.append(RunningServer(self.row, app, **options))
        return self._launched[-1]

    def survived(self, *, plain: bool) -> None:
        """Check that the server has survived a case that passed.

        Raises:
            NotServing: the server has died.
        """
        self._suspect = plain
        if self._running is not None and not self._running.answers:
            death = NotServing(f"{self._running.state} during this case", self._running.log())
            self._stop_running()
            raise death

    def log_after(self, failure: BaseException) -> str | None:
        """After a failure, note the state of the servers, and return the log of those that the case broke."""
        self._suspect = True
        if self._launched:
            for each in self._launched:
                if each.asked_to_end:
                    failure.add_note(each.state)
            return "\n".join(each.log() for each in self._launched) or None
        if self._running is None or _serves(self._running.url):
            return None
        self._running.ends(_END_DEADLINE)
        failure.add_note(self._running.state)
        log = self._running.log()
        self._stop_running()
        return log

    def passed(self) -> None:
        """Count no failures any more."""
        self._failed_seconds, self._failures = 0.0, 0

    def failed(self, seconds: float, failure: Failure) -> None:
        """Count a failure, and give the row up after too many."""
        self._failed_seconds += seconds
        self._failures += 1
        if self._failed_seconds > PATIENCE and self._failures >= MIN_FAILURES and self._given_up is None:
            self._give_up(
                f"no case passed in {self._failed_seconds:.0f} s, the last one {failure.says}", failure.log
            )

    @property
    def given_up(self) -> Failure | None:
        """The reason why no more cases are tried, if there is one."""
        return None if self._given_up is None else Failure(trouble=self._given_up.why, log=self._given_up.log)

    def _give_up(self, why: str, log: str | None) -> None:
        self._given_up = NotServing(f"{self.row.name} was given up: {why}", log or "")

    def _check_given_up(self) -> None:
        if self._given_up is not None:
            raise self._given_up

    def stop_launched(self) -> None:
        """Stop the servers that a case has started."""
        while self._launched:
            self._launched.pop().stop()

    def stop(self) -> None:
        """Stop all servers."""
        self.stop_launched()
        self._stop_running()

    def _stop_running(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None
