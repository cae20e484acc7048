"""What a chart shows, put together: its words, its picture and its page; pure."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ttai.quant.bars import Bars
from ttai.quant.indicators import Indicator
from ttai.quant.levels import Levels
from ttai_quotes import analysis
from ttai_quotes.chart.draw import Line, Zone, draw
from ttai_quotes.models.chart import Chart, ChartPage, Drawn, Shade, Stroke
from ttai_quotes.models.history import Summary, told

Theme = Literal["dark", "light"]
MOST_ZONES = 3  # on each side of the price


@dataclass(frozen=True)
class Sheet:
    """One chart: the newest `lookback` of the bars, of which earlier ones only serve the indicators.

    `history` is the market's, for what it says of the bars.
    """

    history: Any
    bars: Bars
    lookback: int
    indicators: list[Indicator]
    levels: Levels | None
    volume: bool
    theme: Theme

    def chart(self) -> Chart:
        """The whole answer; ValueError where no bar has prices."""
        facts, notes = self._summary
        if facts.last is None or facts.low is None or facts.high is None:
            raise ValueError(f"no bar of {self.history.symbol} has prices in that time")
        lost = [f"{one.spec} is not drawn: {one.reason}" for one in self.indicators if one.reason]
        source = told(self.history)
        del source["extended_hours"]
        return Chart(
            **source,
            png=draw(
                self._shown,
                title=self._title,
                subtitle=self._subtitle,
                lines=self._lines,
                zones=[Zone(one.low, one.high, one.kind, one.label) for one in self._shades],
                volume=self.volume,
                theme=self.theme,
            ),
            said=self._said,
            notes=[*self.history.notes, *lost, *(note for note in notes if "lack a price" in note)],
            bars=facts.bars,
            begins=facts.begins,
            ends=facts.ends,
            last=facts.last,
            change=self._change,
            change_percent=self._change_percent,
            low=facts.low,
            high=facts.high,
            average_volume=facts.average_volume,
            overlays=[Drawn(name=line.name, value=_known(line)) for line in self._lines],
            zones=self._shades,
            page=self._page,
        )

    @cached_property
    def _shown(self) -> Bars:
        return self.bars[-self.lookback :]

    @cached_property
    def _summary(self) -> tuple[Summary, list[str]]:
        return analysis.summarise(self._shown)

    @cached_property
    def _lines(self) -> list[Line]:
        return [
            Line(str(one.spec) if len(one.lines) == 1 else f"{one.spec} {name}", values[-self.lookback :])
            for one in self.indicators
            for name, values in one.lines.items()
        ]

    @cached_property
    def _shades(self) -> list[Shade]:
        if self.levels is None:
            return []
        found = [*self.levels.supports[:MOST_ZONES], *self.levels.resistances[:MOST_ZONES]]
        return [Shade(low=one.low, high=one.high, kind=one.side, label=f"{one.price:,.2f}") for one in found]

    @cached_property
    def _change(self) -> float | None:
        """From the close before the first bar to the last close."""
        last = self._summary[0].last
        if len(self.bars) <= self.lookback or last is None:
            return None
        before = float(self.bars.close[-self.lookback - 1])
        return last - before if math.isfinite(before) else None

    @cached_property
    def _change_percent(self) -> float | None:
        last = self._summary[0].last
        return None if self._change is None or last is None else self._change / (last - self._change) * 100

    @cached_property
    def _title(self) -> str:
        facts = self._summary[0]
        change = "" if self._change is None else f"  {self._change:+,.2f} ({self._change_percent:+.2f}%)"
        over = f"{change} over {facts.bars} bars" if change else ""
        return f"{self.history.symbol} {self.history.interval}  {facts.last:,.2f}{over}"

    @cached_property
    def _subtitle(self) -> str:
        marks = ["SIMULATED"] * (self.history.source == "simulator") + ["STALE"] * self.history.stale
        return " · ".join([*marks, f"as of {analysis.in_new_york(self.history.as_of)}"])

    @cached_property
    def _said(self) -> list[str]:
        facts = self._summary[0]
        begins, ends = (analysis.in_new_york(one) for one in (facts.begins, facts.ends))
        span = f"from {begins} to {ends}, range {facts.low:,.2f} to {facts.high:,.2f}"
        parts = [f"{line.name} {value:,.2f}" for line in self._lines if (value := _known(line)) is not None]
        if self.levels is not None:
            parts += [f"trend of these bars {self.levels.trend.direction}"] if self.levels.trend else []
            for kind in ("support", "resistance"):
                prices = ", ".join(one.label for one in self._shades if one.kind == kind)
                parts += [f"{kind} {prices}"] if prices else []
        return [f"{self._title}; {span}; {self._subtitle}", "; ".join(parts) or "no overlays"]

    @cached_property
    def _page(self) -> ChartPage:
        return ChartPage(
            symbol=self.history.symbol,
            interval=self.history.interval,
            theme=self.theme,
            title=self._title,
            summary=". ".join(self._said),
            source=self.history.source,
            bars=analysis.rows(self._shown),
            lines=[Stroke(name=line.name, values=line.values.tolist()) for line in self._lines],
            zones=self._shades,
        )


def _known(line: Line) -> float | None:
    value = float(line.values[-1])
    return value if math.isfinite(value) else None
