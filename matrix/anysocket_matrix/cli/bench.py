"""`anysocket bench`."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from anysocket_adapters.options import Loop
from anysocket_matrix.cli.extras import MATRIX, needs


def bench(
    server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW",
            help="A server, such as granian or uvicorn+uvloop; repeatable. All installed servers unless "
            "given.",
        ),
    ] = None,
    app: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="raw, raw-rsgi, raw-rsgi-to-the-end, anysocket, starlette, fastapi, blacksheep, bareasgi, "
            "litestar, quart or falcon; repeatable, and raw is always among them. raw, raw-rsgi and "
            "anysocket unless given.",
        ),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one, such as echo-32; repeatable. All unless given."),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="How often each is measured; a difference shows from 6 on.")
    ] = 9,
    seconds: Annotated[float, typer.Option(min=0.01, help="How long each is kept busy in a round.")] = 0.5,
    connections: Annotated[
        int | None,
        typer.Option(min=1, max=10_000, help="Of broadcast, crowd and idle [200, 2000, 2000]."),
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
        typer.Option(metavar="FILE", help="Measure nothing, and show what --json has written."),
    ] = None,
) -> None:
    """Measure what servers and frameworks cost, side by side.

    Every app runs on every server in a process of its own, the raw one and the frameworks with
    the server's own command, anysocket's as anysocket serve runs it. In each round each is kept
    busy once by the same client. What counts is the processor time of the server for a message,
    and its ratio to the raw app's in the same round; a difference that chance may have made is
    shown as none. The exit status is 0 only when everything was measured.
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
            loop=cast("Loop", loop),  # just looked at
            rounds=rounds,
            seconds=seconds,
            connections=connections,
        )
        complete = command.run(chosen, json, html)
    except (ValueError, OSError, ClientFailed) as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if complete else 1)
