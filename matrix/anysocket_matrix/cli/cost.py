"""`anysocket cost`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.cli.extras import MATRIX, needs


def cost(
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Count what a message costs, beside raw ASGI.

    In instructions, for a message and for a connection: in process, under valgrind's callgrind,
    which must be installed. A count repeats where a time doesn't. Takes about half a minute.
    """
    needs("matrix", *MATRIX)
    from rich.console import Console

    from anysocket_matrix.cost import measure, print_costs
    from anysocket_matrix.files import write_json

    console = Console()
    try:
        with console.status("counting"):
            costs = measure()
        print_costs(console, costs)
        if json is not None:
            write_json(json, costs)
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
