"""What a peer can write into a server's log: no line of its own, no escape sequence, no token."""

import os
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.servers.client import connect
from tests.servers.serving import Serving
from websockets.exceptions import WebSocketException

APP = "tests.servers.apps:app"


@pytest.mark.anyio
async def test_a_peer_forges_no_line(row: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Serving(log, APP, "--server", row, "--port", "0", "--access-log") as serving:
        forged = "%0AINFO:%20forged%20line%1B%5B31m%C2%85%E2%80%A8"
        for path in (f"/{forged}", f"/raises?{forged}&token=secret"):
            with suppress(WebSocketException, OSError):
                async with connect(f"{serving.url}{path}") as peer:
                    await peer.send("x\nINFO: forged line\x1b[31m\u2028y")
                    await peer.recv()
        serving.expect_output("LookupError: x\\nINFO: forged line\\x1b[31m\\u2028y")
        serving.terminate()
        assert serving.wait(12) == 0
        lines = log.read_bytes().decode().splitlines()  # also at the separators of Unicode
    assert not [line for line in lines if line.startswith("INFO: forged line")]
    assert "\x1b[31m" not in "\n".join(lines)
    assert "secret" not in "\n".join(lines)


@pytest.mark.anyio
async def test_queries_are_logged_if_asked_for(tmp_path: Path) -> None:
    """Only uvicorn logs them at all."""
    options = ("--server", "uvicorn", "--port", "0", "--access-log", "--log-queries")
    with Serving(tmp_path / "log", APP, *options) as serving:
        async with connect(f"{serving.url}/pid?token=secret") as peer:
            await peer.recv()
        serving.expect_output("token=secret")


@pytest.mark.parametrize("log", ["a full disk", "a closed pipe"])
def test_a_log_that_cannot_be_written(
    row: str, log: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with it nothing is kept in a buffer
    path, pipe = tmp_path / "s", tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    target = Path("/dev/full") if log == "a full disk" else pipe
    with Serving(target, APP, "--server", row, "--unix-socket", str(path), "--access-log") as serving:
        os.close(reader)  # the server has opened the pipe
        wait_until_it_answers(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        serving.terminate()
        assert serving.wait(12) == 0


def wait_until_it_answers(path: Path) -> None:
    """Wait for the lifespan; there is no ready line."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect(str(path))
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            if client.recv(1024):
                return
        time.sleep(0.02)
    raise AssertionError("no answer")


def test_the_mode_of_a_unix_socket_and_a_factory(row: str, tmp_path: Path) -> None:
    path = tmp_path / "s"
    options = ("--factory", "--server", row, "--unix-socket", str(path), "--unix-socket-mode", "660")
    with Serving(tmp_path / "log", "tests.servers.apps:make", *options) as serving:
        serving.ready()
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
