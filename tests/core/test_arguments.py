"""What clients send is made to fit, or refused in a short sentence."""

import copy
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ttai.arguments import briefly, coerce, explain
from ttai.errors import BadArgument

SCHEMA: dict[str, Any] = {
    "$defs": {
        "Leg": {
            "type": "object",
            "properties": {
                "symbol": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "strike": {"type": "number"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
        }
    },
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "symbols": {"type": "array", "items": {"type": "string"}},
        "levels": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"type": "null"}]},
        "legs": {"anyOf": [{"type": "array", "items": {"$ref": "#/$defs/Leg"}}, {"type": "null"}]},
        "leg": {"anyOf": [{"$ref": "#/$defs/Leg"}, {"type": "null"}]},
        "options": {"type": "object", "additionalProperties": {"type": "number"}},
        "free": {"type": "object", "additionalProperties": True},
        "either": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "amount": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        "text": {"type": "string"},
        "price": {"type": "number"},
        "count": {"type": ["integer", "null"]},
        "flag": {"type": "boolean"},
        "any": {},
    },
    "required": ["symbols"],
}


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def sent(**arguments: Any) -> dict[str, Any]:
    return coerce({"symbols": ["SPY"]} | arguments, SCHEMA)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("symbols", '["SPY", "QQQ"]', ["SPY", "QQQ"]),
        ("symbols", "SPY", ["SPY"]),
        ("symbols", "5", ["5"]),
        ("symbols", '{"a": 1}', ['{"a": 1}']),
        ("symbols", '["SPY"', ['["SPY"']),
        ("levels", "[1, 2.5]", [1, 2.5]),
        ("levels", 600, [600]),
        ("levels", "600", ["600"]),
        ("levels", "1, 2.5", ["1", " 2.5"]),
        ("levels", "null", None),
        ("levels", None, None),
        ("legs", '[{"strike": 1}]', [{"strike": 1}]),
        ("legs", {"strike": 1}, [{"strike": 1}]),
        ("legs", ['{"strike": 1, "tags": "a"}'], [{"strike": 1, "tags": ["a"]}]),
        ("legs", "SPY", "SPY"),
        ("legs", [{"tags": '["a"]', "more": 1}], [{"tags": ["a"], "more": 1}]),
        ("leg", '{"strike": "600"}', {"strike": "600"}),
        ("leg", "not json", "not json"),
        ("options", '{"a": 1}', {"a": 1}),
        ("free", '{"a": "[1]"}', {"a": "[1]"}),
        ("either", '["keep"]', '["keep"]'),
        ("either", ["a"], ["a"]),
        ("text", '["keep"]', '["keep"]'),
        ("text", "nan", "nan"),
        ("text", ["x"], ["x"]),
        ("amount", "inf", "inf"),
        ("price", "1.5", "1.5"),
        ("price", "cheap", "cheap"),
        ("count", None, None),
        ("count", "[1]", "[1]"),
        ("flag", "true", "true"),
        ("any", "[1]", "[1]"),
    ],
)
def test_what_clients_send_fits_the_schema(name: str, value: Any, expected: Any) -> None:
    assert sent(**{name: value})[name] == expected


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("price", math.nan, "price"),
        ("price", "nan", "price"),
        ("price", " -Infinity", "price"),
        ("price", "1e999", "price"),
        ("price", 10**400, "price"),
        ("count", "inf", "count"),
        ("levels", [1, "NaN"], "levels.1"),
        ("levels", "[1, NaN]", "levels.1"),
        ("levels", "1e999", "levels.0"),
        ("levels", "[1e999]", "levels.0"),
        ("legs", [{"strike": math.inf}], "legs.0.strike"),
        ("leg", '{"strike": "nan"}', "leg.strike"),
        ("options", {"a": "inf"}, "options.a"),
        ("free", {"a": [math.nan]}, "free.a.0"),
        ("text", math.nan, "text"),
    ],
)
def test_a_number_that_is_none_is_refused_by_name(name: str, value: Any, path: str) -> None:
    with pytest.raises(BadArgument, match=rf"VALIDATION: {path} must be a finite number"):
        sent(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("text", "\ud800", "text"),
        ("symbols", ["SPY", "\udfff"], "symbols.1"),
        ("symbols", '["\\ud800"]', "symbols.0"),
        ("free", {"a": "\ud800"}, "free.a"),
        ("free", {"\ud800": 1}, "free"),
        ("any", [{"\ud800": 1}], "any.0"),
    ],
)
def test_half_a_character_is_refused_by_name(name: str, value: Any, path: str) -> None:
    with pytest.raises(BadArgument, match=rf"VALIDATION: {path} (has a key that )?holds half of a character"):
        sent(**{name: value})


def test_unknown_arguments_are_named_few_at_a_time_with_what_there_is() -> None:
    with pytest.raises(BadArgument) as refusal:
        sent(**{f"wrong{i}": i for i in range(500)})
    assert str(refusal.value) == (
        "VALIDATION: this tool does not take wrong0, wrong1, wrong2, wrong3, wrong4 and 495 more. "
        "It takes symbols, levels, legs, leg, options, free, either, amount, text, price, count, flag and 1 more."
    )


def test_missing_arguments_are_named() -> None:
    with pytest.raises(BadArgument, match=r"VALIDATION: this tool needs symbols\. It takes symbols, levels"):
        coerce({}, SCHEMA)


def test_a_tool_without_arguments_says_so() -> None:
    with pytest.raises(BadArgument, match=r"does not take x\. It takes no arguments\."):
        coerce({"x": 1}, {"type": "object", "properties": {}})


def test_an_open_schema_takes_what_it_does_not_name() -> None:
    assert coerce({"x": "[1]"}, {"type": "object", "additionalProperties": True}) == {"x": "[1]"}


def test_nesting_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(BadArgument, match=r"any.* is nested too deeply"):
        sent(any=deep)
    assert sent(symbols="[" * 100_000)["symbols"] == ["[" * 100_000]


@pytest.mark.parametrize(
    "arguments",
    [
        {"é" * 500_000: 1, "b" * 1_000_000: 2},
        {"free": {"k" * 1_000_000: math.nan}},
        {"levels": ["9" * 1_000_000]},
        {("x" * 90) + str(i): i for i in range(500)},
    ],
)
def test_error_texts_stay_short_whatever_came_in(arguments: dict[str, Any]) -> None:
    with pytest.raises(BadArgument) as refusal:
        sent(**arguments)
    assert len(str(refusal.value).encode()) < 600


@given(
    st.fixed_dictionaries(
        {"symbols": anything | st.text()},
        optional={name: anything | st.text() for name in SCHEMA["properties"] if name != "symbols"},
    )
)
def test_nothing_a_client_sends_breaks_or_is_changed(arguments: dict[str, Any]) -> None:
    before = copy.deepcopy(arguments)
    try:
        result = coerce(arguments, SCHEMA)
    except BadArgument as refusal:
        assert len(str(refusal).encode()) < 600  # noqa: PT017
    else:
        assert result.keys() == arguments.keys()
        json.dumps(result, default=str, allow_nan=False)
    assert repr(arguments) == repr(before)


class Leg(BaseModel):
    symbol: str
    quantity: float


class Order(BaseModel, extra="forbid"):
    legs: list[Leg]
    price: float = Field(gt=0)
    ratio: float | None = None


def explained(value: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as failure:
        TypeAdapter(Order).validate_python(value)
    return explain(failure.value)


def test_validation_is_explained_in_plain_words() -> None:
    wrong = {"legs": [{"symbol": 5, "quantity": "x"}], "price": -1, "more": 1}
    assert explained(wrong) == (
        "legs.0.symbol: should be text; "
        "legs.0.quantity: should be a number; "
        "price: should be greater than 0; more: extra inputs are not permitted"
    )
    assert explained({"price": 1}) == "legs: field required"


def test_an_explanation_is_short_without_echo_or_address() -> None:
    text = explained({"legs": [], "price": 1} | {f"{'x' * 100_000}{i}": "secret" * 1000 for i in range(500)})
    assert text.endswith("; and 495 more")
    assert len(text.encode()) < 900
    assert "http" not in text
    assert "secret" not in text


def test_pydantic_s_own_steps_are_not_part_of_a_name() -> None:
    with pytest.raises(ValidationError) as failure:
        TypeAdapter(list[int] | dict[str, int]).validate_python("x")
    assert (
        explain(failure.value)
        == 'arguments: should be a list; arguments: should be an object such as {"name": "value"}'
    )


def test_what_may_be_left_out_is_told_without_null() -> None:
    optional = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}], "default": None, "description": "$"}
    required = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    several = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}], "default": None}
    zero = {"anyOf": [{"type": "number"}, {"type": "null"}], "default": 0}
    leg = {"type": "object", "properties": {"strike": optional}}
    whole = {
        "type": "object",
        "properties": {"price": optional, "name": required, "either": several, "rate": zero},
        "required": ["name"],
        "$defs": {"Leg": leg},
    }
    before = copy.deepcopy(whole)
    told = briefly(whole)
    short = {"type": "number", "minimum": 0, "description": "$"}
    assert told["properties"] == {"price": short, "name": required, "either": several, "rate": zero}
    assert told["$defs"]["Leg"]["properties"] == {"strike": short}
    assert whole == before
