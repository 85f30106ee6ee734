"""The changes of an upgrade, on the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from anysocket_matrix.reports.results import STYLES, saw
from anysocket_matrix.results.changes import Changes, DeclarationChange, RowChange
from anysocket_matrix.results.results import Cell


def print_changes(console: Console, changes: Changes) -> None:
    """Print the changes of each row, and the rows that only one side has."""
    for row in changes.rows:
        _print_row(console, row)
    for rows, side in ((changes.only_before, "before"), (changes.only_now, "now")):
        if rows:
            console.print(f"only {side}, not compared: {', '.join(rows)}")
    differing = sum(row.changed for row in changes.rows)
    console.print(
        f"[bold red]{differing} of {len(changes.rows)} rows changed.[/]"
        if differing
        else "[bold green]Nothing changed.[/]"
    )


def _print_row(console: Console, row: RowChange) -> None:
    if not row.changed:
        console.print(f"{_title(row)}: nothing changed")
        return
    console.print(f"[bold]{_title(row)}[/]{_packages(row)}")
    for side, trouble in (("before", row.before.trouble), ("now", row.now.trouble)):
        if trouble is not None:
            console.print(f"[bold red]{side}, the row wasn't run to its end:[/]\n{escape(trouble)}")
    if not row.cases:
        return
    table = Table(
        "", "case", "before", "now", "saw before", "sees now", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for change in row.cases:
        table.add_row(
            change.clause,
            change.case,
            *(_verdict(cell) for cell in (change.before, change.now)),
            *(escape(_seen(cell)) for cell in (change.before, change.now)),
        )
    console.print(table)
    for declaration in row.declarations:
        console.print(f"declaration to change: {_declaration(declaration)}")
    loose = [each.case for each in row.cases if each.now and each.before and not each.now.requires]
    if loose:
        console.print(f"no capability covers {', '.join(loose)}: repair it, add one, or name a known failure")


def _title(row: RowChange) -> str:
    now = f"{row.now.row} {row.now.version}" if row.now.row != row.before.row else row.now.version
    pythons = (
        "" if row.before.python == row.now.python else f", Python {row.before.python} -> {row.now.python}"
    )
    return f"{row.before.row} {row.before.version} -> {now}{pythons}"


def _packages(row: RowChange) -> str:
    before, now = row.before.packages, row.now.packages
    changes = [
        f"{name} {before.get(name, 'none')} -> {now.get(name, 'none')}"
        for name in before | now
        if before.get(name) != now.get(name)
    ]
    return f" ({', '.join(changes)})" if changes else ""


def _verdict(cell: Cell | None) -> str:
    return "not there" if cell is None else f"[{STYLES[cell.verdict]}]{cell.verdict.value}[/]"


def _seen(cell: Cell | None) -> str:
    return "" if cell is None else "\n".join(saw(cell))


def _declaration(change: DeclarationChange) -> str:
    measured = " or ".join(each.value for each in change.measured) or "unclear, because its cases disagree"
    return f"{change.capability}: {change.declared.value} -> {measured}"
