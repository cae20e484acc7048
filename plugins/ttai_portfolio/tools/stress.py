"""What the whole book wins or loses if the market moves."""

from typing import Annotated, Literal

from pydantic import Field

from ttai import BadArgument, Host, NotFound
from ttai_portfolio.models.stress import Stress, StressMap
from ttai_portfolio.risk.reading import Readings
from ttai_portfolio.service import Portfolio
from ttai_portfolio.stress.draw import draw
from ttai_portfolio.stress.sheet import Scenarios, StressSheet
from ttai_portfolio.tools.arguments import Account, Added, Removed, Whose

MOVES = (-20.0, -15.0, -10.0, -5.0, 0.0, 5.0, 10.0, 15.0, 20.0)
IVS = (-25.0, 0.0, 50.0)
DAYS = (0.0, 7.0, 21.0)
MOST = 400  # cells

Moves = Annotated[list[float], Field(description="Of the price, in percent")]
Ivs = Annotated[list[float], Field(description="Of each IV itself, in percent: 50 makes 20 % IV 30 %")]
Days = Annotated[list[float], Field(description="From now")]


class StressTools:
    """Stress tests as answers."""

    def __init__(self, host: Host, service: Portfolio, readings: Readings) -> None:
        self._compute = host.tasks.compute
        self._service = service
        self._readings = readings

    async def stress_test(
        self,
        account: Account = None,
        spot: Moves = list(MOVES),  # noqa: B006 - the schema shows it; nobody changes it
        iv: Ivs = list(IVS),  # noqa: B006
        days: Days = list(DAYS),  # noqa: B006
        beta_weighted: Annotated[bool, Field(description="SPY moves, each by its beta; else all alike")] = True,
        add: Added = (),
        remove: Removed = (),
        symbol: Whose = None,
        picture: Annotated[bool, Field(description="Also as a heat map")] = False,
        theme: Literal["dark", "light"] = "dark",
    ) -> Stress | StressMap:
        """Revalue the whole live book over moves of the market, changes of IV and days: a grid of P/L, and the worst
        cell by position. Use it for "what could hurt me?"; add and remove ask it of a trade."""
        asked = _asked(spot, iv, days, beta_weighted=beta_weighted)
        read = await self._readings.read(account, add, remove, symbol)
        groups = await self._service.strategies(read.after)
        before = read.before if read.changed else None
        sheet = StressSheet(read.after, groups, read.measured, asked, read.net_liq, before)
        try:
            found = await self._compute(sheet.answer)
        except ValueError as error:  # of all that is held nothing has a value elsewhere
            hint = "Its prices are unknown now: try again later" if sheet.book.lines else "Send add=… to try a trade"
            raise NotFound(str(error), hint) from None
        if not picture:
            return found
        png = await self._compute(lambda: draw(sheet, theme))
        return _map(found, png)


def _asked(spot: list[float], iv: list[float], days: list[float], *, beta_weighted: bool) -> Scenarios:
    cells = len(set(spot)) * len(set(iv)) * len(set(days))
    if not 1 <= cells <= MOST:
        raise BadArgument(f"a grid of {cells} cells was asked for", f"Send 1 to {MOST}: fewer moves, IVs or days")
    if min(spot) <= -100 or max(spot) > 300:
        raise BadArgument("a move is above -100 and at most 300 percent", "Send percent: -10 is a fall by a tenth")
    if min(iv) <= -100 or max(iv) > 500:
        raise BadArgument("a change of IV is above -100 and at most 500 percent", "Send percent of the IV itself")
    if min(days) < 0 or max(days) > 1500:
        raise BadArgument("days lie ahead, 1500 at most", "Send days from now")
    moves, ivs, ahead = (tuple(sorted(set(values))) for values in (spot, iv, days))
    return Scenarios(moves, ivs, ahead, beta_weighted)


def _map(found: Stress, png: bytes) -> StressMap:
    worst = found.worst
    when = f"in {worst.days:g} days" if worst.days else "now"
    where = f"{worst.move_percent:+g} %, IV {worst.iv_percent:+g} %, {when}"
    most = "; ".join(f"{one.underlying} {one.strategy} {one.pnl:,.0f} $" for one in found.worst_by_position[:3])
    said = [
        f"Worst of the grid: {worst.pnl:,.0f} $ at {where}; best: {found.best.pnl:,.0f} $.",
        f"Most of it: {most}.",
    ]
    kept = {name: getattr(found, name) for name in StressMap.model_fields if name in Stress.model_fields}
    return StressMap(png=png, said=said, **kept)
