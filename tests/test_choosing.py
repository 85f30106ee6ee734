"""The needs, the servers that have them, and the output of `anysocket servers`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from anysocket_adapters import Server, servers
from anysocket_matrix import cli
from anysocket_matrix.bench.results import write
from anysocket_matrix.choosing.needs import NEEDS, SHORT, find
from anysocket_matrix.choosing.qualify import Judged, command, has, judge, rows
from anysocket_matrix.rows.rows import Row
from tests.benched import results, rounds


def judged(*names: str) -> dict[str, Judged]:
    return {each.row.name: each for each in judge(find(names))}


def ask(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli.app, ["servers", *arguments])
    return result.exit_code, result.output if result.exit_code in (0, 1) else ""


def test_a_need_has_several_names_and_counts_once() -> None:
    needs = find(["http2", "over-http2", "over_http2", "Ping"])
    assert [need.name for need in needs] == ["over-http2", "keepalive"]
    assert set(SHORT.values()) <= set(NEEDS)
    assert not set(SHORT) & set(NEEDS)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("peer-close-cod", "did you mean peer-close-code"),
        ("reason", "did you mean close-reason or peer-close-reason"),
        ("zzz", "'zzz': anysocket servers --capabilities"),
    ],
)
def test_an_unknown_need(name: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        find([name])


def test_two_event_loops() -> None:
    with pytest.raises(ValueError, match="one event loop, not on trio and uvloop"):
        find(["trio", "uvloop"])


def test_every_row_is_judged_by_the_variant_that_is_needed() -> None:
    found = judged("http2", "trio", "tls", "peer-close-reason")
    assert set(servers()) == {name.partition("+")[0] for name in found}
    row = found["hypercorn-wsproto+trio+h2+tls"]
    assert row.lacks == ()
    assert command(row.row) == (
        "anysocket serve MODULE:APP --server hypercorn-wsproto --loop trio "
        "--tls-certificate FILE --tls-key FILE"
    )
    lacks = {lack.need.name: lack for lack in found["granian+tls"].lacks}
    assert set(lacks) == {"over-http2", "trio", "peer-close-reason"}
    assert lacks["trio"].does == ("It runs on asyncio, uvloop.",)


def test_those_that_lack_least_come_first() -> None:
    lacking = [len(each.lacks) for each in judge(find(["http2", "compression", "peer-close-code"]))]
    assert lacking == sorted(lacking)
    assert lacking[0] == 0


def test_what_is_absent_comes_with_its_quirk() -> None:
    (lack,) = judged("compression")["granian"].lacks
    assert lack.need.clause == "H2"
    assert any("permessage-deflate" in says for says in lack.does)
    assert "https://github.com/emmett-framework/granian/issues/850" in lack.upstream
    assert lack.instead == ()
    (lack,) = judged("close-code")["granian-rsgi"].lacks
    assert lack.instead == ("granian", "granian-mt")


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.name)
def test_whatever_a_row_lacks_can_be_told(row: Row) -> None:
    for name, need in NEEDS.items():
        if need.capability and not has(row, need):
            needed = (name, "http2") if row.http2 else (name,)
            lacks = [each for each in judged(*needed)[row.name].lacks if each.need is need]
            assert lacks
            assert lacks[0].does, name


def test_all_rows_are_shown() -> None:
    status, output = ask()
    assert status == 0
    shown = {line.split()[0] for line in output.splitlines() if line.strip()}
    assert {row.name for row in rows()} <= shown


def test_all_needs_are_listed() -> None:
    _, output = ask("--capabilities")
    words = set(output.replace(",", " ").split())
    assert {"peer-close-code", *SHORT, "trio", "tls"} <= words


def test_who_qualifies_and_who_lacks_what() -> None:
    status, output = ask("--need", "peer-close-code", "--need", "http2", "--need", "compression")
    lines = output.splitlines()
    assert status == 0
    version = servers()["hypercorn"].version or "not installed"
    assert lines[0].startswith(f"hypercorn+h2 {version}")
    assert lines[0].endswith(": qualifies")
    assert lines[1] == "  anysocket serve MODULE:APP --server hypercorn"
    assert [line for line in lines if "issues/850" in line]


def test_none_qualifies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers()["hypercorn-wsproto"], "loops", ("asyncio",))
    status, output = ask("--need", "compression", "--need", "trio")
    assert status == 1
    assert output.splitlines()[-1] == (
        "No server has all of it. The least is lacking on "
        "hypercorn, hypercorn-wsproto, uvicorn, uvicorn-sansio, uvicorn-websockets, uvicorn-wsproto."
    )


def test_a_server_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Server, "version", None)
    _, output = ask("--need", "http2")
    assert "hypercorn+h2 not installed: pip install 'anysocket[hypercorn]': qualifies" in output


def test_json(tmp_path: Path) -> None:
    file = tmp_path / "new" / "servers.json"
    ask("--need", "compression", "--json", str(file))
    written = json.loads(file.read_text())
    assert {need["name"] for need in written["needs"]} == set(NEEDS)
    supports = {row["row"]: row["support"] for row in written["rows"]}
    assert supports["hypercorn+h2"]["compression"] == "native"
    assert supports["granian"]["compression"] == "absent"
    assert supports["daphne"]["close-reason"] == "repaired"
    assert written["asked_needs"] == ["compression"]
    qualifying = {row["row"] for row in written["asked_rows"] if row["qualifies"]}
    assert qualifying == {
        *("uvicorn", "uvicorn-sansio", "uvicorn-websockets", "uvicorn-wsproto"),
        *("hypercorn", "hypercorn-wsproto"),
    }


def test_json_that_cannot_be_written(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli.app, ["servers", "--json", str(tmp_path)])
    assert str(result.exception) == f"anysocket: can't write {tmp_path}: Is a directory"


def measured(file: Path, app: str, server: str = "granian") -> Path:
    write(file, results(*rounds(app, [10.0, 12.5, 15.0], memory=2048, server=server)))
    return file


def test_figures_join_what_qualifies(tmp_path: Path) -> None:
    file, answer = measured(tmp_path / "bench.json", "anysocket"), tmp_path / "servers.json"
    code, output = ask("--need", "tls", "--bench", str(file), "--json", str(answer))
    assert code == 0
    assert "granian+tls - -" in " ".join(output.split())  # nothing was measured over TLS

    code, output = ask("--bench", str(file), "--json", str(answer))
    assert code == 0
    assert "granian 12.5 2.0" in " ".join(output.split())
    figures = {row["row"]: row["figures"] for row in json.loads(answer.read_text())["rows"]}
    assert figures["granian"] == {"echo-32 µs/message": 12.5, "echo-32 KiB/connection": 2.0}
    assert figures["uvicorn"] == {}


def test_figures_of_a_row_are_of_its_event_loop(tmp_path: Path) -> None:
    file = measured(tmp_path / "bench.json", "anysocket", server="granian+uvloop")
    assert "granian - -" in " ".join(ask("--bench", str(file))[1].split())
    assert "granian+uvloop 12.5 2.0" in " ".join(ask("--need", "uvloop", "--bench", str(file))[1].split())


def test_figures_that_cannot_be_had(tmp_path: Path) -> None:
    def said(file: Path) -> str:
        return CliRunner().invoke(cli.app, ["servers", "--bench", str(file)]).output

    assert said(tmp_path / "none.json").startswith(f"anysocket: can't read {tmp_path / 'none.json'}: No such")
    assert "has no figures of anysocket: run anysocket bench" in said(measured(tmp_path / "raw.json", "raw"))


USES = [
    {"capability": "peer_close_code", "test": "test_chat.py::test_code", "path": "/chat"},
    {"capability": "accept_subprotocol", "test": "test_chat.py::test_offer", "path": "/chat"},
    {"capability": "peer_close_code", "test": "test_chat.py::test_left", "path": "/"},
]


def recorded(file: Path, uses: list[dict[str, str]]) -> Path:
    file.write_text(json.dumps({"version": 1, "uses": uses}))
    return file


def test_what_tests_have_recorded(tmp_path: Path) -> None:
    file, answer = recorded(tmp_path / "needs.json", USES), tmp_path / "servers.json"
    status, output = ask("--needs", str(file), "--need", "trio", "--json", str(answer))
    assert status == 0
    assert output.splitlines()[:4] == [
        "What the application uses in its tests; --need adds more:",
        "  accept-subprotocol: /chat in test_chat.py::test_offer",
        "  peer-close-code: /chat in test_chat.py::test_code and 1 more",
        "",
    ]
    assert "  anysocket serve MODULE:APP --server hypercorn-wsproto --loop trio" in output.splitlines()
    written = json.loads(answer.read_text())
    assert written["asked_needs"] == ["trio", "accept-subprotocol", "peer-close-code"]
    assert [(use["need"], use["path"]) for use in written["asked_uses"]] == [
        ("accept-subprotocol", "/chat"),
        ("peer-close-code", "/chat"),
        ("peer-close-code", "/"),
    ]


def test_tests_that_have_recorded_nothing(tmp_path: Path) -> None:
    status, output = ask("--needs", str(recorded(tmp_path / "needs.json", [])))
    assert status == 0
    assert output.splitlines()[1] == "  nothing"
    assert output.count(": qualifies") == len(servers())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "{file} has no needs of an application: Input data was truncated"),
        ('{"rows": []}', "{file} has no needs of an application: Object missing required field `version`"),
        ('{"version": 2, "uses": []}', "{file} is of version 2, not 1"),
        (
            '{"version": 1, "uses": [{"capability": "telepathy", "test": "", "path": "/"}]}',
            "there is no need 'telepathy': anysocket servers --capabilities lists them all",
        ),
    ],
)
def test_another_file(tmp_path: Path, content: str, says: str) -> None:
    file = tmp_path / "needs.json"
    file.write_text(content)
    result = CliRunner().invoke(cli.app, ["servers", "--needs", str(file)])
    said = says.format(file=file)
    assert str(result.exception) == f"anysocket: {said}; pytest --anysocket-needs {file} writes such a file"


def test_no_file(tmp_path: Path) -> None:
    file = tmp_path / "needs.json"
    result = CliRunner().invoke(cli.app, ["servers", "--needs", str(file)])
    assert str(result.exception) == (
        f"anysocket: can't read {file}: No such file or directory; "
        f"pytest --anysocket-needs {file} writes such a file"
    )
