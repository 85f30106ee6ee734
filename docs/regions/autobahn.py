"""The committed verdicts of Autobahn's cases."""

import re
from collections.abc import Sequence

import msgspec
from docs.folders import RESULTS
from docs.tables import table

from anysocket_matrix.autobahn.native import NATIVE
from anysocket_matrix.autobahn.verdicts import Committed, Pair, Verdict, in_order, worst


def verdicts() -> str:
    """Count the committed verdicts of Autobahn, the worst where they vary."""
    shown = [verdict for verdict in Verdict if verdict is not Verdict.ERROR]
    rows: list[tuple[str, ...]] = []
    for row, committed in _committed().items():
        for echo in ("bare", "ours"):
            found = [worst(getattr(pair, echo)) for pair in committed.cases.values()]
            counts = (str(found.count(verdict)) for verdict in shown)
            rows.append((f"`{row}` {committed.version}", str(len(found)), echo, *counts))
    return table(("row", "cases", "echo", *(verdict.value for verdict in shown)), rows)


def native() -> str:
    """List the cases that fail or aren't implemented with both echoes, with the reason."""
    committed = _committed()
    return table(
        ("on", "cases", "because"),
        [(", ".join(each.rows), _in_short(each.cases(committed)), each.because) for each in NATIVE],
    )


def differing() -> str:
    """List the verdicts that differ from the bare server's, and those that vary."""
    rows: list[tuple[str, ...]] = []
    for row, committed in _committed().items():
        pairs: dict[Pair, list[str]] = {}
        for case, pair in committed.cases.items():
            if pair.bare != pair.ours or " or " in pair.bare:
                pairs.setdefault(pair, []).append(case)
        rows.extend((row, _in_short(cases), pair.bare, pair.ours) for pair, cases in pairs.items())
    return table(("row", "cases", "bare", "ours"), rows)


def _committed() -> dict[str, Committed]:
    """Read the newest committed verdicts of each row."""
    files = sorted((RESULTS / "autobahn").glob("*.json"), key=lambda file: _numbers(file.stem))
    found = (msgspec.json.decode(file.read_bytes(), type=Committed) for file in files)
    return dict(sorted({committed.row: committed for committed in found}.items()))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))


def _in_short(cases: Sequence[str]) -> str:
    """List cases; of a group with more than 20, only the number."""
    groups: dict[str, list[str]] = {}
    for case in sorted(cases, key=in_order):
        groups.setdefault(case.split(".")[0], []).append(case)
    return ", ".join(
        f"{len(found)} of group {group}" if len(found) > 20 else ", ".join(found)
        for group, found in groups.items()
    )
