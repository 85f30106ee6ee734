"""The results on the terminal: for each server the cost and the speed of each app."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.bench.results import Results
from anysocket_matrix.bench.summary import TIMES, Cell, format_ratio, lines, summarise


def print_results(console: Console, results: Results) -> None:
    """Print the tables, and the troubles."""
    cells = summarise(results)
    for server in dict.fromkeys(cell.server for cell in cells):
        mine = [cell for cell in cells if cell.server == server]
        _print_costs(console, server, mine, results)
        _print_speed(console, server, mine)
    for trouble in results.troubles:
        console.print(f"[red]{escape(trouble.scenario)}: {escape(trouble.why)}[/red]")
        if trouble.log:
            console.print(escape(trouble.log))
    console.print(escape(_about(results)), style="dim")


def _print_costs(console: Console, server: str, cells: list[Cell], results: Results) -> None:
    apps = list(dict.fromkeys(cell.app for cell in cells))
    table = Table(title=f"{server}: CPU time of the server, and memory", title_justify="left")
    for column in ("scenario", "", *apps):
        table.add_column(escape(column), justify="right" if column in apps else "left")
    for line in lines(cells, results.units):
        shown: list[str] = []
        for app in apps:
            spread, ratio = line.figures.get(app, (None, None))
            shown.append("-" if spread is None else f"{spread.median:,.1f} {format_ratio(ratio)}".rstrip())
        table.add_row(line.scenario, line.label, *shown)
    console.print(table)


def _print_speed(console: Console, server: str, cells: list[Cell]) -> None:
    table = Table(title=f"{server}: speed, as seen by one client", title_justify="left")
    for column in ("scenario", "app", "per second", "p50 µs", "p99 µs", "client busy"):
        table.add_column(column, justify="left" if column in ("scenario", "app") else "right")
    for cell in cells:
        if cell.p50 is None or cell.p99 is None:
            continue  # idle
        table.add_row(
            cell.scenario,
            escape(cell.app),
            f"{cell.rate:,.0f}{' (client)' if cell.limited_by_client else ''}",
            f"{cell.p50:,.0f}",
            f"{cell.p99:,.0f}",
            f"{cell.client:.0%}",
        )
    console.print(table)


def _about(results: Results) -> str:
    environment = results.environment
    return (
        f"{TIMES}: ratio to raw, the median of the rounds' ratios with their quartiles. ≈ 1: no difference "
        "(sign test, 5 %). ?: too few rounds for a test. (client): limited by the client.\n"
        f"anysocket {environment.anysocket}, Python {environment.python}, {environment.loop}, "
        f"{environment.platform}, {environment.cores} of {environment.processor}, "
        f"load {environment.load:.1f} before"
    )
