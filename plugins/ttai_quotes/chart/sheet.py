"""What a chart shows, put together: its words, its picture and its page; pure."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ttai import History
from ttai.drawing.axes import price
from ttai.quant.bars import Bars
from ttai.quant.levels import Levels
from ttai.quant.zones import Zone
from ttai_quotes import analysis
from ttai_quotes.analysis import Range, Study
from ttai_quotes.chart.draw import Line, draw, places
from ttai_quotes.models.chart import Chart, ChartPage, Drawn, Shade, Stroke
from ttai_quotes.models.history import Bar, provenance

Theme = Literal["dark", "light"]
MOST_ZONES = 3  # on each side of the price


@dataclass(frozen=True)
class Sheet:
    """One chart: the newest `lookback` of the bars, of which earlier ones only serve the indicators."""

    study: Study
    lookback: int
    levels: Levels | None
    volume: bool
    theme: Theme

    def chart(self) -> Chart:
        """The whole answer; ValueError where no bar has prices."""
        facts = self._summary
        if facts.last is None or facts.low is None or facts.high is None:
            raise ValueError(f"no bar of {self._history.symbol} has prices in that time")
        lost = [f"{one.spec} is not drawn: {one.reason}" for one in self.study.indicators if one.reason]
        return Chart(
            **provenance(self._history),
            png=draw(
                self._shown,
                title=self._title,
                subtitle=self._subtitle,
                lines=self._lines,
                zones=self._shades,
                volume=self.volume,
                theme=self.theme,
            ),
            said=self._said,
            notes=[*self._history.notes, *lost, *(note for note in facts.notes if "lack a price" in note)],
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

    @property
    def _history(self) -> History:
        return self.study.history

    @cached_property
    def _shown(self) -> Bars:
        return self.study.bars[-self.lookback :]

    @cached_property
    def _summary(self) -> Range:
        return analysis.summarise(self._shown)

    @cached_property
    def _lines(self) -> list[Line]:
        return [
            Line(str(one.spec) if len(one.lines) == 1 else f"{one.spec} {name}", values[-self.lookback :])
            for one in self.study.indicators
            for name, values in one.lines.items()
        ]

    @cached_property
    def _zones(self) -> list[Zone]:
        levels = self.levels
        return [*levels.supports[:MOST_ZONES], *levels.resistances[:MOST_ZONES]] if levels else []

    @cached_property
    def _shades(self) -> list[Shade]:
        return [Shade(low=one.low, high=one.high, kind=one.side, label=self._price(one.price)) for one in self._zones]

    @cached_property
    def _places(self) -> int:
        """As many decimals as the picture's prices have."""
        return places(self._shown, self._lines, [(one.low, one.high) for one in self._zones])

    def _price(self, value: float | None) -> str:
        return "unknown" if value is None else price(value, self._places)

    @cached_property
    def _change(self) -> float | None:
        """From the close before the first bar to the last close."""
        last = self._summary.last
        if len(self.study.bars) <= self.lookback or last is None:
            return None
        before = float(self.study.bars.close[-self.lookback - 1])
        return last - before if math.isfinite(before) else None

    @cached_property
    def _change_percent(self) -> float | None:
        last = self._summary.last
        return None if self._change is None or last is None else self._change / (last - self._change) * 100

    @cached_property
    def _title(self) -> str:
        facts = self._summary
        change = "" if self._change is None else f"  {self._change:+,.{self._places}f} ({self._change_percent:+.2f}%)"
        over = f"{change} over {facts.bars} bars" if change else ""
        return f"{self._history.symbol} {self._history.interval}  {self._price(facts.last)}{over}"

    @cached_property
    def _subtitle(self) -> str:
        marks = ["SIMULATED"] * (self._history.source == "simulator") + ["STALE"] * self._history.stale
        return " · ".join([*marks, f"as of {analysis.in_new_york(self._history.as_of)}"])

    @cached_property
    def _said(self) -> list[str]:
        facts = self._summary
        begins, ends = (analysis.in_new_york(one) for one in (facts.begins, facts.ends))
        span = f"from {begins} to {ends}, range {self._price(facts.low)} to {self._price(facts.high)}"
        parts = [f"{line.name} {self._price(value)}" for line in self._lines if (value := _known(line)) is not None]
        if self.levels is not None:
            parts += [f"trend of these bars {self.levels.trend.direction}"] if self.levels.trend else []
            for kind in ("support", "resistance"):
                prices = ", ".join(one.label for one in self._shades if one.kind == kind)
                parts += [f"{kind} {prices}"] if prices else []
        return [f"{self._title}; {span}; {self._subtitle}", "; ".join(parts) or "no overlays"]

    @cached_property
    def _page(self) -> ChartPage:
        return ChartPage(
            symbol=self._history.symbol,
            interval=self._history.interval,
            theme=self.theme,
            title=self._title,
            summary=". ".join(self._said),
            source=self._history.source,
            bars=Bar.of(self._shown),
            lines=[Stroke(name=line.name, values=line.values.tolist()) for line in self._lines],
            zones=self._shades,
        )


def _known(line: Line) -> float | None:
    value = float(line.values[-1])
    return value if math.isfinite(value) else None
