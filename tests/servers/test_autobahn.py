"""Autobahn's cases from the command line: a few of them, on one server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FEW = ("--server", "hypercorn", "--cases", "1.1", "--cases", "7.1.1")


def autobahn(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "anysocket_matrix", "autobahn", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


def test_a_verdict_that_is_flipped_fails_the_run(tmp_path: Path) -> None:
    verdicts = ("--verdicts", str(tmp_path))
    accepted = autobahn(*FEW, *verdicts, "--accept")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    (file,) = tmp_path.glob("hypercorn-*.json")

    results = tmp_path / "results.json"
    again = autobahn(*FEW, *verdicts, "--json", str(results))
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.rstrip().endswith("Every verdict is the committed one.")
    (row,) = json.loads(results.read_text())
    assert row["row"] == "hypercorn"
    assert len(row["cases"]) == 9
    assert row["cases"]["1.1.1"]["ours"][0]["verdict"] == "OK"

    line = '"1.1.1": {"bare":"OK","ours":"OK"}'
    assert line in file.read_text()
    file.write_text(file.read_text().replace(line, '"1.1.1": {"bare":"OK","ours":"FAILED"}'))
    flipped = autobahn(*FEW, *verdicts)
    assert flipped.returncode == 1
    assert "hypercorn: 1.1.1 ours is committed as FAILED, measured as OK" in flipped.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--server", "apache"), "there is no server 'apache': choose one of "),
        (
            ("--server", "hypercorn+tls"),
            "Autobahn's cases need HTTP/1.1, no TLS and no proxy: hypercorn+tls",
        ),
        ((*FEW, "--cases", "8.1"), "Autobahn has no case or group '8.1': its groups are 1, 2, 3, 4, "),
        ((*FEW, "--verdicts", "/nowhere"), "no verdicts are committed for hypercorn "),
        ((*FEW, "--accept", "--json", "/dev/null/file"), "/dev/null/file must be a file, such as "),
        ((*FEW, "--accept", "--json", "/dev/null/a.json"), "can't write /dev/null/a.json"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments: tuple[str, ...], message: str) -> None:
    finished = autobahn(*arguments)
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"anysocket: {message}")
    assert finished.stderr.count("\n") == 1
