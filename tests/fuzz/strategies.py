"""Arguments as hostile as a client can send them, made from a tool's own JSON schema; bodies spoilt alike."""

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

Schema: TypeAlias = Mapping[str, Any]
Values: TypeAlias = st.SearchStrategy[Any]

# `make fuzz` runs so many times the cases, from a seed of its own.
EFFORT = int(os.environ.get("FUZZ", "0"))

LONGEST = 100_000
# No plain capital letter: a symbol that might exist is looked for, which takes seconds of each case.
_ALPHABET = "059 .,:;/\\{}[]()%$^&*+-'\"`<>|\n\r\t\0\x1b\x7f\u0085\u2028\ufeff\u202e\u05d0\u0301\U0001f600\ud800éİßｅ"
_WORDS = [
    "SPY", "spy", " SPY ", "AAPL", "TSLA", "BRK.B", "SPX", "VIX", "SPY,AAPL", "ZZZZ", "/ESM26", "BTC/USD", "true",
    "SPY   261218C00600000", ".SPY261218C600", "1d", "5m", "2026-10-30", "2026-11-20T10:00", "0001-01-01", "9999-12-31",
    "2026-11-19T23:59:59+14:00", "NaN", "-inf", "1e999", "0", "-0", "1_000", "null", "9" * 400, "../../etc/passwd",
    "%00", "%2e%2e", "..", "{symbol}", "'; DROP TABLE core;--", "<script>alert(1)</script>", "__class__", "", " ",
]  # fmt: skip
_GOOD = ["SPY", "AAPL", "Core Holdings", "Mine", "mine ", "port", "log_level", "schedules.quotes"]
_NUMBERS = [
    0, -0.0, 1, -1, 2, 0.5, 5, 100, 101, 2**31, -(2**31), 2**53 + 1, 2**63, 2**64, -(2**64), 10**40, 10**400, 1e-320,
    1e16, 1.7976931348623157e308, math.nan, math.inf, -math.inf,
]  # fmt: skip
_MANY = (2, 31, 101, 3_000)

_short = st.text(_ALPHABET, max_size=10)
_long = st.builds(
    lambda piece, size: (piece * size)[:size],
    st.sampled_from(
        [",", " ", "\n", "a ", "SPY,", "sma:20,", "(", "[", '{"a":', "\u202e", "\U0001f600", "9", ".", "\0"]
    ),
    st.sampled_from([60, 1_000, LONGEST]),
)
_words = st.sampled_from(_WORDS)
texts: Values = _words | _short | st.builds(str.__add__, _words, _short) | _long
numbers: Values = st.sampled_from(_NUMBERS) | st.integers() | st.floats()
scalars: Values = texts | numbers | st.booleans() | st.none()


def _nested(depth: int) -> Any:
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


anything: Values = st.one_of(
    scalars,
    st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
    ),
    st.builds(lambda item, size: [item] * size, scalars, st.sampled_from(_MANY)).filter(
        lambda many: _size(many) < 10**6
    ),
    st.builds(_nested, st.sampled_from([1, 30, 70])),
)


def cases(quick: int) -> settings:
    """So many cases, always the same ones; with FUZZ set so many times more, and others each time."""
    return settings(
        max_examples=quick * max(1, EFFORT),
        derandomize=not EFFORT,
        database=None,
        deadline=None,
        print_blob=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def _mostly(usual: Values, *others: Values) -> Values:
    """The usual in nine of ten cases: else hardly a call of many arguments would get past its first check."""
    return st.sampled_from([usual] * 9 + [st.one_of(others)]).flatmap(lambda chosen: chosen)


def fitting(schema: Any, root: Schema) -> Values:
    """What a schema allows, and what lies just beyond its bounds."""
    if not isinstance(schema, Mapping):
        return anything
    if "$ref" in schema:
        return fitting(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "enum" in schema or "const" in schema:
        return st.sampled_from(schema.get("enum") or [schema["const"]])
    if parts := [part for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]:
        inherited = {"description": schema["description"]} if "description" in schema else {}
        real = st.one_of([fitting({**inherited, **part}, root) for part in parts if part.get("type") != "null"])
        return real if {"type": "null"} not in parts else _mostly(real, st.none())
    made = {
        "string": _strings, "integer": _integers, "number": _floats, "boolean": lambda *_: st.booleans(),
        "null": lambda *_: st.none(), "array": _arrays, "object": _objects,
    }  # fmt: skip
    kinds = schema.get("type", list(made))
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return st.one_of([made[kind](schema, root) for kind in kinds])


def _strings(schema: Schema, _: Schema) -> Values:
    bounds = [schema[word] + more for word in ("minLength", "maxLength") if word in schema for more in (-1, 0, 1)]
    edges = [st.just("a" * bound) for bound in bounds if bound >= 0]
    hints = st.sampled_from(_hints(schema) or _GOOD)
    return _mostly(hints, st.one_of(_words, texts, *edges))


def _hints(schema: Schema) -> list[str]:
    """The examples in a description: what stands in quotes, has a digit or is in capitals."""
    said = schema.get("description", "").replace("an OCC", "an")  # the word is no example
    return [*re.findall(r'"([^"]+)"', said), *re.findall(r"[\w:-]*\d[\w:-]*|\b[A-Z]+(?:/[A-Z]+)?\b", said)]


def _integers(schema: Schema, _: Schema) -> Values:
    edges = [schema[word] + more for word in ("minimum", "maximum") if word in schema for more in (-1, 0, 1)]
    inside = st.integers(schema.get("minimum", -10), schema.get("maximum", 1_000))
    return _mostly(inside, st.sampled_from([*edges, 0, 1]))


def _floats(schema: Schema, root: Schema) -> Values:
    low, high = (schema.get(word, schema.get(f"exclusive{word.title()}")) for word in ("minimum", "maximum"))
    inside = st.floats(-1e6 if low is None else low, 1e6 if high is None else high)
    return st.one_of(inside, _integers({"minimum": math.ceil(low or 0)}, root), st.sampled_from(_NUMBERS))


def _arrays(schema: Schema, root: Schema) -> Values:
    items = fitting(schema.get("items", {}) | {"description": schema.get("description", "")}, root)
    numbered = st.sampled_from([101, 3_000]).map(lambda count: [f"Z{number}" for number in range(count)])
    return _mostly(st.lists(items, min_size=1, max_size=3), st.lists(items, max_size=9), numbered)


def _objects(schema: Schema, root: Schema) -> Values:
    fields, needed = schema.get("properties", {}), schema.get("required", ())
    known = st.fixed_dictionaries(
        {name: fitting(fields[name], root) for name in needed if name in fields},
        optional={name: fitting(inner, root) for name, inner in fields.items() if name not in needed},
    )
    others = schema.get("additionalProperties")
    return known if fields or others is False else st.dictionaries(texts, fitting(others or {}, root), max_size=4)


@st.composite
def arguments(draw: st.DrawFn, schema: Schema) -> dict[str, Any]:
    """Arguments of a tool: half of them good ones, else one or two are spelt as a string, spoilt, dropped or added."""
    sent: dict[str, Any] = draw(_objects(schema, schema))
    ways = st.sampled_from(["spell", "spell", "spoil", "spoil", "spoil", "drop", "add", "null"])
    for how in draw(_mostly(st.lists(ways, max_size=1), st.lists(ways, min_size=1, max_size=3))):
        name = draw(st.sampled_from(sorted(sent) or ["symbol"]))
        if how == "spell":
            sent[name] = json.dumps(sent.get(name))
        elif how == "spoil":
            sent[name] = draw(anything)
        elif how == "drop":
            sent.pop(name, None)
        elif how == "add":
            sent[draw(texts)] = draw(scalars)
        else:
            sent = dict.fromkeys(sent)
    return sent


@st.composite
def spoilt(draw: st.DrawFn, body: Any) -> Any:
    """A JSON value of which up to four places are dropped, doubled, nested wrongly or replaced."""
    copy = json.loads(json.dumps(body))
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 4]))):
        places = list(_places(copy))
        if not places:
            return draw(anything)
        holder, key = draw(st.sampled_from(places))
        how = draw(st.sampled_from(["replace", "replace", "drop", "double", "wrap", "spell"]))
        if how == "replace":
            holder[key] = draw(numbers | anything if isinstance(holder[key], int | float) else anything)
        elif how == "drop":
            del holder[key]
        elif how == "double" and isinstance(holder, list):
            holder.insert(key, holder[key])
        elif how == "spell":
            holder[key] = str(holder[key])
        else:
            holder[key] = [holder[key]] if draw(st.booleans()) else {"items": holder[key]}
    return copy


def _places(value: Any) -> Any:
    """Where something stands in a JSON value, the outermost first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, _ in inner:
        yield value, key
    for _, item in inner if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(item)


def _size(many: list[Any]) -> int:
    return len(many) * (len(many[0]) if many and isinstance(many[0], str) else 1)
