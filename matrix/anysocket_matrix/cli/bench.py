"""`anysocket bench`."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from anysocket_adapters.options import Loop
from anysocket_matrix.extras import MATRIX, needs


def bench(
    server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW",
            help="A server, such as granian or uvicorn+uvloop; repeatable. Default: all installed servers.",
        ),
    ] = None,
    app: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="raw, raw-rsgi, raw-rsgi-to-the-end, anysocket, starlette, fastapi, blacksheep, bareasgi, "
            "litestar, quart or falcon; repeatable. raw always runs too. Default: raw, raw-rsgi, anysocket.",
        ),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A scenario, such as echo-32; repeatable. Default: all."),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often to measure each; a difference shows from 6 on.")
    ] = 9,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long to keep each busy in a round.")] = 0.5,
    connections: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Connections of broadcast, crowd and idle [200, 2000, 2000]."),
    ] = None,
    loop: Annotated[str, typer.Option(help="Each server's event loop: asyncio or uvloop.")] = "asyncio",
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write every round to this file.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page for the browser.")
    ] = None,
    show: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Measure nothing; show a file that --json has written."),
    ] = None,
) -> None:
    """Measure the cost of servers and frameworks, side by side.

    Every app runs on every server in a process of its own. The server's own command serves the raw
    app and the frameworks' apps; anysocket's app is served as by anysocket serve. In each round the
    same client keeps each of them busy once. The result is the server's processor time for a
    message, and its ratio to the raw app's time in the same round. A difference that may be chance
    is shown as no difference. The exit status is 0 only when everything was measured.
    """
    needs("matrix", *MATRIX)
    needs("bench", "picows", "psutil", "uvloop")
    from anysocket_matrix.bench import command
    from anysocket_matrix.bench.generator import ClientFailed

    try:
        if show is not None:
            if server or app or scenario or json:
                raise ValueError("--show measures nothing: give it alone, or with --html")
            command.show(show, html)
            return
        if loop not in get_args(Loop):
            raise ValueError(f"loop {loop!r} must be one of {', '.join(get_args(Loop))}")
        chosen = command.plan(
            server or [],
            app or [],
            scenario or [],
            loop=cast("Loop", loop),  # checked above
            rounds=rounds,
            seconds=seconds,
            connections=connections,
        )
        complete = command.run(chosen, json, html)
    except (ValueError, OSError, ClientFailed) as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if complete else 1)
