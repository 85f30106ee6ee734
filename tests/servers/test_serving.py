"""`anysocket serve` from the outside: what it prints, takes, refuses, and how it ends."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from tests.servers.client import connect
from tests.servers.serving import ROOT, Serving, command
from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from anysocket_adapters import servers
from anysocket_matrix.peer import Peer

DEADLINE = 45

SEEN_AT_SIGTERM: dict[str, set[int | None]] = {
    "uvicorn": {1012},
    "hypercorn": {1011},
    "granian": {None, 1002},
}
"""What docs/contract.md says under L2 that peers see; None is no close frame at all."""

APPS = "tests.servers.apps"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.mark.anyio
async def test_the_ready_line_is_true(server: str, log: Path) -> None:
    with Serving(log, "examples.echo:app", "--server", server, "--port", "0") as serving:
        ready = serving.ready()
        assert ready[1] == server
        assert ready[2] == servers()[server].version
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
async def test_unix_socket(server: str, log: Path, tmp_path: Path) -> None:
    path = tmp_path / "s"
    with Serving(log, f"{APPS}:app", "--server", server, "--unix-socket", str(path)) as serving:
        assert serving.url == f"ws+unix://{path}"
        async with unix_connect(str(path), "ws://localhost/request") as peer:
            assert [await peer.recv() for _ in range(4)] == ["", "/request", "ws", "None"]
        serving.terminate()
        assert serving.wait(12) == 0
    assert not path.exists()


@pytest.mark.anyio
async def test_tls(server: str, log: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    for blob in certificate.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    key.write_bytes(pkcs8(certificate.private_key_pem.bytes()))
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=authority.cert_pem.bytes().decode())
    options = ("--port", "0", "--tls-certificate", str(chain), "--tls-key", str(key))
    with Serving(log, f"{APPS}:app", "--server", server, *options) as serving:
        assert serving.url.startswith("wss://127.0.0.1:")
        async with connect(f"{serving.url}/request", ssl=context) as peer:
            assert [await peer.recv() for _ in range(3)] == ["", "/request", "wss"]


def pkcs8(pem: bytes) -> bytes:
    """Give a private key in the form that every server reads."""
    key = load_pem_private_key(pem, None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.anyio
async def test_workers(server: str, log: Path) -> None:
    options = ("--port", "0", "--workers", "2", "--graceful-timeout", "1")
    with Serving(log, f"{APPS}:app", "--server", server, *options) as serving:
        pids = set[str]()
        async with asyncio.timeout(20):
            while len(pids) < 2:
                async with connect(f"{serving.url}/pid") as peer:
                    pids.add(str(await peer.recv()))
        assert {int(pid) for pid in pids} <= set(serving.processes())
        serving.terminate()
        assert serving.wait(3) == 0
        serving.wait_until_nothing_is_left(1)


@pytest.mark.anyio
async def test_a_worker_that_dies(server: str, log: Path) -> None:
    options = ("--port", "0", "--workers", "2", "--graceful-timeout", "1")
    with Serving(log, f"{APPS}:app", "--server", server, *options) as serving:
        async with connect(f"{serving.url}/pid") as peer:
            worker = int(await peer.recv())
        os.kill(worker, signal.SIGKILL)
        assert await asyncio.to_thread(serving.wait, 5) == 1
        serving.wait_until_nothing_is_left(1)


OWN_COMMANDS = {
    "uvicorn": ("uvicorn", f"{APPS}:app", "--port", "PORT"),
    "hypercorn": ("hypercorn", f"{APPS}:app", "--bind", "127.0.0.1:PORT"),
    "granian": ("granian", "--interface", "asgi", f"{APPS}:app", "--port", "PORT"),
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
        await asyncio.to_thread(serving.says, "the handler saw 4001")
        async with await connected(f"ws://127.0.0.1:{port}/patient", serving) as peer:
            assert await peer.recv() == "here"
            peer.transport.abort()
        await asyncio.to_thread(serving.says, "the handler saw 1006")


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
async def test_max_message_size(server: str, log: Path, workers: str) -> None:
    options = ("--port", "0", "--workers", workers, "--max-message-size", "1000")
    with Serving(log, "examples.echo:app", "--server", server, *options) as serving:
        async with connect(f"{serving.url}/echo", compression=None) as peer:
            await peer.send(b"x" * 1000)
            assert await peer.recv() == b"x" * 1000
            await peer.send(b"x" * 1001)
            with pytest.raises(ConnectionClosedError) as closed:
                await peer.recv()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1009


@pytest.mark.anyio
async def test_root_path(server: str, log: Path) -> None:
    with Serving(log, f"{APPS}:app", "--server", server, "--port", "0", "--root-path", "/api") as serving:
        async with connect(f"{serving.url}/request") as peer:
            assert [await peer.recv() for _ in range(2)] == ["/api", "/request"]


def fails(*arguments: str, cwd: Path = ROOT) -> str:
    """Run a command that can't work; give its one line."""
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
        ("hypercorn", ("--ping-timeout", "5"), "never looks for the pongs", "uvicorn"),
        ("hypercorn", ("--no-compression",), "always offers", "granian"),
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
        (("--server", "nginx"), "there is no server 'nginx': choose one of granian, hypercorn, uvicorn"),
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


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_startup_that_fails(server: str, log: Path, workers: str) -> None:
    """Contract L1."""
    options = ("--port", "0", "--workers", workers)
    with Serving(log, f"{APPS}:never", "--server", server, *options) as serving:
        assert serving.wait(30) not in (0, None)
        assert "LookupError: no database" in serving.log()
        assert "is ready on" not in serving.log()
        serving.wait_until_nothing_is_left(1)


@pytest.mark.anyio
@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("path", ["deaf", "patient"])
async def test_sigterm(server: str, log: Path, path: str, workers: str) -> None:
    """Contract L2."""
    options = ("--port", "0", "--graceful-timeout", "1", "--workers", workers)
    with Serving(log, f"{APPS}:app", "--server", server, *options) as serving:
        async with connect(f"{serving.url}/{path}") as peer:
            assert await peer.recv() == "here"
            began = time.monotonic()
            serving.terminate()
            assert await asyncio.to_thread(serving.wait, 3) == 0
            await asyncio.to_thread(serving.wait_until_nothing_is_left, began + 3 - time.monotonic())
            with pytest.raises(ConnectionClosed) as closed:
                await peer.recv()
            seen = closed.value.rcvd.code if closed.value.rcvd is not None else None
            assert seen in SEEN_AT_SIGTERM[server]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("name", list(servers()))
def test_sigterm_with_a_peer_that_does_not_read(name: str, log: Path, workers: str) -> None:
    """Contract L2."""
    options = ("--port", "0", "--graceful-timeout", "1", "--workers", workers)
    with Serving(log, f"{APPS}:app", "--server", name, *options) as serving:
        with Peer.connect(f"{serving.url}/flood"):
            serving.says("the peer doesn't read")
            serving.terminate()
            assert serving.wait(3) == 0
        serving.wait_until_nothing_is_left(1)
