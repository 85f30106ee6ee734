"""The programs that tests/frameworks runs."""

from docs.folders import DOCS

PROGRAMS = DOCS.parent / "tests" / "frameworks" / "apps" / "mounting"


def program(name: str) -> str:
    """Show a program that tests/frameworks runs.

    Its block is `py`. Blocks of `python` are run and type-checked where no framework is installed.
    """
    return f"```py\n{(PROGRAMS / name).with_suffix('.py').read_text()}```"
