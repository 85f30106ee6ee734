"""`anysocket autobahn`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.extras import MATRIX, needs


def autobahn(
    server: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROW",
            help="A server, such as granian, or hypercorn+trio; repeatable. Default: all installed servers.",
        ),
    ] = None,
    cases: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help="Only these cases, such as 9, 9.3 or 9.3.1; repeatable."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the groups that take seconds: 1 to 7, and 10.")
    ] = False,
    repeat: Annotated[int, typer.Option(min=1, help="How often to run each case.")] = 1,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the verdicts for you to commit, instead of comparing.")
    ] = False,
    verdicts: Annotated[
        Path, typer.Option(metavar="FOLDER", help="The folder of the committed verdicts.")
    ] = Path("docs", "results", "autobahn"),
    json: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write everything that was measured to this file."),
    ] = None,
) -> None:
    """Run Autobahn's 517 cases against an echo, on the bare server and through anysocket.

    Each case runs twice on each server: against an echo over the server's own interface, and
    against an echo in an anysocket handler. The verdicts are compared with the committed ones for
    this version of the server. The exit status is 0 only when all verdicts are the committed ones
    and no verdict through anysocket is worse than the bare server's.

    All cases take some minutes for each server. Most of that is compression.

    A new version of a server has no committed verdicts yet. Check the verdicts that --accept
    writes, and commit them. With --repeat it writes every verdict of a case that varies, such as
    OK or NON-STRICT.
    """
    needs("matrix", *MATRIX, "kosoku")
    from anysocket_matrix.autobahn import command
    from anysocket_matrix.autobahn.run import ClientFailed
    from anysocket_matrix.rows.running_server import NotServing

    groups = [*(command.QUICK if quick else ()), *(cases or ())]
    try:
        as_committed = command.run(server or [], groups, json, verdicts, accepting=accept, repeat=repeat)
    except (ValueError, NotServing, ClientFailed) as error:
        raise SystemExit(f"anysocket: {error}") from None
    raise SystemExit(0 if as_committed else 1)
