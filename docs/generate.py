"""Write the generated parts of the documentation: `python -m docs.generate`, or `--check` them.

A region of a page begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`. The function
of that name in `REGIONS` returns the text in between. `docs/regions` has a module for each subject.
"""

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from docs import drawing
from docs.folders import DOCS
from docs.regions import (
    autobahn,
    choosing,
    compatibility,
    contract,
    costs,
    features,
    figures,
    many,
    measured,
    names,
    options,
    overheads,
    programs,
    proxies,
    quirks,
    serving,
    states,
)

from anysocket_adapters.options import LIMITS
from anysocket_matrix import cli
from anysocket_matrix.reports.page.clauses import TITLES

REGION = re.compile(r"(<!-- generated: ([\w. -]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _of(name: str, about: Callable[[str], str]) -> Callable[[], str]:
    return lambda: about(name)


REGIONS: dict[str, Callable[[], str]] = {
    **{f"{clause} capabilities": _of(clause, contract.capabilities) for clause in TITLES},
    **{f"{clause} cases": _of(clause, contract.clause_cases) for clause in TITLES},
    **{f"program {path.stem}": _of(path.stem, programs.program) for path in programs.PROGRAMS.glob("*_*.py")},
    "unproved": contract.unproved,
    "state diagram": states.state_diagram,
    "transition table": states.transition_table,
    "serve options": lambda: options.options(cli.serve),
    "asyncapi options": lambda: options.options(cli.asyncapi),
    "refusals": serving.refusals,
    "server rows": serving.server_rows,
    "summary": compatibility.summary,
    "differences": compatibility.differences,
    "cases": compatibility.cases,
    "known failures": compatibility.known_failures,
    "variants": compatibility.variants,
    "through proxies": compatibility.through_proxies,
    "older versions": compatibility.older_versions,
    "versions": compatibility.versions,
    "quirks": quirks.quirks,
    "needs": choosing.needs,
    "answer": choosing.answer,
    "application": choosing.application,
    "application tests": choosing.tests,
    "used": choosing.used,
    "unseen": choosing.unseen,
    "uses": figures.uses,
    "row costs": figures.row_costs,
    "loops": figures.loops,
    "measured again": figures.again,
    "implementations": figures.implementations,
    "over raw": overheads.over_raw,
    "compared frameworks": overheads.frameworks,
    "own connection": overheads.own_connection,
    "compression": overheads.compression,
    "plots": figures.plots,
    "many": many.many,
    "measured": measured.measured,
    "servers options": lambda: options.options(cli.servers),
    "limits": lambda: options.options(cli.serve, LIMITS),
    "costs": costs.costs,
    "peers": costs.peers,
    "whole asyncio": partial(costs.whole, "asyncio"),
    "whole uvloop": partial(costs.whole, "uvloop"),
    "held": costs.held,
    "over rsgi": costs.over_rsgi,
    "features": features.features,
    **{f"names of {module}": _of(module, names.names) for module in names.MODULES},
    "proxies": proxies.proxies,
    **{each.file: _of(each.file, proxies.configuration) for each in proxies.SHOWN},
    "autobahn": autobahn.verdicts,
    "autobahn options": lambda: options.options(cli.autobahn),
    "autobahn native": autobahn.native,
    "autobahn differing": autobahn.differing,
}


def generated(page: str) -> str:
    """Return a page with its regions generated.

    Raises:
        KeyError: no function generates a region of this name.
    """
    return REGION.sub(lambda region: f"{region[1]}\n{REGIONS[region[2]]()}\n\n{region[3]}", page)


def pages() -> list[Path]:
    """Return all pages."""
    return sorted(DOCS.glob("*.md"))


def others() -> dict[Path, str]:
    """Return the files that are generated as a whole: the pages in HTML, and the plots."""
    found = {DOCS / "compatibility.html": compatibility.page()}
    costs_page = figures.page()
    if costs_page is not None:
        found[DOCS / "bench.html"] = costs_page
    return found | {DOCS / drawing.FOLDER / plot.file: plot.svg for plot in drawing.drawn()}


def main(arguments: Sequence[str]) -> int:
    """Write or check every page and file; return 1 when a check fails."""
    checking = "--check" in arguments
    fresh: dict[Path, str | None] = {page: generated(page.read_text()) for page in pages()}
    fresh |= others()
    made = [*(DOCS / drawing.FOLDER).glob("*"), DOCS / "bench.html"]
    fresh |= {file: None for file in made if file not in fresh and file.exists()}  # no longer generated
    stale = [file for file, text in fresh.items() if (file.read_text() if file.exists() else None) != text]
    for file in stale:
        if not checking:
            _write(file, fresh[file])
        name = f"docs/{file.relative_to(DOCS)}"
        print(f"{name} is stale: run python -m docs.generate" if checking else f"{name} written")
    return 1 if stale and checking else 0


def _write(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
