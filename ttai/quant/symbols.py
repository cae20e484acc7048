"""How a symbol is written: the project's one spelling, the OCC's for options, and the feed's."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from ttai.quant.texts import brief

Kind = Literal["equity", "index", "option", "future", "future_option", "crypto"]

_REMEMBERED = 8192  # spellings: a chain asks the same again and again
_STOCK_INDICES = "SPX XSP OEX XEO NDX XND RUT MRUT RUI RUA DJX DJI SOX BKX"
_VOLATILITIES = "VIX VIX1D VIX9D VIX3M VIX6M VVIX VXN RVX VXD OVX GVZ"
_YIELDS = "IRX FVX TNX TYX"
INDICES = frozenset(f"{_STOCK_INDICES} {_VOLATILITIES} {_YIELDS}".split())
"""Cash indices, which the feed trades but never quotes."""

BROAD_INDICES = INDICES & {"SPX", "XSP", "OEX", "XEO", "NDX", "XND", "RUT", "MRUT", "RUI", "RUA", "DJX"}
"""Indices of the whole market, or nearly, for which a broker asks less margin."""

MORNING_ROOTS = frozenset({"SPX", "NDX", "RUT", "DJX", "VIX", "VIXW"})
"""Roots of index options that settle at the open."""

_EXERCISED_EARLY = frozenset({"OEX"})  # of the indices: Cboe's S&P 100 options are American, XEO are European

_UNDERLYINGS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT", "VIXW": "VIX", "BRKB": "BRK/B"}
_LONGEST = 40  # a future option in the broker's spelling is 27
_LOOKS = "a symbol looks like SPY, BRK/B, SPX, 'SPY   260821C00500000', /ESM26:XCME or BTC/USD"

_ROOT = r"(?=[0-9]?[A-Z])[A-Z0-9]{1,6}"  # a digit at the end: adjusted; in front: FLEX
_SERIES = r"(?P<date>[0-9]{6})(?P<type>[CP])"
_OCC = re.compile(rf"(?P<root>{_ROOT}) {{0,5}}{_SERIES}(?P<strike>[0-9]{{8}})")
_STREAMER = re.compile(rf"\.(?P<root>{_ROOT}){_SERIES}(?P<strike>[0-9]{{1,5}}(\.[0-9]{{1,3}})?)")
_STOCK = re.compile(r"[A-Z][A-Z0-9]{0,7}(?:[/.-][A-Z]{1,3})?")
_CRYPTO = re.compile(r"[A-Z0-9]{2,10}/(?:USD|USDC|USDT|BTC)(?::[A-Z]{1,10})?")
_FUTURE = re.compile(r"/[A-Z0-9]{1,10}(?::[A-Z]{1,6})?")
_FUTURE_OPTION = re.compile(
    r"\./[A-Z0-9]{2,10}(?: +[A-Z0-9]{2,10} +[0-9]{6})?[CP][0-9]{1,8}(?:\.[0-9]{1,8})?(?::[A-Z]{1,6})?"
)


@dataclass(frozen=True, slots=True)
class Option:
    """One listed equity or index option; ValueError for what the OCC's 21 characters can't say.

    `root` is the option's own (SPXW; AAPL7 once adjusted, whose deliverable is not 100 shares of AAPL), `strike`
    in dollars, exact to a tenth of a cent.
    """

    root: str
    expiration: date
    type: Literal["C", "P"]
    strike: Decimal

    def __post_init__(self) -> None:
        """Hold the fields to what both spellings can carry."""
        if not re.fullmatch(_ROOT, self.root):
            raise ValueError(f"an option root is 1 to 6 letters and digits, not {self.root[:20]!r}")
        if self.type not in ("C", "P"):
            raise ValueError(f"an option's type is C or P, not {self.type!r}")
        if not 2000 <= self.expiration.year <= 2099:
            raise ValueError(f"an option expires in 2000 to 2099, not {self.expiration:%Y}")
        if not (self.strike.is_finite() and 0 < self.strike < 100_000) or self.strike != round(self.strike, 3):
            raise ValueError(f"a strike is 0.001 to 99999.999 in steps of 0.001, not {self.strike}")

    @property
    def occ(self) -> str:
        """The OCC's 21 characters, root padded with spaces: `SPY   260821C00500000`."""
        return f"{self.root:<6}{self.expiration:%y%m%d}{self.type}{int(self.strike * 1000):08}"

    @property
    def streamer(self) -> str:
        """The feed's spelling (dxFeed): `.SPY260821C500`, `.SPY260821C12.5`."""
        return f".{self.root}{self.expiration:%y%m%d}{self.type}{self.strike.normalize():f}"


def parse_occ(text: str) -> Option:
    """The option behind an OCC symbol, padded or not; ValueError for anything else.

    Source: OCC Options Symbology Initiative: root, yymmdd, C or P, strike × 1000 in eight digits.
    """
    if (found := _OCC.fullmatch(text)) is None:
        raise ValueError(f"{brief(text)} is not an OCC option symbol; one looks like 'SPY   260821C00500000'")
    return _option(found, Decimal(found["strike"]) / 1000)


def parse_streamer(text: str) -> Option:
    """The option behind a symbol of the feed; ValueError for anything else."""
    if (found := _STREAMER.fullmatch(text)) is None:
        raise ValueError(f"{brief(text)} is not a streamer option symbol; one looks like .SPY260821C500")
    return _option(found, Decimal(found["strike"]))


@lru_cache(_REMEMBERED)
def normalize(text: str) -> str:
    """How the project writes the symbol somebody typed; ValueError says what a symbol looks like.

    `brk.b` becomes BRK/B, `^VIX` and `$VIX` VIX, an option in any spelling the padded OCC one; futures and crypto
    stay as they are, in upper case.
    """
    # Unicode is refused before upper() can turn a stray letter into two good ones.
    symbol = text.strip().upper() if len(text) <= 2 * _LONGEST and text.isascii() else ""
    if not 0 < len(symbol) <= _LONGEST:
        raise ValueError(f"{brief(text)} is not a symbol; {_LOOKS}")
    if _OCC.fullmatch(symbol):
        return parse_occ(symbol).occ
    if _STREAMER.fullmatch(symbol):
        return parse_streamer(symbol).occ
    if any(pattern.fullmatch(symbol) for pattern in (_FUTURE, _FUTURE_OPTION, _CRYPTO)):
        return symbol
    stock = symbol[1:] if symbol[0] in "$^" else symbol
    if _STOCK.fullmatch(stock):
        return stock.replace(".", "/").replace("-", "/")
    raise ValueError(f"{brief(text)} is not a symbol; {_LOOKS}")


def underlying(text: str) -> str:
    """Whose options those of a symbol or root are, in any spelling: SPXW's are SPX's, BRKB's BRK/B's.

    A digit in front is a FLEX option's, whose underlying is what follows.
    """
    symbol = normalize(text.strip().lstrip("0123456789") or text)
    return _UNDERLYINGS.get(symbol, symbol)


def is_european(symbol: str) -> bool:
    """Whether options on an underlying can't be exercised before they expire: those of indices, but for OEX."""
    return kind(symbol) == "index" and symbol not in _EXERCISED_EARLY


@lru_cache(_REMEMBERED)
def kind(symbol: str) -> Kind:
    """What a symbol, in any spelling, stands for; ValueError if for nothing."""
    symbol = normalize(symbol)
    if symbol in INDICES:
        return "index"
    if symbol[0] in "./":
        return "future_option" if symbol[0] == "." else "future"
    if _OCC.fullmatch(symbol):
        return "option"
    return "crypto" if _CRYPTO.fullmatch(symbol) else "equity"


@lru_cache(_REMEMBERED)
def streamer_symbol(symbol: str) -> str:
    """What the feed calls a symbol, in any spelling; ValueError if nothing.

    Options have a form of their own. A future or a coin needs its exchange (`/ESM26:XCME`), which only the
    broker's instruments know: without one it stays as it is.
    """
    symbol = normalize(symbol)
    return parse_occ(symbol).streamer if _OCC.fullmatch(symbol) else symbol


def candle_symbol(symbol: str, period: str, *, extended: bool) -> str:
    """What the feed calls the bars of a symbol, in any spelling: `SPY{=d,tho=true}`; ValueError if nothing.

    `period` is a count and a unit (5m, 1h, 1d, 1w); without `extended` only regular trading hours count.
    """
    return plain_candle(f"{streamer_symbol(symbol)}{{={period}{'' if extended else ',tho=true'}}}")


@lru_cache(_REMEMBERED)
def plain_candle(text: str) -> str:
    """A candle symbol as the feed itself writes it: no 1 before a period's unit, the attributes in order."""
    symbol, brace, attributes = text.partition("{")
    if not brace:
        return text
    period, *others = sorted(attributes.rstrip("}").split(","))
    return f"{symbol}{{{re.sub('^=1(?=[a-z])', '=', period)}{''.join(f',{other}' for other in others)}}}"


def _option(found: re.Match[str], strike: Decimal) -> Option:
    digits = found["date"]
    try:
        expiration = date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise ValueError(f"{brief(found[0])} has no such expiration: {digits} is not a date (yymmdd)") from None
    return Option(found["root"], expiration, "C" if found["type"] == "C" else "P", strike)
