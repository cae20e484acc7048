"""Technical indicators: named in a short text ("rsi:14"), computed on bars, read in plain words.

Values are TA-Lib's wherever it has the indicator; `ttai.quant.formulas` names the textbook variant of each.
"""

import difflib
import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ttai.quant.bars import Bars
from ttai.quant.catalogue import ALIASES, CATALOGUE, Definition, Parameter, Unit
from ttai.quant.readings import View
from ttai.quant.texts import brief

if TYPE_CHECKING:
    from ttai.quant.bars import Numbers

__all__ = [
    "CATALOGUE",
    "DEFAULT",
    "DEFAULT_INTRADAY",
    "Definition",
    "Indicator",
    "Parameter",
    "Spec",
    "Unit",
    "compute",
    "parse",
]

_SPEC = re.compile(r"(?P<name>[a-z]+)[\s:(]*(?P<numbers>[^()]*?)[\s)]*")
_LONGEST = 60  # characters


@dataclass(frozen=True, slots=True)
class Spec:
    """An indicator with all its parameters; ValueError for what there is not, or out of range."""

    name: str
    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Hold the parameters to their definition."""
        wanted = _definition(self.name).parameters
        if len(self.parameters) != len(wanted):
            raise ValueError(f"{_usage(self.name)}, not {len(self.parameters)}")
        for parameter, value in zip(wanted, self.parameters, strict=True):
            within = parameter.least <= value <= parameter.most  # NaN is not
            if not within or (parameter.whole and value != int(value)):
                raise ValueError(f"{parameter.name} of {self.name} is {parameter.range}, not {value:.12g}")
        for n in range(1, CATALOGUE[self.name].rising):
            if not self.parameters[n - 1] < self.parameters[n]:
                raise ValueError(f"{wanted[n - 1].name} of {self.name} must be less than {wanted[n].name}: {self}")

    def __str__(self) -> str:
        """The canonical text: "macd:12,26,9"."""
        numbers = ",".join(str(int(value)) if value == int(value) else repr(value) for value in self.parameters)
        return f"{self.name}:{numbers}" if numbers else self.name


@lru_cache(512)
def parse(text: str) -> Spec:
    """The indicator somebody wrote: "rsi", "RSI:14", "rsi(14)", "sma200", "bbands:20,2.5".

    Parameters left out at the end have their defaults. ValueError for an unknown name (with the nearest and all of
    them), too many parameters, and numbers out of range.
    """
    found = _SPEC.fullmatch(text.strip().lower()) if len(text) <= _LONGEST and text.isascii() else None
    if found is None:
        raise ValueError(f"{brief(text)} is not an indicator; one looks like rsi:14 or macd:12,26,9. {_listed()}")
    name = ALIASES.get(found["name"], found["name"])
    defaults = _definition(name).defaults
    numbers = [_number(part, text) for part in re.split(r"\s*,\s*|\s+", found["numbers"]) if found["numbers"]]
    if len(numbers) > len(defaults):
        raise ValueError(f"{_usage(name)}, not {len(numbers)}")
    return Spec(name, (*numbers, *defaults[len(numbers) :]))


@dataclass(frozen=True, slots=True, eq=False)
class Indicator:
    """An indicator on bars: arrays aligned to them, NaN where there is no value.

    `reason` says why a latest value is missing, None where none is; then `reading` says what the latest ones mean.
    `unit` is that of the lines; those of unit "price" can be drawn over the price.
    """

    spec: Spec
    lines: "dict[str, Numbers]"
    unit: Unit
    reason: str | None
    reading: str | None

    @property
    def latest(self) -> dict[str, float | None]:
        """The value of each line at the last bar."""
        return {name: _at(values, 1) for name, values in self.lines.items()}

    @property
    def previous(self) -> dict[str, float | None]:
        """The value of each line at the bar before."""
        return {name: _at(values, 2) for name, values in self.lines.items()}


def compute(bars: Bars, spec: Spec) -> Indicator:
    """The indicator on the bars, from the last gap in what it needs on (prices, volume).

    Takes what TA-Lib takes, a few ms for a million bars; the first use in a process loads it (a third of a second).
    """
    import numpy as np

    definition = CATALOGUE[spec.name]
    numbers = [
        int(value) if parameter.whole else float(value)
        for parameter, value in zip(definition.parameters, spec.parameters, strict=True)
    ]
    part = bars.traded if definition.volume else bars.sound
    reason = _obstacle(bars, part, definition)
    if reason:
        lines = {name: np.full(len(bars), np.nan) for name in definition.lines}
        return Indicator(spec, lines, definition.unit, reason, None)
    lines = dict(zip(definition.lines, definition.formula(part, *numbers), strict=True))
    if any(math.isnan(values[-1]) for values in lines.values()):
        reason = _shortage(bars, part, definition, definition.needs(*numbers)) or definition.unknown
    reading = None if reason else definition.reading(View(tuple(numbers), lines, part))
    if missing := len(bars) - len(part):
        before = np.full(missing, np.nan)
        lines = {name: np.concatenate([before, values]) for name, values in lines.items()}
    return Indicator(spec, lines, definition.unit, reason, reading)


def _obstacle(bars: Bars, part: Bars, definition: Definition) -> str | None:
    """Why nothing can be computed at all."""
    if not len(bars):
        return "there are no bars"
    if definition.intraday and not bars.interval.intraday:
        return "it is of one session: ask with an interval within the day"
    if len(part):
        return None
    if not len(bars.sound):
        return "the last bar lacks a price"
    if math.isnan(bars.volume[-1]) and (bars.volume > 0).any():
        return "the last bar lacks its volume"
    return "there is no volume (an index has none)"


def _shortage(bars: Bars, part: Bars, definition: Definition, needed: int) -> str | None:
    if len(part) >= needed:
        partial = definition.intraday and part.day[0] == part.day[-1]
        return "needs the whole session: the bars begin within it" if partial else None
    since = " since the last gap" if len(part) < len(bars) else ""
    verb = "is" if len(part) == 1 else "are"
    return f"needs {needed} bars, there {verb} {len(part)}{since}"


def _at(values: "Numbers", back: int) -> float | None:
    value = float(values[-back]) if len(values) >= back else math.nan
    return value if math.isfinite(value) else None


def _definition(name: str) -> Definition:
    if (definition := CATALOGUE.get(name)) is None:
        near = difflib.get_close_matches(name, [*CATALOGUE, *ALIASES], 1)
        guess = f"; did you mean {ALIASES.get(near[0], near[0])}?" if near else "."
        raise ValueError(f"{brief(name)} is not an indicator{guess} {_listed()}")
    return definition


def _listed() -> str:
    return f"There are {', '.join(sorted(CATALOGUE))}"


def _usage(name: str) -> str:
    parameters = CATALOGUE[name].parameters
    if not parameters:
        return f"{name} takes no parameters"
    names = ", ".join(parameter.name for parameter in parameters)
    return f"{name} takes {len(parameters)} parameter{'s' * (len(parameters) > 1)} ({names})"


def _number(part: str, text: str) -> float:
    try:
        value = float(part.replace("_", "?"))  # Python would read 1_4 as 14
    except ValueError:
        raise ValueError(f"{brief(part)} in {brief(text)} is not a number") from None
    return int(value) if value.is_integer() else value


DEFAULT = tuple(
    parse(text)
    for text in (
        "sma:20",
        "sma:50",
        "sma:200",
        "ema:21",
        "rsi",
        "macd",
        "bbands",
        "atr",
        "adx",
        "stoch",
        "obv",
        "hv:30",
    )
)
"""What a trader looks at first, on one symbol and interval."""

DEFAULT_INTRADAY = (*DEFAULT, parse("vwap"))
"""The same within the day."""
