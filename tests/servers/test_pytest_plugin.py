"""The pytest plugin, in a project with its own application."""

import json
import re
from importlib.metadata import entry_points

import pytest
from tests.servers.conftest import SERVERS

from anysocket_adapters import servers

pytest_plugins = ["pytester"]

DEADLINE = 60

PROJECT = """
import pytest
from websockets.asyncio.client import connect as connect_async
from websockets.sync.client import connect

from anysocket import Application, WebSocketRequest
from anysocket_adapters.testing import AnysocketServer

app = Application()


@app.websocket("/where/{room}")
async def where(request: WebSocketRequest) -> None:
    ws = request.web_socket
    await ws.accept()
    while (message := await ws.receive()) is not None:
        await ws.send(f"{request.root_path}{request.path}: {message}")


def asks(url: str) -> str:
    with connect(f"{url}/where/hall", proxy=None) as peer:
        peer.send("hello")
        return str(peer.recv())


urls: list[str] = []


def test_sync(anysocket_server: AnysocketServer) -> None:
    urls.append(anysocket_server(app))
    assert asks(urls[-1]) == "/where/hall: hello"


def test_it_has_stopped(anysocket_server: AnysocketServer) -> None:
    assert urls
    for url in urls:
        with pytest.raises(OSError):
            asks(url)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_async(anysocket_server: AnysocketServer) -> None:
    async with connect_async(anysocket_server(app) + "/where/hall", proxy=None) as peer:
        await peer.send("hello")
        assert await peer.recv() == "/where/hall: hello"


def test_two_at_once(anysocket_server: AnysocketServer) -> None:
    first, second = anysocket_server(app), anysocket_server(app, root_path="/api")
    assert [asks(first), asks(second)] == ["/where/hall: hello", "/api/where/hall: hello"]


def test_name(anysocket_server: AnysocketServer, request: pytest.FixtureRequest) -> None:
    assert request.node.name == f"test_name[{anysocket_server.name}]"
"""

TESTS = 5


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(test_app=PROJECT)
    pytester.makeini("[pytest]\nfilterwarnings = error\naddopts = -p no:cacheprovider\n")
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return project.runpytest_subprocess(*arguments, timeout=DEADLINE)


def choosing(*names: str) -> list[str]:
    return [f"--anysocket-server={name}" for name in names]


def test_on_real_servers(project: pytest.Pytester) -> None:
    """Also on a server that emits warnings, where warnings are errors."""
    rows = (*SERVERS, "uvicorn-websockets")
    result = run(project, "-v", *choosing(*rows))
    result.assert_outcomes(passed=TESTS * len(rows))
    for name in rows:
        result.stdout.fnmatch_lines(f"*::test_sync?{name}? PASSED*")


def collected(project: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the ids of a test, which are the rows that it runs on."""
    result = run(project, "--collect-only", "-q", "-k", "test_sync", *arguments)
    return re.findall(r"::test_sync\[(.+)\]", result.stdout.str())


def test_every_installed_server_unless_chosen(project: pytest.Pytester) -> None:
    assert collected(project) == [name for name, server in servers().items() if server.version]
    assert collected(project, *choosing("hypercorn"), "-p", "no:warnings", "--strict-markers") == [
        "hypercorn"
    ]
    assert collected(project, *choosing("uvicorn", "granian", "uvicorn")) == ["uvicorn", "granian"]


NOT_INSTALLED = """
from anysocket_adapters import ASGITransport, Server


class Other(Server):
    name = "other"
    distribution = "other"
    transport = ASGITransport

    async def serve(self, app, options, listener, stop):
        raise NotImplementedError


other = Other()
"""


@pytest.fixture
def other(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> str:
    """Register a server that isn't installed, as its adapter's distribution would."""
    project.makepyfile(other_adapter=NOT_INSTALLED)
    metadata = project.mkdir("other_adapter-1.dist-info")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: other-adapter\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[anysocket.servers]\nother = other_adapter:other\n")
    monkeypatch.setenv("PYTHONPATH", str(project.path))
    return "other"


def test_a_server_that_is_not_installed(project: pytest.Pytester, other: str) -> None:
    assert other not in collected(project)
    result = run(project, *choosing(other))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: --anysocket-server: other isn't installed: pip install other (installed: *granian*uvicorn*)"
    )


def test_a_server_that_nobody_knows(project: pytest.Pytester) -> None:
    result = run(project, *choosing("uvicorn", "nginx"))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        "ERROR: --anysocket-server: there is no server 'nginx': choose one of daphne, *"
        "(installed: *granian*uvicorn*)"
    )


def test_on_each_event_loop(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from anysocket import Application, WebSocketRequest
        from anysocket_adapters import loops
        from websockets.sync.client import connect

        app = Application()

        @app.websocket("/")
        async def tell(request: WebSocketRequest) -> None:
            await request.web_socket.accept()
            await request.web_socket.send(loops.current())

        def test_loops(anysocket_server):
            for loop in ("trio", "asyncio", "uvloop"):
                with connect(anysocket_server(app, loop=loop), proxy=None) as peer:
                    assert peer.recv() == loop
        """
    )
    run(pytester, *choosing("hypercorn-wsproto")).assert_outcomes(passed=1)


def test_what_goes_wrong_at_startup_is_the_tests_failure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from anysocket import Application

        def test_refused(anysocket_server):
            anysocket_server(Application(), compression=True)
        """
    )
    result = run(pytester, *choosing("granian"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines("E * ValueError: granian can't honour compression=True: it doesn't compress*")


NEEDS = """
import pytest
from websockets.sync.client import connect as connect_over_tcp

from anysocket import Application, Connection
from anysocket.testing import connect

app = Application()


@app.websocket("/{room}")
async def chat(ws: Connection[str, str], room: str) -> None:
    async for message in ws:
        await ws.send("")
    assert ws.code == 4000


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_memory(anyio_backend):
    async with connect(app, "/hall") as peer:
        await peer.send("hello")
        assert await peer.receive() == ""
        await peer.close(4000)


def test_server(anysocket_server):
    with connect_over_tcp(f"{anysocket_server(app)}/shop", proxy=None) as peer:
        peer.close(4000)
"""

RECORDED = {
    "version": 1,
    "uses": [
        {"capability": "empty_messages", "test": "test_needs.py::test_memory[asyncio]", "path": "/hall"},
        {"capability": "peer_close_code", "test": "test_needs.py::test_memory[asyncio]", "path": "/hall"},
        {"capability": "peer_close_code", "test": "test_needs.py::test_server[granian]", "path": "/shop"},
        {"capability": "peer_close_code", "test": "test_needs.py::test_server[uvicorn]", "path": "/shop"},
    ],
}


def test_needs(pytester: pytest.Pytester) -> None:
    """In memory, and on servers that run in another thread."""
    pytester.makepyfile(test_needs=NEEDS)
    file = pytester.path / "new" / "needs.json"
    result = run(pytester, f"--anysocket-needs={file}", *choosing("granian", "uvicorn"))
    result.assert_outcomes(passed=3)
    assert json.loads(file.read_text()) == RECORDED


def test_needs_over_a_transport_that_is_not_asgis(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_needs=NEEDS)
    run(pytester, "--anysocket-needs=needs.json", "-k", "test_server", *choosing("granian-rsgi"))
    written = json.loads((pytester.path / "needs.json").read_text())
    assert [use["capability"] for use in written["uses"]] == ["peer_close_code"]


def test_needs_that_cannot_be_written(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_needs=NEEDS)
    result = run(pytester, f"--anysocket-needs={pytester.path}")
    result.stderr.fnmatch_lines(f"ERROR: --anysocket-needs: can't write {pytester.path}: Is a directory")


def test_the_plugin_is_registered() -> None:
    (found,) = entry_points(group="pytest11", name="anysocket")
    assert found.value == "anysocket_adapters.testing.plugin"


def test_the_fixture_tells_what_it_is(project: pytest.Pytester) -> None:
    result = run(project, "--fixtures")
    result.stdout.fnmatch_lines(["anysocket_server*", "*Call it with an application: it serves that*"])
