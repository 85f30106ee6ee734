"""anysocket in the same application as another framework: around it, and inside it.

docs/mounting.md shows the programs in `apps/mounting`.
"""

import json
from contextlib import ExitStack
from types import ModuleType
from typing import cast
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from tests.frameworks.apps.mounting import sockets
from tests.frameworks.checks import (
    DEADLINE,
    SERVERS,
    Counted,
    ServedApp,
    connect,
    end,
    installed,
    program,
    receive,
    serving,
    until,
)
from websockets.exceptions import InvalidStatus
from websockets.http11 import Response
from websockets.typing import Subprotocol

from anysocket import Support
from anysocket.asgi import ASGIApp
from anysocket_adapters import normalise, servers
from anysocket_adapters.normalise import Normalised

ROOT_PATHS = {"starlette": "/ws", "fastapi": "/ws", "litestar": "/ws", "blacksheep": "/ws", "django": ""}
"""The paths at which the program of each framework mounts anysocket."""

FRAMEWORKS = tuple(ROOT_PATHS)


class TestBehind(ServedApp):
    """The framework answers http requests, and anysocket the WebSockets."""

    @pytest.fixture(scope="class", params=FRAMEWORKS)
    @classmethod
    def module(cls, request: pytest.FixtureRequest) -> ModuleType:
        return program(f"mounting.{request.param}_behind")

    def test_web_socket(self, url: str) -> None:
        echoes(f"{url}/echo")

    def test_no_such_web_socket(self, url: str) -> None:
        assert refusal(f"{url}/page").status_code == 403

    def test_page(self, url: str) -> None:
        assert http(f"{url}/page") == (200, b"a page")

    @pytest.mark.parametrize("size", [1, 100_000])
    def test_body(self, url: str, size: int) -> None:
        assert http(f"{url}/page", b"x" * size) == (200, b"x" * size)

    @pytest.mark.parametrize("path", ["/nowhere", "/echo"])
    def test_no_such_page(self, url: str, path: str) -> None:
        assert http(f"{url}{path}")[0] == 404  # anysocket itself gives 426 for /echo


MOUNTED = [
    ("starlette", False),
    ("fastapi", False),
    ("litestar", False),
    ("blacksheep", False),
    ("blacksheep", True),
    ("django", False),
    ("django", True),
]
"""Each framework's program as it is, and in normalise if the program itself doesn't have it."""


class TestMounted(ServedApp):
    """anysocket inside the framework, at a prefix if it supports one."""

    @pytest.fixture(scope="class", params=MOUNTED, ids=lambda form: form[0] + "-normalised" * form[1])
    @classmethod
    def form(cls, request: pytest.FixtureRequest) -> tuple[str, bool]:
        return cast("tuple[str, bool]", request.param)  # one of the above

    @pytest.fixture(scope="class")
    @classmethod
    def module(cls, form: tuple[str, bool]) -> ModuleType:
        return program(f"mounting.{form[0]}_around")

    @pytest.fixture(scope="class")
    @classmethod
    def app(cls, form: tuple[str, bool], module: ModuleType) -> ASGIApp:
        app: ASGIApp = module.app
        return normalise(app) if form[1] else app

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls, app: ASGIApp) -> Counted:
        return Counted(app)

    @pytest.fixture(scope="class")
    @classmethod
    def root_path(cls, form: tuple[str, bool]) -> str:
        return ROOT_PATHS[form[0]]

    @pytest.fixture(scope="class")
    @classmethod
    def motto(cls, form: tuple[str, bool]) -> str | None:
        """Return the handler's value from the lifespan's state, if the framework passes that on."""
        return None if form[0] in ("litestar", "blacksheep") else "hello"

    def test_echo(self, url: str, served: Counted, root_path: str, caplog: pytest.LogCaptureFixture) -> None:
        echoes(f"{url}{root_path}/echo")
        until(lambda: served.connections == 0)
        assert not [record for record in caplog.records if record.name.startswith("anysocket")]

    def test_peers_close(self, url: str, root_path: str, server: str) -> None:
        reasons = servers()[server].transport.declared.peer_close_reason
        sockets.ends.clear()
        with connect(f"{url}{root_path}/echo") as peer:
            peer.close(4321, "bye")
            until(lambda: sockets.ends == [(4321, "" if reasons is Support.ABSENT else "bye")])

    @pytest.mark.parametrize(
        ("sent", "path", "name"),
        [
            ("/about", "/about", None),
            ("/about/ada", "/about/ada", "ada"),
            ("/about/caf%C3%A9%20au%20lait", "/about/café au lait", "café au lait"),
            ("/about/about", "/about/about", "about"),
            ("/about/ws", "/about/ws", "ws"),
        ],
    )
    def test_request(
        self, url: str, root_path: str, motto: str | None, sent: str, path: str, name: str | None
    ) -> None:
        with connect(f"{url}{root_path}{sent}?q=1") as peer:
            found = json.loads(receive(peer))
        assert found == [root_path, path, root_path + sent, name, motto]

    def test_deny(self, url: str, root_path: str) -> None:
        response = refusal(f"{url}{root_path}/deny")
        assert (response.status_code, response.body) == (401, b"who are you?")
        assert response.headers["www-authenticate"] == "Bearer"

    @pytest.mark.parametrize("path", ["/nowhere", "/about/ada/bob", "/", ""])
    def test_no_such_path(self, url: str, root_path: str, path: str) -> None:
        assert refusal(f"{url}{root_path}{path}").status_code == 403

    def test_a_handler_that_raises(self, url: str, root_path: str) -> None:
        with connect(f"{url}{root_path}/fail") as peer:
            assert end(peer) == 1011

    def test_subprotocol(self, url: str, root_path: str) -> None:
        offered = [Subprotocol("a"), Subprotocol("b")]
        with connect(f"{url}{root_path}/subprotocol", offered) as peer:
            assert peer.subprotocol == "b"

    def test_accept_headers(self, url: str, root_path: str, server: str, app: ASGIApp) -> None:
        address = f"{url}{root_path}/headers"
        lacking = servers()[server].transport.declared.accept_headers is Support.ABSENT
        if lacking and not isinstance(app, Normalised):  # the handler gets Unsupported, and fails
            assert refusal(address).status_code == 500
            return
        with connect(address) as peer:
            assert peer.response is not None
            assert peer.response.headers.get_all("x-label") == ([] if lacking else ["blue", "red"])

    def test_page(self, url: str) -> None:
        assert http(f"{url}/page") == (200, b"a page")

    def test_http_where_a_web_socket_is(self, url: str, root_path: str) -> None:
        """A mounted application also gets the http requests below its prefix."""
        assert http(f"{url}{root_path}/echo")[0] == (426 if root_path else 404)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return installed(request.param)


inside = pytest.mark.parametrize("framework", ["starlette", "fastapi"])


@inside
def test_inside_of_a_route(framework: str, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    reasons = servers()[server].transport.declared.peer_close_reason
    expected = "4321 \n" if reasons is Support.ABSENT else "4321 bye\n"
    with serving(program(f"mounting.{framework}_inside").app, server) as url:
        with connect(f"{url}/shout/ada?key=sesame") as peer:
            peer.send("hello")
            assert receive(peer) == "ada: HELLO"
            peer.close(4321, "bye")
        until(lambda: capsys.readouterr().out == expected)


@inside
def test_a_response_of_the_framework_denies(framework: str, server: str) -> None:
    with serving(program(f"mounting.{framework}_inside").app, server) as url:
        response = refusal(f"{url}/shout/ada?key=wrong")
    assert (response.status_code, response.body) == (401, b'{"error":"no key"}')
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_lifespan_behind(framework: str, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(program(f"mounting.{framework}_behind").app, server):
        assert capsys.readouterr().out == "the pages begin\n"
    assert capsys.readouterr().out == "the pages end\n"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_lifespan_mounted(framework: str, server: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The lifespan runs once: the program runs it, and the framework doesn't run it again."""
    with serving(program(f"mounting.{framework}_around").app, server):
        assert capsys.readouterr().out == "the sockets' lifespan begins\n"
    assert capsys.readouterr().out == "the sockets' lifespan ends\n"


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "litestar", "django"])
def test_below_a_root_path(framework: str, server: str) -> None:
    """Only BlackSheep can't mount on a server with a root path."""
    app = program(f"mounting.{framework}_around").app
    below = ROOT_PATHS[framework]
    with serving(app, server, "/api") as url, connect(f"{url}{below}/about/ada") as peer:
        root_path, path, *_ = json.loads(receive(peer))
    assert (root_path, path) == (f"/api{below}", "/about/ada")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_stop(framework: str, server: str) -> None:
    with ExitStack() as served:
        url = served.enter_context(serving(program(f"mounting.{framework}_around").app, server))
        with connect(f"{url}{ROOT_PATHS[framework]}/echo") as peer:
            peer.send("the handler runs")
            receive(peer)
            served.close()
            assert end(peer) == 1001


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "litestar"])
def test_normalise_is_needed(framework: str) -> None:
    """These put their own send before the server's, which hides the server: so the program has normalise."""
    pages = program(f"mounting.{framework}_around").pages
    sockets.ends.clear()
    with serving(pages, "hypercorn-wsproto") as url, connect(f"{url}/ws/echo") as peer:
        peer.close(4321, "bye")
        until(lambda: sockets.ends == [(1006, "")])


def echoes(url: str) -> None:
    """Check that text and bytes are echoed, empty ones too."""
    with connect(url) as peer:
        for message in ("hello", b"\0bytes", b"", "", "ré", "x" * 100_000, b"x" * 100_000):
            peer.send(message)
            assert receive(peer) == message


def refusal(url: str) -> Response:
    """Return the response that denies a connection."""
    with pytest.raises(InvalidStatus) as refused, connect(url):
        pass
    return refused.value.response


def http(url: str, body: bytes | None = None) -> tuple[int, bytes]:
    """Send a GET request, or a POST if there is a body; return the response's status and body."""
    url = url.replace("ws", "http", 1)
    try:
        with urlopen(url, body, timeout=DEADLINE) as response:
            return response.status, response.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()
