"""`anysocket servers`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.extras import needs


def servers(
    need: Annotated[
        list[str] | None,
        typer.Option(help="What the server must have, such as peer-close-code or http2; repeatable."),
    ] = None,
    recorded: Annotated[
        Path | None,
        typer.Option(
            "--needs",
            metavar="FILE",
            help="Also what your application uses in its tests, from a file of pytest --anysocket-needs.",
        ),
    ] = None,
    capabilities: Annotated[
        bool, typer.Option("--capabilities", help="Also list what can be needed, and who lacks it.")
    ] = False,
    bench: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also what each costs, from a file that anysocket bench has written."
        ),
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all of it to this file.")
    ] = None,
) -> None:
    """Show the servers to choose from, or which of them have what is needed.

    What a server has is what its adapter declares and the matrix proves. A row that qualifies
    comes with the command that serves on it; any other with each thing that it lacks. The exit
    status is 1 when none qualifies.
    """
    needs("matrix", "msgspec", "rich")
    from anysocket_matrix.choosing import run

    try:
        qualified = run.run(need or [], recorded, bench, json, capabilities=capabilities)
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if qualified else 1)
