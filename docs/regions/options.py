"""The options of the commands."""

import inspect
from collections.abc import Callable, Collection
from typing import Annotated, get_args, get_origin, get_type_hints

from docs.tables import table
from typer.models import ArgumentInfo, OptionInfo


def options(command: Callable[..., None], only: Collection[str] | None = None) -> str:
    """List the options of a command, or some of them, from its declaration."""
    rows: list[tuple[str, str, str]] = []
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        hint = hints[name]
        assert get_origin(hint) is Annotated, f"{name} isn't declared as an option"
        kind, info = get_args(hint)
        if isinstance(info, ArgumentInfo) or (only is not None and name not in only):
            continue
        assert isinstance(info, OptionInfo)
        rows.append((f"`{_flags(name, kind, info)}`", info.help or "", _shown(parameter.default, info)))
    return table(("option", "what it does", "default"), rows)


def _flags(name: str, kind: object, info: OptionInfo) -> str:
    flag = name.replace("_", "-")
    # In an annotation, typer stores the first name in `default`.
    declared = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    if declared:
        return ", ".join(declared)
    return f"--{flag}` / `--no-{flag}" if bool in (kind, *get_args(kind)) else f"--{flag}"


def _shown(value: object, info: OptionInfo) -> str:
    return f"`{info.show_default}`" if isinstance(info.show_default, str) else _default(value)


def _default(value: object) -> str:
    return "" if value is None or value is False or value == "" else f"`{value}`"
