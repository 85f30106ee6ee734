"""`anysocket report`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.extras import MATRIX, needs


def report(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Files of results, or folders of such files.")
    ],
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,…",
            help="Environments that must be there: the names of their files without .json; repeatable.",
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write a page for the browser.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write everything to this file, as JSON.")
    ] = None,
) -> None:
    """Put the results of several runs of the matrix together.

    Each file holds the results of one environment. The report names each case on which environments
    with the same version of a server disagree. The exit status is 0 only when every environment ran
    to its end, none is missing, and nothing is unexpected.
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
