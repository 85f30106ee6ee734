"""The `anysocket` command, which is also `python -m anysocket_matrix`."""

from anysocket_matrix.extras import needs


def main() -> None:
    """Run the command."""
    needs("uvicorn", "typer")  # each server's extra has typer
    from anysocket_matrix.cli import app

    app()


if __name__ == "__main__":
    main()
