"""`anysocket bench` on real servers, in runs that are as short as possible: the figures don't matter."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from anysocket_matrix.bench import apps, scenarios
from anysocket_matrix.bench.generator import LoadFailed, LoadGenerator
from anysocket_matrix.bench.protocol import Command, Open, Run
from anysocket_matrix.bench.results import read
from anysocket_matrix.bench.scenarios import SCENARIOS
from anysocket_matrix.bench.server import AppServer, cores
from anysocket_matrix.bench.summary import summarise
from anysocket_matrix.cli import app as anysocket
from anysocket_matrix.processes.inherited_pipe import INHERITED_PIPE
from anysocket_matrix.rows.rows import row

DEADLINE = 30

QUICK = ("--rounds", "2", "--seconds", "0.02", "--connections", "10")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "anysocket_matrix", "bench", *arguments]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_every_scenario_is_measured_side_by_side(tmp_path: Path) -> None:
    json, html = tmp_path / "bench.json", tmp_path / "bench.html"
    ran = bench("--server", "uvicorn", *QUICK, "--json", str(json))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = read(json)
    assert results.environment.packages.keys() >= {"uvicorn", "picows", "uvloop"}
    assert results.commands["uvicorn"]["raw"].startswith("python -m uvicorn ")
    cells = {(cell.scenario, cell.app): cell for cell in summarise(results)}
    assert cells.keys() == {(each.name, app) for each in SCENARIOS for app in ("raw", "anysocket")}
    for (scenario, app), cell in cells.items():
        assert cell.rounds == 2
        assert (cell.memory is not None) == (scenario in ("broadcast", "crowd", "idle"))
        if scenario != "idle":
            assert cell.cpu.median > 0
            assert cell.rate > 0
            assert cell.client > 0
            assert (cell.p99 or 0) >= (cell.p50 or 0) > 0
            assert (cell.cpu_ratio is None) == (app == "raw")

    shown = bench("--show", str(json), "--html", str(html))
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == ran.stdout.lstrip("\n")
    assert html.read_text().count("<svg") == len(SCENARIOS) + 2  # and memory of broadcast and crowd


def test_rsgi_is_compared_with_raw_asgi_and_raw_rsgi(tmp_path: Path) -> None:
    json = tmp_path / "bench.json"
    names = ("raw", "raw-rsgi", "raw-rsgi-to-the-end", "anysocket")
    asked = [option for name in names for option in ("--app", name)]
    scenarios = ("--scenario", "json", "--scenario", "connect")
    ran = bench("--server", "granian-rsgi", *scenarios, *asked, *QUICK, "--json", str(json))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = read(json)
    assert {(each.scenario, each.app) for each in results.rounds} == {
        (scenario, app) for scenario in ("json", "connect") for app in names
    }
    interfaces = {
        app: command.split("--interface ")[-1][:4]
        for app, command in results.commands["granian-rsgi"].items()
    }
    assert (interfaces["raw"], interfaces["raw-rsgi"]) == ("asgi", "rsgi")


def test_what_does_not_compress_is_no_trouble_of_compressed(tmp_path: Path) -> None:
    json = tmp_path / "bench.json"
    servers = ("--server", "uvicorn-wsproto", "--server", "hypercorn", "--server", "granian")
    ran = bench(*servers, "--scenario", "compressed", *QUICK, "--json", str(json))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = read(json)
    assert results.troubles == []
    assert {(each.server, each.app) for each in results.rounds} == {
        (server, app) for server in ("uvicorn-wsproto", "hypercorn") for app in ("raw", "anysocket")
    }


NEVER_COMPRESSES = """
from websockets.extensions.permessage_deflate import PerMessageDeflate
PerMessageDeflate.encode = lambda self, frame: frame
"""


@pytest.mark.parametrize(
    ("server", "path", "spoil", "why"),
    [
        ("granian", "/echo", "", "permessage-deflate was offered, and the answer is none"),
        ("uvicorn-sansio", "/echo", NEVER_COMPRESSES, "the reply isn't a text compressed in one frame: b'"),
        ("uvicorn-sansio", "/broadcast", "", "the reply is another message: b'joined'"),
    ],
)
def test_compressed_fails_on_what_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, path: str, spoil: str, why: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(spoil)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (scenario,) = scenarios.choose(["compressed"], None)
    raw = apps.choose(["raw"])[0]
    of_server, of_client = cores()
    with AppServer(row(server), raw, of_server) as serving, LoadGenerator(of_client) as client:
        serving.processes()
        url = serving.url + path
        commands: list[Command] = [Open(url, scenario, 1), Run(url, 0.1)]
        with pytest.raises(LoadFailed, match=f"^{why}"):
            list(map(client.ask, commands))


def test_an_interrupted_run_leaves_nothing() -> None:
    reading, writing = os.pipe()
    with subprocess.Popen(
        command("--server", "uvicorn", "--server", "daphne", "--scenario", "echo-32", "--rounds", "1000"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, INHERITED_PIPE: str(writing)},
        pass_fds=[writing],
    ) as running:
        os.close(writing)
        try:
            until = time.monotonic() + DEADLINE
            # Two servers, one of which runs below another process, and a client for each.
            while len(psutil.Process(running.pid).children(recursive=True)) < 5:
                assert time.monotonic() < until
                assert running.poll() is None
            running.send_signal(signal.SIGINT)
            assert running.wait(DEADLINE) != 0
        finally:
            running.kill()
    with open(reading, "rb") as held:
        assert select.select([held], [], [], DEADLINE)[0]
        assert held.read() == b""  # no process holds the other end


def test_a_server_that_does_not_start_costs_its_own_cells(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nif sys.orig_argv[1:3] == ['-m', 'uvicorn']: sys.exit('uvicorn is broken')\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "COLUMNS": "200"}
    arguments = ("--server", "uvicorn", "--app", "anysocket", "--scenario", "echo-32", *QUICK)
    json = tmp_path / "bench.json"
    ran = subprocess.run(
        command(*arguments, "--json", str(json)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=environment,
    )
    assert ran.returncode == 1
    results = read(json)
    assert {each.app for each in results.rounds} == {"anysocket"}
    (trouble,) = results.troubles
    assert (trouble.app, trouble.scenario) == ("raw", "echo-32")
    assert "uvicorn is broken" in trouble.log
    assert "raw on uvicorn ended with status 1" in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--server", "apache"), "there is no server 'apache': choose one of "),
        (("--server", "hypercorn+h2"), "the client needs HTTP/1.1, no TLS and no proxy: hypercorn+h2 "),
        (("--app", "django"), "there is no app 'django': choose from raw, raw-sansio, raw-rsgi, "),
        (("--app", "raw-rsgi", "--server", "uvicorn"), "raw-rsgi can't be served on uvicorn"),
        (("--scenario", "chat"), "there is no scenario 'chat': choose from echo-32, echo-1k, "),
        (("--scenario", "compressed", "--server", "granian"), "compressed can't be measured on granian: no "),
        (("--loop", "gevent"), "loop 'gevent' must be one of asyncio, uvloop, trio"),
        (("--loop", "trio", "--server", "uvicorn"), "uvicorn runs on asyncio, uvloop, not on trio"),
        (("--loop", "uvloop", "--server", "daphne"), "daphne's own command runs on asyncio, not on uvloop"),
        (("--json", "/dev/null/a.json"), "can't write /dev/null/a.json"),
        (("--json", "folder"), "folder must be a file, such as folder.json"),
        (("--show", "/nowhere.json"), "can't read /nowhere.json: No such file or directory"),
        (("--show", "a.json", "--server", "uvicorn"), "--show measures nothing: "),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        anysocket(["bench", *arguments], standalone_mode=False)
    assert str(exit_.value).startswith(f"anysocket: {message}")
    assert "\n" not in str(exit_.value)
