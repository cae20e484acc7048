"""The answer one looks at: a payoff, and what the page of clients that show one draws."""

import math
from typing import Annotated

from pydantic import AfterValidator, BaseModel

from ttai import Count, Money, Percent, Picture, Price
from ttai_chains.payoff.scene import Scene

Density = Annotated[Count, AfterValidator(lambda n: n and float(f"{n:.4g}"))]


class Payoff(Picture):
    """What the picture shows, in figures: dollars of the whole position, `net_debit` below 0 is a credit.

    Where profit or loss is unlimited its `max` is null; `pop` is the probability of any profit at expiry; the price is
    within one deviation with 68 %, within two with 95 %.
    """

    symbol: str | None
    strategy: str | None
    spot: Price
    net_debit: Money
    breakevens: list[Price]
    max_profit: Money | None
    max_profit_unlimited: bool
    max_loss: Money | None
    max_loss_unlimited: bool
    pop: Percent | None
    one_deviation_low: Price | None
    one_deviation_high: Price | None
    two_deviations_low: Price | None
    two_deviations_high: Price | None


class PayoffPoint(BaseModel):
    """P/L at one price of the underlying, and how dense the probability is there."""

    price: Price
    expiry: Money | None
    today: Money | None
    density: Density | None


class PayoffPage(BaseModel):
    """All that the page draws; when it was so, and in which session, the answer's structure says."""

    symbol: str | None
    theme: str
    title: str
    summary: str
    source: str
    spot: Price
    expiry_label: str
    today_label: str
    curve: list[PayoffPoint]
    breakevens: list[Price]
    strikes: list[Price]
    one_deviation: list[Price]
    two_deviations: list[Price]
    max_profit: Money | None
    max_loss: Money | None

    @classmethod
    def of(cls, scene: Scene, *, symbol: str | None, theme: str, summary: str, source: str) -> "PayoffPage":
        """The page of what the picture shows."""
        densities = [math.nan] * len(scene.prices) if scene.density is None else scene.density.tolist()
        rows = zip(scene.prices.tolist(), scene.expiry.tolist(), scene.today.tolist(), densities, strict=True)
        return cls(
            symbol=symbol,
            theme=theme,
            title=scene.title,
            summary=summary,
            source=source,
            spot=scene.spot,
            expiry_label=scene.expiry_label,
            today_label=scene.today_label,
            curve=[PayoffPoint(price=at, expiry=end, today=now, density=share) for at, end, now, share in rows],
            breakevens=list(scene.breakevens),
            strikes=list(scene.strikes),
            one_deviation=list(scene.one_deviation or ()),
            two_deviations=list(scene.two_deviations or ()),
            max_profit=scene.max_profit,
            max_loss=scene.max_loss,
        )
