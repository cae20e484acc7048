"""How the answers of the quotes plugin say what was worked out: in its unit, with its decimals."""

import re
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from tests.price_paths import random_walk, scaled
from ttai import Answer, History
from ttai.answers import render
from ttai.quant.bars import PRICES, Bars
from ttai.quant.indicators import CATALOGUE, compute, parse
from ttai.quant.levels import find_levels
from ttai_quotes.analysis import Study
from ttai_quotes.chart.sheet import Sheet
from ttai_quotes.models.indicators import Indicators, IndicatorSeries, IndicatorValue
from ttai_quotes.models.levels import LevelsAnswer

WALK = random_walk(4, 400)


def study(bars: Bars, *names: str) -> Study:
    frame = pl.DataFrame({"time": bars.time, **{name: getattr(bars, name) for name in PRICES}})
    history = History(
        symbol="X", interval="1d", extended=False, frame=frame, as_of=datetime(2026, 11, 20, tzinfo=UTC),
        source="stream", session="open", stale=False,
    )  # fmt: skip
    return Study(history, bars, forming=False, indicators=[compute(bars, parse(name)) for name in names])


def said(answer: Answer, line: str) -> tuple[str, Any]:
    """The value of a line in the text and in the structure."""
    rendered = render(answer)
    (cells,) = [row.split(" | ") for row in rendered.text.splitlines() if row.startswith(f"{line} | ")]
    table = rendered.structured["indicators"]
    (row,) = [row for row in table["rows"] if row[0] == line]
    return cells[2], row[2]


@pytest.mark.parametrize(
    ("name", "shape"),
    [("hv:30", r"\d+\.?\d*%"), ("obv", r"-?\d+"), ("sma:20", r"\d+\.\d{2,4}"), ("rsi:14", r"\d+(\.\d{1,4})?"),
     ("roc:10", r"-?\d+(\.\d{1,4})?")],
)  # fmt: skip
def test_a_value_is_said_in_the_unit_of_its_indicator(name: str, shape: str) -> None:
    found = study(WALK, name)
    text, value = said(Indicators.of(found, 0, []), name)
    assert re.fullmatch(shape, text)
    assert value == pytest.approx(found.indicators[0].latest[CATALOGUE[name.partition(":")[0]].lines[0]], abs=0.006)


def test_a_series_is_in_the_same_unit() -> None:
    for name in CATALOGUE:
        found = compute(WALK, parse(name))
        (value, *_), (series, *_) = IndicatorValue.of(found), IndicatorSeries.of(found, 2)
        kinds = [type(one).model_fields[field].annotation for one, field in ((value, "value"), (series, "values"))]
        assert str(kinds[0]) in str(kinds[1])


def test_distances_in_ranges_are_numbers_not_dollars() -> None:
    levels = find_levels(WALK)
    text = render(LevelsAnswer.of(study(WALK), levels)).text
    assert f"extension_atr: {round(levels.extension_atr or 0, 2):.2f}\n" in text


@pytest.mark.parametrize(("factor", "decimals"), [(0.00003, 5), (1, 2)])
def test_a_chart_says_prices_with_the_decimals_of_its_picture(factor: float, decimals: int) -> None:
    bars = scaled(WALK, factor)
    chart = Sheet(study(bars, "sma:20"), lookback=100, levels=find_levels(bars), volume=True, theme="dark").chart()
    title, overlays = chart.said
    assert title.startswith(f"X 1d  {bars.close[-1]:,.{decimals}f}  ")
    assert f"range {bars.low[-100:].min():,.{decimals}f} to " in title
    assert f"sma:20 {bars.close[-20:].mean():,.{decimals}f}" in overlays
    assert all(len(zone.label.partition(".")[2]) == decimals for zone in chart.zones)
