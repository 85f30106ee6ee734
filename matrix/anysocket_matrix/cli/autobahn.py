"""`anysocket autobahn`."""

from pathlib import Path
from typing import Annotated

import typer

from anysocket_matrix.cli.extras import MATRIX, needs


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
