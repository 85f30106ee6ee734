"""The figures in docs/choosing.md: differences only where they are significant, and missing figures."""

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from docs import drawing, generate, runs
from docs.folders import DOCS
from docs.regions import figures, many, measured, overheads

from anysocket_matrix.bench.results import Round, Trouble, write
from tests.benched import results, rounds

TIMES = "\N{MULTIPLICATION SIGN}"

LOW = [10.0, 10.1, 9.9, 10.0, 10.2, 9.8]
OVERLAPPING = [10.1, 10.2, 9.8, 10.3, 10.4, 10.0]
HIGH = [20.0, 20.1, 19.9, 20.0, 20.2, 19.8]

REGIONS: list[Callable[[], str]] = [
    figures.uses,
    figures.row_costs,
    figures.loops,
    figures.again,
    figures.implementations,
    overheads.over_raw,
    overheads.frameworks,
    overheads.compression,
    figures.plots,
    many.many,
    measured.measured,
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(runs, "FOLDER", tmp_path)
    return tmp_path


def of(server: str, times: list[float], scenario: str = "echo-32", app: str = "anysocket") -> list[Round]:
    return [msgspec.structs.replace(each, scenario=scenario) for each in rounds(app, times, server=server)]


def save(folder: Path, name: str, *of_rows: list[Round], troubles: tuple[Trouble, ...] = ()) -> None:
    every = [each for some in of_rows for each in some]
    units = dict.fromkeys((each.scenario for each in every), "message")
    write(
        folder / f"{name}.json",
        msgspec.structs.replace(results(*every), units=units, troubles=list(troubles)),
    )


def line(table: str, *starts: str) -> list[str]:
    """Return the cells of the line that begins with this text."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table.splitlines()]
    (found,) = (row for row in rows if row[: len(starts)] == list(starts))
    return found[len(starts) :]


def test_overlapping_quartiles_are_no_difference(folder: Path) -> None:
    save(folder, "asyncio", of("hypercorn", OVERLAPPING), of("granian", LOW), of("daphne", HIGH))
    _, unit, cheapest, others = line(figures.uses(), "many small messages")
    assert unit == "µs/message"
    assert cheapest == "`granian` 10.0 (9.9-10.1); `hypercorn` 10.1 (10.0-10.3)"
    assert others == f"{TIMES}2.00 (`daphne`)"
    text = figures.row_costs()
    assert [line(text, f"`{row}`")[0] for row in ("granian", "hypercorn", "daphne")] == [
        "**10.0**",
        "**10.1**",
        f"20.0 {TIMES}2.00",
    ]


def test_an_event_loop_that_overlaps_is_no_difference(folder: Path) -> None:
    save(folder, "asyncio", of("granian", LOW), of("hypercorn", HIGH), of("daphne", LOW))
    save(folder, "uvloop", of("granian+uvloop", OVERLAPPING), of("hypercorn+uvloop", LOW))
    text = figures.loops()
    assert line(text, "`granian`")[0] == "≈ 1"
    assert line(text, "`hypercorn`")[0] == f"{TIMES}0.50"
    assert text.endswith("Measured on one event loop only: `daphne` (asyncio).")


def test_a_row_of_two_runs_tells_how_far_they_lie_apart(folder: Path) -> None:
    save(folder, "asyncio", of("granian", LOW), of("granian", LOW, "json"), of("daphne", LOW))
    save(folder, "frameworks", of("granian", HIGH), of("granian", OVERLAPPING, "json"), of("x", LOW))
    text = figures.again()
    assert len(text.splitlines()) == 3
    cells = line(text, "`granian`")
    assert (cells[0], cells[1], cells[5]) == (f"{TIMES}2.00", "-", "≈ 1")


def test_too_few_rounds_tell_no_difference(folder: Path) -> None:
    save(folder, "asyncio", of("granian", LOW[:5]), of("daphne", HIGH[:5]))
    assert line(figures.uses(), "many small messages")[-1] == f"{TIMES}2.00? (`daphne`)"


def test_implementations_are_compared_on_the_same_loop(folder: Path) -> None:
    save(folder, "asyncio", of("granian", HIGH), of("granian-mt", LOW), of("granian-rsgi", OVERLAPPING))
    save(folder, "uvloop", of("granian+uvloop", LOW), of("uvicorn+uvloop", LOW))
    text = figures.implementations()
    assert text.splitlines()[0] == "| use | granian on asyncio |"
    assert line(text, "many small messages") == [f"**granian-mt**, **granian-rsgi**; granian {TIMES}2.00"]
    assert line(text, "JSON") == ["-"]


def test_what_anysocket_and_frameworks_cost_is_told_within_rounds(folder: Path) -> None:
    """In half of the rounds the machine was slow. The quartiles of the times overlap, not those of ratios."""
    raw = [10.0, 100.0] * 3
    ours = [each * 1.1 for each in raw]
    save(folder, "asyncio", of("granian", raw, app="raw"), of("granian", ours))
    save(folder, "frameworks", of("granian", raw, app="raw"), of("granian", ours, app="starlette"))
    assert line(overheads.over_raw(), "`granian`")[0] == f"{TIMES}1.10 (1.10-1.10)"
    assert line(overheads.frameworks(), "starlette", "`granian`")[0] == f"{TIMES}1.10 (1.10-1.10)"


def test_compression_stands_beside_the_same_length_without(folder: Path) -> None:
    plain = [10.0, 100.0] * 3
    save(
        folder,
        "asyncio",
        of("hypercorn", plain, "echo-1k"),
        of("hypercorn", [each * 3 for each in plain], "compressed"),
        of("granian", plain, "echo-1k"),
    )
    text = overheads.compression()
    assert line(text, "`hypercorn`") == ["55.0", "165.0", f"{TIMES}3.00 (3.00-3.00)"]
    assert text.endswith("Without figures of compression: `granian`.")


def test_the_command_is_that_of_the_run(folder: Path) -> None:
    idle = [
        msgspec.structs.replace(each, p50=None, seconds=0.0) for each in of("granian+uvloop", LOW, "idle")
    ]
    save(folder, "uvloop", of("granian+uvloop", LOW), idle)
    assert (
        "anysocket bench --server granian+uvloop --app anysocket --scenario echo-32 --scenario idle "
        "--rounds 6 --seconds 1.0 --json docs/results/bench/uvloop.json\npython -m docs.generate"
    ) in measured.measured()


def test_a_scenario_that_is_missing_is_told(folder: Path) -> None:
    save(folder, "asyncio", of("granian", LOW), of("hypercorn", LOW), of("hypercorn", LOW, "push"))
    assert line(figures.uses(), "JSON") == ["`json`", "", "not measured", ""]
    assert line(figures.uses(), "the server pushes")[-1] == "none"
    assert "-" in line(figures.row_costs(), "`granian`")
    assert overheads.compression() == "Not measured: no run has both `echo-1k` and `compressed`."
    assert overheads.frameworks() == "There is no `docs/results/bench/frameworks.json`."
    assert "--scenario echo-32 --scenario push" in measured.measured()


def test_troubles_are_told(folder: Path) -> None:
    died = Trouble("granian", "raw", "push", "granian:\nit died", "a log")
    save(folder, "asyncio", of("granian", LOW), troubles=(died,))
    text = measured.measured()
    assert "  - missing: push: granian: it died" in text
    assert "There is no `docs/results/bench/uvloop.json`." in text


def test_nothing_and_what_the_benchmark_no_longer_has(folder: Path) -> None:
    for region in REGIONS:
        assert region()
    assert figures.page() is None
    save(folder, "asyncio", of("nonecorn", LOW), of("nonecorn", LOW, app="forgotten"), of("x", LOW, "gone"))
    for region in REGIONS:
        assert region()
    assert line(figures.uses(), "many small messages")[-2].startswith("`nonecorn` ")
    assert [each.file for each in drawing.drawn()] == ["echo-32.svg", "gone.svg"]


def test_memory_is_that_of_idle_connections(folder: Path) -> None:
    idle = [
        msgspec.structs.replace(each, p50=None, p99=None, scenario="idle")
        for each in rounds("anysocket", LOW, 2048.0)
    ]
    save(folder, "asyncio", idle)
    assert line(figures.uses(), "the memory of idle connections")[1:3] == [
        "KiB/connection",
        "`granian` 2.0 (2.0-2.0)",
    ]


def test_a_plot_has_each_event_loop_and_raw(folder: Path) -> None:
    save(folder, "asyncio", of("granian", LOW, app="raw"), of("granian", HIGH), of("daphne", LOW))
    save(folder, "uvloop", of("granian+uvloop", LOW))
    (plot,) = drawing.drawn()
    assert plot.svg.count('height="12" rx="2"') == 3  # the bars
    assert plot.svg.count('class="tick"') == 1
    assert plot.svg.count("<circle") == 1
    assert "anysocket on uvloop" in plot.svg
    assert '<rect class="paper"' in plot.svg
    assert "prefers-color-scheme: dark" in plot.svg
    assert not re.findall(r"<script|href=|@import|url\(|currentColor", plot.svg)
    assert drawing.drawn() == [plot]


def test_a_raw_that_is_dearer_stays_within_the_plot(folder: Path) -> None:
    save(folder, "asyncio", of("granian", HIGH, app="raw"), of("granian", LOW))
    (plot,) = drawing.drawn()
    (tick,) = re.findall(r'class="tick" x1="([\d.]+)"', plot.svg)
    (end,) = re.findall(r'class="whisker" x1="[\d.]+" x2="([\d.]+)"', plot.svg)
    assert float(end) < float(tick) < 520


def test_check_fails_on_stale_plots(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docs = folder / "docs"
    docs.mkdir()
    monkeypatch.setattr(generate, "DOCS", docs)
    save(folder, "asyncio", of("granian", LOW))
    assert generate.main([]) == 0
    assert generate.main(["--check"]) == 0
    plot, left_over = docs / "plots/echo-32.svg", docs / "plots/forgotten.svg"
    plot.write_text("old")
    left_over.write_text("nothing makes it")
    (docs / "bench.html").unlink()
    capsys.readouterr()
    assert generate.main(["--check"]) == 1
    text = capsys.readouterr().out
    for stale in ("plots/echo-32.svg", "plots/forgotten.svg", "bench.html"):
        assert f"docs/{stale} is stale" in text
    assert generate.main([]) == 0
    assert not left_over.exists()
    assert generate.main(["--check"]) == 0


def test_what_is_committed_is_of_a_decent_size() -> None:
    assert (DOCS / "bench.html").stat().st_size < 300_000
    for plot in (DOCS / drawing.FOLDER).iterdir():
        assert plot.stat().st_size < 30_000
