"""The apps that `anysocket bench` compares do what they are measured at."""

import subprocess
import sys
from pathlib import Path

from anysocket_matrix.bench.apps import APPS
from anysocket_matrix.bench.results import read
from anysocket_matrix.bench.scenarios import SCENARIOS

FRAMEWORKS = [app.name for app in APPS if app.module.startswith("frameworks.")]


def test_every_framework_is_measured_in_every_scenario(tmp_path: Path) -> None:
    json = tmp_path / "bench.json"
    apps = [argument for name in FRAMEWORKS for argument in ("--app", name)]
    quick = ("--rounds", "1", "--seconds", "0.02", "--connections", "5")
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "anysocket_matrix", "bench", "--server", "uvicorn"),
            *(*apps, *quick, "--json", str(json)),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert {(each.app, each.scenario) for each in read(json).rounds} == {
        (app, scenario.name) for app in ["raw", *FRAMEWORKS] for scenario in SCENARIOS
    }
