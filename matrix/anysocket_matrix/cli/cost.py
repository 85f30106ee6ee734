"""`anysocket cost`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.extras import MATRIX, needs


def cost(
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the figures to this file.")
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Fail if the cost over raw ASGI is 5 % higher than in this file."),
    ] = None,
    app: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Also count an installed framework, such as starlette; repeatable."
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Count whole servers on real sockets instead.",
        ),
    ] = False,
) -> None:
    """Count the instructions of a message and of a connection, beside raw ASGI.

    They are counted in process, under valgrind's callgrind, which must be installed. A count is the
    same in every run; a time isn't. It takes about half a minute, and with --whole about twenty
    minutes.
    """
    if whole and (check is not None or app):
        raise SystemExit("anysocket: --whole has no --check and no --app")
    needs("matrix", *MATRIX)
    if whole:
        needs("all", "uvicorn", "hypercorn", "uvloop")
        needs("bench", "picows", "aiohttp")
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
        with console.status("counting") as status:
            costs = (
                measure_whole(lambda says: status.update(f"counting {says}")) if whole else measure(app or ())
            )
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
        advice = "To accept this" if worse else "To keep this"
        console.print(f"{advice}: anysocket cost --json {check}", markup=False, highlight=False)
        raise SystemExit(1 if worse else 0)
