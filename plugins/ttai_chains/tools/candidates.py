"""The best choices of strikes for a strategy, as an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from ttai import BadArgument, Chain, Expiration, Host, understood
from ttai.quant.strategies.odds import Implied
from ttai.quant.symbols import kind
from ttai_chains.candidates import ranking
from ttai_chains.candidates.placement import MOST_WIDTH
from ttai_chains.candidates.ranking import APART, MOST, MOST_MARGINS, MOST_TWO_DATED, Candidate, Found, Sort, Terms
from ttai_chains.candidates.templates import Template, named
from ttai_chains.coming import Coming
from ttai_chains.events import Events
from ttai_chains.fills import TICKS
from ttai_chains.models.candidates import CandidateRow, Candidates
from ttai_chains.service import Chains, Read
from ttai_chains.settings import ChainsSettings
from ttai_chains.tools.arguments import Snapshot, Underlying

MOST_EXPIRATIONS, MOST_FRONTS = 5, 3  # read for an answer; with a later one each
MOST_ROWS = 40
POINTS = 0.05  # two probabilities of profit that differ by more are said to
PRICES = (
    "fill, mid, natural: $ a share, below 0 a credit; natural sells at the bid and buys at the ask, fill is assumed: a "
    "third of the way from mid to natural, rounded to the tick against you; all else is at the fill, $ a unit"
)
ODDS = (
    "pop, expected_value: lognormal at the expiration's ATM IV, drift r − q; …_skew: as the chain's options imply; "
    "return_on_capital: max_profit / capital; expected_value without interest, and without dividends of stock"
)
REMOVED = {
    "two_sided": ("have a leg without a two-sided market", "ask in regular hours, or another expiration"),
    "spread": (
        f"have a leg with a spread over {{spread:g}} % of its mid and {TICKS} ticks",
        "choose a more liquid underlying, or set max_spread_percent of [chains] higher",
    ),
    "known": ("have no known IV", "ask another expiration"),
    "profit": ("have nothing to win at the fill", "ask other deltas or a greater max_width"),
    "loss": ("can't lose, so their quotes contradict each other", "ask again for new quotes"),
    "min_pop": ("have a PoP below {pop:g}", "lower min_pop, or target_delta of what is sold"),
}

Pair = tuple[Read, Read | None]  # an expiration, and the later one of a calendar


@dataclass(frozen=True)
class _Asked:
    """What to look for, and how to show it."""

    template: Template
    terms: Terms
    sort: Sort
    limit: int


class CandidateTools:
    """Strategies found on a chain."""

    def __init__(self, host: Host, service: Chains, settings: ChainsSettings) -> None:
        self._clock = host.clock
        self._events = Events(host)
        self._compute = host.tasks.compute
        self._service = service
        self._settings = settings

    async def find_strategies(
        self,
        symbol: Underlying = None,
        strategy: Annotated[
            str,
            Field(
                description="csp covered_call put_spread call_spread iron_condor iron_butterfly strangle straddle "
                "jade_lizard calendar diagonal collar long_call debit_spread …"
            ),
        ] = "csp",
        dte: Annotated[list[int], Field(description="From, to; one number: the nearest expiration")] = [30, 60],  # noqa: B006
        target_delta: Annotated[float | None, Field(description="Of what is sold, without sign")] = None,
        min_pop: Annotated[float | None, Field(description="A fraction: 0.7")] = None,
        max_width: Annotated[float | None, Field(gt=0, description="Dollars between the strikes of a spread")] = None,
        sort: Sort = "expected_value",
        limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10,
        snapshot: Snapshot = None,
    ) -> Candidates:
        """Find the best strikes for a strategy: every choice on the chain priced, sifted by liquidity, and ranked.
        Use it for questions such as "which put should I sell"; analyze_strategy then looks at one of them closely."""
        template = understood(lambda: named(strategy))
        _fraction("target_delta", target_delta)
        _fraction("min_pop", min_pop)
        chain = await self._service.chain(symbol, snapshot)
        index = kind(chain.symbol) == "index"
        if index and any(part.row is None for part in template.parts):
            raise BadArgument(f"{chain.symbol} is an index, it has no shares to hold", "Ask an ETF such as SPY")
        terms = Terms(target_delta, max_width, min_pop, self._settings.max_spread_percent, index, chain.symbol)
        asked = _Asked(template, terms, sort, limit)
        pairs, notes = await self._read(chain, dte, two_dated=template.two_dated)
        coming = await self._events.coming(chain.symbol, pairs[0][0].today)
        return await self._compute(_answer, asked, pairs, coming, notes)

    async def _read(self, chain: Chain, dte: Sequence[int], *, two_dated: bool) -> tuple[list[Pair], list[str]]:
        """The expirations to look at, each with the later one that a calendar needs; and which were left out."""
        days = ranking.on_each_day(chain.expirations)
        fronts, notes = await self._fronts(chain, days, dte, MOST_FRONTS if two_dated else MOST_EXPIRATIONS)
        if not two_dated:
            return [(front, None) for front in fronts], notes
        pairs: list[Pair] = []
        for front in fronts:
            after = ranking.later(days, front.quotes.expiration, APART)
            if after is None:
                notes.append(f"nothing expires after {front.quotes.expiration.date}")
            else:
                pairs += [(front, back) for back in await self._service.read_each(chain, [after], notes)]
        if not pairs:
            raise BadArgument(f"{notes[-1]}, and this strategy needs a later expiration", "Send a smaller dte")
        return pairs, notes

    async def _fronts(
        self, chain: Chain, days: Sequence[Expiration], dte: Sequence[int], most: int
    ) -> tuple[list[Read], list[str]]:
        """Those within so many days, or the one nearest."""
        first, last = _days(dte)
        if len(dte) == 1 or not days:  # where nothing is standard it says so
            return [await self._service.read(chain, dte=first)], []
        now = self._clock.now()
        chosen = ranking.within(days, now, first, last, most)
        if not chosen:
            near = await self._service.read(chain, dte=(first + last) // 2)
            raise BadArgument(
                f"no options of {chain.symbol} expire in {first} to {last} days",
                f"The nearest do in {near.quotes.dte}: send dte={near.quotes.dte}",
            )
        inside = len(ranking.within(days, now, first, last, len(days)))
        notes = [f"{len(chosen)} of {inside} expirations in those days; narrow dte"] if inside > len(chosen) else []
        return await self._service.read_each(chain, chosen, notes), notes


def _answer(asked: _Asked, pairs: Sequence[Pair], coming: Coming, notes: Sequence[str]) -> Candidates:
    """Everything that is computed."""
    template, terms = asked.template, asked.terms
    most = (MOST_TWO_DATED if template.two_dated else MOST) // len(pairs)
    alive = [(front.quotes, back.quotes if back else None) for front, back in pairs if front.quotes.years > 0]
    found = [ranking.search(template, front, back, terms, most) for front, back in alive]
    chosen, ideas = ranking.best([one.batch for one in found], asked.sort, asked.limit, terms)
    rows = _rows(chosen, coming)
    first = pairs[0][0]
    ticks = first.quotes.expiration.ticks
    said = [*(note for front, _ in pairs for note in front.notes), *notes, *coming.notes]
    said += list(dict.fromkeys(note for one in found for note in one.notes))
    if len(alive) < len(pairs):
        said.append("settled already: the expiration of today")
    said += [*_sifted(asked, found), *_shown(asked, len(rows), ideas, sum(len(one.batch) for one in found))]
    said += _doubts(asked, rows)
    return Candidates(
        **Candidates.facts(first),
        strategy=template.name,
        sorted_by=asked.sort,
        ticks=str(ticks) if ticks else None,
        capital_is="buying power of Regulation T" if template.uncovered else "the most it can lose",
        candidates=rows,
        notes=list(dict.fromkeys([*said, *([PRICES, ODDS] if rows else [])])),
    )


def _rows(chosen: Sequence[Candidate], coming: Coming) -> list[CandidateRow]:
    implied: dict[tuple[date, str], Implied | None] = {}
    for one in chosen:
        quotes = one.batch.front
        if quotes.expiration.key not in implied:
            try:
                implied[quotes.expiration.key] = Implied(quotes.smile)
            except ValueError:
                implied[quotes.expiration.key] = None
    rows = []
    for one in chosen:
        front = one.batch.front
        last = one.batch.back or front  # what comes before the later leg expires is in its volatility
        rows.append(CandidateRow.of(one, implied[front.expiration.key], coming.before(last.expiration.date)))
    return rows


def _sifted(asked: _Asked, found: Sequence[Found]) -> list[str]:
    """How many choices there were, which filter removed how many, and where none is left what to change."""
    total, removed = sum(one.total for one in found), ranking.reasons(found)
    values = {"spread": asked.terms.max_spread, "pop": asked.terms.min_pop or 0.0}
    if not total:
        return ["no choice of strikes fits; ask other deltas, dte or max_width"]
    if not removed:
        return [f"{total:,} combinations, all of them tradable"]
    parts = [f"{count:,} {REMOVED[reason][0].format(**values)}" for reason, count in removed.items()]
    left = total - sum(removed.values())
    notes = [f"of {total:,} combinations {'; '.join(parts)}; {left:,} are left"]
    if not left:
        most = max(removed, key=lambda reason: removed[reason])
        notes.append(f"nothing is left: {REMOVED[most][1]}")
    return notes


def _shown(asked: _Asked, shown: int, ideas: int, left: int) -> list[str]:
    """What the rows stand for."""
    notes, template = [], asked.template
    if left > ideas:
        part = template.parts[template.led[0]]
        band = "1 point" if asked.terms.target_delta is not None else "5 points"
        done = "sold" if part.ratio < 0 else "bought"
        notes.append(
            f"each row is the best by {asked.sort} of an expiration and {band} of delta of the {part.type} {done}"
        )
    if shown < ideas:
        more = f"ask limit={min(ideas, MOST_ROWS)}" if asked.limit < MOST_ROWS else "narrow dte"
        notes.append(f"{shown} of {ideas} such rows; {more}")
    if asked.terms.max_width is not None and not template.has_width:
        notes.append(f"max_width has no meaning for {template.name}, which has no wings")
    elif asked.terms.max_width is None and template.has_width and left:
        notes.append(f"widths up to {MOST_WIDTH * 100:g} % of the price; send max_width for others")
    if asked.sort == "return_on_capital" and template.uncovered and left > MOST_MARGINS:
        notes.append(f"of the {MOST_MARGINS} of highest expected value: margins are worked out for those alone")
    return notes


def _doubts(asked: _Asked, rows: Sequence[CandidateRow]) -> list[str]:
    """Where the numbers are to be taken with care."""
    notes = []
    pairs = [(row.pop, row.pop_skew) for row in rows if row.pop_skew is not None]
    if pairs and (most := max(abs(one - other) for one, other in pairs)) > POINTS:
        notes.append(f"pop and pop_skew differ by up to {most * 100:.0f} points: the lognormal leaves out the skew")
    evs = [(row.expected_value, row.expected_value_skew) for row in rows if row.expected_value_skew is not None]
    if odd := sum(one * other < 0 for one, other in evs):
        notes.append(f"expected_value and …_skew differ in sign in {odd} of {len(rows)} rows: no edge beyond the skew")
    if len(pairs) < len(rows):
        notes.append(f"{len(rows) - len(pairs)} with …_skew null: fewer than 5 strikes have a known volatility")
    if any(row.max_profit is None for row in rows):
        notes.append("max_profit null: it has no end, nor has return_on_capital")
    if any(row.max_loss is None for row in rows):
        notes.append("max_loss null: it has no end")
    sold = any(part.type == "call" and part.ratio < 0 for part in asked.template.parts)
    if sold and any("ex-dividend" in (row.events or "") for row in rows):
        notes.append("a call in the money may be assigned the day before the ex-dividend date")
    if asked.template.two_dated:
        notes.append("valued when the first leg expires, the later one by Black-Scholes-Merton at its own IV")
    return notes


def _days(dte: Sequence[int]) -> tuple[int, int]:
    """From and to; of one number both are it."""
    if not 1 <= len(dte) <= 2:
        raise BadArgument(f"dte has {len(dte)} numbers", "Send dte=[30, 60], or dte=45 for the nearest expiration")
    first, last = dte[0], dte[-1]
    if first < 0:
        raise BadArgument(f"dte={first} is past", "Send days from 0 on, such as dte=[30, 60]")
    if first > last:
        raise BadArgument(f"dte={list(dte)} ends before it begins", f"Send dte=[{last}, {first}]")
    return first, last


def _fraction(name: str, value: float | None) -> None:
    if value is not None and not 0 < value < 1:
        hint = f"Send {name}={value / 100:g} for {value:g} %" if 1 < value < 100 else f"Send {name}=0.3, for example"
        raise BadArgument(f"{name} is a fraction between 0 and 1, not {value:g}", hint)
