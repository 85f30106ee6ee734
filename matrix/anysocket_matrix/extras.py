"""The packages that a command needs, by the extra of anysocket that installs them."""

from importlib.util import find_spec

MATRIX = ("h11", "h2", "jinja2", "msgspec", "pytest", "rich", "trustme")
"""The packages of the extra `matrix` that each run needs."""


def needs(extra: str, *packages: str) -> None:
    """End the command if packages are missing, in one line with the command that installs them."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        verb = "isn't" if len(missing) == 1 else "aren't"
        raise SystemExit(
            f"anysocket: {', '.join(missing)} {verb} installed: pip install 'anysocket[{extra}]'"
        )
