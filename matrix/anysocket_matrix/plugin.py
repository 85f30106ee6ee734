"""The pytest plugin that runs the cases on one row of the matrix.

Each case runs twice, over the plain ASGI transport and through the server's adapter. What is
declared to fail is a strict xfail, so that a declaration is proved in both directions.
"""

import secrets
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol
from urllib.error import HTTPError
from urllib.request import urlopen

import msgspec
import pytest

from anysocket import Support
from anysocket_adapters.server import choose
from anysocket_matrix.conformance.app import NOTES_DEADLINE, Record
from anysocket_matrix.conformance.case import CASES, Case, Handler, case_id
from anysocket_matrix.peer import Lines, Mismatch, Peer
from anysocket_matrix.results import Failure, Layer, Outcome
from anysocket_matrix.servers import NotServing, RunningServer

APP = "anysocket_matrix.conformance.app:app"

ROOT_PATH = "/api"
"""Where the servers are told that a proxy mounts the app."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the conformance suite."""
    group = parser.getgroup("anysocket", "anysocket's conformance suite")
    group.addoption("--row", default="uvicorn", help="the server to run the cases on")
    group.addoption("--cases", help="only these cases, by id, with commas between them")
    group.addoption("--outcomes", type=Path, help="append one line of JSON for each outcome to this file")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each case over both layers."""
    if "layer" in metafunc.fixturenames:
        metafunc.parametrize("layer", [each.value for each in Layer])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the cases, and predict the failures that the row's capabilities declare."""
    wanted: str | None = config.getoption("--cases")
    if wanted is not None:
        ids = set(wanted.split(","))
        items[:] = [item for item in items if (found := case_of(item)) and found[0].id in ids]
    capabilities = choose(config.getoption("--row")).transport.capabilities
    for item in items:
        found = case_of(item)
        if found is None:
            continue
        case, layer = found
        support = case.support(capabilities)
        if support is Support.NATIVE or (support is Support.REPAIRED and layer is Layer.ADAPTER):
            continue
        # What is absent may pass over the plain transport, at the price of something that then fails.
        strict = support is Support.REPAIRED or layer is Layer.ADAPTER
        reason = f"{case.requires} is {support.value}"
        item.add_marker(pytest.mark.xfail(strict=strict, raises=Mismatch, reason=reason))


def case_of(item: pytest.Item) -> tuple[Case, Layer] | None:
    """Tell which case a test is, and over which layer."""
    if not isinstance(item, pytest.Function) or "layer" not in item.fixturenames:
        return None
    return CASES[case_id(item.path, item.originalname)], Layer(item.callspec.params["layer"])


class Connect(Protocol):
    """Connects a peer to a handler."""

    def __call__(
        self,
        handler: Handler,
        path: str = "/",
        *,
        headers: Lines = (),
        behind: bytes = b"",
        answer: bool = True,
    ) -> "CasePeer": ...


class CasePeer(Peer):
    """A peer that can also ask what the handler saw that it talks to."""

    server_url: str
    number: str

    def open_gate(self) -> None:
        """Let the handler go on."""
        self._ask("gate")

    def wait_until_started(self) -> None:
        """Wait until the handler runs."""
        self._ask("started")

    def wait_for_a_note(self) -> None:
        """Wait until the handler has noted something."""
        self._ask("noted")

    def record(self, *, silent: bool = False) -> Record:
        """Wait until the handler has ended, and give what it noted.

        Args:
            silent: neither read nor answer meanwhile, instead of leaving as a peer should.

        Raises:
            Mismatch: it hasn't ended in time.
        """
        if not silent:
            self.leave()
        record = self._ask("notes")
        if not record.done:
            raise Mismatch(
                "the handler to end", f"it still runs after {NOTES_DEADLINE:g} s; notes {record.notes}"
            )
        return record

    def expect_notes(self, *notes: object) -> None:
        """Expect that the handler ended, having noted just this."""
        record = self.record()
        if record.notes != list(notes):
            raise Mismatch(f"notes {list(notes)}", f"{record.notes}, raised {record.raised}")

    def expect_code(self, code: int) -> None:
        """Expect that the handler ended, with this close code."""
        record = self.record()
        if record.code != code:
            raise Mismatch(f"code {code}", f"code {record.code}, raised {record.raised}")

    def expect_raised(self, error: str | None) -> None:
        """Expect that the handler ended with this exception, raised on to the server, or with none."""
        record = self.record()
        if record.raised != error:
            raise Mismatch(f"raised {error}", f"raised {record.raised}")

    def _ask(self, verb: str) -> Record:
        url = f"{self.server_url}/{verb}/{self.number}"
        try:
            with urlopen(url, timeout=2 * NOTES_DEADLINE) as response:
                return msgspec.msgpack.decode(response.read(), type=Record)
        except HTTPError as error:
            error.close()
            raise Mismatch("the handler to run", "it never did") from None


@pytest.fixture(scope="session")
def _rows(request: pytest.FixtureRequest) -> Iterator["_Row"]:
    row = _Row(str(request.config.getoption("--row")))
    yield row
    row.stop()


class _Row:
    """The server under test; one that died is started anew for the next case."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: RunningServer | None = None
        self._never: NotServing | None = None
        self.suspect = False
        """Whether a handshake went unanswered: what is left of the server may not serve the next one."""

    def url(self) -> str:
        if self._never is not None:
            raise self._never
        if self._running is None or self.suspect or not self._running.answers:
            self.stop()
            self.suspect = False
            try:
                self._running = RunningServer(choose(self._name), APP, "--root-path", ROOT_PATH)
            except NotServing as error:
                self._never = error
                raise
        return self._running.url

    def check(self) -> None:
        if self._running is not None and not self._running.answers:
            raise NotServing(f"{self._name} died during this case\n{self._running.log()}")

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None


@pytest.fixture
def connect(_rows: _Row, layer: str) -> Iterator[Connect]:
    """Connect peers to the handlers of a case."""
    url = _rows.url()
    with ExitStack() as peers:

        def connecting(
            handler: Handler,
            path: str = "/",
            *,
            headers: Lines = (),
            behind: bytes = b"",
            answer: bool = True,
        ) -> CasePeer:
            number = secrets.token_hex(8)
            control = [("x-handler", handler.name), ("x-layer", layer), ("x-connection", number)]
            try:
                peer = CasePeer.connect(
                    url + path, headers=[*control, *headers], behind=behind, answer=answer
                )
            except Mismatch:
                _rows.suspect = True
                raise
            peer.server_url = url.replace("ws", "http", 1)
            peer.number = number
            return peers.enter_context(peer)

        yield connecting


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """See that the server has survived a case that passed."""
    result = yield
    row: object = pyfuncitem.funcargs.get("_rows")
    if isinstance(row, _Row):
        row.check()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write down what was measured, whatever was declared."""
    report = yield
    path: Path | None = item.config.getoption("--outcomes")
    found = case_of(item)
    if path is None or found is None or (call.excinfo is None and call.when != "call"):
        return report
    failure = None
    if call.excinfo is not None:
        error = call.excinfo.value
        failure = (
            Failure(expected=error.expected, seen=error.seen)
            if isinstance(error, Mismatch)
            else Failure(trouble=f"{type(error).__name__}: {error}")
        )
    outcome = Outcome(found[0].id, found[1], failure)
    with path.open("ab") as file:
        file.write(msgspec.json.encode(outcome) + b"\n")
    return report
