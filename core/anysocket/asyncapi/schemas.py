"""The JSON Schemas of types, made by msgspec and adapted to AsyncAPI."""

from collections.abc import Mapping, Sequence
from inspect import cleandoc
from typing import cast

from msgspec.json import schema_components

from anysocket.asyncapi.document import Schema

_REFERENCE = "#/components/schemas/{name}"


def schemas(types: Sequence[object]) -> tuple[list[Schema], dict[str, Schema]]:
    """Give the schema of each type, and the schemas that they refer to, by name.

    A type that no JSON Schema describes, as one of your own codec may be, has an empty one: anything.

    Raises:
        ValueError: two types have the same module and name, so that neither can have it here.
    """
    describable = [of for of in types if _describable(of)]
    try:
        found, referred_to = schema_components(describable, ref_template=_REFERENCE)
    except KeyError as error:
        raise ValueError(
            f"two types of messages are both called {error.args[0]}: give one of them another name"
        ) from None
    own = dict(zip(describable, map(_draft07, found), strict=True))
    return (
        [own.get(of, {}) for of in types],
        {name: _draft07(schema) for name, schema in sorted(referred_to.items())},
    )


def _describable(of: object) -> bool:
    try:
        schema_components([of])
    except KeyError:
        return True  # apart from its name
    except TypeError:
        return False
    return True


def _draft07(schema: Mapping[str, object]) -> Schema:
    """Convert a schema of draft 2020-12 with OpenAPI's keywords, as msgspec makes it, to draft 07."""
    said = {keyword: _converted(keyword, value) for keyword, value in schema.items()}
    if "prefixItems" in said:
        said["items"] = said.pop("prefixItems")  # instead of false, which maxItems says too
    if not isinstance(said.get("discriminator"), str):  # the schemas have the tags, too
        said.pop("discriminator", None)
    if "$ref" in said and len(said) > 1:  # draft 07 ignores every keyword beside it
        said["allOf"] = [{"$ref": said.pop("$ref")}]
    return said


def _converted(keyword: str, value: object) -> object:
    """Convert the schemas in the value of a keyword. Other values, such as a default, stay."""
    # The values have the types of JSON Schema, as msgspec makes them: hence the casts.
    match keyword, value:
        case (("items" | "additionalProperties"), dict()):
            return _draft07(cast("Schema", value))
        case (("anyOf" | "prefixItems"), list()):
            return [_draft07(each) for each in cast("list[Schema]", value)]
        case "description", str():
            return cleandoc(value)  # a docstring has its indentation
        case "properties", dict():
            return {name: _draft07(each) for name, each in cast("dict[str, Schema]", value).items()}
        case _:
            return value
