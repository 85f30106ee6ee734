"""The tables of each clause of the contract: its capabilities and its cases."""

from docs.tables import table

from anysocket import Support
from anysocket.capabilities import described
from anysocket_adapters import servers
from anysocket_matrix.case import cases
from anysocket_matrix.reports.page.clauses import TITLES


def capabilities(clause: str) -> str:
    """List the capabilities of a clause, with the servers where each is repaired or absent."""
    rows = [
        (f"`{name}`", says, _with(name, Support.REPAIRED), _with(name, Support.ABSENT))
        for name, (of, says) in described().items()
        if of == clause
    ]
    if not rows:
        proved = any(case.clause == clause for case in cases())
        return "Native on every server." if proved else "No capability is declared yet."
    return table(("capability", "what it is", "repaired on", "absent on"), rows)


def _with(capability: str, support: Support) -> str:
    return ", ".join(
        name
        for name, server in servers().items()
        if getattr(server.transport.declared, capability) is support
    )


def clause_cases(clause: str) -> str:
    """List the cases of a clause."""
    rows = [
        (
            f"`{case.id}`",
            case.description.replace("\n", " "),
            ", ".join(f"`{each}`" for each in case.requires),
        )
        for case in cases()
        if case.clause == clause
    ]
    if not rows:
        return "No conformance case yet."
    return table(("case", "what it proves", "requires"), rows)


def unproved() -> str:
    """List the clauses without a case."""
    proved = {case.clause for case in cases()}
    return ", ".join(clause for clause in TITLES if clause not in proved) or "none"
