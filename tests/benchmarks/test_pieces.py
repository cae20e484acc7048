"""What the pieces of a call cost by themselves: to see where time goes when a figure moves."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.benchmarks.bare import QUOTE
from ttai.answers import render
from ttai.arguments import coerce
from ttai.market.hub import Hub
from ttai.market.types import QuoteEvent
from ttai.quant.symbols import normalize
from ttai.tastytrade.parse import feed_events
from ttai_quotes.models.quotes import QuoteAnswer, QuoteTable

pytestmark = pytest.mark.bench
ONE = QuoteAnswer(**{**QUOTE.model_dump(), "as_of": datetime(2026, 11, 20, 15, 31, tzinfo=UTC)})


@pytest.mark.parametrize("rows", [1, 22, 100])
def test_render_quotes(benchmark: Any, rows: int) -> None:
    answer = QuoteTable(quotes=[ONE] * rows, missing=[])
    assert benchmark(render, answer).structured["quotes"]["rows"]


def test_plain_pydantic_of_22_quotes(benchmark: Any) -> None:
    """The baseline of `render`: pydantic's own JSON, without rounding, tables or text."""
    answer = QuoteTable(quotes=[ONE] * 22, missing=[])
    assert benchmark(answer.model_dump_json)


def test_coerce(benchmark: Any) -> None:
    schema = {"properties": {"symbols": {"type": "array", "items": {"type": "string"}}}, "required": ["symbols"]}
    assert benchmark(coerce, {"symbols": '["SPY","AAPL"]'}, schema) == {"symbols": ["SPY", "AAPL"]}


def test_a_symbol_not_seen_before(benchmark: Any) -> None:
    assert benchmark(normalize.__wrapped__, "spy   261218c00680000") == "SPY   261218C00680000"


def test_a_frame_of_1000_quotes(benchmark: Any) -> None:
    values = [value for n in range(1000) for value in (f"S{n}", 100.5, 100.7)]
    hub = Hub()
    with hub.hold([f"S{n}" for n in range(1000)], [QuoteEvent]):
        benchmark(lambda: hub.heard(feed_events("Quote", values)))
    assert (line := hub.line("S999")) is not None
    assert line.events[QuoteEvent] == QuoteEvent("S999", 100.5, 100.7)
