"""What `anysocket servers` prints and writes."""

from collections.abc import Iterable, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from anysocket.testing.needs import Use
from anysocket_matrix.choosing.needs import NEEDS, SHORT, Need
from anysocket_matrix.choosing.qualify import Judged, Lack, command, has, rows
from anysocket_matrix.rows.rows import Row


def lacking(row: Row) -> list[str]:
    """Name the capabilities that a row lacks."""
    return [need.name for need in NEEDS.values() if need.capability and not has(row, need)]


def print_rows(console: Console) -> None:
    """Print what there is to choose from, installed or not."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("row", "version", "event loops", "HTTP/2", "compression", "TLS", "lacks"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "row")
    known = sum(1 for need in NEEDS.values() if need.capability)
    for row in rows():
        compressed = "yes" if has(row, NEEDS["compression"]) else "no"
        lacks = f"{len(lacking(row))} of {known}"
        loops = ", ".join(row.server.loops)
        table.add_row(row.name, _version(row), loops, "yes" if row.http2 else "no", compressed, "yes", lacks)
    console.print(table)


def print_needs(console: Console) -> None:
    """Print what can be asked for, and the rows that lack it."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in ("--need", "clause", "what it is", "lacking on"):
        table.add_column(heading, overflow="fold")
    for name, need, lacked in need_rows():
        table.add_row(name, need.clause, need.says, lacked)
    console.print(table)


def need_rows() -> Iterable[tuple[str, Need, str]]:
    """Give each need with its names, and the rows that lack it."""
    for need in NEEDS.values():
        short = [name for name, full in SHORT.items() if full == need.name]
        lacked = [row.name for row in rows() if not has(row, need)]
        yield ", ".join([need.name, *short]), need, ", ".join(lacked)


def print_uses(console: Console, uses: Mapping[Need, Sequence[Use]]) -> None:
    """Print what an application uses, with the first test that shows it."""
    _say(console, "What the application uses in its tests; --need adds more:")
    for need, (use, *more) in uses.items():
        others = f" and {len(more)} more" if more else ""
        _say(console, f"  {need.name}: {use.path} in {use.test}{others}")
    if not uses:
        _say(console, "  nothing")
    console.print()


def print_judged(console: Console, judged: Sequence[Judged], *, versions: bool = True) -> None:
    """Print which rows qualify, and why the others don't."""
    for each in judged:
        row = f"{each.row.name} {_version(each.row)}" if versions else each.row.name
        if each.lacks:
            _say(console, f"{row}: lacks {len(each.lacks)}", "yellow")
            for lack in each.lacks:
                _say(console, f"  {_told(lack)}")
        else:
            _say(console, f"{row}: qualifies", "bold green")
            _say(console, f"  {command(each.row)}")
    if all(each.lacks for each in judged):
        least = [each.row.name for each in judged if len(each.lacks) == len(judged[0].lacks)]
        _say(console, f"No server has all of it. The least is lacking on {', '.join(least)}.", "bold red")


def _told(lack: Lack) -> str:
    clause = f" ({lack.need.clause})" if lack.need.clause else ""
    instead = [f"--server {' or '.join(lack.instead)} has it."] if lack.instead else []
    return " ".join([f"{lack.need.name}{clause}: {lack.need.says}.", *lack.does, *instead, *lack.upstream])


def _version(row: Row) -> str:
    server = row.server
    return server.version or f"not installed: {server.install_command}"


def _say(console: Console, text: str, style: str = "") -> None:
    """Print a line as it is, however long."""
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
