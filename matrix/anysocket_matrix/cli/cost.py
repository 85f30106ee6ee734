"""`anysocket cost`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.cli.extras import MATRIX, needs


def cost(
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the figures to this file.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fail when something costs 5 % more over raw than in this file."),
    ] = None,
    app: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Also an installed framework's, such as starlette; may be repeated."
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="The whole of uvicorn instead, on real sockets, and a connection's profile on each server.",
        ),
    ] = False,
) -> None:
    """Count what a message costs, beside raw ASGI.

    In instructions, for a message and for a connection: in process, under valgrind's callgrind,
    which must be installed. A count repeats where a time doesn't. Takes about half a minute, and
    with --whole about eight.
    """
    if whole and (check is not None or app):
        raise SystemExit("anysocket: --whole has no --check and no --app")
    needs("matrix", *MATRIX)
    from rich.console import Console

    from anysocket_matrix.cost import Costs, measure, print_costs
    from anysocket_matrix.cost.check import changes
    from anysocket_matrix.cost.whole import measure_whole, print_whole
    from anysocket_matrix.results.files import prepare_file, read_json, write_json

    console = Console()
    try:
        then = None if check is None else read_json(check, Costs, "figures of anysocket cost")
        if json is not None:
            prepare_file(json)
        with console.status("counting"):
            costs = measure_whole() if whole else measure(app or ())
        changed = [] if then is None or not isinstance(costs, Costs) else changes(then, costs)
        if isinstance(costs, Costs):
            print_costs(console, costs)
        else:
            print_whole(console, costs)
        if json is not None:
            write_json(json, costs)
    except (OSError, ValueError) as error:
        raise SystemExit(f"anysocket: {error}") from None
    for change in changed:
        console.print(str(change), markup=False, highlight=False)
    if changed:
        worse = any(change.is_worse for change in changed)
        wish = "If that is meant" if worse else "So that it stays so"
        console.print(f"{wish}: anysocket cost --json {check}", markup=False, highlight=False)
        raise SystemExit(1 if worse else 0)
