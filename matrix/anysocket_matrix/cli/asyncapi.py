"""`anysocket asyncapi`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket import Application
from anysocket_adapters.serving.served_app import load
from anysocket_matrix.extras import needs


def asyncapi(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:APP", help="The anysocket.Application, such as chat:app.")
    ],
    title: Annotated[str, typer.Option(help="The name of the API.")] = "WebSocket API",
    version: Annotated[str, typer.Option(help="The version of the API.")] = "0.1.0",
    description: Annotated[str, typer.Option(help="The description of the API, in CommonMark.")] = "",
    server: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The URL at which it is served, such as wss://example.com/api."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
) -> None:
    """Describe an app's routes and messages as an AsyncAPI 3 document, in JSON.

    Everything comes from the code: paths and parameters from the routes, messages from the types of
    the handlers, descriptions from the docstrings. The app is imported, but not served. To keep the
    document up to date:

        anysocket asyncapi chat:app --title Chat --output asyncapi.json
    """
    needs("msgspec", "msgspec")
    import msgspec

    from anysocket.asyncapi import describe
    from anysocket_matrix.results.files import write_bytes

    try:
        found = load(target)
        if not isinstance(found, Application):
            raise ValueError(
                f"{target} is no anysocket.Application, but of type {type(found).__name__}: where an "
                "Application is wrapped or mounted, name the Application itself, such as chat:sockets"
            )
        document = describe(found, title=title, version=version, description=description, server=server)
        text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
        if output is None:
            typer.echo(text, nl=False)
        else:
            write_bytes(output, text)
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
