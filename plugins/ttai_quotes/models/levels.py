"""The answer about levels: where price may turn."""

from pydantic import BaseModel

from ttai import Greek, Percent
from ttai.quant.bars import Time
from ttai.quant.levels import Levels
from ttai.quant.swings import Swing
from ttai.quant.trend import Trend
from ttai.quant.zones import Zone as Found
from ttai_quotes.analysis import Study
from ttai_quotes.models.history import Atrs, HistoryAnswer, Level

MOST_SWINGS = 8
SCALES = (
    "strength, quality: 0–100; trend: the line through the log closes, slope_percent in % of the price a bar; "
    "distance_atr, extension_atr: in ATRs of 14 bars; confluence: three kinds of evidence meet"
)


class Zone(BaseModel):
    """Where price may turn; `strength` 0–100, distances of `price` from the last close."""

    side: str
    price: Level
    low: Level
    high: Level
    strength: int
    touches: int
    last_touch: Time | None
    distance_percent: Percent
    distance_atr: Atrs | None
    confluence: bool
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
            confluence=found.confluence,
            kinds=", ".join(found.kinds),
        )


class Turn(BaseModel):
    """A confirmed swing high or low."""

    time: Time
    side: str
    price: Level

    @classmethod
    def of(cls, found: Swing) -> "Turn":
        """One swing."""
        return cls(time=found.time, side=found.side, price=found.price)


class Extension(BaseModel):
    """A Fibonacci extension beyond the dominant swing."""

    level: str
    price: Level


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
    close: Level | None
    range_low: Level | None
    range_high: Level | None
    atr_14: Level | None
    extension_atr: Atrs | None
    trend: TrendFacts | None
    supports: list[Zone]
    resistances: list[Zone]
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
            swings=[Turn.of(one) for one in levels.swings[-MOST_SWINGS:]],
            fibonacci_extensions=[Extension(level=one.label, price=one.price) for one in levels.fibonacci_extensions],
            notes=[*study.history.notes, *levels.reasons, SCALES],
        )
