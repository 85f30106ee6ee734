"""anysocket's connection under uvicorn's own command, and the warning where it is left out."""

from pathlib import Path

import pytest
from tests.servers.client import connect
from tests.servers.serving import Serving
from tests.servers.uvicorn_checks import NATIVE, OnUvicorn, Served, by_uvicorn, end

from anysocket import Close

APPS = "tests.servers.uvicorn_apps"


class TestAnysocket(OnUvicorn):
    app = f"{APPS}:app"


class TestRaw(OnUvicorn):
    app = f"{APPS}:raw"


WARNING = f"uvicorn {' '.join(NATIVE)}"


@pytest.mark.anyio
@pytest.mark.parametrize(("options", "warnings"), [((), 1), (("--ws", "wsproto"), 0), (NATIVE, 0)])
async def test_uvicorn_has_chosen(tmp_path: Path, options: tuple[str, ...], warnings: int) -> None:
    with by_uvicorn(tmp_path / "log", f"{APPS}:app", *options) as serving:
        for _ in range(2):
            async with Served(serving).connect("/echo") as peer:
                await peer.send("close")
                assert await end(peer) == Close(4001, "as asked")
        assert serving.log().count(WARNING) == warnings


@pytest.mark.anyio
@pytest.mark.parametrize("row", ["uvicorn", "uvicorn-sansio", "uvicorn-websockets", "uvicorn-wsproto"])
async def test_a_row_has_been_chosen(tmp_path: Path, row: str) -> None:
    with Serving(tmp_path / "log", f"{APPS}:app", "--server", row, "--port", "0") as serving:
        async with connect(f"{serving.url}/echo") as peer:
            await peer.send("close")
            assert await end(peer) == Close(4001, "as asked")
        assert WARNING not in serving.log()
