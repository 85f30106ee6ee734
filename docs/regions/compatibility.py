"""The tables of compatibility.md and compatibility.html, from the committed results."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from docs.folders import CONTRACT, RESULTS
from docs.tables import table

from anysocket import Support
from anysocket.capabilities import described
from anysocket_matrix.case import cases as conformance_cases
from anysocket_matrix.proxies import PROXIES
from anysocket_matrix.reports.page import render
from anysocket_matrix.reports.page.clauses import clause_order
from anysocket_matrix.results.merged import Merged, merge
from anysocket_matrix.results.results import Cell, RowResult, Verdict
from anysocket_matrix.results.supported import supported

FOLDERS = (RESULTS / "matrix", RESULTS / "proxies")


@cache
def measured() -> Merged:
    """Read the committed results.

    Raises:
        ValueError: one of them can't be read.
    """
    found = merge(FOLDERS)
    if found.missing:
        raise ValueError("; ".join(found.missing))
    return found


def page() -> str:
    """Return the page in HTML."""
    return render(measured(), CONTRACT)


def newest() -> list[RowResult]:
    """Return each row in its newest version."""
    return [row.worst for row in measured().newest]


def direct() -> list[RowResult]:
    """Return the rows without a proxy."""
    return [row for row in newest() if not set(row.row.split("+")) & set(PROXIES)]


def servers() -> list[RowResult]:
    """Return the rows of the servers themselves, without their variants."""
    return [row for row in newest() if "+" not in row.row]


def summary() -> str:
    """Count each row's verdicts, in every version."""
    return table(
        ("row", "version", *(verdict.value for verdict in Verdict)),
        [
            (f"`{row.row}`", row.version, *(_count(row, verdict) for verdict in Verdict))
            for row in (each.worst for each in measured().rows)
        ],
    )


def _count(row: RowResult, verdict: Verdict) -> str:
    return str(sum(cell.verdict is verdict for cell in row.cells) or "")


def differences() -> str:
    """List the capabilities that differ between the servers."""
    rows = servers()
    supports = [supported(row) for row in rows]
    return table(
        ("clause", "capability", *_headings(rows)),
        [
            (clause, says, *(_support(each.get(name)) for each in supports))
            for name, (clause, says) in described().items()
            if len({each.get(name) for each in supports}) > 1
        ],
    )


def _headings(rows: Sequence[RowResult]) -> list[str]:
    return [f"{row.row} {row.version}" for row in rows]


def _support(support: Support | None) -> str:
    return verdict(None if support is None else Verdict(support.value))


def cases() -> str:
    """List each case's verdict on each server; cases that are native everywhere by name only."""
    rows = servers()
    lines, everywhere = dict[str, tuple[str, ...]](), list[str]()
    for case, clause in _clauses_of(rows).items():
        cells = [next((cell for cell in row.cells if cell.case == case), None) for row in rows]
        if all(cell is not None and cell.verdict is Verdict.NATIVE for cell in cells):
            everywhere.append(case)
        else:
            lines[case] = (clause, f"`{case}`", *(of_cell(cell) for cell in cells))
    native = f"Native on all of them: {', '.join(f'`{case}`' for case in everywhere) or 'nothing'}."
    unmeasured = [
        f"`{case.id}`" for case in conformance_cases() if case.id not in lines | dict.fromkeys(everywhere)
    ]
    missing = f" Not measured yet: {', '.join(unmeasured)}." if unmeasured else ""
    return table(("clause", "case", *_headings(rows)), lines.values()) + f"\n\n{native}{missing}"


def _clauses_of(rows: Sequence[RowResult]) -> dict[str, str]:
    found = {cell.case: cell.clause for row in rows for cell in row.cells}
    return dict(sorted(found.items(), key=lambda item: clause_order(item[1])))


def known_failures() -> str:
    """List the known failures, each with its thread upstream."""
    return table(
        ("row", "version", "case", "upstream"),
        [
            (f"`{row.row}`", row.version, f"`{cell.case}`", f"[{cell.known}]({cell.known})")
            for row in (each.worst for each in measured().rows)
            for cell in row.cells
            if cell.known is not None
        ],
    )


def variants() -> str:
    """List the cases in which a server's variants differ from it."""
    return _variants(row.row for row in direct())


def through_proxies() -> str:
    """List the cases that are absent only behind a proxy, and those that are absent only without it.

    Rows with a proxy don't run over the plain transport, so native and repaired look alike there.
    """
    absent = {row.row: {cell.case: cell.verdict is Verdict.ABSENT for cell in row.cells} for row in newest()}
    rows: list[tuple[str, str, str]] = []
    for row in (each.row for each in newest() if each not in direct()):
        alone = absent.get(row.partition("+")[0], {})
        worse = [f"`{case}`" for case, now in absent[row].items() if now and alone.get(case) is False]
        better = [f"`{case}`" for case, now in absent[row].items() if not now and alone.get(case)]
        rows.append((f"`{row}`", ", ".join(worse) or "nothing", ", ".join(better) or "nothing"))
    return table(("row", "absent only here", "absent only without the proxy"), rows)


def _variants(names: Iterable[str]) -> str:
    """List the differences of these rows; rows with the same differences share a line."""
    by_name = {row.row: row for row in newest()}
    alike: dict[str, list[str]] = {}
    for name in names:
        row, server = by_name[name], by_name.get(name.partition("+")[0])
        if server is not None and server is not row:
            alike.setdefault(_differing(row, server), []).append(f"`{name}`")
    return table(
        ("variants", "what differs"), [(", ".join(names), differing) for differing, names in alike.items()]
    )


def older_versions() -> str:
    """List the cases in which an older version differs from the newest of its row."""
    of_row = {row.row: row.worst for row in measured().newest}
    older = [row.worst for row in measured().rows if row.worst.version != of_row[row.row].version]
    return table(
        ("row", "version", "what differs from the newest"),
        [(f"`{row.row}`", row.version, _differing(row, of_row[row.row])) for row in older],
    )


def _differing(row: RowResult, other: RowResult) -> str:
    usual = _verdicts(other)
    differing = [f"`{case}`: {now}" for case, now in _verdicts(row).items() if now != usual.get(case)]
    return ", ".join(differing) or "nothing"


def _verdicts(row: RowResult) -> Mapping[str, str]:
    return {cell.case: of_cell(cell) for cell in row.cells}


def versions() -> str:
    """List the environments of the committed results."""
    rows = [run for row in measured().rows for run in row.runs.values()]
    runs = {
        f"anysocket {row.anysocket}, Python {row.python}, {row.platform}, "
        + ", ".join(f"{name} {version}" for name, version in row.packages.items()): None
        for row in rows
    }
    return "\n".join(f"- {run}" for run in runs)


def of_cell(cell: Cell | None) -> str:
    """Write the verdict of a cell."""
    return verdict(None if cell is None else cell.verdict)


def verdict(verdict: Verdict | None) -> str:
    """Write a verdict, an absence in bold."""
    if verdict is None:
        return "not measured"
    return verdict.value if verdict is not Verdict.ABSENT else "**absent**"
