"""The output of `anysocket cost --check`; and costs that stay constant when something unrelated grows."""

import gc
import sys
import tracemalloc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Protocol

import msgspec
import pytest
from typer.testing import CliRunner

from anysocket import Application, WebSocketRequest
from anysocket.asgi import ASGIEvent
from anysocket.session.session import Session
from anysocket.supervision.open_sessions import OPEN_SESSIONS, OpenSessions
from anysocket.testing.memory import MemoryTransport
from anysocket_matrix.cli import app as command_line
from anysocket_matrix.cost import Cost, Costs
from anysocket_matrix.cost.check import Change, changes
from anysocket_matrix.cost.own_files import is_own
from anysocket_matrix.cost.workload import SCOPE


def costs(message: int, connection: int, python: str = "3.13.0") -> Costs:
    raw, ours = Cost("raw", "raw", 4_000, 14_000), Cost("ours", "raw", 4_000 + message, 14_000 + connection)
    return Costs("1.0", python, "Linux", [raw, ours])


@pytest.mark.parametrize("now", [costs(3_000, 60_000), costs(3_150, 63_000), costs(2_850, 57_000)])
def test_five_percent_are_no_change(now: Costs) -> None:
    assert changes(costs(3_000, 60_000), now) == []


def test_growth_is_told_from_what_to_what() -> None:
    (change,) = changes(costs(3_000, 60_000), costs(3_151, 60_000, "3.13.9"))
    assert change == Change("ours", "message", 3_000, 3_151)
    assert change.is_worse
    assert str(change) == "ours: a message over raw grew from 3,000 to 3,151 instructions"


def test_so_is_what_shrank() -> None:
    (change,) = changes(costs(3_000, 60_000), costs(3_000, 56_000))
    assert not change.is_worse
    assert str(change) == "ours: a connection over raw shrank from 60,000 to 56,000 instructions"


def test_less_than_raw_may_not_come_nearer() -> None:
    (change,) = changes(costs(-20_000, 60_000), costs(-18_000, 60_000))
    assert change.is_worse


def test_each_python_has_its_own_figures() -> None:
    with pytest.raises(ValueError, match=r"the figures are of Python 3\.11\.7, but this is 3\.13\.0"):
        changes(costs(1, 1, "3.11.7"), costs(1, 1))


def test_an_app_that_the_figures_lack() -> None:
    with pytest.raises(ValueError, match="the figures lack ours"):
        changes(Costs("1.0", "3.13.0", "Linux", []), costs(1, 1))


def test_valgrind_that_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "costs.json"
    file.write_bytes(msgspec.json.encode(costs(1, 1)))
    result = CliRunner().invoke(command_line, ["cost", "--check", str(file)])
    assert result.exit_code == 1
    assert "valgrind isn't installed: apt-get install valgrind" in result.output + str(result.exception)


def test_a_framework_that_there_is_not() -> None:
    result = CliRunner().invoke(command_line, ["cost", "--app", "nothing"])
    assert "there is no framework 'nothing': choose from starlette, fastapi" in result.output + str(
        result.exception
    )


def echoing(routes: int) -> Application:
    app = Application()

    async def echo(request: WebSocketRequest, name: str) -> None:
        ws = request.web_socket
        await ws.accept()
        while (message := await ws.receive()) is not None:
            await ws.send(message)

    for number in range(routes):
        app.websocket(f"/route{number}/{{name}}")(echo)
    return app


def serve(
    app: Application, messages: int, text: str = "x", seen: Callable[[int], None] | None = None
) -> None:
    """Act as a server that never waits, so that no event loop is needed."""
    left = messages + 1

    async def receive() -> ASGIEvent:
        nonlocal left
        left -= 1
        if left == messages:
            return {"type": "websocket.connect"}
        if seen is not None:
            seen(left)
        return {"type": "websocket.receive", "text": text} if left >= 0 else {"type": "websocket.disconnect"}

    async def send(event: ASGIEvent) -> None:
        pass

    finish(app({**SCOPE, "path": "/route7/ada"}, receive, send))


def finish(coroutine: Coroutine[object, None, None]) -> None:
    with suppress(StopIteration):
        coroutine.send(None)
        raise AssertionError("it waits")


class Trace(Protocol):
    def __call__(self, frame: FrameType, event: str, argument: object, /) -> "Trace | None": ...


def lines(act: Callable[[], None]) -> int:
    """Count the lines of anysocket that run."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Trace | None:
        nonlocal count
        if not is_own(frame.f_code.co_filename):
            return None
        count += event == "line"
        return trace

    before = sys.gettrace()
    gc.disable()  # it would close the coroutines that other tests have left, in lines of anysocket
    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def cost_of(app: Application, messages: int = 0, text: str = "x") -> int:
    serve(app, messages, text)  # caches are filled by now
    return lines(lambda: serve(app, messages, text))


def test_routes_cost_nothing() -> None:
    few, many = echoing(10), echoing(1_000)
    assert cost_of(few) == cost_of(many)
    assert cost_of(few, 20) == cost_of(many, 20)


def test_open_connections_cost_nothing() -> None:
    def among(connections: int) -> int:
        live = OpenSessions()
        for _ in range(connections):
            live.hold(Session(MemoryTransport()))
        token = OPEN_SESSIONS.set(live)
        try:
            return cost_of(echoing(10), 20)
        finally:
            OPEN_SESSIONS.reset(token)

    assert among(10) == among(10_000)


def test_a_message_of_any_size_costs_the_same() -> None:
    app = echoing(10)
    assert cost_of(app, 20, "x") == cost_of(app, 20, "x" * 4_000_000)


def test_a_message_costs_what_the_one_before_it_has() -> None:
    app = echoing(10)
    ten, twenty, thirty = (cost_of(app, messages) for messages in (10, 20, 30))
    assert thirty - twenty == twenty - ten > 0


def test_messages_leave_nothing_behind() -> None:
    held: dict[int, int] = {}

    def seen(left: int) -> None:
        if left in (199_000, 1_000):
            held[left] = tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        serve(echoing(10), 200_000, seen=seen)
    finally:
        tracemalloc.stop()
    assert abs(held[1_000] - held[199_000]) < 1_024
