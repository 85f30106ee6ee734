"""A mypy plugin: it checks a route's path and its handler's parameters against each other.

    [tool.mypy]
    plugins = ["anysocket.mypy"]

It reports the mistakes that registration would, with the same messages. Registration alone finds
mistakes that types don't show, such as those in a path that is built at run time.
"""

from collections.abc import Callable, Iterator
from typing import TypeGuard

from mypy.errorcodes import ErrorCode
from mypy.messages import format_type_bare
from mypy.nodes import Context, Decorator, FuncDef
from mypy.plugin import MethodContext, Plugin
from mypy.types import (
    AnyType,
    CallableType,
    Instance,
    LiteralType,
    NoneType,
    Parameters,
    ProperType,
    Type,
    TypeOfAny,
    TypeVarType,
    UninhabitedType,
    flatten_nested_unions,
    get_proper_type,
    is_named_instance,
)

from anysocket.application import Application, Register
from anysocket.connection import Connection
from anysocket.request import WebSocketRequest
from anysocket.routing import mistakes
from anysocket.routing.parameters import SIMPLE, unconvertible
from anysocket.routing.route import Route
from anysocket.routing.template import segments
from anysocket.session.websocket import WebSocket

ROUTE = ErrorCode("anysocket-route", "Check a route's path and its handler's parameters", "anysocket")
"""A report can be ignored by this name: `# type: ignore[anysocket-route]`."""

_PATH = "__anysocket_path"


def plugin(version: str) -> type[Plugin]:
    """Return the plugin's class; mypy calls this function."""
    return RoutePlugin


class RoutePlugin(Plugin):
    """Follows a path from `Application.websocket` through its decorator to the handler."""

    def get_method_hook(self, fullname: str) -> Callable[[MethodContext], Type] | None:
        """Choose the calls to check."""
        if fullname.endswith(".websocket"):  # of any class: it may be a subclass of Application
            return _take_path
        if fullname == f"{_name(Register)}.__call__":
            return _take_handler
        return None


def _take_path(context: MethodContext) -> Type:
    """Keep the path in the decorator's type, as mypy itself keeps the function of a partial."""
    register = get_proper_type(context.default_return_type)
    if not _is_own(context.type) or not is_named_instance(register, _name(Register)):
        return register
    for kind, expression in zip(context.arg_types[0], context.args[0], strict=True):
        path = _literal(kind)
        if path is None:
            continue
        try:
            segments(str(path.value))
        except ValueError as error:
            context.api.fail(str(error), expression, code=ROUTE)
        else:
            register = register.copy_with_extra_attr(_PATH, path)
    return register


def _is_own(kind: ProperType) -> bool:
    """Whether the `websocket` of a type is that of `Application`; another may take other paths."""
    owner = kind.type.get_containing_type_info("websocket") if isinstance(kind, Instance) else None
    return owner is not None and owner.fullname == _name(Application)


def _take_handler(context: MethodContext) -> Type:
    """Check the `Route` that mypy has inferred from the handler."""
    register = context.type
    route = get_proper_type(context.default_return_type)
    if not context.args[0] or not is_named_instance(route, _name(Route)):
        return route
    if isinstance(register, Instance) and register.extra_attrs:
        path = get_proper_type(register.extra_attrs.attrs.get(_PATH))
        socket, parameters = (get_proper_type(each) for each in route.args)
        if isinstance(path, LiteralType) and _is_socket(socket) and isinstance(parameters, Parameters):
            for where, mistake in _mistakes(context, str(path.value), socket, parameters):
                context.api.fail(mistake, where, code=ROUTE)
    return route


def _mistakes(
    context: MethodContext, path: str, socket: ProperType, parameters: Parameters
) -> Iterator[tuple[Context, str]]:
    """Find the mistakes that registration would raise, each with its place in the code."""
    of_route = mistakes.handler_of(path)
    handler = context.args[0][0]
    if (mistake := _unnamed(get_proper_type(context.arg_types[0][0]), len(parameters.arg_names))) is not None:
        yield handler, f"{of_route}: {mistake}"
        return
    if any(each.is_star() for each in parameters.arg_kinds) or None in parameters.arg_names:
        return  # a wrapper: registration sees the wrapped function
    in_path = [segment.text for segment in segments(path) if segment.is_parameter]
    for name, kind in zip(parameters.arg_names, parameters.arg_types, strict=True):
        where = _parameter(context.context, name) or handler
        if (wrong := _unconvertible(kind)) is not None:
            yield where, f"{of_route}: {unconvertible(format_type_bare(wrong, context.api.options))}"
        elif name in in_path and any(map(_is_list, _members(kind))):
            yield where, f"{of_route}: {mistakes.LIST_IN_PATH}"
    if isinstance(socket, Instance) and socket.type.fullname != _name(WebSocketRequest):
        for name in in_path:
            if name not in parameters.arg_names:
                yield handler, mistakes.no_parameter(path, name)


def _unnamed(handler: ProperType, count: int) -> str | None:
    """Give the mistake in the kinds of a function's last parameters, if there is one."""
    if not isinstance(handler, CallableType) or not isinstance(handler.definition, FuncDef):
        return None
    first = len(handler.definition.arg_kinds) - count
    if any(each.is_star() for each in handler.definition.arg_kinds[first:]):
        return mistakes.MANY
    return mistakes.POSITIONAL_ONLY if None in handler.definition.arg_names[first:] else None


def _is_socket(kind: ProperType) -> bool:
    """Whether a type is a socket, or may be one. The types themselves report everything else."""
    sockets = (Connection, WebSocketRequest, WebSocket)
    return isinstance(kind, AnyType) or (
        isinstance(kind, Instance) and any(kind.type.has_base(_name(each)) for each in sockets)
    )


def _parameter(at: Context, name: str | None) -> Context | None:
    """Find a parameter of a decorated function."""
    arguments = at.func.arguments if isinstance(at, Decorator) else []
    return next((each for each in arguments if each.variable.name == name), None)


def _unconvertible(kind: Type) -> Type | None:
    """Give the type without a converter in `anysocket.routing.parameters`, if there is one."""
    some = [each for each in _members(kind) if not isinstance(each, NoneType)]
    if len(some) == 1:
        (kind,) = some
        if _is_list(kind):
            (kind,) = kind.args
            some = _members(kind)
    if some and all(isinstance(each, LiteralType) for each in some):
        return None
    return None if len(some) == 1 and _has_converter(some[0]) else kind


def _has_converter(kind: ProperType) -> bool:
    match kind:
        case Instance():
            return kind.type.is_enum or kind.type.fullname in _CONVERTERS
        case AnyType():
            return kind.type_of_any is not TypeOfAny.explicit  # a parameter without an annotation is text
        case _:
            return isinstance(kind, (TypeVarType, UninhabitedType))  # unknown


def _members(kind: Type) -> list[ProperType]:
    return [get_proper_type(each) for each in flatten_nested_unions([kind])]


def _is_list(kind: Type) -> TypeGuard[Instance]:
    return is_named_instance(kind, "builtins.list")


def _literal(kind: Type) -> LiteralType | None:
    """Give the literal type of a str, if its value is known."""
    proper = get_proper_type(kind)
    value = proper.last_known_value if isinstance(proper, Instance) else proper
    if isinstance(value, LiteralType) and is_named_instance(value.fallback, "builtins.str"):
        return value
    return None


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


_CONVERTERS = {_name(kind) for kind in SIMPLE if isinstance(kind, type)}
