"""The strategies that have a name: what their legs are, and how their strikes are found; pure."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ttai.quant.strategies.legs import LegType
from ttai_chains.analysis import TYPES


@dataclass(frozen=True)
class ByDelta:
    """A strike by a delta of its own, without sign: `usual` where none is asked for, sought from `low` to `high`."""

    usual: float
    low: float
    high: float


@dataclass(frozen=True)
class Beside:
    """A strike so many `times` the width above that of another part; below 0 under it, 0 the same strike."""

    part: int
    times: int = 0


@dataclass(frozen=True)
class Part:
    """A leg of a strategy before its strike is known; `ratio` is contracts for each unit, below 0 sold.

    Stock has no strike, and its ratio is contracts' worth of shares; `back` is of the later expiration.
    """

    type: LegType
    ratio: int
    strike: ByDelta | Beside | None = None
    back: bool = False

    @property
    def row(self) -> int | None:
        """Its row in the columns of an expiration; None of stock."""
        return None if self.type == "stock" else TYPES.index(self.type)


@dataclass(frozen=True)
class Template:
    """A strategy by name, its strikes ascending; `uncovered` where its loss has no end and it ties up a margin."""

    name: str
    parts: tuple[Part, ...]
    uncovered: bool = False

    @property
    def by_delta(self) -> tuple[int, ...]:
        """The parts whose strikes are found by a delta of their own."""
        return tuple(place for place, part in enumerate(self.parts) if isinstance(part.strike, ByDelta))

    @property
    def led(self) -> tuple[int, ...]:
        """Those a single delta is meant for: what is sold, else what is bought."""
        sold = tuple(place for place in self.by_delta if self.parts[place].ratio < 0)
        return sold or self.by_delta

    @property
    def has_width(self) -> bool:
        """Whether some strikes lie a width away from others."""
        return any(isinstance(part.strike, Beside) and part.strike.times for part in self.parts)

    @property
    def two_dated(self) -> bool:
        """Whether its legs expire on two days."""
        return any(part.back for part in self.parts)


_SOLD = ByDelta(0.30, 0.05, 0.50)
_FAR = ByDelta(0.16, 0.05, 0.35)
_MIDDLE = ByDelta(0.50, 0.40, 0.60)
_BOUGHT = ByDelta(0.50, 0.20, 0.80)
_STOCK = Part("stock", 1)

_ALL = (
    Template("csp", (Part("put", -1, _SOLD),)),
    Template("covered_call", (_STOCK, Part("call", -1, _SOLD))),
    Template("put_spread", (Part("put", 1, Beside(1, -1)), Part("put", -1, _SOLD))),
    Template("call_spread", (Part("call", -1, _SOLD), Part("call", 1, Beside(0, 1)))),
    Template(
        "iron_condor",
        (Part("put", 1, Beside(1, -1)), Part("put", -1, _FAR), Part("call", -1, _FAR), Part("call", 1, Beside(2, 1))),
    ),
    Template(
        "iron_butterfly",
        (Part("put", 1, Beside(1, -1)), Part("put", -1, _MIDDLE), Part("call", -1, Beside(1)),
         Part("call", 1, Beside(1, 1))),
    ),
    Template("strangle", (Part("put", -1, _FAR), Part("call", -1, _FAR)), uncovered=True),
    Template("straddle", (Part("put", -1, _MIDDLE), Part("call", -1, Beside(0))), uncovered=True),
    Template("jade_lizard", (Part("put", -1, _SOLD), Part("call", -1, _SOLD), Part("call", 1, Beside(1, 1)))),
    Template("calendar", (Part("call", -1, ByDelta(0.50, 0.30, 0.70)), Part("call", 1, Beside(0), back=True))),
    Template("diagonal", (Part("call", 1, ByDelta(0.70, 0.60, 0.85), back=True), Part("call", -1, _SOLD))),
    Template("collar", (_STOCK, Part("put", 1, ByDelta(0.25, 0.10, 0.40)), Part("call", -1, _SOLD))),
    Template("long_call", (Part("call", 1, _BOUGHT),)),
    Template("long_put", (Part("put", 1, _BOUGHT),)),
    Template("long_strangle", (Part("put", 1, _SOLD), Part("call", 1, _SOLD))),
    Template("long_straddle", (Part("put", 1, _MIDDLE), Part("call", 1, Beside(0)))),
    Template("debit_spread", (Part("call", 1, _BOUGHT), Part("call", -1, Beside(0, 1)))),
    Template("put_debit_spread", (Part("put", -1, Beside(1, -1)), Part("put", 1, _BOUGHT))),
    Template("put_ratio", (Part("put", -2, ByDelta(0.20, 0.05, 0.35)), Part("put", 1, ByDelta(0.40, 0.20, 0.50)))),
    Template(
        "broken_wing_butterfly",
        (Part("put", 1, Beside(1, -2)), Part("put", -2, Beside(2, -1)), Part("put", 1, ByDelta(0.40, 0.20, 0.50))),
    ),
)  # fmt: skip
TEMPLATES: Mapping[str, Template] = {one.name: one for one in _ALL}
"""Every strategy by its name; credit strategies sell first, `debit_spread` is of calls."""

_ALSO = {
    "csp": "cash_secured_put short_put naked_put sell_put",
    "covered_call": "buy_write buywrite short_call_covered",
    "put_spread": "bull_put_spread bull_put put_credit_spread credit_put_spread short_put_spread short_put_vertical",
    "call_spread": "bear_call_spread bear_call call_credit_spread credit_call_spread short_call_spread "
    "short_call_vertical",
    "iron_condor": "short_iron_condor condor ic",
    "iron_butterfly": "iron_fly ironfly short_iron_butterfly",
    "strangle": "short_strangle",
    "straddle": "short_straddle",
    "calendar": "calendar_spread call_calendar call_calendar_spread time_spread",
    "diagonal": "diagonal_spread call_diagonal poor_mans_covered_call pmcc",
    "collar": "protective_collar",
    "long_call": "buy_call",
    "long_put": "buy_put",
    "debit_spread": "call_debit_spread debit_call_spread bull_call_spread bull_call long_call_spread",
    "put_debit_spread": "debit_put_spread bear_put_spread bear_put long_put_spread",
    "put_ratio": "put_ratio_spread front_ratio",
    "broken_wing_butterfly": "bwb put_broken_wing_butterfly broken_wing",
}
_NAMES = {name: name for name in TEMPLATES} | {word: name for name, words in _ALSO.items() for word in words.split()}


def named(text: str) -> Template:
    """The strategy a text means, in any of its spellings; ValueError names the nearest and all there are."""
    word = "_".join(re.findall(r"[a-z0-9]+", text.lower().replace("'", "").replace("’", "")))
    if (name := _NAMES.get(word)) is not None:
        return TEMPLATES[name]
    near = [_NAMES[one] for one in difflib.get_close_matches(word, _NAMES, n=3)]
    meant = f"; did you mean {near[0]}?" if near else ";"
    raise ValueError(f"{text[:40]!r} is no strategy known here{meant} There are {', '.join(TEMPLATES)}")
