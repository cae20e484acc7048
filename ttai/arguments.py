"""Arguments as clients really send them, made to fit the published schema; what is wrong with them, shortly."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from ttai.errors import BadArgument, plainly

_SCALARS = {"string", "number", "integer", "boolean"}


def coerce(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a client sent, made to fit the published JSON schema of a tool as far as that is no guess.

    JSON strings become the lists and objects the schema asks for, a lone item the list of it, "1, 2" a list of numbers;
    all else is left to validation. BadArgument for unknown and missing arguments, for numbers that are none (NaN,
    1e999) and for text that is none (half of a surrogate pair, which JSON spells and no file, database or URL holds).
    """
    takes = schema.get("properties", {})
    hint = f"It takes {_few(takes, 12) or 'no arguments'}"
    if (unknown := [name for name in arguments if name not in takes]) and not schema.get("additionalProperties"):
        raise BadArgument(f"this tool does not take {_few(unknown)}", hint)
    if missing := [name for name in schema.get("required", ()) if name not in arguments]:
        raise BadArgument(f"this tool needs {_few(missing)}", hint)
    return {name: _fit(value, takes.get(name, {}), schema, name) for name, value in arguments.items()}


def briefly(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as it is published: what may be left out need not say that it may be null, too, and is null then.

    Half of every optional argument's words, which a model reads with each tool; null is taken all the same.
    """
    told = {word: _told(part) if word in ("$defs", "properties") else part for word, part in schema.items()}
    for name, part in told.get("properties", {}).items():
        if name not in schema.get("required", ()) and "default" in part and part["default"] is None:
            others = [one for one in part.get("anyOf", ()) if one != {"type": "null"}]
            if len(others) == 1 and len(part["anyOf"]) == 2:
                rest = {word: value for word, value in part.items() if word not in ("anyOf", "default")}
                told["properties"][name] = {**others[0], **rest}
    return told


def _told(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: briefly(part) if isinstance(part, dict) else part for name, part in parts.items()}


def explain(error: ValidationError) -> str:
    """What is wrong with which argument, in at most five short parts."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    said = []
    for problem in problems[:5]:
        # pydantic puts the names of its own steps, `list[int]`, into the path
        path = ".".join(str(part) for part in problem["loc"] if not {"[", "("} & set(str(part)))
        what = plainly(problem)
        said.append(f"{_brief(path or 'arguments')}: {_brief(what[:1].lower() + what[1:], 100)}")
    return "; ".join(said) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")


def _fit(value: Any, schema: Any, root: Mapping[str, Any], name: str, depth: int = 0) -> Any:
    if depth > 64:
        raise BadArgument(f"{_brief(name)} is nested too deeply")
    if isinstance(value, str) and not _is_text(value):
        raise BadArgument(f"{_brief(name)} holds half of a character (a lone surrogate)")
    branches = _branches(schema, root)
    types = _types(branches)
    if isinstance(value, str) and "string" not in types:
        value = _parsed(value, types)
    items = _only(branches, "array").get("items", {})
    if types - {"null"} == {"array"} and value is not None and not isinstance(value, list):
        kinds = _types(_branches(items, root))
        if isinstance(value, str) and kinds <= {"number", "integer"}:
            value = value.split(",")
        else:
            value = [value] if bool(kinds & _SCALARS) != isinstance(value, dict) else value
    if isinstance(value, list):
        return [_fit(item, items, root, f"{name}.{i}", depth + 1) for i, item in enumerate(value)]
    if isinstance(value, dict):
        if not all(map(_is_text, value)):
            raise BadArgument(f"{_brief(name)} has a key that holds half of a character (a lone surrogate)")
        branch = _only(branches, "object")
        inner, others = branch.get("properties", {}), branch.get("additionalProperties", {})
        return {k: _fit(v, inner.get(k, others), root, f"{name}.{k}", depth + 1) for k, v in value.items()}
    if not _is_sound(value, types):
        raise BadArgument(f"{_brief(name)} must be a finite number")
    return value


def _branches(schema: Any, root: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The alternatives a schema allows, references followed."""
    if not isinstance(schema, Mapping):  # `true`: anything
        return [{}]
    if "$ref" in schema:
        return _branches(root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2]), root)
    parts = [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
    return [branch for part in parts for branch in _branches(part, root)] or [schema]


def _types(branches: Iterable[Mapping[str, Any]]) -> set[str]:
    """The JSON types the alternatives allow: all of them where one does not say."""
    kinds = [branch.get("type", [*_SCALARS, "null", "array", "object"]) for branch in branches]
    return {kind for some in kinds for kind in ([some] if isinstance(some, str) else some)}


def _only(branches: Iterable[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    """The alternative of a type; nothing where several could be meant."""
    fitting = [branch for branch in branches if kind in _types([branch])]
    return fitting[0] if len(fitting) == 1 else {}


def _parsed(text: str, types: set[str]) -> Any:
    """The list or object (or null beside them) a string spells where one is asked for; else the string."""
    try:
        value = json.loads(text) if types & {"array", "object"} else text
    except (ValueError, RecursionError):
        return text
    return value if {list: "array", dict: "object", type(None): "null"}.get(type(value)) in types else text


def _is_text(value: str) -> bool:
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _is_sound(value: Any, types: set[str]) -> bool:
    is_asked = bool(types & {"number", "integer"}) and "string" not in types
    if not isinstance(value, float) and not (is_asked and isinstance(value, int | str)):
        return True
    try:
        return math.isfinite(float(value))
    except (OverflowError, ValueError):
        return isinstance(value, str)  # no number at all: validation says it better


def _few(names: Iterable[str], most: int = 5) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(_brief(name, 24) for name in listed[:most]) + more


def _brief(text: str, most: int = 60) -> str:
    """One line of at most `most` bytes, then an ellipsis."""
    start = " ".join(text[: most + 1].split()).encode(errors="replace")
    return start.decode() if len(start) <= most else start[:most].decode(errors="ignore") + "…"
