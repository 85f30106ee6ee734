"""What a command needs beyond anysocket and typer."""

from importlib.util import find_spec

MATRIX = ("h11", "jinja2", "msgspec", "pytest", "rich")
"""What the extra of this name brings."""


def needs(extra: str, *modules: str) -> None:
    """End the command, with what installs them, if modules are missing."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise SystemExit(f"anysocket: {', '.join(missing)} missing: pip install 'anysocket[{extra}]'")
