"""The commands of `anysocket`, a module for each. A module imports its other dependencies when it runs."""

import typer

from anysocket_matrix.cli.asyncapi import asyncapi
from anysocket_matrix.cli.autobahn import autobahn
from anysocket_matrix.cli.bench import bench
from anysocket_matrix.cli.cost import cost
from anysocket_matrix.cli.matrix import matrix
from anysocket_matrix.cli.report import report
from anysocket_matrix.cli.serve import serve
from anysocket_matrix.cli.servers import servers

__all__ = ["app", "asyncapi", "autobahn", "bench", "cost", "matrix", "report", "serve", "servers"]

app: typer.Typer = typer.Typer(
    name="anysocket",
    help="One typed WebSocket API, the same on every Python server, and the suite that proves it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for _command in (serve, asyncapi, servers, matrix, report, autobahn, cost, bench):
    app.command()(_command)
