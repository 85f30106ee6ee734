"""`anysocket serve` from the outside: output, options, refusals and shutdown."""

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from examples import echo
from tests.servers.client import connect
from tests.servers.serving import ROOT, Serving, command
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedOK

from anysocket import Application, Support, WebSocketRequest
from anysocket_adapters import Options, running, servers
from anysocket_adapters.serving import listener
from anysocket_matrix.peer.frames import Opcode
from anysocket_matrix.peer.peer import Peer

DEADLINE = 45

APPS = "tests.servers.apps"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_listener_says_that_it_is_tcp(host: str) -> None:
    """Otherwise asyncio doesn't set TCP_NODELAY, and small messages wait for the peer's acknowledgement."""
    with listener.bind(Options(host=host, port=0)) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def seen(row: str, code: int) -> int:
    """Return the close code that the peer sees: 1005 if the server can't send one."""
    absent = servers()[row].transport.declared.close_code is Support.ABSENT
    return 1005 if absent else code


@pytest.mark.anyio
async def test_the_ready_line_is_true(row: str, log: Path) -> None:
    with Serving(log, "examples.echo:app", "--server", row, "--port", "0") as serving:
        ready = serving.ready()
        assert ready[1] == row
        assert ready[2] == servers()[row].version
        assert ready[3].startswith("ws://127.0.0.1:")
        assert not ready[3].endswith((":0", ":8000"))
        async with connect(f"{ready[3]}/echo") as peer:
            await peer.send("hello")
            assert await peer.recv() == "hello"
        assert len(serving.log().split("is ready on")) == 2
        serving.terminate()
        assert serving.wait(12) == 0
        serving.wait_until_nothing_is_left(1)


@pytest.mark.anyio
async def test_unix_socket(row: str, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Serving(log, f"{APPS}:app", "--server", row, "--unix-socket", str(path)) as serving:
        assert serving.url == f"ws+unix://{path}"
        async with unix_connect(str(path), "ws://localhost/request") as peer:
            assert [await peer.recv() for _ in range(4)] == ["", "/request", "ws", "None"]
        serving.terminate()
        assert serving.wait(12) == 0
    assert not path.exists()


@pytest.mark.anyio
async def test_tls(row: str, log: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    key.write_bytes(pkcs8(certificate.private_key_pem.bytes()))
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    options = ("--port", "0", "--tls-certificate", str(chain), "--tls-key", str(key))
    with Serving(log, f"{APPS}:app", "--server", row, *options) as serving:
        assert serving.url.startswith("wss://127.0.0.1:")
        async with connect(f"{serving.url}/request", ssl=context) as peer:
            assert [await peer.recv() for _ in range(3)] == ["", "/request", "wss"]


def pkcs8(pem: bytes) -> bytes:
    """Return a private key in the format that every server reads."""
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.anyio
async def test_workers(row: str, log: Path) -> None:
    options = ("--port", "0", "--workers", "2", "--graceful-timeout", "1")
    with Serving(log, f"{APPS}:app", "--server", row, *options) as serving:
        pids = set[str]()
        async with asyncio.timeout(20):
            while len(pids) < 2:
                async with connect(f"{serving.url}/pid") as peer:
                    pids.add(str(await peer.recv()))
        assert {int(pid) for pid in pids} <= set(serving.processes())
        serving.terminate()
        assert serving.wait(3) == 0
        serving.wait_until_nothing_is_left(1)


OWN_COMMANDS = {
    "uvicorn": ("uvicorn", f"{APPS}:app", "--port", "PORT"),
    "hypercorn": ("hypercorn", f"{APPS}:app", "--bind", "127.0.0.1:PORT"),
    "granian": ("granian", "--interface", "asgi", f"{APPS}:app", "--port", "PORT"),
    "daphne": ("daphne", f"{APPS}:app", "--port", "PORT"),
}


@pytest.mark.anyio
async def test_the_servers_own_command_finds_its_adapter(server: str, log: Path) -> None:
    """Over the plain transport each server would get one of the two codes wrong."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    arguments = [each.replace("PORT", port) for each in OWN_COMMANDS[server]]
    with Serving.by(log, *arguments) as serving:
        async with await connected(f"ws://127.0.0.1:{port}/patient", serving) as peer:
            assert await peer.recv() == "here"
            await peer.close(4001)
        await asyncio.to_thread(serving.expect_output, "the handler saw 4001")
        async with await connected(f"ws://127.0.0.1:{port}/patient", serving) as peer:
            assert await peer.recv() == "here"
            peer.transport.abort()
        await asyncio.to_thread(serving.expect_output, "the handler saw 1006")


async def connected(url: str, serving: Serving) -> ClientConnection:
    """Connect as soon as it is possible: there is no ready line."""
    while True:
        try:
            return await connect(url)
        except OSError:
            assert serving.is_running, serving.log()
            await asyncio.sleep(0.02)


@pytest.mark.anyio
async def test_a_unix_socket_that_was_left(server: str, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with Serving(log, "examples.echo:app", "--server", server, "--unix-socket", str(path)) as serving:
        assert serving.url
        assert "can't listen on" in fails("examples.echo:app", "--unix-socket", str(path))


@pytest.mark.anyio
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_max_message_size(row: str, log: Path, workers: str) -> None:
    options = ("--port", "0", "--workers", workers, "--max-message-size", "1000")
    with Serving(log, "examples.echo:app", "--server", row, *options) as serving:
        async with connect(f"{serving.url}/echo", compression=None) as peer:
            await peer.send(b"x" * 1000)
            assert await peer.recv() == b"x" * 1000
            await peer.send(b"x" * 1001)
            with pytest.raises(ConnectionClosed) as closed:
                await peer.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == seen(row, 1009)


@pytest.mark.anyio
async def test_running_with_a_limit_leaves_the_app_as_it_was(row: str) -> None:
    limited = running(echo.app, row, max_message_size=10)
    async with limited as url, connect(f"{url}/echo", compression=None) as peer:
        await peer.send("x" * 11)
        with pytest.raises(ConnectionClosed) as closed:
            await peer.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == seen(row, 1009)
    async with running(echo.app, row) as url, connect(f"{url}/echo") as peer:
        await peer.send("x" * 11)
        assert await peer.recv() == "x" * 11


NO_PINGS = ("granian", "granian-rsgi")


@pytest.mark.anyio
async def test_the_limit_of_an_application_reaches_its_server(
    row: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = Application(max_message_size=18 * 1024 * 1024)

    @app.websocket("/")
    async def size(request: WebSocketRequest) -> None:
        await request.web_socket.accept()
        message = await request.web_socket.receive()
        await request.web_socket.send(str(message and len(message)))

    async with running(app, row) as url:
        if row in NO_PINGS:
            assert "has a limit of its own that can't be set" in caplog.text
            return
        async with connect(f"{url}/", compression=None) as peer:
            await peer.send(b"x" * (17 * 1024 * 1024))
            assert await peer.recv() == str(17 * 1024 * 1024)
    assert not caplog.text


NO_COMPRESSION = (*NO_PINGS, "daphne")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_each_option_reaches_the_workers(row: str, log: Path, workers: str) -> None:
    """But the message limit, which has a test of its own, as has what concerns the listener."""
    options = ["--workers", workers, "--root-path", "/api", "--access-log", "--graceful-timeout", "1"]
    if row not in NO_PINGS:
        options += ["--ping-interval", "0.2", "--ping-timeout", "9"]
    if row not in NO_COMPRESSION:
        options.append("--no-compression")
    with Serving(log, f"{APPS}:app", "--server", row, "--port", "0", *options) as serving:
        offer = [("sec-websocket-extensions", "permessage-deflate")]
        with Peer.connect(f"{serving.url}/request", headers=offer) as peer:
            for field in ("/api", "/request"):
                peer.expect_text(field)
            peer.expect_header("sec-websocket-extensions")
        with Peer.connect(f"{serving.url}/deaf") as peer:
            peer.expect_text("here")
            if row not in NO_PINGS:
                assert peer.receive_frame().opcode is Opcode.PING
            with pytest.raises(HTTPError):
                urlopen(f"{serving.url.replace('ws', 'http', 1)}/logged", timeout=5)
            serving.terminate()
            assert serving.wait(3) == 0
        assert "/logged" in serving.log()


def fails(*arguments: str, cwd: Path = ROOT) -> str:
    """Run a command that fails, and return its one line of output."""
    ran = subprocess.run(
        command(*arguments), cwd=cwd, capture_output=True, text=True, timeout=DEADLINE, check=False
    )
    assert ran.returncode == 1, (ran.returncode, ran.stdout, ran.stderr)
    assert ran.stdout == ""
    assert ran.stderr.startswith("anysocket: "), ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    return ran.stderr


@pytest.mark.parametrize(
    ("name", "options", "instead", "able"),
    [
        ("granian", ("--ping-interval", "5"), "it sends no pings", "hypercorn"),
        ("granian", ("--ping-timeout", "5"), "it sends no pings", "uvicorn"),
        ("granian", ("--compression",), "it doesn't compress", "hypercorn"),
    ],
)
def test_an_option_refused(name: str, options: tuple[str, ...], instead: str, able: str) -> None:
    line = fails("examples.echo:app", "--server", name, "--port", "0", *options)
    assert instead in line
    assert able in line.partition("These can: ")[2]
    assert name not in line.partition("These can: ")[2].strip().split(", ")


def test_a_limit_that_neither_server_nor_core_can_keep() -> None:
    options = ("--server", "granian", "--port", "0", "--max-message-size", "1000")
    line = fails(f"{APPS}:of_another_framework", *options)
    assert "granian can't honour max_message_size=1000: it has no limit that can be set." in line
    assert "uvicorn" in line.partition("These can: ")[2]


FOREIGN = (f"{APPS}:of_another_framework", "--normalise", "--port", "0", "--graceful-timeout", "1")


@pytest.mark.anyio
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_normalise(server: str, log: Path, workers: str) -> None:
    """Without normalise, each server ends an app that returns in its own way."""
    options = ("--server", server, "--workers", workers, "--max-message-size", "1000")
    with Serving(log, *FOREIGN, *options) as serving:
        async with connect(f"{serving.url}/brief") as peer:
            assert await peer.recv() == "here"
            with pytest.raises(ConnectionClosedOK) as closed:
                await peer.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1000
        async with connect(serving.url, compression=None) as peer:
            assert await peer.recv() == "here"
            await peer.send(b"x" * 1001)
            with pytest.raises(ConnectionClosed) as too_big:
                await peer.recv()
            assert too_big.value.rcvd is not None
            assert too_big.value.rcvd.code == 1009
        await asyncio.to_thread(serving.expect_output, "the app saw 1009")


@pytest.mark.anyio
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("name", list(servers()))
async def test_sigterm_through_normalise(name: str, log: Path, workers: str) -> None:
    """Contract L2."""
    with Serving(log, *FOREIGN, "--server", name, "--workers", workers) as serving:
        async with connect(serving.url) as peer:
            assert await peer.recv() == "here"
            serving.terminate()
            with pytest.raises(ConnectionClosed) as closed:
                await asyncio.wait_for(peer.recv(), 0.9)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == seen(name, 1001)
            assert await asyncio.to_thread(serving.wait, 3) == 0
    assert "the app saw 1001" in serving.log()


def test_our_own_apps_need_no_normalising() -> None:
    line = fails("examples.echo:app", "--normalise", "--port", "0")
    assert "normalise is for the apps of other frameworks" in line


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("examples.echo", "must be given as module:attribute"),
        ("examples.nowhere:app", "there is no module 'examples.nowhere'"),
        ("examples.echo:nothing", "has no attribute 'nothing'"),
        ("examples.chat:OUTBOX_SIZE", "can't be called"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_app(server: str, target: str, says: str, workers: str) -> None:
    assert says in fails(target, "--server", server, "--port", "0", "--workers", workers)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--server", "nginx"), "there is no server 'nginx': choose one of daphne, granian, "),
        (("--port", "70000"), "port 70000"),
        (("--workers", "0"), "workers must be at least 1"),
        (("--tls-certificate", "cert.pem"), "go together"),
        (("--tls-certificate", "no.pem", "--tls-key", "no.pem"), "there is no file no.pem"),
        (("--root-path", "api"), "must start with a slash"),
        (("--log-level", "chatty"), "critical, error, warning, info, debug"),
        (("--graceful-timeout", "0"), "must be above 0"),
        (("--host", "192.0.2.1"), "can't listen on 192.0.2.1"),
    ],
)
def test_options_that_make_no_sense(options: tuple[str, ...], says: str) -> None:
    assert says in fails("examples.echo:app", "--port", "0", *options)


def test_a_port_in_use(server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = fails("examples.echo:app", "--server", server, "--port", port)
    assert f"can't listen on 127.0.0.1:{port}" in line


def test_a_startup_that_fails_in_a_worker(row: str, log: Path) -> None:
    """Contract L1."""
    options = ("--port", "0", "--workers", "2")
    with Serving(log, f"{APPS}:never", "--server", row, *options) as serving:
        assert serving.wait(30) not in (0, None)
        assert "LookupError: no database" in serving.log()
        assert "is ready on" not in serving.log()
        serving.wait_until_nothing_is_left(1)


@pytest.mark.anyio
async def test_asking_twice_ends_the_grace(log: Path) -> None:
    options = ("--server", "uvicorn", "--port", "0", "--graceful-timeout", "60")
    with Serving(log, f"{APPS}:app", *options) as serving:
        async with connect(f"{serving.url}/deaf") as peer:
            assert await peer.recv() == "here"
            serving.terminate()
            with pytest.raises(ConnectionClosed):
                await peer.recv()
            with pytest.raises(AssertionError, match="still running"):
                serving.wait(0.3)
            serving.terminate()
            assert await asyncio.to_thread(serving.wait, 3) == 0
