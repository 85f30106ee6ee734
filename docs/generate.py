"""Write the generated parts of the documentation: `python -m docs.generate`, or `--check` them.

A region of a page begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`. What stands
in between is what the function of that name in `REGIONS` gives.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import msgspec
from docs import compatibility
from docs.clauses import clauses
from docs.tables import table
from rich.console import Console
from tests import choosing_app
from tests.features.feature import FEATURES, SEEDS
from tests.outside.configurations import CONFIGURATIONS, NGINX_TLS, TLS, TLS_BEHIND, Configuration
from tests.outside.configurations import SERVERS as PROXIED
from typer.models import ArgumentInfo, OptionInfo

from anysocket import Action, State, Support
from anysocket.capabilities import described
from anysocket.state import TRANSITIONS
from anysocket_adapters import Options, servers
from anysocket_adapters.options import OptionName
from anysocket_matrix import cli
from anysocket_matrix.autobahn.native import NATIVE
from anysocket_matrix.autobahn.verdicts import Committed, Pair, in_order, worst
from anysocket_matrix.autobahn.verdicts import Verdict as AutobahnVerdict
from anysocket_matrix.choosing.needs import find
from anysocket_matrix.choosing.qualify import judge
from anysocket_matrix.choosing.show import need_rows, print_judged, print_uses
from anysocket_matrix.choosing.uses import uses
from anysocket_matrix.conformance.case import cases
from anysocket_matrix.cost import Costs
from anysocket_matrix.proxies import CONFIGURATIONS as CONFIGURATION_FILES
from anysocket_matrix.quirks import QUIRKS, SEEN, Quirk
from anysocket_matrix.results import WORST_LAST, RowResult

DOCS = Path(__file__).parent
RESULTS = DOCS / "results"
PROGRAMS = DOCS.parent / "tests" / "frameworks" / "apps" / "mounting"

CLAUSES = tuple(
    f"{group}{number}"
    for group, count in {"H": 5, "M": 5, "C": 6, "L": 3, "N": 6}.items()
    for number in range(1, count + 1)
)

REGION = re.compile(r"(<!-- generated: ([\w. -]+) -->\n).*?(<!-- end -->)", re.DOTALL)

MODULES = ("anysocket", "anysocket.testing", "anysocket_adapters", "anysocket_adapters.testing")
"""What users import from."""

PROBES: Mapping[str, tuple[OptionName, Options]] = {
    "`--max-message-size` for an app that is neither anysocket's nor normalised": (
        "max_message_size",
        Options(max_message_size=1),
    ),
    "`--ping-interval` above 0": ("ping_interval", Options(ping_interval=20)),
    "`--ping-interval 0`": ("ping_interval", Options(ping_interval=0)),
    "`--ping-timeout`": ("ping_timeout", Options(ping_timeout=20)),
    "`--compression`": ("compression", Options(compression=True)),
    "`--no-compression`": ("compression", Options(compression=False)),
}
"""Every way to set an option that some server can't honour."""


def capabilities(clause: str) -> str:
    """Tell what a server may lack of a clause, and which one does."""
    rows = [
        (f"`{name}`", says, _with(name, Support.REPAIRED), _with(name, Support.ABSENT))
        for name, (of, says) in described().items()
        if of == clause
    ]
    if not rows:
        proved = any(case.clause == clause for case in cases())
        return "Every server has all of it natively." if proved else "None is declared yet."
    return table(("capability", "what it is", "repaired on", "absent on"), rows)


def _with(capability: str, support: Support) -> str:
    return ", ".join(
        name
        for name, server in servers().items()
        if getattr(server.transport.capabilities, capability) is support
    )


def clause_cases(clause: str) -> str:
    """List the cases of a clause."""
    rows = [
        (f"`{case.id}`", case.says.replace("\n", " "), ", ".join(f"`{each}`" for each in case.requires))
        for case in cases()
        if case.clause == clause
    ]
    if not rows:
        return "No conformance case yet."
    return table(("case", "what it proves", "requires"), rows)


def unproved() -> str:
    """Name the clauses that no case is about."""
    proved = {case.clause for case in cases()}
    return ", ".join(clause for clause in CLAUSES if clause not in proved) or "none"


def state_diagram() -> str:
    """Draw the transitions, those of one pair of states on one arrow."""
    arrows: dict[tuple[State, State], list[Action]] = {}
    for state, transitions in TRANSITIONS.items():
        for action, following in transitions.items():
            arrows.setdefault((state, following), []).append(action)
    lines = [
        f"    {state.name} --> {following.name}: {', '.join(action.value for action in actions)}"
        for (state, following), actions in arrows.items()
    ]
    first, last = next(iter(State)), list(State)[-1]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            f"    [*] --> {first.name}",
            *lines,
            f"    {last.name} --> [*]",
            "```",
        ]
    )


def transition_table() -> str:
    """Tell what follows from each action in each state; a dash is what is refused."""
    return table(
        ("", *(action.value for action in Action)),
        [
            (state.name, *(_following(transitions.get(action)) for action in Action))
            for state, transitions in TRANSITIONS.items()
        ],
    )


def _following(state: State | None) -> str:
    return "–" if state is None else state.name  # noqa: RUF001  # a dash for people


def options(command: Callable[..., None]) -> str:
    """List the options of a command, as its own declaration has them."""
    rows: list[tuple[str, str, str]] = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        hint = hints[name]
        assert get_origin(hint) is Annotated, f"{name} isn't declared as an option"
        kind, info = get_args(hint)
        if isinstance(info, ArgumentInfo):
            continue
        assert isinstance(info, OptionInfo)
        rows.append((f"`{_flags(name, kind, info)}`", info.help or "", _default(parameter.default)))
    return table(("option", "what it does", "default"), rows)


def _flags(name: str, kind: object, info: OptionInfo) -> str:
    flag = name.replace("_", "-")
    # In an annotation typer takes the first name for what elsewhere is the default.
    declared = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    if declared:
        return ", ".join(declared)
    return f"--{flag}` / `--no-{flag}" if bool in (kind, *get_args(kind)) else f"--{flag}"


def _default(value: object) -> str:
    return "" if value is None or value is False or value == "" else f"`{value}`"


def refusals() -> str:
    """Tell which server refuses which option, and what it does instead."""
    rows: list[tuple[str, str, str]] = []
    for says, (option, options) in PROBES.items():
        for name, server in servers().items():
            instead = server.refuses(options).get(option)
            if instead is not None:
                rows.append((says, name, f"it {instead}"))
    return table(("option", "server", "because"), rows)


def server_rows() -> str:
    """List the registered servers."""
    return table(
        ("row", "package", "transport"),
        [
            (f"`{name}`", server.distribution, f"`{server.transport.__name__}`")
            for name, server in servers().items()
        ],
    )


def quirks() -> str:
    """Tell what is done about each quirk, and what has come of it in the committed results."""
    direct = compatibility.direct()
    links = _clause_links()
    rows: list[tuple[str, ...]] = []
    for quirk in QUIRKS:
        affected = [row for row in direct if quirk.affects(row.row)]
        cells = [cell for row in affected for cell in row.cells if cell.case in quirk.cases]
        rows.append(
            (
                str(quirk.number),
                _rows_and_version(quirk, affected),
                quirk.does,
                ", ".join(links[clause] for clause in quirk.clauses),
                ", ".join(f"`{case}`" for case in quirk.cases),
                _repair(quirk),
                compatibility.of_cell(
                    max(cells, key=lambda cell: WORST_LAST.index(cell.verdict), default=None)
                ),
                ", ".join(f"[{text}]({address})" for text, address in quirk.links().items()),
            )
        )
    head = ("", "on", "what the server does", "clause", "cases", "repaired", "now", "upstream")
    return table(head, rows)


def _repair(quirk: Quirk) -> str:
    absent = [f"absent: `{capability}`." for capability in quirk.absent]
    return " ".join([*(f"{where.value}: {says}" for where, says in quirk.repair.items()), *absent])


def _rows_and_version(quirk: Quirk, affected: Sequence[RowResult]) -> str:
    """Name the rows, each distribution's with the version in which a case has shown the quirk."""
    shown = {
        servers()[row.row.partition("+")[0]].distribution: row.version
        for row in affected
        if any(cell.case in quirk.cases and (cell.plain or cell.adapter) for cell in row.cells)
    }
    by_distribution: dict[str, list[str]] = {}
    for row in quirk.rows:
        by_distribution.setdefault(servers()[row.partition("+")[0]].distribution, []).append(row)
    return "; ".join(
        f"{', '.join(rows)} {shown.get(distribution, SEEN[distribution])}"
        for distribution, rows in by_distribution.items()
    )


def _clause_links() -> dict[str, str]:
    """Link each clause to its heading in the contract."""
    return {name: f"[{name}]({clause.address})" for name, clause in clauses().items()}


def needs() -> str:
    """Tell what can be asked of a server, and which rows lack it."""
    rows = [(f"`{names}`", need.clause, need.says, lacking) for names, need, lacking in need_rows()]
    return table(("`--need`", "clause", "what it is", "lacking on"), rows)


def answer() -> str:
    """Show what `anysocket servers` answers, without the versions that happen to be installed."""
    console = Console(width=110)
    with console.capture() as captured:
        print_judged(console, judge(find(ASKED)), None, versions=False)
    return f"```sh\nanysocket servers {' '.join(f'--need {name}' for name in ASKED)}\n```\n\n" + (
        f"```\n{captured.get()}```"
    )


def application() -> str:
    """Show the application that tests/test_choosing_uses.py is about."""
    return f"```py\n{APPLICATION.read_text()}```"


def used() -> str:
    """Show where it needs what, as `anysocket servers --app` does."""
    console = Console(width=110)
    with console.capture() as captured:
        print_uses(console, "choosing_app:app", uses(choosing_app.app))
    return f"```\n{captured.get().strip()}\n```"


APPLICATION = Path(choosing_app.__file__)

ASKED = ("peer-close-reason", "http2", "compression")
"""What docs/choosing.md asks for."""


def costs() -> str:
    """Tell what a message costs, from the committed results."""
    rows: list[tuple[str, ...]] = []
    for file in sorted(RESULTS.glob("cost-*.json")):
        measured = msgspec.json.decode(file.read_bytes(), type=Costs)
        for cost in measured.costs:
            over = measured.over_raw(cost)
            figures = (cost.message, over.message, cost.connection, over.connection)
            rows.append((measured.python, cost.app, *(f"{figure:,}" for figure in figures)))
    return table(("Python", "app", "message", "over raw", "connection", "over raw"), rows)


def program(name: str) -> str:
    """Show a program that tests/frameworks runs.

    Its block is `py`: those of `python` are run and type-checked where no framework is installed.
    """
    return f"```py\n{(PROGRAMS / name).with_suffix('.py').read_text()}```"


def _of(name: str, about: Callable[[str], str]) -> Callable[[], str]:
    return lambda: about(name)


def features() -> str:
    """Tell for each feature of the frameworks that came before what serves it, and what proves it."""
    for seed, _ in SEEDS.values():
        import_module(f"tests.features.test_{seed}")
    import_module("tests.outside.test_proxies")
    names = (f"{prefix}{number}" for prefix, (_, count) in SEEDS.items() for number in range(1, count + 1))
    rows: list[tuple[str, ...]] = []
    for name in names:
        feature = FEATURES[name]
        file = Path(inspect.getsourcefile(feature.test) or "")
        test = f"[{feature.test.__name__}](../{file.relative_to(DOCS.parent).as_posix()})"
        does, api = (text.replace("|", "\\|") for text in (feature.does, feature.api))
        rows.append((name, does, api, test))
    return table(("", "feature", "served by", "proved by"), rows)


def names(module: str) -> str:
    """List what a module exports, each with the first sentence of its documentation."""
    exported: list[str] = import_module(module).__all__
    rows: list[tuple[str, str]] = []
    for name in sorted(exported, key=str.lower):
        says = ALIASES.get(name) or str(getattr(import_module(module), name).__doc__)
        rows.append((f"`{name}`", _first_sentence(says)))
    return table(("name", "is"), rows)


ALIASES = {
    "JsonValue": "Any value of JSON, as a type.",
    "Middleware": "What runs around a connection's handler: `async def middleware(request, call_next)`.",
    "Next": "What a middleware awaits to go on: `await call_next()`.",
}
"""What has no documentation of its own at run time."""


def _first_sentence(documentation: str) -> str:
    paragraph = " ".join(inspect.cleandoc(documentation).split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0].replace("|", "\\|")


def proxies() -> str:
    """Tell which of the proxies' configurations work in front of which server."""
    folder = "matrix/anysocket_matrix/proxies/configurations"  # wherever it is installed
    rows = (
        (each.proxy.name, f"[{each.file}](../{folder}/{each.file})", each.does, *_through(each))
        for each in CONFIGURATIONS
    )
    return table(("", "file", "what it does", *PROXIED), rows)


def _through(configuration: Configuration) -> Iterable[str]:
    for server in PROXIED:
        page = server in configuration.pages
        over = {"": configuration.websockets.get(server)}
        if configuration.over_http2 is not None and configuration.over_http2.get(server) != over[""]:
            over = {"over HTTP/1.1 ": over[""], "over HTTP/2 ": configuration.over_http2.get(server)}
        if not any(over.values()):
            yield "**breaks:** WebSockets" if page else "**breaks**"
        elif not page:
            yield "**breaks:** pages"
        else:
            yield "; ".join(
                f"{peer}works, HTTP/{version}" if version else f"{peer}**breaks**"
                for peer, version in over.items()
            )


def configuration(file: str) -> str:
    """Show a configuration as it is tested."""
    return f"```\n{(CONFIGURATION_FILES / file).read_text()}```"


def autobahn() -> str:
    """Count the committed verdicts of Autobahn, the worst where they vary."""
    verdicts = [verdict for verdict in AutobahnVerdict if verdict is not AutobahnVerdict.ERROR]
    rows: list[tuple[str, ...]] = []
    for row, committed in _committed().items():
        for echo in ("bare", "ours"):
            found = [worst(getattr(pair, echo)) for pair in committed.cases.values()]
            counts = (str(found.count(verdict)) for verdict in verdicts)
            rows.append((f"`{row}` {committed.version}", str(len(found)), echo, *counts))
    return table(("row", "cases", "echo", *(verdict.value for verdict in verdicts)), rows)


def autobahn_native() -> str:
    """Tell why cases fail, or aren't implemented, with our handler as on the bare server."""
    committed = _committed()
    return table(
        ("on", "cases", "because"),
        [(", ".join(each.rows), _in_short(each.cases(committed)), each.because) for each in NATIVE],
    )


def autobahn_differing() -> str:
    """Tell which verdicts differ from the bare server's, and which vary."""
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
    """List cases, a group of many only by its number."""
    groups: dict[str, list[str]] = {}
    for case in sorted(cases, key=in_order):
        groups.setdefault(case.split(".")[0], []).append(case)
    return ", ".join(
        f"{len(found)} of group {group}" if len(found) > 20 else ", ".join(found)
        for group, found in groups.items()
    )


REGIONS: dict[str, Callable[[], str]] = {
    **{f"{clause} capabilities": _of(clause, capabilities) for clause in CLAUSES},
    **{f"{clause} cases": _of(clause, clause_cases) for clause in CLAUSES},
    **{f"program {path.stem}": _of(path.stem, program) for path in PROGRAMS.glob("*_*.py")},
    "unproved": unproved,
    "state diagram": state_diagram,
    "transition table": transition_table,
    "serve options": lambda: options(cli.serve),
    "asyncapi options": lambda: options(cli.asyncapi),
    "refusals": refusals,
    "server rows": server_rows,
    "summary": compatibility.summary,
    "differences": compatibility.differences,
    "cases": compatibility.cases,
    "known failures": compatibility.known_failures,
    "variants": compatibility.variants,
    "through proxies": compatibility.through_proxies,
    "older versions": compatibility.older_versions,
    "versions": compatibility.versions,
    "quirks": quirks,
    "needs": needs,
    "answer": answer,
    "application": application,
    "used": used,
    "servers options": lambda: options(cli.servers),
    "costs": costs,
    "features": features,
    **{f"names of {module}": _of(module, names) for module in MODULES},
    "proxies": proxies,
    **{each.file: _of(each.file, configuration) for each in (TLS, TLS_BEHIND, NGINX_TLS)},
    "autobahn": autobahn,
    "autobahn options": lambda: options(cli.autobahn),
    "autobahn native": autobahn_native,
    "autobahn differing": autobahn_differing,
}


def generated(page: str) -> str:
    """Give a page with its regions as they should be.

    Raises:
        KeyError: a region has a name that nothing generates.
    """
    return REGION.sub(lambda region: f"{region[1]}\n{REGIONS[region[2]]()}\n\n{region[3]}", page)


def pages() -> list[Path]:
    """Give all pages."""
    return sorted(DOCS.glob("*.md"))


def main(arguments: Sequence[str]) -> int:
    """Write or check all pages, and the one in HTML; 1 when a check fails."""
    checking = "--check" in arguments
    stale: list[str] = []
    fresh_pages = {page: generated(page.read_text()) for page in pages()}
    fresh_pages[DOCS / "compatibility.html"] = compatibility.page()
    for page, fresh in fresh_pages.items():
        if page.exists() and fresh == page.read_text():
            continue
        stale.append(page.name)
        if not checking:
            page.write_text(fresh)
    for name in stale:
        print(
            f"docs/{name} "
            + ("is stale: run python -m docs.generate" if "--check" in arguments else "written")
        )
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
