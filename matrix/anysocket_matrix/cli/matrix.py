"""`anysocket matrix`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.extras import MATRIX, needs

JOBS = 9
"""Pytests at a time. More than a machine's cores, because most cases wait most of the time."""


def matrix(
    server: Annotated[
        list[str] | None,
        typer.Option(
            help="A server, such as granian, or a variant, such as hypercorn+trio+h2+tls or uvicorn+nginx; "
            "repeatable. Default: all installed servers."
        ),
    ] = None,
    variants: Annotated[
        bool,
        typer.Option(
            "--variants", help="Also run each server's other event loops, and HTTP/2 and TLS if it has both."
        ),
    ] = False,
    proxies: Annotated[
        bool,
        typer.Option(
            "--proxies",
            help="Also run each server behind haproxy and nginx, over HTTP/2 too if that is supported.",
        ),
    ] = False,
    lifecycle_once: Annotated[
        bool,
        typer.Option(
            "--lifecycle-once",
            help="Run the cases of a server's start and end, which take half of the time, only on rows that "
            "differ in them: neither with uvloop nor with TLS.",
        ),
    ] = False,
    case: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN", help="Run only cases with such an id: 'close.*' or '*utf8*'; repeatable."
        ),
    ] = None,
    json: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Also write everything that was measured: to a file, such as results.json, or to a folder, "
            "one file for each row and version.",
        ),
    ] = None,
    durations: Annotated[
        int, typer.Option(metavar="N", min=0, help="Also show the N slowest cases of each row.")
    ] = 0,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            min=1,
            help="Pytests at a time. They mostly wait: use about five for each processor, and fewer if "
            "several runs share the machine.",
        ),
    ] = JOBS,
    list_: Annotated[bool, typer.Option("--list", help="List the cases and run nothing.")] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="OLD NEW",
            help="Run nothing; show what changed between two results, files or folders. "
            "With --json also as JSON.",
        ),
    ] = None,
) -> None:
    """Run the conformance cases on real servers, and compare the results with the adapters' declarations.

    Each case runs over the plain ASGI transport, through the server's adapter, and in a normalised
    application. A cell says native (all pass), repaired (only the plain transport fails), absent
    (the server loses the information), known (it fails, and the server's known failures have the
    address of an upstream thread), or unexpected (the result contradicts the declaration). The exit
    status is 0 only when nothing is unexpected, and with --compare only when nothing changed.
    """
    needs("matrix", *MATRIX)
    if compare is not None:
        if server or variants or proxies or lifecycle_once or case or list_:
            raise SystemExit("anysocket: --compare runs nothing: give it without the choice of what to run")
        raise SystemExit(1 if _changed(*compare, json) else 0)
    from anysocket_matrix.running import command as matrix_command

    try:
        as_declared = matrix_command.run(
            server or [],
            case or [],
            json,
            variants=variants,
            proxies=proxies,
            lifecycle_once=lifecycle_once,
            durations=durations,
            jobs=jobs,
            only_list=list_,
        )
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if as_declared else 1)


def _changed(old: Path, new: Path, json: Path | None) -> bool:
    from rich.console import Console

    from anysocket_matrix.reports.changes import print_changes
    from anysocket_matrix.results import files
    from anysocket_matrix.results.changes import compare

    try:
        changes = compare(files.read([old]), files.read([new]))
        print_changes(Console(), changes)
        if json is not None:
            files.write_json(json, changes)
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    return changes.changed
