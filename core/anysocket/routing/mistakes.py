"""What can be wrong with a route's parameters, in words: at registration, and in the mypy plugin."""

MANY = "name each parameter: there is no * or ** of them"

POSITIONAL_ONLY = "parameters are given by their names: only the socket may stand before the /"

LIST_IN_PATH = "a list can't be a parameter of the path, only of the query"


def handler_of(path: str) -> str:
    """Name the handler, as a message begins."""
    return f"the handler of route {path!r}"


def no_parameter(path: str, name: str) -> str:
    """Tell that a handler doesn't take what is in its path."""
    return f"{handler_of(path)} has no parameter for {{{name}}}: add `{name}: str`"
