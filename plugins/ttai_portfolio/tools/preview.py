"""What an order would do, before anybody sends one: no path from here leads to the placing of orders."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from ttai import Account as Owner
from ttai import BadArgument, BuyingPower, Host, Leg, PlacedOrder, Position, TtaiError, understood
from ttai_portfolio.gathering import of_any, of_each
from ttai_portfolio.models.common import name_of
from ttai_portfolio.models.preview import Preview, PreviewLeg, PreviewWarning
from ttai_portfolio.preview import checks
from ttai_portfolio.preview.drafts import Draft
from ttai_portfolio.preview.reading import MOST_LEGS, Drafts, Listed, price_of
from ttai_portfolio.records.orders import state, written
from ttai_portfolio.records.wording import as_name
from ttai_portfolio.tools.arguments import Account

PATIENCE = 8.0  # s: without the orders that work there is an answer, too
NOT_PLACED = "nothing was placed: this is the broker's dry run of a limit order for the day, and no tool here can place"


def _text(said: Any) -> Any:
    """A number where text is meant: the text it would be."""
    return f"{said}" if isinstance(said, int | float) and not isinstance(said, bool) else said


# What an order asks of a leg: the rest of a leg is of calculators.
_LEG = {
    "type": "object",
    "properties": {
        "quantity": {"type": "number", "description": "Contracts, or shares; below 0 sells"},
        "symbol": {"type": "string", "description": "OCC option; else type, strike, expiration"},
        "type": {"type": "string", "enum": ["call", "put", "stock"]},
        "strike": {"type": "number"},
        "expiration": {"type": "string", "description": "2026-12-18; also 2026-12-18 AM"},
    },
    "required": ["quantity"],
}
_SAID = f"1 to {MOST_LEGS}; whether they open or close is told by what is held"
Legs = Annotated[Sequence[Leg], WithJsonSchema({"type": "array", "description": _SAID, "items": _LEG})]
Price = Annotated[str, BeforeValidator(_text), Field(description="$ a share for one unit, above 0: 1.25")]
Effect = Annotated[Literal["debit", "credit"] | None, BeforeValidator(as_name)]


class UnknownHolder(TtaiError):
    """An order for no named account, where one that may hold its legs could not be read."""

    code = "BROKER"
    retryable = True

    def __init__(self, failures: Mapping[str, str]) -> None:
        said = "; ".join(f"{number}: {reason}" for number, reason in failures.items())
        super().__init__(
            f"nobody knows which account holds these legs, for not all could be read ({said})",
            "Say with account=… which is meant, or ask again. Nothing was placed",
        )


class PreviewTools:
    """Drafts of orders as answers."""

    def __init__(self, host: Host) -> None:
        self._broker = host.broker
        self._market = host.market
        self._clock = host.clock
        self._drafts = Drafts(host)

    async def preview_order(
        self,
        legs: Legs,
        price: Price,
        effect: Effect = None,
        symbol: Annotated[str | None, Field(description="Underlying of legs without OCC symbol")] = None,
        account: Account = None,
    ) -> Preview:
        """Ask what a limit order would do to an account, without placing it: buying power, fees, and whether price,
        tick, signs and size make sense. Use it before the user places an order elsewhere."""
        wanted = understood(lambda: price_of(price))
        listed = await self._drafts.listed(legs, symbol)
        owner, held, said = await self._owner(account, listed)
        draft = await self._drafts.draft(listed, wanted, effect, held)
        if refused := checks.refusals(draft):
            raise BadArgument("; ".join(refused), "Nothing was asked of the broker")
        if draft.paid is None:
            raise BadArgument("nobody can tell whether these legs cost or bring money", "Send effect=debit or credit")
        (power, why), (working, unseen) = await asyncio.gather(self._asked(draft, owner), self._working(owner))
        said += unseen
        if any(leg.price is not None or leg.volatility is not None for leg in legs):
            said.append("prices and volatilities of the legs mean nothing to an order: price is of all of them")
        session = await self._market.session()
        closed = session.state != "open"
        if closed:
            said.append("the exchange is closed: quotes are the last there were")
        quotes = [leg.quote for leg in draft.legs if leg.quote is not None]
        return _answer(draft, power, why).model_copy(
            update={
                "as_of": self._clock.now(),
                "source": quotes[0].source if quotes else None,
                "session": session.label,
                "stale": closed or any(quote.stale for quote in quotes),
                "account": name_of(owner),
                "warnings": [
                    PreviewWarning(warning=said)
                    for said in (*checks.warnings(draft, held, working), *(power.warnings if power else ()))
                ]
                or None,
                "notes": [NOT_PLACED, *listed.notes, *said],
            }
        )

    async def _owner(self, account: str | None, legs: Listed) -> tuple[Owner, Sequence[Position], list[str]]:
        """The one account an order is for, and what it holds: the one that holds such legs where none is named, else
        the first; never a guess where several hold them, or where one that may could not be read."""
        found = await self._broker.chosen(account)
        if len(found) > 1 and account:
            raise BadArgument("an order is for one account", f"Say which: {', '.join(map(name_of, found))}")
        read = await of_each(found, self._broker.positions)
        if len(found) == 1:
            return found[0], read.answers[found[0].number], read.unread("positions")
        holders = [one for one in found if legs.holds(read.answers.get(one.number, ()))]
        if len(holders) > 1:
            names = ", ".join(map(name_of, holders))
            raise BadArgument("several accounts hold such legs", f"Say with account=… which is meant: {names}")
        if read.failures and not holders:
            raise UnknownHolder(read.failures)
        owner = holders[0] if holders else found[0]
        why = "the only one that holds such legs" if holders else f"the first of {len(found)} accounts"
        unread = [
            f"{number} could not be read, and may hold such legs, too: {r}" for number, r in read.failures.items()
        ]
        said = f"{name_of(owner)} is {why}; account=… names another"
        return owner, read.answers[owner.number], [*unread, said, *read.unread("positions")]

    async def _working(self, owner: Owner) -> tuple[Sequence[PlacedOrder], list[str]]:
        """The orders of an account that work, or that nobody knows them."""
        found = await of_any([owner], self._broker.live_orders, PATIENCE)
        if owner.number not in found.answers:
            return [], [f"orders that work are not looked at: {found.failures[owner.number]}"]
        return [one for one in found.answers[owner.number] if state(one) == "live"], []

    async def _asked(self, draft: Draft, owner: Owner) -> tuple[BuyingPower | None, str | None]:
        """What the broker says, or why it would not take the order."""
        try:
            return await self._broker.dry_run(draft.order, owner.number), None
        except TtaiError as error:
            if error.code != "BROKER" or error.retryable:
                raise
            return None, error.message


def _answer(draft: Draft, power: BuyingPower | None, why: str | None) -> Preview:
    """What is known of it, without whose it is."""
    return Preview.model_validate(
        {
            "accepted": power is not None,
            "account": "",
            "underlying": draft.underlying,
            "strategy": draft.name,
            "legs_said": draft.said,
            "price": written(draft.price),
            "effect": draft.order.effect,
            "mid": draft.mid,
            "natural": draft.natural,
            "net_debit": (draft.paid or 0.0) * draft.unit,
            "refused_because": why,
            **(
                {}
                if power is None
                else {
                    "fees": power.fees,
                    "buying_power_change": power.change,
                    "buying_power_before": power.before,
                    "buying_power_after": power.after,
                    "requirement": power.requirement,
                    "portfolio_margin": power.portfolio_margin,
                }
            ),
            "legs": [
                PreviewLeg(
                    symbol=leg.symbol,
                    quantity=leg.quantity,
                    action=leg.action,
                    held=float(leg.held),
                    expiration=None if leg.expiration is None else leg.expiration.date,
                    bid=leg.quote and leg.quote.bid,
                    ask=leg.quote and leg.quote.ask,
                    mid=leg.mid,
                )
                for leg in draft.legs
            ],
        }
    )
