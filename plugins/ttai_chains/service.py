"""The service of this plugin: chains and their quotes, for its own tools and for other plugins."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from ttai import BadArgument, Chain, Expiration, ExpirationQuotes, Host, TtaiError, understood
from ttai.quant.symbols import underlying
from ttai_chains import analysis

CLOSED = "options trade in regular hours: these quotes are of the last session"


@dataclass(frozen=True)
class Read:
    """An expiration of a chain as it was quoted, and what an answer must say of it."""

    chain: Chain
    quotes: ExpirationQuotes
    today: date
    session: str
    stale: bool
    notes: tuple[str, ...]


class Chains:
    """Chains as snapshots: `host.require(Chains)`. Raises BadArgument and NotFound, else what the market raises."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def chain(self, symbol: str | None, snapshot: str | None = None) -> Chain:
        """The snapshot of that id, or a new one of an underlying."""
        if snapshot is None:
            if symbol is None:
                raise BadArgument("no symbol was given", "Send one such as SPY, or the snapshot of an earlier answer")
            return await self._market.chain(symbol)
        kept = self._market.kept_chain(snapshot)
        if symbol is not None and understood(lambda: underlying(symbol)) != kept.symbol:
            raise BadArgument(f"snapshot {kept.id} is of {kept.symbol}, not of {symbol}", "Leave one of the two out")
        return kept

    async def read(self, chain: Chain, expiration: str | None = None, dte: int = 45) -> Read:
        """The quotes of the expiration a date names, else of the one nearest so many days."""
        now = self._clock.now()
        one = understood(lambda: analysis.chosen(chain.expirations, now, expiration, dte))
        quotes = await chain.quotes(one)
        return await self._read(chain, quotes, notes_of(quotes))

    async def read_each(self, chain: Chain, expirations: Sequence[Expiration], notes: list[str]) -> list[Read]:
        """What could be read of expirations; what could not costs that one and is noted, unless it is all of them."""
        reads: list[Read] = []
        for number, one in enumerate(expirations, 1):
            try:
                reads.append(await self.read(chain, f"{one.date} {one.root}"))
            except TtaiError as error:
                if number == len(expirations) and not reads:
                    raise
                notes.append(f"{one.date} is left out: {error.message}")
        return reads

    async def at_the_money(self, chain: Chain) -> list[Read]:
        """The strikes beside the price of every expiration but the adjusted ones, in order; `gaps` says what lacks."""
        return [await self._read(chain, quotes, ()) for quotes in await chain.at_the_money()]

    async def _read(self, chain: Chain, quotes: ExpirationQuotes, said: Iterable[str]) -> Read:
        """With the session they were quoted in: asked again after the open, quotes of the night are no fresher."""
        session = await self._market.session(quotes.as_of)
        stale = session.state != "open"
        unread = f"{chain.unreadable} strikes or expirations of the chain could not be read and are left out"
        notes = (*([CLOSED] if stale else []), *([unread] if chain.unreadable else []), *said)
        return Read(chain, quotes, self._clock.new_york().date(), session.label, stale, notes)


def notes_of(quotes: ExpirationQuotes) -> list[str]:
    """What is to be said of the quotes of an expiration: what it delivers, what is missing, whose greeks they are."""
    one = quotes.expiration
    contracts = sum(bool(name) for side in one.symbols for name in side)
    notes = list(quotes.notes)
    if one.adjusted:
        notes.append(
            f"{one.root} is adjusted, it delivers {one.deliverable}: IV and greeks null, it is not priced as standard"
        )
    elif quotes.years <= 0:
        notes.append("settled already: IV and greeks null")
    if quotes.missing:
        why = f": {quotes.failed}" if quotes.failed else ""
        notes.append(f"{quotes.missing} of {contracts} contracts gave no quote{why}")
    return notes


def gaps(reads: Sequence[Read]) -> list[str]:
    """What is to be said of the strikes beside the price of several expirations: what is null, and why."""
    all_of_them = [read.quotes for read in reads]
    alive = [quotes for quotes in all_of_them if quotes.years > 0]
    counted = (
        (len(reads) - len(alive), "settled already: atm_iv null"),
        (
            sum(quotes.smile.atm is None for quotes in alive),
            "with atm_iv null: beside the price nothing is bid, or it has no time value",
        ),
        (
            sum(quotes.straddle is None for quotes in all_of_them),
            "with straddle and expected_move null: call or put nearest the price has no two-sided quote",
        ),
    )
    notes = [note for note in all_of_them[0].notes if all(note in quotes.notes for quotes in all_of_them)]
    notes += [f"{count} of {len(reads)} expirations {why}" for count, why in counted if count]
    if missing := sum(quotes.missing for quotes in all_of_them):
        failed = next((f": {quotes.failed}" for quotes in all_of_them if quotes.failed), "")
        notes.append(f"{missing} contracts beside the price gave no quote{failed}")
    return notes
