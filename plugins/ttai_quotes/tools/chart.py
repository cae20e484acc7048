"""A chart for people to look at, and the page that interactive clients show in its place."""

from importlib.resources import files
from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Host, understood
from ttai.drawing.pages import page
from ttai.quant.indicators import CATALOGUE, Spec
from ttai_quotes import analysis
from ttai_quotes.chart.sheet import Sheet, Theme
from ttai_quotes.models.chart import Chart
from ttai_quotes.service import Quotes
from ttai_quotes.tools.arguments import IntervalName, Symbol

PAGE = "ui://ttai/chart"
MOST_BARS = 400
MOST_OVERLAYS = 10
PANELS = ("levels", "volume")
DRAWABLE = [name for name, one in CATALOGUE.items() if one.unit == "price"]


class ChartTools:
    """Charts as pictures, and as a page."""

    def __init__(self, host: Host, service: Quotes) -> None:
        self._compute = host.tasks.compute
        self._service = service

    async def render_chart(
        self,
        symbol: Symbol,
        interval: IntervalName = "1d",
        lookback: Annotated[int, Field(ge=2, le=MOST_BARS, description="Bars")] = 120,
        overlays: Annotated[
            list[str], Field(description='Price overlays such as "ema:21" "bbands", and "levels" "volume"')
        ] = ["sma:20", "sma:50", "levels", "volume"],  # noqa: B006 - the schema shows it; nobody changes it
        theme: Theme = "dark",
    ) -> Chart:
        """Draw a candlestick chart with moving averages, levels and volume; two lines of text say what it shows.
        Use it when the user wants to see a chart; get_indicators and find_levels have the numbers."""
        asked = analysis.named(overlays)
        specs = _specs([text for text in asked if text not in PANELS])
        study = await self._service.study(symbol, interval, specs, lookback=lookback)
        levels = await self._service.find_levels(study, lookback) if "levels" in asked else None
        sheet = Sheet(study, lookback=lookback, levels=levels, volume="volume" in asked, theme=theme)
        return await self._compute(lambda: understood(sheet.chart))

    async def page(self) -> str:
        """The page, whole: nothing in it comes from elsewhere."""
        return page(files("ttai_quotes.chart").joinpath("page.html").read_text("utf-8"))


def _specs(texts: list[str]) -> list[Spec]:
    specs = understood(lambda: analysis.specs(texts))
    if own := [str(spec) for spec in specs if CATALOGUE[spec.name].unit != "price"]:
        raise BadArgument(
            f"{', '.join(own)} can't lie over the price: its scale is another",
            f"Draw {', '.join(DRAWABLE)}, levels or volume; get_indicators tells the others",
        )
    if len(specs) > MOST_OVERLAYS:
        raise BadArgument(f"{len(specs)} overlays can't be told apart", f"Ask for at most {MOST_OVERLAYS}")
    return specs
