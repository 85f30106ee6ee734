"""The results as one HTML page, which needs no other file and no network."""

from collections.abc import Mapping
from importlib.resources import files

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from anysocket_matrix.reports.page.bars import bars
from anysocket_matrix.reports.page.clauses import clauses, grouped
from anysocket_matrix.reports.page.data import Capability, page_data
from anysocket_matrix.reports.page.questions import QUESTIONS
from anysocket_matrix.results.merged import Merged
from anysocket_matrix.results.results import Verdict

__all__ = ["render"]


def render(merged: Merged, contract: str = "") -> str:
    """Render the page.

    Args:
        merged: the results.
        contract: the address of docs/contract.md, for links to the clauses; no package installs that file.
    """
    data = page_data(merged, clauses(contract))
    environment = Environment(
        loader=PackageLoader("anysocket_matrix.reports.page", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return (
        environment.get_template("page.html.jinja").render(
            data=data,
            missing=merged.missing,
            json=_inline(msgspec.json.encode(data).decode()),
            style=Markup(_file("page.css")),  # a file of this package
            script=Markup(_file("page.js")),  # a file of this package
            verdicts=[verdict.value for verdict in Verdict],
            bars=bars(data.rows),
            needs=_by_clause(data.capabilities),
            groups=grouped(data.clauses),
            questions=[each for each in QUESTIONS if set(each.needs) <= set(data.capabilities)],
        )
        + "\n"
    )


def _by_clause(capabilities: Mapping[str, Capability]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, capability in capabilities.items():
        found.setdefault(capability.clause, []).append(name)
    return found


def _file(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _inline(json: str) -> Markup:
    """Escape JSON so that it can't end the script element that holds it."""
    return Markup(json.replace("<", "\\u003c"))  # escaped right here
