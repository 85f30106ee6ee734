"""The pytest plugin that runs the cases on one row of the matrix.

Each case runs over the plain ASGI transport, through the server's adapter, and in an application
wrapped in `normalise`. A server that doesn't speak ASGI has no plain transport. A case that is
declared to fail is a strict xfail, so that a declaration is proved in both directions. A case about
ASGI applications doesn't run through the adapter; its result on the server alone is only informative.
"""

import os
import secrets
import signal
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from anysocket import Support
from anysocket_matrix.case import CASES, App, Case, Layer, Program, case_id
from anysocket_matrix.conformance.app import INFORMATIVE_DEADLINE
from anysocket_matrix.conformance.case_peer import CasePeer, Connect, Launch
from anysocket_matrix.peer.peer import Lines, Mismatch
from anysocket_matrix.processes.inherited_pipe import INHERITED_PIPE
from anysocket_matrix.processes.tethered import watch
from anysocket_matrix.results.results import Failure, Outcome
from anysocket_matrix.rows.rows import Row, row
from anysocket_matrix.rows.running_server import NotServing
from anysocket_matrix.running.case_queue import take
from anysocket_matrix.running.row_servers import RowServers

_LONG = 1000
"""Characters of an exception that are reported."""

_ROW = pytest.StashKey[Row]()
_SERVERS = pytest.StashKey[RowServers]()
_BEGAN = pytest.StashKey[float]()
_LOG = pytest.StashKey[str | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Find the row. As part of a matrix run, end together with that run."""
    if INHERITED_PIPE in os.environ:
        watch()
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have set it to be ignored
    try:
        config.stash[_ROW] = row(str(config.getoption("--row")))
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None
    config.stash[_SERVERS] = RowServers(config.stash[_ROW])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server."""
    if (servers := config.stash.get(_SERVERS, None)) is not None:
        servers.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each case over each of its layers."""
    if "layer" in metafunc.fixturenames:
        found = CASES[case_id(metafunc.definition.path, metafunc.definition.originalname)]
        metafunc.parametrize(
            "layer", [each.value for each in found.layers_of(plain=metafunc.config.stash[_ROW].plain)]
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Select the cases, and mark those that are declared to fail."""
    wanted: str | None = config.getoption("--row-cases")
    if wanted is not None:
        ids = set(wanted.split(","))
        items[:] = [item for item in items if (found := case_of(item)) and found[0].id in ids]
    row = config.stash[_ROW]
    items[:] = [item for item in items if not (found := case_of(item)) or row.runs(found[0])]
    for item in items:
        if found := case_of(item):
            for mark in _predictions(row, *found):
                item.add_marker(mark)


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Run the cases from the queue, until it is empty or the row is given up."""
    queue: int | None = session.config.getoption("--row-queue")
    if queue is None or session.testsfailed:  # then pytest's own loop reports the collection errors
        return None
    items: dict[str, list[pytest.Item]] = {}
    for item in session.items:
        if found := case_of(item):
            items.setdefault(found[0].id, []).append(item)
    ids = str(session.config.getoption("--row-cases")).split(",")
    servers = session.config.stash[_SERVERS]
    while not servers.given_up and (number := take(queue)) is not None:
        layers = items[ids[number]]
        for item, following in zip(layers, [*layers[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return True


def _predictions(row: Row, case: Case, layer: Layer) -> Iterator[pytest.MarkDecorator]:
    """Return the marks of a test that may or must fail."""
    support = case.support(row.capabilities)
    if layer is Layer.PLAIN and Layer.ADAPTER not in case.layers:
        yield pytest.mark.xfail(strict=False, reason="only informative: the server alone")
    elif case.id in row.known_failures:
        yield pytest.mark.xfail(strict=layer is not Layer.PLAIN, reason=row.known_failures[case.id])
    elif support is Support.ABSENT or (support is Support.REPAIRED and layer is Layer.PLAIN):
        # An absent capability may pass over the plain transport, at the cost of another one that then fails.
        strict = support is Support.REPAIRED or layer is not Layer.PLAIN
        reason = f"{' and '.join(case.requires)}: {support.value}"
        yield pytest.mark.xfail(strict=strict, raises=Mismatch, reason=reason)


def case_of(item: pytest.Item) -> tuple[Case, Layer] | None:
    """Return the case and the layer of a test."""
    if not isinstance(item, pytest.Function) or "layer" not in item.fixturenames:
        return None
    return CASES[case_id(item.path, item.originalname)], Layer(item.callspec.params["layer"])


@pytest.fixture
def connect(request: pytest.FixtureRequest, layer: str) -> Iterator[Connect]:
    """Connect peers to the programs of a case."""
    servers = request.config.stash[_SERVERS]
    url = servers.url()
    with ExitStack() as peers:

        def connecting(
            program: Program,
            path: str = "/",
            *,
            headers: Lines = (),
            behind: bytes = b"",
            answer: bool = True,
            beside: CasePeer | None = None,
            http2: bool | None = None,
        ) -> CasePeer:
            informative = isinstance(program, App) and layer == Layer.PLAIN.value
            number = secrets.token_hex(8)
            control = [("x-program", program.name), ("x-layer", layer), ("x-connection", number)]
            if isinstance(program, App):
                control.append(("x-script", program.script))
            lines = [*control, *headers]
            at_once = answer and not informative
            if beside is None:
                over = servers.row.http2 if http2 is None else http2
                peer = CasePeer.connect(url + path, headers=lines, behind=behind, answer=at_once, http2=over)
            else:
                peer = beside.another(path, headers=lines, behind=behind, answer=at_once)
            peers.enter_context(peer)
            peer.server_url = url
            peer.number = number
            if informative:
                peer.informative, peer.deadline = True, INFORMATIVE_DEADLINE
                if answer:
                    peer.wait_for_answer(4 * INFORMATIVE_DEADLINE)
            return peer

        yield connecting


@pytest.fixture
def launch(request: pytest.FixtureRequest, layer: str) -> Iterator[Launch]:
    """Start servers for one case, with the options of `anysocket serve`."""
    servers = request.config.stash[_SERVERS]
    yield servers.launch
    servers.stop_launched()


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Check what a case did to the server."""
    servers, found = pyfuncitem.config.stash[_SERVERS], case_of(pyfuncitem)
    try:
        result = yield
    except (Exception, pytest.fail.Exception) as error:
        pyfuncitem.stash[_LOG] = servers.log_after(error)
        raise
    if found is not None:
        servers.survived(plain=found[1] is Layer.PLAIN)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Record the measured outcome, whatever was declared."""
    report = yield
    found = case_of(item)
    if call.when == "setup":
        item.stash[_BEGAN] = call.start
    if found is None or (call.excinfo is None and call.when != "call"):
        return report
    servers, failure = item.config.stash[_SERVERS], None
    if call.excinfo is None:
        servers.passed()
    else:
        failure = _failure(call.excinfo.value, item.stash.get(_LOG, None))
        if failure.log is not None:
            report.sections.append(("The end of the server's log", failure.log))
        if report.failed:
            servers.failed(call.stop - item.stash[_BEGAN], failure)
    path: Path | None = item.config.getoption("--row-outcomes")
    if path is not None:
        outcome = Outcome(found[0].id, found[1], failure, round(call.duration, 2), servers.given_up)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(outcome) + b"\n")
    return report


def _failure(error: BaseException, log: str | None) -> Failure:
    notes = "".join(f"; {each}" for each in getattr(error, "__notes__", ()))
    if isinstance(error, Mismatch):
        return Failure(expected=error.expected, seen=error.seen + notes, log=log)
    if isinstance(error, NotServing):
        return Failure(trouble=error.why, log=error.log)
    return Failure(trouble=f"{type(error).__name__}: {error}"[:_LONG] + notes, log=log)
