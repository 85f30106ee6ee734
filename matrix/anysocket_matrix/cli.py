"""The `anysocket` command."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, cast

import typer

from anysocket import Application
from anysocket_adapters import Server, ServerFailed
from anysocket_adapters import serve as serve_app
from anysocket_adapters.options import LogLevel, Loop
from anysocket_adapters.served import load

app: typer.Typer = typer.Typer(
    name="anysocket",
    help="One typed WebSocket API, the same on every Python server, and the suite that proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

MATRIX = ("h11", "jinja2", "msgspec", "pytest", "rich")
"""What the extra of this name brings."""


@app.callback()
def _root() -> None:
    pass


@app.command()
def serve(
    target: Annotated[str, typer.Argument(metavar="MODULE:APP", help="The app, such as chat:app.")],
    server: Annotated[
        str | None, typer.Option(help="uvicorn, hypercorn, granian, …; the first installed unless given.")
    ] = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.")] = 8000,
    unix_socket: Annotated[
        Path | None, typer.Option(help="Listen on this path instead of host and port.")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that share the address.")] = 1,
    loop: Annotated[str, typer.Option(help="Each worker's event loop: asyncio, uvloop or trio.")] = "asyncio",
    normalise: Annotated[
        bool, typer.Option("--normalise", help="Wrap an app of another framework in normalise.")
    ] = False,
    tls_certificate: Annotated[Path | None, typer.Option(help="PEM file with the certificate chain.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="PEM file with the private key.")] = None,
    max_message_size: Annotated[
        int | None, typer.Option(help="Bytes; above it the peer sees 1009 [the app's, or 16 MiB].")
    ] = None,
    ping_interval: Annotated[float | None, typer.Option(help="Seconds between pings; 0 sends none.")] = None,
    ping_timeout: Annotated[float | None, typer.Option(help="Seconds to wait for a pong.")] = None,
    compression: Annotated[bool | None, typer.Option(help="Offer permessage-deflate or not.")] = None,
    root_path: Annotated[str, typer.Option(help="Where a proxy mounts the app, such as /api.")] = "",
    log_level: Annotated[str, typer.Option(help="critical, error, warning, info or debug.")] = "info",
    access_log: Annotated[bool, typer.Option("--access-log", help="Log each request.")] = False,
    graceful_timeout: Annotated[
        float, typer.Option(help="Seconds that handlers have to end after SIGTERM or SIGINT.")
    ] = 10.0,
) -> None:
    """Serve an app on an installed server.

    The options mean the same on every server. One that a server can't honour is refused, with
    the names of those that can. One line on standard output tells when it is truly ready:

        anysocket: granian 2.8.7 is ready on ws://127.0.0.1:8000
    """
    try:
        serve_app(
            target,
            server,
            ready=_say_ready,
            host=host,
            port=port,
            unix_socket=unix_socket,
            workers=workers,
            loop=cast("Loop", loop),  # Options refuses any other
            normalise=normalise,
            tls_certificate=tls_certificate,
            tls_key=tls_key,
            max_message_size=max_message_size,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            compression=compression,
            root_path=root_path,
            log_level=cast("LogLevel", log_level),  # Options refuses any other
            access_log=access_log,
            graceful_timeout=graceful_timeout,
        )
    except (ValueError, ServerFailed) as error:
        raise SystemExit(f"anysocket: {error}") from None


@app.command()
def asyncapi(
    target: Annotated[
        str, typer.Argument(metavar="MODULE:APP", help="The anysocket.Application, such as chat:app.")
    ],
    title: Annotated[str, typer.Option(help="What the API is called.")] = "WebSocket API",
    version: Annotated[str, typer.Option(help="The API's version.")] = "0.1.0",
    description: Annotated[str, typer.Option(help="What the API is for, in CommonMark.")] = "",
    server: Annotated[
        str | None, typer.Option(metavar="URL", help="Where it is served, such as wss://example.com/api.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead of standard output.")
    ] = None,
) -> None:
    """Describe an app's routes and messages as an AsyncAPI 3 document, in JSON.

    All of it comes from the code: paths and parameters from the routes, messages from the types
    of their handlers, words from docstrings. The app is imported, not served. Keep the document
    up to date with

        anysocket asyncapi chat:app --title Chat --output asyncapi.json
    """
    _needs("msgspec", "msgspec")
    import msgspec

    from anysocket.asyncapi import describe

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
            output.write_bytes(text)
    except (ValueError, OSError) as error:
        raise SystemExit(f"anysocket: {error}") from None


@app.command()
def servers(
    need: Annotated[
        list[str] | None,
        typer.Option(help="What the server must have, such as peer-close-code or http2; repeatable."),
    ] = None,
    app_: Annotated[
        str | None,
        typer.Option("--app", metavar="MODULE:APP", help="Also what this anysocket.Application uses."),
    ] = None,
    capabilities: Annotated[
        bool, typer.Option("--capabilities", help="Also list what can be needed, and who lacks it.")
    ] = False,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all of it to this file.")
    ] = None,
) -> None:
    """Show the servers to choose from, or which of them have what is needed.

    What a server has is what its adapter declares and the matrix proves. A row that qualifies
    comes with the command that serves on it; any other with each thing that it lacks. The exit
    status is 1 when none qualifies.
    """
    _needs("matrix", "msgspec", "rich")
    from anysocket_matrix.choosing import run

    try:
        qualified = run.run(need or [], app_, json, capabilities=capabilities)
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if qualified else 1)


@app.command()
def matrix(
    server: Annotated[
        list[str] | None,
        typer.Option(
            help="A server, such as granian, or one of its variants, such as hypercorn+trio+h2+tls "
            "or uvicorn+nginx; repeatable. All installed servers unless given."
        ),
    ] = None,
    variants: Annotated[
        bool,
        typer.Option(
            "--variants", help="Also each server's event loops, and HTTP/2 and TLS where it has both."
        ),
    ] = False,
    proxies: Annotated[
        bool, typer.Option("--proxies", help="Also each server behind haproxy, and behind nginx.")
    ] = False,
    case: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN", help="Only cases whose id matches, such as 'close.*' or '*utf8*'; repeatable."
        ),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Also write all that was measured: to a file such as results.json, or to a folder, "
            "with a file for each row and version.",
        ),
    ] = None,
    durations: Annotated[
        int, typer.Option(metavar="N", help="Also tell the N slowest cases of each row.")
    ] = 0,
    list_: Annotated[bool, typer.Option("--list", help="List the cases and run nothing.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="OLD NEW",
            help="Tell what changed between two results, files or folders, and run nothing; "
            "with --json also as JSON.",
        ),
    ] = None,
) -> None:
    """Run the conformance cases on real servers.

    What is measured is compared with what the adapters declare. Each case runs over the plain
    ASGI transport, through the server's adapter, and in a normalised application. A cell says
    native (all pass), repaired (only the plain transport fails), absent (the server loses the
    information), known (it fails, and the server's known failures tell where upstream is told),
    or unexpected (not what the adapter declares). The exit status is 0 only when nothing is
    unexpected, and with --compare only when nothing changed.
    """
    _needs("matrix", *MATRIX)
    if compare is not None:
        if server or variants or case or list_:
            raise SystemExit("anysocket: --compare runs nothing: give it without the choice of what to run")
        raise SystemExit(1 if _changed(*compare, json) else 0)
    from anysocket_matrix import matrix as matrix_command

    try:
        as_declared = matrix_command.run(
            server or [],
            case or [],
            json,
            variants=variants,
            proxies=proxies,
            durations=durations,
            only_list=list_,
        )
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if as_declared else 1)


def _changed(old: Path, new: Path, json: Path | None) -> bool:
    import msgspec
    from rich.console import Console

    from anysocket_matrix import files
    from anysocket_matrix.changes import compare
    from anysocket_matrix.changes_report import print_changes

    try:
        changes = compare(files.read([old]), files.read([new]))
        print_changes(Console(), changes)
        if json is not None:
            json.write_bytes(msgspec.json.format(msgspec.json.encode(changes), indent=1) + b"\n")
    except (ValueError, OSError) as error:
        raise SystemExit(f"anysocket: {error}") from None
    return changes.changed


@app.command()
def report(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files of results, and folders of them.")
    ],
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,…",
            help="Environments that must be among them: the names of their files, without .json; repeatable.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page for the browser.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all of it to this file.")
    ] = None,
) -> None:
    """Put the results of several runs of the matrix together.

    Each file is what one environment has measured. Where environments disagree on a case of the
    same server in the same version, it is told. The exit status is 0 only when every
    environment was run to its end, none is missing, and nothing is unexpected.
    """
    _needs("matrix", *MATRIX)
    from rich.console import Console

    from anysocket_matrix import merged_report
    from anysocket_matrix.merged import merge
    from anysocket_matrix.page import render

    merged = merge(paths, [name.strip() for names in expect or [] for name in names.split(",")])
    merged_report.print_merged(Console(), merged)
    try:
        if json is not None:
            merged_report.write(json, merged)
        if html is not None:
            html.write_text(render(merged), encoding="utf-8")
    except OSError as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if merged.as_declared else 1)


@app.command()
def autobahn(
    server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW",
            help="A server, such as granian, or hypercorn+trio; repeatable. All installed servers "
            "unless given.",
        ),
    ] = None,
    cases: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help="Only these cases, such as 9, 9.3 or 9.3.1; repeatable."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the groups that take seconds: 1 to 7, and 10.")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, help="Run each case so many times.")] = 1,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the verdicts to be committed, instead of comparing.")
    ] = False,
    verdicts: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the committed verdicts are.")
    ] = Path("docs", "results", "autobahn"),
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write all that was measured to this file.")
    ] = None,
) -> None:
    """Run Autobahn's 517 cases against an echo, bare and ours.

    Each case runs on each server twice: against an echo over the server's own interface, with
    nothing of ours in between, and against a handler of ours. The verdicts are compared with
    those committed for this version of the server. The exit status is 0 only when each is the
    committed one, and none of ours is worse than the bare server's.

    All cases take minutes a server, most of it compression.

    A new version of a server has no committed verdicts yet: look at what --accept writes, and
    commit it. With --repeat it writes all verdicts of a case that varies, as in OK or NON-STRICT.
    """
    _needs("matrix", *MATRIX, "kosoku")
    from anysocket_matrix.autobahn import command
    from anysocket_matrix.autobahn.run import ClientFailed
    from anysocket_matrix.servers import NotServing

    groups = [*(command.QUICK if quick else ()), *(cases or ())]
    try:
        as_committed = command.run(server or [], groups, json, verdicts, accepting=accept, repeat=repeat)
    except (ValueError, NotServing, ClientFailed) as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if as_committed else 1)


@app.command()
def cost(
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the figures to this file.")
    ] = None,
) -> None:
    """Count what a message costs, beside raw ASGI.

    In instructions, for a message and for a connection: in process, under valgrind's callgrind,
    which must be installed. A count repeats where a time doesn't. Takes about half a minute.
    """
    _needs("matrix", *MATRIX)
    import msgspec
    from rich.console import Console

    from anysocket_matrix.cost import measure, print_costs

    console = Console()
    try:
        with console.status("counting"):
            costs = measure()
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    print_costs(console, costs)
    if json is not None:
        json.write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=1) + b"\n")


def _needs(extra: str, *modules: str) -> None:
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise SystemExit(f"anysocket: {', '.join(missing)} missing: pip install 'anysocket[{extra}]'")


def _say_ready(url: str, server: Server) -> None:
    line = f"anysocket: {server.name} {server.version} is ready on {url}\n"
    print(line, end="", flush=True)  # in one piece: a server's own threads write to the same place


def main() -> None:
    """Run the command."""
    app()
