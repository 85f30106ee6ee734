"""Ratios within rounds: anysocket and frameworks to raw apps, compressed messages to plain ones."""

from docs.regions.figures import USES, by_row, headings
from docs.regions.measured import missing
from docs.runs import FRAMEWORKS, SERVERS, Run, runs
from docs.tables import table

from anysocket_matrix.bench.apps import BESIDE, OURS, RAW, RAW_SANSIO
from anysocket_matrix.bench.statistics import ratio
from anysocket_matrix.bench.summary import format_ratio

PLAIN, COMPRESSED = "echo-1k", "compressed"


def over_raw() -> str:
    """List the ratio of anysocket's cost to a raw app's on the same row."""
    return by_row(lambda figure, _: format_ratio(figure.over_raw) or "-")


OWN = (RAW, OURS, *(app.name for app in BESIDE))


def own_connection() -> str:
    """List the cost of anysocket's connection on uvicorn and of other servers, in ratio to uvicorn's own."""
    rows: list[tuple[str, ...]] = []
    for run in runs(*SERVERS):
        loop = run.results.environment.loop
        row = "uvicorn" if loop == "asyncio" else f"uvicorn+{loop}"
        for app in OWN:
            ratios = [_between(run, row, app, scenario) for scenario in USES.values()]
            if any(ratios):
                rows.append((loop, app, *(format_ratio(ratio(each)) if each else "-" for each in ratios)))
    return table(("event loop", "app", *headings()), rows)


def _between(run: Run, row: str, app: str, scenario: str) -> list[float]:
    """Return the ratio to the raw app on uvicorn's own implementation, in each round."""
    costs, base = (
        {
            each.number: each.memory
            if each.memory is not None and scenario == "idle"
            else each.cpu / each.count
            for each in run.results.rounds
            if (each.server, each.app, each.scenario) == (row, name, scenario) and (each.count or each.memory)
        }
        for name in (app, RAW_SANSIO)
    )
    return [costs[number] / base[number] for number in costs if base.get(number)]


def frameworks() -> str:
    """List the ratio of each framework's cost to a raw app's."""
    found = runs(FRAMEWORKS)
    if not found:
        return missing(FRAMEWORKS)
    (run,) = found
    columns = [run.figures(scenario) for scenario in USES.values()]
    kinds = dict.fromkeys((each.app, each.row) for figures in columns for each in figures if each.app != RAW)
    rows: list[tuple[str, ...]] = []
    for app, row in kinds:
        ratios = [
            next((each.over_raw for each in figures if (each.app, each.row) == (app, row)), None)
            for figures in columns
        ]
        rows.append((app, f"`{row}`", *(format_ratio(each) or "-" for each in ratios)))
    return table(("app", "row", *headings()), rows)


def compression() -> str:
    """List the cost of a compressed message and of a plain one of the same length."""
    rows: list[tuple[str, ...]] = []
    without: list[str] = []
    for run in runs(*SERVERS):
        plain, compressed = (
            {each.row: each for each in run.figures(scenario) if each.app == OURS}
            for scenario in (PLAIN, COMPRESSED)
        )
        for row in plain:
            if row not in compressed:
                without.append(f"`{row}`")
                continue
            shown = (f"{each[row].spread.median:,.1f}" for each in (plain, compressed))
            ratios = _within_rounds(run, row)
            rows.append((f"`{row}`", *shown, format_ratio(ratio(ratios)) if ratios else "-"))
    heading = ("row", f"`{PLAIN}` µs", f"`{COMPRESSED}` µs", f"`{COMPRESSED}` / `{PLAIN}`")
    if not rows:
        return f"Not measured: no run has both `{PLAIN}` and `{COMPRESSED}`."
    missing = f"\n\nWithout figures of compression: {', '.join(without)}." if without else ""
    return table(heading, rows) + missing


def _within_rounds(run: Run, row: str) -> list[float]:
    """Return the ratio in each round: both scenarios are measured there, in the same process."""
    plain, compressed = (
        {
            each.number: each.cpu / each.count
            for each in run.results.rounds
            if (each.server, each.app, each.scenario) == (row, OURS, scenario) and each.count
        }
        for scenario in (PLAIN, COMPRESSED)
    )
    return [compressed[number] / plain[number] for number in compressed if plain.get(number)]
