"""`anysocket report`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.cli.extras import MATRIX, needs


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
    needs("matrix", *MATRIX)
    from rich.console import Console

    from anysocket_matrix.reports import merged as merged_report
    from anysocket_matrix.reports.page import render
    from anysocket_matrix.results import files
    from anysocket_matrix.results.merged import merge

    merged = merge(paths, [name.strip() for names in expect or [] for name in names.split(",")])
    merged_report.print_merged(Console(), merged)
    try:
        if json is not None:
            merged_report.write(json, merged)
        if html is not None:
            files.write_bytes(html, render(merged).encode())
    except ValueError as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if merged.as_declared else 1)
