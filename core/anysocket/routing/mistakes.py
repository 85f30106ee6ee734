"""The messages for mistakes in a route's parameters, at registration and in the mypy plugin."""

MANY = "name each parameter: * and ** aren't possible here"

POSITIONAL_ONLY = "parameters are passed by name: only the socket may stand before the /"

LIST_IN_PATH = "a list can't be a parameter of the path, only of the query"


def handler_of(path: str) -> str:
    """Name the handler, for the beginning of a message."""
    return f"the handler of route {path!r}"


def no_annotation(path: str, name: str) -> str:
    """Say that the first parameter of a handler has no annotation."""
    return (
        f"{handler_of(path)} has no socket: annotate its first parameter with "
        f"`{name}: Connection[str, str]`, `{name}: WebSocketRequest` or `{name}: WebSocket`"
    )


def no_parameter(path: str, name: str) -> str:
    """Say that a handler has no parameter for one of its path."""
    return f"{handler_of(path)} has no parameter for {{{name}}}: add `{name}: str`"
