"""The environments of the committed runs of `anysocket bench`, and the commands that repeat them."""

import shlex
from collections.abc import Iterable

from docs.runs import FRAMEWORKS, MANY, SERVERS, Run, runs

from anysocket_matrix.bench.scenarios import SCENARIOS

_FOLDER = "results/bench"
"""The folder of the runs, as a page links to it."""


def measured() -> str:
    """List each run's environment and what is missing in it, and the commands that repeat the runs."""
    parts: list[str] = []
    commands: list[str] = []
    for name in (*SERVERS, FRAMEWORKS, MANY):
        found = runs(name)
        if not found:
            parts.append(f"- {missing(name)}")
        for run in found:
            parts += [f"- {_environment(run)}", *(f"  - missing: {why}" for why in _troubles(run))]
            commands.append(_command(run))
    scripts = ["```sh\n" + "\n".join(commands) + "\npython -m docs.generate\n```"] if commands else []
    return "\n\n".join(["\n".join(parts), *scripts])


def _environment(run: Run) -> str:
    of = run.results.environment
    versions = ", ".join(f"{name} {version}" for name, version in of.packages.items())
    return (
        f"[{run.name}.json]({_FOLDER}/{run.name}.json), {of.started}: anysocket {of.anysocket}, "
        f"Python {of.python}, {of.platform}, {of.cores} of {of.processor}, load {of.load} before; "
        f"{_rounds(run)} rounds of {_seconds(run)} s; {versions}."
    )


def _troubles(run: Run) -> Iterable[str]:
    return (f"{each.scenario}: {' '.join(each.why.split())}" for each in run.results.troubles)


def _command(run: Run) -> str:
    """Write the command of a run, as far as its results have it."""
    results = run.results
    options = [("--server", row) for row in results.commands]
    apps = dict.fromkeys(app for of_row in results.commands.values() for app in of_row)
    options += [("--app", app) for app in apps]
    if set(results.units) != {scenario.name for scenario in SCENARIOS}:
        options += [("--scenario", scenario) for scenario in results.units]
    usual = {scenario.name: scenario.connections for scenario in SCENARIOS}
    options += [
        ("--connections", str(many))
        for many in {many for name, many in results.connections.items() if many != usual[name]}
    ]
    options += [("--rounds", str(_rounds(run))), ("--seconds", f"{_seconds(run)}")]
    options.append(("--json", f"docs/{_FOLDER}/{run.name}.json"))
    return f"anysocket bench {' '.join(shlex.join(option) for option in options)}"


def _rounds(run: Run) -> int:
    return max((each.number for each in run.results.rounds), default=-1) + 1


def _seconds(run: Run) -> float:
    """Return the length of a round: that of the shortest one with messages."""
    busy = [each.seconds for each in run.results.rounds if each.p50 is not None]
    return round(min(busy, default=0), 2)


def missing(name: str) -> str:
    """Write that there is no such run."""
    return f"There is no `docs/{_FOLDER}/{name}.json`."
