"""The answer about levels: where price may turn."""

from pydantic import BaseModel

from ttai import Greek, Percent, Price
from ttai.quant.bars import Time
from ttai.quant.levels import Levels
from ttai.quant.swings import Swing
from ttai.quant.trend import Trend
from ttai.quant.zones import Zone as Found
from ttai_quotes.analysis import Study
from ttai_quotes.models.history import HistoryAnswer

MOST_SWINGS = 8


class Zone(BaseModel):
    """Where price may turn; `strength` 0–100, distances of `price` from the last close."""

    side: str
    price: Price
    low: Price
    high: Price
    strength: int
    touches: int
    last_touch: Time | None
    distance_percent: Percent
    distance_atr: Greek | None
    kinds: str

    @classmethod
    def of(cls, found: Found, levels: Levels) -> "Zone":
        """One of the zones of these levels."""
        close = levels.close or 0.0
        return cls(
            side=found.side,
            price=found.price,
            low=found.low,
            high=found.high,
            strength=round(found.strength),
            touches=found.touches,
            last_touch=found.last_touch,
            distance_percent=(found.price / close - 1) * 100,
            distance_atr=(found.price - close) / levels.atr if levels.atr else None,
            kinds=", ".join(found.kinds),
        )


class Confluence(BaseModel):
    """A zone where at least three kinds of evidence meet."""

    side: str
    price: Price
    strength: int
    kinds: str

    @classmethod
    def of(cls, found: Found) -> "Confluence":
        """The zone in short."""
        return cls(side=found.side, price=found.price, strength=round(found.strength), kinds=", ".join(found.kinds))


class Turn(BaseModel):
    """A confirmed swing high or low."""

    time: Time
    side: str
    price: Price

    @classmethod
    def of(cls, found: Swing) -> "Turn":
        """One swing."""
        return cls(time=found.time, side=found.side, price=found.price)


class Extension(BaseModel):
    """A Fibonacci extension beyond the dominant swing."""

    level: str
    price: Price


class TrendFacts(BaseModel):
    """The regression of the closes: slope in percent of price a bar; quality 0–100."""

    direction: str
    quality: int | None
    slope_percent: Percent
    r_squared: Greek | None

    @classmethod
    def of(cls, found: Trend) -> "TrendFacts":
        """One trend."""
        return cls(
            direction=found.direction,
            quality=None if found.quality is None else round(found.quality),
            slope_percent=found.slope_percent,
            r_squared=found.r_squared,
        )


class LevelsAnswer(HistoryAnswer):
    """Support and resistance of the bars looked at, nearest first, and the way the price went."""

    bars_used: int
    close: Price | None
    range_low: Price | None
    range_high: Price | None
    atr_14: Price | None
    extension_atr: Greek | None
    trend: TrendFacts | None
    supports: list[Zone]
    resistances: list[Zone]
    confluences: list[Confluence]
    swings: list[Turn]
    fibonacci_extensions: list[Extension]

    @classmethod
    def of(cls, study: Study, levels: Levels) -> "LevelsAnswer":
        """The levels of a study."""
        return cls(
            **cls.facts(study),
            bars_used=levels.bars,
            close=levels.close,
            range_low=levels.low,
            range_high=levels.high,
            atr_14=levels.atr,
            extension_atr=levels.extension_atr,
            trend=None if levels.trend is None else TrendFacts.of(levels.trend),
            supports=[Zone.of(one, levels) for one in levels.supports],
            resistances=[Zone.of(one, levels) for one in levels.resistances],
            confluences=[Confluence.of(one) for one in levels.confluences],
            swings=[Turn.of(one) for one in levels.swings[-MOST_SWINGS:]],
            fibonacci_extensions=[Extension(level=one.label, price=one.price) for one in levels.fibonacci_extensions],
            notes=[*study.history.notes, *levels.reasons],
        )
