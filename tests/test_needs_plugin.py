"""`--anysocket-needs` with pytest-xdist: the workers record, and the process that starts them writes."""

import json
from pathlib import Path
from types import SimpleNamespace

import anyio
import pytest

from anysocket import Application, WebSocketRequest
from anysocket.testing import connect
from anysocket_adapters.testing.needs import NeedsPlugin

app = Application()


@app.websocket("/{room}")
async def handler(request: WebSocketRequest) -> None:
    await request.web_socket.accept()
    await request.web_socket.close(4000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "needs.json"


async def connected(path: str) -> None:
    async with connect(app, path):
        pass


def worked(file: Path, path: str) -> SimpleNamespace:
    """Give what is left of a worker in which a connection was recorded."""
    output: dict[str, object] = {}
    worker = NeedsPlugin(file, output)
    anyio.run(connected, path)
    worker.pytest_sessionfinish()
    worker.pytest_unconfigure()
    return SimpleNamespace(workeroutput=json.loads(json.dumps(output)))  # through a pipe


def controlled(file: Path, *workers: SimpleNamespace) -> None:
    controller = NeedsPlugin(file, None)
    for each in workers:
        controller.pytest_testnodedown(each)
    try:
        controller.pytest_sessionfinish()
    finally:
        controller.pytest_unconfigure()


def test_all_workers_are_in_the_file(file: Path) -> None:
    workers = [worked(file, path) for path in ("/b", "/a", "/b")]
    assert not file.exists()
    controlled(file, *workers)
    uses = json.loads(file.read_text())["uses"]
    assert uses == [{"capability": "close_code", "test": "", "path": path} for path in ("/a", "/b")]


def test_a_worker_that_has_crashed(file: Path) -> None:
    with pytest.raises(pytest.exit.Exception, match="isn't written: a worker has crashed"):
        controlled(file, worked(file, "/a"), SimpleNamespace())
    assert file.read_bytes() == b""
