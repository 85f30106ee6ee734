"""Without one of its repairs, an adapter fails the cases of that repair, and no others."""

from pathlib import Path

from tests.servers.test_matrix import anysocket

from anysocket_matrix.quirks import QUIRKS
from anysocket_matrix.results import files
from anysocket_matrix.results.results import Verdict

WITHOUT = """
from anysocket_adapters.asgi import ASGITransport
from anysocket_adapters.daphne.header_lines import CHANNEL, GivesEarlyData
from anysocket_adapters.granian.transport import GranianTransport
from anysocket_adapters.repairs.wsproto import FRAMES, ReadsBadGateway
from anysocket_adapters.uvicorn.transport import SANS_IO, ReportsLoss
from anysocket_adapters.uvicorn.websockets import WEBSOCKETS, ForgetsUnread

TAKEN_AWAY = {SANS_IO: ReportsLoss, WEBSOCKETS: ForgetsUnread, FRAMES: ReadsBadGateway}
for repairs, mixin in {**TAKEN_AWAY, CHANNEL: GivesEarlyData}.items():
    repairs.all[:] = [each for each in repairs.all if each.mixin is not mixin]
GranianTransport.handshake = ASGITransport.handshake
"""

LACKING = {
    "uvicorn-sansio": 2,
    "uvicorn-websockets": 61,
    "hypercorn-wsproto": 69,
    "granian": 41,
    "daphne": 65,
}
"""The number of the quirk whose repair that takes away, by row."""

CASES = (
    "accept.message_behind_the_handshake",
    "close.close_with_unread_messages",
    "close.half_closed",
    "close.hung_up",
    "close.peers_*",
    "close.reset",
    "messages.text",
    "request.*",
)


def test_a_missing_repair_fails_its_cases(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WITHOUT)
    file = tmp_path / "results.json"
    cases = [argument for case in CASES for argument in ("--case", case)]
    rows = [argument for row in LACKING for argument in ("--server", row)]
    finished = anysocket("matrix", *rows, *cases, "--json", str(file), path=tmp_path)
    assert finished.returncode == 1, finished.stderr
    for result in files.read([file]).rows:
        of_the_repair = set(QUIRKS[LACKING[result.row] - 1].cases) & {cell.case for cell in result.cells}
        found = {cell.case for cell in result.cells if cell.verdict is Verdict.UNEXPECTED}
        assert found == of_the_repair, result.row
        assert result.trouble is None
