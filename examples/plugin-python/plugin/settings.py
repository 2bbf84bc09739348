"""A component's configuration: a dataclass, its JSON Schema and its checks."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from typing import Any

from contract import ErrorKind, PluginError, PluginErrors

# The types that a setting can have, as JSON Schema calls them.
_TYPES: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def setting(
    doc: str,
    default: Any = dataclasses.MISSING,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """A key of the configuration; it is required if it has no default.

    minimum and maximum bound a number, or the length of a string.
    """
    about = {"doc": doc, "minimum": minimum, "maximum": maximum, "choices": choices}
    return dataclasses.field(default=default, metadata=about)


def schema_of(settings: type) -> dict[str, Any]:
    """The JSON Schema of a dataclass, as the orchestrator reads it."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for field, of in _fields(settings):
        about: dict[str, Any] = {"type": _TYPES[of], "description": field.metadata["doc"]}
        if field.metadata["choices"]:
            about["enum"] = list(field.metadata["choices"])
        low, high = ("minLength", "maxLength") if of is str else ("minimum", "maximum")
        for keyword, bound in ((low, field.metadata["minimum"]), (high, field.metadata["maximum"])):
            if bound is not None:
                about[keyword] = bound
        if field.default is dataclasses.MISSING:
            required.append(field.name)
        else:
            about["default"] = field.default
        properties[field.name] = about
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema | {"additionalProperties": False}


def read(settings: type, config: bytes) -> Any:
    """The configuration, a JSON object, as a value of the dataclass.

    All that is wrong with it is raised at once, each with its key.
    """
    given = _parse(config)
    wrong: list[PluginError] = []
    known = dict((field.name, (field, of)) for field, of in _fields(settings))
    for key in given:
        if key not in known:
            wrong.append(_wrong(key, "there is no such key", "the keys are " + ", ".join(known)))
    for key, (field, of) in known.items():
        if key in given:
            wrong += _complaints(field, of, given[key])
        elif field.default is dataclasses.MISSING:
            wrong.append(_wrong(key, "the key is missing", str(field.metadata["doc"])))
    if wrong:
        raise wrong[0] if len(wrong) == 1 else PluginErrors(wrong)
    return settings(**{key: _TYPES_FROM_JSON.get(known[key][1], _same)(value) for key, value in given.items()})


def _fields(settings: type) -> list[tuple[dataclasses.Field[Any], type]]:
    types = typing.get_type_hints(settings)
    return [(field, types[field.name]) for field in dataclasses.fields(settings)]


def _same(value: Any) -> Any:
    return value


# JSON writes 1.0 as 1, and the other way round.
_TYPES_FROM_JSON = {float: float, int: int}


def _parse(config: bytes) -> dict[str, Any]:
    if not config:
        return {}
    try:
        given = json.loads(config, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as e:
        raise PluginError(ErrorKind.CONFIG, f"the configuration is no JSON: {e}") from e
    if not isinstance(given, dict):
        raise PluginError(ErrorKind.CONFIG, "the configuration is not a JSON object")
    return given


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key appears twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def _complaints(field: dataclasses.Field[Any], of: type, value: Any) -> list[PluginError]:
    if not _is(of, value):
        return [_wrong(field.name, f"{json.dumps(value)[:40]} is not of type {_TYPES[of]}", f"give a {_TYPES[of]}")]
    low, high, choices = (field.metadata[k] for k in ("minimum", "maximum", "choices"))
    size = len(value) if of is str else value
    what = "the length" if of is str else "the value"
    if low is not None and size < low or high is not None and size > high:
        return [_wrong(field.name, f"{what} is {size}", f"{what} is from {low} to {high}")]
    if choices and value not in choices:
        return [_wrong(field.name, f"{value!r} is not one of the choices", "choose from " + ", ".join(choices))]
    return []


def _is(of: type, value: Any) -> bool:
    if isinstance(value, bool):
        return of is bool  # which Python takes for a number
    if of is float:
        return isinstance(value, (int, float)) and math.isfinite(value)
    if of is int:
        return isinstance(value, int) or isinstance(value, float) and value.is_integer()
    return isinstance(value, of)


def _wrong(key: str, message: str, hint: str) -> PluginError:
    return PluginError(ErrorKind.CONFIG, message, field=key, hint=hint)
