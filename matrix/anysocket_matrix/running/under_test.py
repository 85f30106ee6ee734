"""The servers under test: found dead or dumb they are started anew, and in the end given up."""

from http.client import HTTPException
from typing import Unpack

import msgspec

from anysocket_adapters.options import OptionValues
from anysocket_matrix.conformance.app import ROOT_PATH
from anysocket_matrix.conformance.asking import asked
from anysocket_matrix.results.results import Failure
from anysocket_matrix.rows.behind_proxy import start_server
from anysocket_matrix.rows.rows import Row
from anysocket_matrix.rows.running_server import NotServing, RunningServer

APP = "anysocket_matrix.conformance.app:app"

PATIENCE = 25.0
"""Seconds that cases may take to fail unpredicted, one after the other, before the row is given up."""

ENOUGH = 3
"""So many cases at least."""

_ALIVE_DEADLINE = 2.0
"""Seconds for an answer that needs no work."""

_DEATH = 0.3
"""Seconds that the end of a process may take to show after that of its connections."""


def _serves(url: str) -> bool:
    """Tell whether a server still answers a request."""
    try:
        return asked(url, "/alive/", _ALIVE_DEADLINE) is not None
    except (OSError, HTTPException, msgspec.DecodeError):
        return False


class UnderTest:
    """One server for most cases, and those that cases start for themselves alone."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self._running: RunningServer | None = None
        self._launched: list[RunningServer] = []
        self._hopeless: NotServing | None = None
        self._strained = False
        """Whether the last case failed, or was over the plain transport: the server may die of it later."""
        self._lost = 0.0
        """Seconds of cases that failed, since one passed."""
        self._failures = 0
        self._served = False
        """Whether a server has ever been ready."""

    def url(self) -> str:
        """Give the address of a server that serves.

        Raises:
            NotServing: there is none, or the last one has died between two cases.
        """
        self._hope()
        if self._running is not None and not self._running.answers:
            death = NotServing(f"{self._running.state}, after the case before this one", self._running.log())
            self._stop_running()
            if not self._strained:
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
        """Start one more server, for this case alone.

        Raises:
            NotServing: the row is given up.
        """
        self._hope()
        self._launched.append(RunningServer(self.row, app, **options))
        return self._launched[-1]

    def survived(self, *, plain: bool) -> None:
        """See that the server has survived a case that passed.

        Raises:
            NotServing: it hasn't.
        """
        self._strained = plain
        if self._running is not None and not self._running.answers:
            death = NotServing(f"{self._running.state} during this case", self._running.log())
            self._stop_running()
            raise death

    def log_after(self, failure: BaseException) -> str | None:
        """Say on a failure what it did to the server, and give the log of one that it was bad for."""
        self._strained = True
        if self._launched:
            for each in self._launched:
                if each.asked_to_end:
                    failure.add_note(each.state)
            return "\n".join(each.log() for each in self._launched) or None
        if self._running is None or _serves(self._running.url):
            return None
        self._running.ends(_DEATH)
        failure.add_note(self._running.state)
        log = self._running.log()
        self._stop_running()
        return log

    def passed(self) -> None:
        """Take heart."""
        self._lost, self._failures = 0.0, 0

    def failed(self, seconds: float, failure: Failure) -> None:
        """Lose patience."""
        self._lost += seconds
        self._failures += 1
        if self._lost > PATIENCE and self._failures >= ENOUGH and self._hopeless is None:
            self._give_up(f"no case passed in {self._lost:.0f} s, the last one {failure.says}", failure.log)

    @property
    def given_up(self) -> Failure | None:
        """Why no more cases are tried, if that is so."""
        return None if self._hopeless is None else Failure(trouble=self._hopeless.why, log=self._hopeless.log)

    def _give_up(self, why: str, log: str | None) -> None:
        self._hopeless = NotServing(f"{self.row.name} was given up: {why}", log or "")

    def _hope(self) -> None:
        if self._hopeless is not None:
            raise self._hopeless

    def stop_launched(self) -> None:
        """Stop what a case has started."""
        while self._launched:
            self._launched.pop().stop()

    def stop(self) -> None:
        """Stop all of them."""
        self.stop_launched()
        self._stop_running()

    def _stop_running(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None
