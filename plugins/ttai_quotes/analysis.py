"""What the quotes plugin works out from bars: pure, values in and values out."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from ttai.quant.bars import Bars, Time
from ttai.quant.calendar import NEW_YORK
from ttai.quant.indicators import CATALOGUE, Indicator, Spec, compute, parse
from ttai.quant.intervals import Interval
from ttai.quant.levels import Levels
from ttai.quant.volatility import realised
from ttai.quant.zones import Zone as Found
from ttai_quotes.models.history import Bar, IndicatorValue, Summary, Turn, Zone

FEWEST = 11  # bars that make a volatility: ten returns
SETTLING = 250  # bars after which a recurrence no longer shows where it began
MOST_SWINGS = 8


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
        raise ValueError(f"{text[:30]!r} is no date; write 2026-01-31 or 2026-01-31T09:30") from None


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


def rows(bars: Bars, places: Iterable[int] | None = None) -> list[Bar]:
    """The bars as an answer has them, all or those at these places."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    listed = [column.tolist() for column in columns]
    return [
        Bar(time=bars.begins(n), open=o[n], high=h[n], low=low[n], close=c[n], volume=v[n])
        for o, h, low, c, v in [listed]
        for n in (range(len(bars)) if places is None else places)
    ]


def summarise(bars: Bars) -> tuple[Summary, list[str]]:
    """A range of bars in a few numbers, and why one of them is unknown."""
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
    return Summary(
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
    ), notes


def named(texts: Iterable[str]) -> list[str]:
    """The names in texts, several in one too: a comma before a letter ends one, a comma before a number does not."""
    ends = r"(?<![,;\s])[,;\s]+(?=[a-z])"  # looked for once a run of commas, not at each of them
    return [name for text in texts for name in re.split(ends, text.strip().lower()) if name]


def specs(texts: Iterable[str]) -> list[Spec]:
    """The indicators somebody named, each once; ValueError says what is wrong with a name."""
    return list(dict.fromkeys(parse(name) for name in named(texts)))


def bars_needed(wanted: Sequence[Spec], interval: Interval, *, extended: bool) -> int:
    """How many bars the indicators want: their recurrences have settled, and what is of a session has a whole one."""
    longest = int(max((max(spec.parameters, default=0) for spec in wanted), default=0))
    in_sessions = interval.intraday and any(CATALOGUE[spec.name].intraday for spec in wanted)
    return max(SETTLING + 3 * longest, 2 * interval.in_session(extended=extended) if in_sessions else 0)


def values(indicators: Iterable[Indicator]) -> tuple[list[IndicatorValue], list[str]]:
    """Each line of each indicator at the last bar, and why one is unknown."""
    lines, notes = [], []
    for one in indicators:
        latest, previous = one.latest, one.previous
        for number, line in enumerate(one.lines):
            lines.append(
                IndicatorValue(
                    indicator=str(one.spec),
                    line=line,
                    value=latest[line],
                    previous=previous[line],
                    reading=one.reading if number == 0 else None,
                )
            )
        if one.reason:
            notes.append(f"{one.spec} null: {one.reason}")
    return lines, notes


def zones(found: Iterable[Found], levels: Levels) -> list[Zone]:
    """Levels as an answer has them."""
    close = levels.close or 0.0
    return [
        Zone(
            side=one.side,
            price=one.price,
            low=one.low,
            high=one.high,
            strength=round(one.strength),
            touches=one.touches,
            last_touch=one.last_touch,
            distance_percent=(one.price / close - 1) * 100,
            distance_atr=(one.price - close) / levels.atr if levels.atr else None,
            kinds=", ".join(one.kinds),
        )
        for one in found
    ]


def turns(levels: Levels) -> list[Turn]:
    """The newest swings."""
    return [Turn(time=one.time, side=one.side, price=one.price) for one in levels.swings[-MOST_SWINGS:]]


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


def _most(column: "object") -> float | None:
    import numpy as np

    known = np.asarray(column)[np.isfinite(column)]  # type: ignore[call-overload]
    return float(known.max()) if len(known) else None
