"""Answers: the text a model reads, the structure a program parses."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, computed_field

from ttai.answers import (
    CAP,
    Answer,
    Count,
    Greek,
    MarketAnswer,
    Money,
    Percent,
    Price,
    Strike,
    cut,
    render,
    rows,
)
from ttai.errors import AnswerTooLarge

CLOSE = datetime(2026, 11, 20, 20, 59, 58, tzinfo=UTC)


class Quote(BaseModel):
    symbol: str
    last: Price | None = None
    change_percent: Percent | None = None
    iv: Percent | None = None
    volume: Count | None = None
    as_of: datetime | None = None
    source: str | None = None
    tradable: bool | None = None


class Missing(BaseModel):
    symbol: str
    why: str


class Quotes(MarketAnswer):
    quotes: list[Quote] = Field(default_factory=list)
    missing: list[Missing] | None = None


def lines(value: object) -> list[str]:
    return render(value).text.splitlines()


def test_a_list_of_quotes_is_one_table_and_says_once_what_all_rows_share() -> None:
    answer = Quotes(
        session="open, regular hours",
        quotes=[
            Quote(symbol="SPY", last=605.1, iv=0.32149, volume=41_234_567.0, as_of=CLOSE, source="stream"),
            Quote(symbol="VIX", last=math.nan, change_percent=-1.256, as_of=CLOSE, source="stream"),
        ],
        missing=[],
        notes=["VIX: nobody quotes an index"],
    )
    assert lines(answer) == [
        "as_of: 2026-11-20 15:59:58 EST",
        "source: stream",
        "session: open, regular hours",
        "missing: none",
        "quotes:",
        "symbol | last | change_percent | iv | volume",
        "SPY | 605.10 | - | 32.15% | 41234567",
        "VIX | - | -1.26 | - | -",
        "note: VIX: nobody quotes an index",
    ]
    assert render(answer).structured == {
        "as_of": "2026-11-20T15:59:58-05:00",
        "source": "stream",
        "session": "open, regular hours",
        "stale": None,
        "quotes": {
            "columns": ["symbol", "last", "change_percent", "iv", "volume", "tradable"],
            "rows": [["SPY", 605.1, None, 0.3215, 41234567, None], ["VIX", None, -1.26, None, None, None]],
            "shared": ["as_of", "source"],
        },
        "missing": {"columns": ["symbol", "why"], "rows": []},
        "notes": ["VIX: nobody quotes an index"],
    }


class Sheet(Answer):
    price: Price | None = None
    money: Money | None = None
    profit_percent: Percent | None = None
    iv_rank: Percent | None = None
    iv_percentile: Percent | None = None
    iv: Percent | None = None
    delta: Greek | None = None
    contracts: Count | None = None
    strike: Strike | None = None
    plain: float | None = None


@pytest.mark.parametrize(
    ("field", "value", "text", "structured"),
    [
        ("price", 605, "605.00", 605),
        ("price", 0.01251, "0.0125", 0.0125),
        ("price", Decimal("12.345"), "12.345", 12.345),
        ("money", Decimal("1234.5"), "1234.50", 1234.5),
        ("money", -0.001, "0.00", 0),
        ("profit_percent", 32.149, "32.15", 32.15),
        ("iv_rank", 7, "7", 7),
        ("iv_percentile", 99.999, "100", 100),
        ("iv", 0.32149, "32.15%", 0.3215),
        ("iv", 1, "100%", 1),
        ("delta", -0.123456, "-0.1235", -0.1235),
        ("contracts", 3.0, "3", 3),
        ("contracts", 0.00012345, "0.00012345", 0.00012345),
        ("strike", 605.0, "605", 605),
        ("strike", 12.5, "12.5", 12.5),
        ("plain", 0.1 + 0.2, "0.3", 0.3),
        ("money", 2e15, "2000000000000000.0", 2e15),
    ],
)
def test_a_number_is_rounded_to_what_it_means(field: str, value: Any, text: str, structured: float) -> None:
    rendered = render(Sheet(**{field: value}))
    assert rendered.text == f"{field}: {text}"
    assert json.dumps(rendered.structured[field]) == json.dumps(structured)


@pytest.mark.parametrize("nothing", [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("Infinity")])
@pytest.mark.parametrize("field", ["price", "iv", "contracts", "plain"])
def test_no_number_is_unknown_never_a_number(field: str, nothing: Any) -> None:
    rendered = render(Sheet(**{field: nothing}))
    assert rendered.text == "null: unknown"
    assert rendered.structured[field] is None
    assert field == "plain" or getattr(Sheet(**{field: nothing}), field) is None


def test_a_calculator_keeps_eight_digits_for_programs_and_rounds_for_reading() -> None:
    class Valuation(Answer):
        precision: ClassVar[int] = 8
        price: Price
        iv: Percent
        notional: Money

    rendered = render(Valuation(price=12.3456789123, iv=0.123456789, notional=1_234_567_890))
    assert rendered.text == "price: 12.3457\niv: 12.35%\nnotional: 1234567890.00"
    assert rendered.structured == {"price": 12.345679, "iv": 0.12345679, "notional": 1234567890}


def test_numbers_never_move_up() -> None:
    answer = Quotes(quotes=[Quote(symbol="A", last=1), Quote(symbol="B", last=1)])
    assert "last" in render(answer).structured["quotes"]["columns"]
    assert "last" not in render(answer).structured


def test_what_the_answer_says_otherwise_stays_in_the_rows() -> None:
    answer = Quotes(source="model", quotes=[Quote(symbol=s, source="stream") for s in "AB"])
    structured = render(answer).structured
    assert structured["source"] == "model"
    assert [row["source"] for row in rows(structured, "quotes")] == ["stream", "stream"]


def test_two_tables_that_disagree_keep_their_columns() -> None:
    class Side(BaseModel):
        type: str
        strike: Strike

    class Chain(Answer):
        calls: list[Side]
        puts: list[Side]

    chain = Chain(calls=[Side(type="call", strike=k) for k in (1, 2)], puts=[Side(type="put", strike=1)])
    structured = render(chain).structured
    assert "type" not in structured
    assert rows(structured, "calls")[1] == {"type": "call", "strike": 2}


def test_a_single_row_stays_whole_and_twins_keep_a_column() -> None:
    class Names(Answer):
        names: list[Missing]

    twin = Missing(symbol="A", why="x")
    assert render(Names(names=[twin])).structured["names"]["columns"] == ["symbol", "why"]
    twins = render(Names(names=[twin, twin])).structured
    assert twins["names"] == {"columns": ["why"], "rows": [["x"], ["x"]], "shared": ["symbol"]}
    assert rows(twins, "names") == [{"why": "x", "symbol": "A"}] * 2


def test_an_empty_list_shows_the_columns_it_would_have() -> None:
    rendered = render(Quotes())
    assert rendered.structured["quotes"] == {"columns": list(Quote.model_fields), "rows": []}
    assert rendered.structured["missing"] is None
    assert rendered.text == "quotes: none"


def test_a_table_of_nothing_known_still_shows_its_rows() -> None:
    class Prices(Answer):
        prices: list[Sheet]

    assert lines(Prices(prices=[Sheet(), Sheet()])) == ["prices:", "price", "-", "-"]


def test_text_from_outside_can_not_forge_a_line_or_a_cell() -> None:
    answer = Quotes(
        session="closed\nsource: stream",
        quotes=[Quote(symbol="A | 999\nB", last=1)],
        notes=["cut\nstale: no"],
    )
    assert lines(answer) == [
        "session: closed",
        "  source: stream",
        "quotes:",
        "symbol | last",
        "A ¦ 999 B | 1.00",
        "note: cut stale: no",
    ]


def test_an_option_symbol_keeps_its_spaces_in_a_cell() -> None:
    assert "SPY   260821C00500000" in render(Quotes(quotes=[Quote(symbol="SPY   260821C00500000")])).text


class Side(Enum):
    LONG = "long"


class Leg(BaseModel):
    symbol: str
    quantity: Count


class Totals(BaseModel):
    theta: Greek
    limits: dict[str, Percent]


class Spread(BaseModel):
    name: str
    legs: list[Leg]
    totals: Totals | None = None


class Book(Answer):
    side: Side = Side.LONG
    expires: date = date(2026, 12, 18)
    opened: datetime = datetime(2026, 7, 1, 14, 0, tzinfo=UTC)
    naive: datetime = datetime(2026, 7, 1, 14, 0)  # noqa: DTZ001
    took: timedelta = timedelta(seconds=90)
    tags: set[str] = Field(default={"b", "a"})
    flags: list[bool] = Field(default=[True, False])
    totals: Totals = Totals(theta=-12.34567, limits={"iv": 0.5})
    spreads: list[Spread] = Field(
        default=[
            Spread(name="x", legs=[Leg(symbol="A", quantity=1), Leg(symbol="B", quantity=-1)]),
            Spread(name="y", legs=[], totals=Totals(theta=1, limits={"iv": 0.1})),
        ]
    )

    @computed_field  # type: ignore[prop-decorator]
    @property
    def profit(self) -> Money:
        """Dollars."""
        return 12.3456


def test_dates_nested_models_and_tables_within_tables() -> None:
    rendered = render(Book())
    assert rendered.text.splitlines() == [
        "side: long",
        "expires: 2026-12-18",
        "opened: 2026-07-01 10:00:00 EDT",
        "naive: 2026-07-01 14:00:00",
        "took: 0:01:30",
        "tags: a, b",
        "flags: yes, no",
        "profit: 12.35",
        "totals:",
        "  theta: -12.3457",
        "  limits:",
        "    iv: 50%",
        "spreads:",
        "name | legs | totals",
        "x | symbol=A, quantity=1; symbol=B, quantity=-1 | -",
        "y | none | theta=1, limits=(iv=10%)",
    ]
    structured = rendered.structured
    assert structured["opened"] == "2026-07-01T10:00:00-04:00"
    assert structured["totals"] == {"theta": -12.3457, "limits": {"iv": 0.5}}
    first, second = rows(structured, "spreads")
    assert rows(first, "legs") == [{"symbol": "A", "quantity": 1}, {"symbol": "B", "quantity": -1}]
    assert first["totals"] is None
    assert second["legs"] == {"columns": ["symbol", "quantity"], "rows": []}


@dataclass
class Reading:
    level: float


@pytest.mark.parametrize(
    ("value", "text", "structured"),
    [
        (None, "null: unknown", {"result": None}),
        (math.nan, "null: unknown", {"result": None}),
        (21.5, "21.5", {"result": 21.5}),
        (3, "3", {"result": 3}),
        (True, "yes", {"result": True}),
        (Decimal("1.10"), "1.1", {"result": 1.1}),
        ("two\nlines | kept", "two\nlines | kept", {"result": "two\nlines | kept"}),
        ("", "", {"result": ""}),
        ("\ud800", "?", {"result": "?"}),
        (["a", "b"], "a\nb", {"result": ["a", "b"]}),
        ([], "none", {"result": []}),
        ({}, "none", {}),
        ({"level": math.inf, "tags": [1, [2]]}, "tags:\n1\n2", {"level": None, "tags": [1, [2]]}),
        ({1: {"a": {"b": None}}}, "1:\n  a:", {"1": {"a": {"b": None}}}),
        (Reading(30.0), "level: 30", {"level": 30}),
        (
            [Missing(symbol="A", why="x")],
            "symbol | why\nA | x",
            {"result": {"columns": ["symbol", "why"], "rows": [["A", "x"]]}},
        ),
    ],
)
def test_whatever_a_plugin_returns_is_readable_and_json(value: object, text: str, structured: Any) -> None:
    rendered = render(value)
    assert rendered.text == text
    assert rendered.structured == structured
    assert rendered.text_bytes == len(text.encode())


def test_an_untyped_empty_list_has_no_rows() -> None:
    assert rows(render([]).structured, "result") == []


def test_sizes_are_bytes_of_compact_utf8() -> None:
    rendered = render({"name": "é"})
    assert (rendered.text_bytes, rendered.structured_bytes) == (
        len(b"name: \xc3\xa9"),
        len(b'{"name":"\xc3\xa9"}'),
    )


def test_an_answer_beyond_the_cap_is_an_error_with_its_size() -> None:
    half = CAP // 2
    assert render("x" * (half - 20)).text_bytes == half - 20
    with pytest.raises(AnswerTooLarge, match="would be 61 KB"):
        render("x" * (half + 100))


def test_what_was_cut_is_said_with_how_to_get_it() -> None:
    assert cut(range(214), keep=22, ask="strikes=40") == (
        list(range(22)),
        "22 of 214 strikes; ask strikes=40",
    )
    assert cut([1, 2], 2, "limit=4", "rows") == ([1, 2], None)
    assert cut([1, 2, 3], 2, "limit=4", "rows")[1] == "2 of 3 rows; ask limit=4"


labels = st.one_of(st.none(), st.sampled_from(["stream", "rest", "a|b\nc", "é"]))
floats = st.one_of(st.none(), st.floats())
moments = st.one_of(st.none(), st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
quotes = st.builds(
    Quote,
    symbol=st.sampled_from(["SPY", "VIX"]),
    last=floats,
    change_percent=floats,
    iv=floats,
    volume=floats,
    as_of=moments,
    source=labels,
    tradable=st.one_of(st.none(), st.booleans()),
)


def rounded(quote: Quote) -> dict[str, Any]:
    """What a row must hold, worked out without the renderer."""
    moment = quote.as_of.astimezone(ZoneInfo("America/New_York")) if quote.as_of else None
    whole: dict[str, Any] = quote.model_dump() | {"as_of": moment and moment.isoformat(timespec="seconds")}
    places = {"last": 4, "change_percent": 2, "iv": 4, "volume": 8}
    return {
        name: round(value, places[name]) if name in places and value is not None and abs(value) < 1e15 else value
        for name, value in whole.items()
    }


@given(st.builds(Quotes, source=labels, as_of=moments, quotes=st.lists(quotes, max_size=6)))
def test_rows_come_back_whole_and_rounded_whatever_moved_up(answer: Quotes) -> None:
    rendered = render(answer)
    sent = json.loads(json.dumps(rendered.structured, allow_nan=False))
    assert rows(sent, "quotes") == [rounded(quote) for quote in answer.quotes]
    assert answer.source is None or sent["source"] == answer.source
    table = rendered.text.partition("quotes:\n")[2].splitlines()
    assert len(table) == (len(answer.quotes) + 1 if answer.quotes else 0)
    assert len({line.count(" | ") for line in table}) <= 1
    assert "nan" not in rendered.text
    assert "inf" not in rendered.text


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text()
    | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(anything)
def test_every_value_renders_as_json(value: object) -> None:
    rendered = render(value)
    json.dumps(rendered.structured, allow_nan=False)
    rendered.text.encode()
    assert rendered.structured_bytes > 0


@pytest.mark.parametrize("year", [1, 9999])
def test_the_first_and_the_last_moment_there_is_stand_as_they_are(year: int) -> None:
    moment = datetime(year, 1 if year == 1 else 12, 1 if year == 1 else 31, tzinfo=timezone(timedelta(hours=14)))
    assert render({"at": moment}).structured["at"].startswith(f"{year:04}")
