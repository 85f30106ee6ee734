"""The verdicts of a row, the files in which they are committed, and the comparison of both."""

from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path

import msgspec

from anysocket_matrix.results.files import read_json, write_bytes
from anysocket_matrix.rows.rows import Row

FOLDER = Path("docs", "results", "autobahn")
"""The folder of the committed verdicts, in a clone of the repository."""

_OR = " or "


class Verdict(Enum):
    """Autobahn's verdict on a case; each is worse than the one before."""

    OK = "OK"
    INFORMATIONAL = "INFORMATIONAL"
    NON_STRICT = "NON-STRICT"
    UNIMPLEMENTED = "UNIMPLEMENTED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    """The case couldn't be run, so the verdict can't be committed."""

    def worse_than(self, others: Sequence["Verdict"]) -> bool:
        """Return whether it is worse than each of these."""
        order = list(Verdict)
        return all(order.index(self) > order.index(other) for other in others)

    @classmethod
    def of(cls, behavior: str, *, passed: bool) -> "Verdict":
        """Combine the verdicts on the messages and on the close: a wrong close also fails a case."""
        verdict = cls(behavior)
        return cls.FAILED if not passed and not verdict.worse_than([cls.NON_STRICT]) else verdict


class Outcome(msgspec.Struct, frozen=True):
    """The result of a case with one echo."""

    verdict: Verdict
    says: str
    """The reason, in Autobahn's words."""


class Case(msgspec.Struct, frozen=True):
    """A case with both echoes on one row, with one outcome of each for every run."""

    bare: list[Outcome]
    ours: list[Outcome]


class RowResult(msgspec.Struct, frozen=True):
    """The results of one or several runs of cases on one row."""

    row: str
    version: str
    python: str
    packages: dict[str, str]
    """The versions of other packages that the verdicts depend on."""
    seconds: float
    cases: dict[str, Case]
    problems: list[str] = []
    """The differences from the committed verdicts, and the verdicts that are worse with anysocket."""


class Pair(msgspec.Struct, frozen=True):
    """The committed verdicts of a case; several, joined with `or`, if they vary between runs."""

    bare: str
    ours: str


class Committed(msgspec.Struct, frozen=True):
    """The committed verdicts of one version of a server on one row."""

    row: str
    version: str
    python: str
    packages: dict[str, str]
    cases: dict[str, Pair]


def file_of(folder: Path, row: Row) -> Path:
    """Return the file of a row for the server's installed version."""
    return folder / f"{row.name}-{row.server.version}.json"


def load(folder: Path, row: Row) -> Committed:
    """Read the committed verdicts.

    Raises:
        ValueError: there are none for this version, or the file has other content.
    """
    file = file_of(folder, row)
    if not file.is_file():
        raise ValueError(
            f"no verdicts are committed for {row.name} {row.server.version}: there is no {file}. "
            f"To write it, check it and commit it: anysocket autobahn --server {row.name} --accept"
        )
    return read_json(file, Committed, "verdicts of anysocket autobahn")


def accept(folder: Path, row: Row, result: RowResult) -> None:
    """Write the measured verdicts to the row's file; cases that weren't run keep their verdicts.

    Raises:
        ValueError: a case couldn't be run.
    """
    kept = load(folder, row).cases if file_of(folder, row).is_file() else {}
    measured = {case: Pair(_told(seen.bare), _told(seen.ours)) for case, seen in result.cases.items()}
    broken = [case for case, pair in measured.items() if Verdict.ERROR.value in pair.bare + pair.ours]
    if broken:
        raise ValueError(f"{row.name}: {', '.join(broken)} couldn't be run, so there is nothing to accept")
    cases = dict(sorted({**kept, **measured}.items(), key=lambda item: in_order(item[0])))
    committed = Committed(result.row, result.version, result.python, result.packages, cases)
    write_bytes(file_of(folder, row), _one_case_a_line(committed).encode())


def compare(committed: Committed, result: RowResult) -> Iterator[str]:
    """Yield the differences from the committed verdicts, and the cases that are worse with anysocket."""
    for case, seen in result.cases.items():
        pair = committed.cases.get(case)
        if pair is None:
            yield f"{result.row}: {case} has no committed verdict"
            continue
        for echo, verdicts, outcomes in (("bare", pair.bare, seen.bare), ("ours", pair.ours, seen.ours)):
            for outcome in outcomes:
                if outcome.verdict not in [*parse(verdicts), *_by_chance(pair)]:
                    yield (
                        f"{result.row}: {case} {echo} is committed as {verdicts}, "
                        f"measured as {outcome.verdict.value}: {outcome.says}"
                    )
        yield from _worse(result.row, case, [*parse(pair.bare), *_by_chance(pair)], seen)


def _by_chance(pair: Pair) -> list[Verdict]:
    """Return the verdicts that a case may have with either echo because one of them is NON-STRICT.

    NON-STRICT means that an echo was lost because of an error right after its message. That depends on
    how much the server reads at a time.
    """
    seen = [*parse(pair.bare), *parse(pair.ours)]
    return [Verdict.OK, Verdict.NON_STRICT] if Verdict.NON_STRICT in seen else []


def _worse(row: str, case: str, committed: Sequence[Verdict], seen: Case) -> Iterator[str]:
    bare = [*committed, *(outcome.verdict for outcome in seen.bare)]
    for outcome in seen.ours:
        if outcome.verdict.worse_than(bare):
            than = _OR.join(verdict.value for verdict in dict.fromkeys(bare))
            verdict = f"{outcome.verdict.value} with anysocket, worse than {than} bare"
            yield f"{row}: {case} is {verdict}: {outcome.says}"


def in_order(case: str) -> tuple[int, ...]:
    """Sort cases by the numbers in their ids."""
    return tuple(int(number) for number in case.split("."))


def worst(committed: str) -> Verdict:
    """Return the worst verdict that a case may have."""
    return max(parse(committed), key=list(Verdict).index)


def _told(outcomes: Sequence[Outcome]) -> str:
    found = {outcome.verdict for outcome in outcomes}
    return _OR.join(verdict.value for verdict in Verdict if verdict in found)


def parse(committed: str) -> list[Verdict]:
    """Parse the committed verdicts of a case."""
    return [Verdict(each) for each in committed.split(_OR)]


def _one_case_a_line(committed: Committed) -> str:
    """Encode with one case on each line, for diffs."""
    head = [
        f'"{field}": {msgspec.json.encode(getattr(committed, field)).decode()},'
        for field in committed.__struct_fields__
        if field != "cases"
    ]
    cases = [f'"{case}": {msgspec.json.encode(pair).decode()}' for case, pair in committed.cases.items()]
    return "\n".join(["{", *head, '"cases": {', ",\n".join(cases), "}", "}", ""])
