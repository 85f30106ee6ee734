"""The evaluation of a benchmark's rounds, without measuring any."""

from pathlib import Path

import msgspec
import pytest

from anysocket_matrix.bench import apps, native, scenarios
from anysocket_matrix.bench.command import plan
from anysocket_matrix.bench.page import render
from anysocket_matrix.bench.results import Trouble, read, write
from anysocket_matrix.bench.statistics import Spread, differs, spread
from anysocket_matrix.bench.summary import format_ratio, lines, summarise
from anysocket_matrix.rows.rows import Row, row
from tests.benched import results, rounds

TIMES = "\N{MULTIPLICATION SIGN}"


def ratio_of(raw: list[float], ours: list[float]) -> str:
    cells = summarise(results(*rounds("raw", raw), *rounds("anysocket", ours)))
    (line,) = lines(cells, {"echo-32": "message"})
    return format_ratio(line.figures["anysocket"][1])


def test_a_difference_on_one_side_in_every_round_is_told() -> None:
    assert ratio_of([10.0] * 6, [11.0, 11.1, 10.9, 11.0, 11.2, 10.8]) == f"{TIMES}1.10 (1.09-1.11)"


def test_a_difference_smaller_than_the_spread_is_none() -> None:
    assert ratio_of([10.0] * 6, [11.0, 9.9, 11.0, 11.2, 9.0, 12.0]) == "≈ 1"
    assert ratio_of([10.0] * 6, [10.0] * 6) == "≈ 1"


def test_too_few_rounds_tell_nothing() -> None:
    assert ratio_of([10.0] * 5, [20.0] * 5) == f"{TIMES}2.00?"


def test_ratios_are_taken_within_a_round() -> None:
    """In half of the rounds the machine was ten times slower, for both apps."""
    raw = [10.0, 100.0] * 4
    assert ratio_of(raw, [each * 1.02 for each in raw]) == f"{TIMES}1.02 (1.02-1.02)"


def test_one_that_has_lost_a_round_is_compared_in_the_others() -> None:
    raw = rounds("raw", [10.0] * 7)
    ours = rounds("anysocket", [50.0, *[20.0] * 6])[1:]
    (line,) = lines(summarise(results(*raw[:3], *raw[4:], *ours)), {"echo-32": "message"})
    assert format_ratio(line.figures["anysocket"][1]) == f"{TIMES}2.00?"


@pytest.mark.parametrize(
    ("above", "below", "found"),
    [(5, 0, None), (6, 0, True), (0, 6, True), (7, 1, False), (8, 1, True), (9, 2, False), (12, 3, True)],
)
def test_the_sign_test(above: int, below: int, found: bool | None) -> None:
    assert differs([1.1] * above + [0.9] * below) is found


def test_the_spread_is_the_quartiles() -> None:
    assert spread([3.0]) == Spread(3, 3, 3)
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == Spread(median=3, lower=2, upper=4)


def test_a_client_that_is_always_busy_is_the_limit() -> None:
    (measured,) = rounds("raw", [10.0])
    assert not summarise(results(measured))[0].limited_by_client
    assert summarise(results(msgspec.structs.replace(measured, client=0.95)))[0].limited_by_client


def test_memory_is_a_line_of_its_own() -> None:
    raw, ours = (rounds(app, [10.0] * 6, memory) for app, memory in (("raw", 1024.0), ("anysocket", 3072.0)))
    time, memory = lines(summarise(results(*raw, *ours)), {"echo-32": "message"})
    assert (time.label, memory.label) == ("µs/message", "KiB/connection")
    assert memory.figures["raw"] == (Spread(1, 1, 1), None)
    assert format_ratio(memory.figures["anysocket"][1]) == f"{TIMES}3.00 (3.00-3.00)"


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    trouble = Trouble("granian", "raw", "push", "it died", "a log")
    written = msgspec.structs.replace(results(*rounds("raw", [1.0, 2.0])), troubles=[trouble])
    for each in (written, results()):
        write(tmp_path / "bench.json", each)
        assert read(tmp_path / "bench.json") == each


def test_other_files_are_no_results(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"can't read .*nothing\.json: No such file"):
        read(tmp_path / "nothing.json")
    (tmp_path / "other.json").write_text('{"rows": []}')
    with pytest.raises(ValueError, match=r"other\.json has no results of anysocket bench: "):
        read(tmp_path / "other.json")


def test_the_page_has_all_and_needs_nothing() -> None:
    measured = [*rounds("raw", [10.0] * 6), *rounds("anysocket", [15.0] * 6)]
    trouble = Trouble("granian", "falcon", "push", "falcon on granian: <died>", "<log>")
    page = render(msgspec.structs.replace(results(*measured), troubles=[trouble]))
    assert page.count("<svg") == 1
    assert page.count("<rect") == 2
    assert page.count("<circle") == 1
    assert f"{TIMES}1.50 (1.50-1.50)" in page
    assert "falcon on granian: &lt;died&gt;<pre>&lt;log&gt;</pre>" in page
    assert "&lt;fast&gt;" in page
    assert "prefers-color-scheme: dark" in page
    for needs in ("<script", "src=", "href=", "http://", "https://", "@import", "url("):
        assert needs not in page


def test_the_page_of_connections_that_took_no_memory() -> None:
    page = render(results(*rounds("raw", [10.0] * 6, 0.0), *rounds("anysocket", [10.0] * 6, 0.0)))
    assert page.count("<svg") == 2


def test_the_page_of_nothing() -> None:
    assert "<svg" not in render(results())


def test_a_missing_framework_is_told_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "APPS", [*apps.APPS, apps.App("none", "frameworks.none", "no-such-thing", "")])
    with pytest.raises(ValueError, match=r"^none isn't installed: pip install no-such-thing$"):
        apps.choose(["none"])


def test_raw_is_always_among_the_apps() -> None:
    assert [app.name for app in apps.choose([])] == ["raw", "raw-rsgi", "anysocket"]
    assert [app.name for app in apps.choose(["anysocket"])] == ["raw", "anysocket"]


def test_connections_are_those_of_the_scenarios_that_have_many() -> None:
    chosen = scenarios.choose(["idle", "echo-32"], 7)
    assert {each.name: each.connections for each in chosen} == {"echo-32": 1, "idle": 7}


def test_what_does_not_compress_is_left_out_of_compressed() -> None:
    chosen = plan(
        ["uvicorn", "granian"],
        [],
        ["echo-32", "compressed", "idle"],
        loop="asyncio",
        rounds=3,
        seconds=1,
        connections=None,
    )
    asked = {of.name: [[each.name for each in group] for group in chosen.groups(of)] for of in chosen.rows}
    assert asked == {"uvicorn": [["echo-32", "compressed"], ["idle"]], "granian": [["echo-32"], ["idle"]]}
    assert chosen.steps == 3 * (2 * 3 + 2 * 2)  # rounds, apps, scenarios


def served(name: str) -> list[str]:
    return [app.name for app in apps.APPS if native.runs(row(name), app)]


def test_over_rsgi_there_are_only_raw_apps_and_ours() -> None:
    assert served("granian-rsgi") == ["raw", "raw-rsgi", "raw-rsgi-to-the-end", "anysocket"]
    assert "starlette" in served("granian")
    assert "raw-rsgi" not in served("granian")


@pytest.mark.parametrize("name", sorted(native.COMMANDS))
def test_raw_runs_on_the_servers_own_command_and_ours_on_anysocket_serve(name: str) -> None:
    of: Row = row(name)
    raw, ours = (native.command(of, app, 1) for app in apps.choose([]) if app.name in ("raw", "anysocket"))
    assert raw[0] == of.server.distribution
    assert ours[:2] == ("anysocket_matrix", "serve")
    assert ours[ours.index("--server") + 1] == name
