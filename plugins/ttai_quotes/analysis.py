"""What the quotes plugin works out from bars: pure, values in and values out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from ttai.quant.bars import Bars, Time
from ttai.quant.calendar import NEW_YORK
from ttai.quant.indicators import CATALOGUE, DEFAULT, DEFAULT_INTRADAY, Indicator, Spec, compute, parse
from ttai.quant.intervals import Interval
from ttai.quant.texts import brief
from ttai.quant.volatility import realised

if TYPE_CHECKING:
    from ttai import History
    from ttai.quant.bars import Numbers

FEWEST = 11  # bars that make a volatility: ten returns
SETTLING = 250  # bars after which a recurrence no longer shows where it began


@dataclass(frozen=True)
class Study:
    """The bars of a symbol, whether the newest is still being traded, and the indicators on them.

    `history` is the market's, for what it says of them.
    """

    history: "History"
    bars: Bars
    forming: bool
    indicators: Sequence[Indicator] = ()


@dataclass(frozen=True, slots=True)
class Range:
    """A range of bars in a few numbers, volatility a year; `notes` say why one is None."""

    bars: int
    begins: Time
    ends: Time
    first_open: float | None
    last: float | None
    high: float | None
    low: float | None
    change_from_first_open: float | None
    change_from_first_open_percent: float | None
    realised_volatility: float | None
    atr_14: float | None
    average_volume: int | None
    notes: tuple[str, ...]


def moment(text: str, interval: Interval, *, end: bool = False) -> datetime:
    """A date or a moment somebody wrote, New York time unless it says otherwise; ValueError for neither.

    A day's bar stands at midnight UTC of its date, so of bars that are not within the day only the date counts. As an
    `end` a date is that day's last moment.
    """
    try:
        written = datetime.fromisoformat(text.strip())
        if not interval.intraday:
            written = datetime.combine(written.date(), time(), UTC)
        local = written if written.tzinfo else written.replace(tzinfo=NEW_YORK)
        is_date = not interval.intraday or (written.time() == time() and len(text.strip()) <= len("2026-01-31"))
        return local + timedelta(days=1, microseconds=-1) if end and is_date else local
    except (ValueError, OverflowError):
        raise ValueError(f"{brief(text)} is no date; write 2026-01-31 or 2026-01-31T09:30") from None


def in_new_york(time: Time) -> str:
    """A date, or a moment on the exchange's wall clock."""
    return f"{time.astimezone(NEW_YORK):%Y-%m-%d %H:%M %Z}" if isinstance(time, datetime) else str(time)


def sampled(count: int, limit: int) -> list[int]:
    """The places of `limit` of `count` rows, evenly spread, the first and the last among them."""
    if count <= limit:
        return list(range(count))
    if limit == 1:
        return [count - 1]
    return [round(place * (count - 1) / (limit - 1)) for place in range(limit)]


def summarise(bars: Bars) -> Range:
    """A range of bars in a few numbers."""
    import numpy as np

    sound = bars.sound
    known = [float(price) for price in bars.open[np.isfinite(bars.open)][:1]]
    closes = bars.close[np.isfinite(bars.close)]
    first, last = next(iter(known), None), float(closes[-1]) if len(closes) else None
    volume = bars.volume[np.isfinite(bars.volume)]
    atr = compute(sound, Spec("atr", (14,)))
    volatility = realised(sound.close, periods=bars.per_year) if len(sound) >= FEWEST else None
    notes = [f"atr_14 null: {atr.reason}"] if atr.reason else []
    if volatility is None:
        notes.append(f"realised_volatility null: needs {FEWEST} bars in a row that have prices, there are {len(sound)}")
    if not len(volume):
        notes.append("volume null: none is known (an index has none)")
    elif len(volume) < len(bars):
        notes.append(f"volume null in {len(bars) - len(volume)} bars: not known; average_volume is of the others")
    if lacking := int((~np.isfinite(bars.open + bars.high + bars.low + bars.close)).sum()):
        notes.append(f"{lacking} bars lack a price: the feed gave none (a halt, or a gap)")
    change = last - first if first is not None and last is not None else None
    return Range(
        bars=len(bars),
        begins=bars.begins(0),
        ends=bars.begins(-1),
        first_open=first,
        last=last,
        high=_most(bars.high),
        low=None if (lowest := _most(-bars.low)) is None else -lowest,
        change_from_first_open=change,
        change_from_first_open_percent=change / first * 100 if change is not None and first else None,
        realised_volatility=volatility,
        atr_14=atr.latest["atr"],
        average_volume=round(float(volume.mean())) if len(volume) else None,
        notes=tuple(notes),
    )


def named(texts: Iterable[str]) -> list[str]:
    """The names in texts, several in one too: a comma before a letter ends one, a comma before a number does not."""
    ends = r"(?<![,;\s])[,;\s]+(?=[a-z])"  # looked for once a run of commas, not at each of them
    return [name for text in texts for name in re.split(ends, text.strip().lower()) if name]


def specs(texts: Iterable[str]) -> list[Spec]:
    """The indicators somebody named, each once; ValueError says what is wrong with a name."""
    return list(dict.fromkeys(parse(name) for name in named(texts)))


def default(interval: Interval) -> list[Spec]:
    """The indicators that are looked at where none is named."""
    return list(DEFAULT_INTRADAY if interval.intraday else DEFAULT)


def bars_needed(wanted: Sequence[Spec], interval: Interval, *, extended: bool) -> int:
    """How many bars the indicators want: their recurrences have settled, and what is of a session has a whole one."""
    longest = int(max((max(spec.parameters, default=0) for spec in wanted), default=0))
    in_sessions = interval.intraday and any(CATALOGUE[spec.name].intraday for spec in wanted)
    return max(SETTLING + 3 * longest, 2 * interval.in_session(extended=extended) if in_sessions else 0)


def is_forming(bars: Bars, now: datetime, state: str, next_open: datetime | None, *, extended: bool) -> bool:
    """Whether the newest bar (within the day: its day) is still being traded, by the exchange's `state`.

    A week is until the last of its sessions has closed; the `next_open` is None where the market never closes.
    """
    if not len(bars):
        return False
    day, today = bars.day[-1].astype(date), now.astimezone(NEW_YORK).date()
    if bars.interval.unit == "week":
        end = day + timedelta(days=6)
        return today <= end and (state == "open" or next_open is None or next_open.astimezone(NEW_YORK).date() <= end)
    return bool(day >= today) and state in (("pre", "open", "after") if extended else ("pre", "open"))


def _most(column: "Numbers") -> float | None:
    import numpy as np

    known = column[np.isfinite(column)]
    return float(known.max()) if len(known) else None
