"""What is known of the reports and dividends to come, asked of the broker."""

from datetime import date, time

from ttai import Host, TtaiError
from ttai.quant.calendar import NEW_YORK
from ttai.quant.symbols import kind
from ttai_chains.coming import Coming, known

OPEN = time(9, 30)


class Events:
    """Asks for what is to come."""

    def __init__(self, host: Host) -> None:
        self._market = host.market
        self._clock = host.clock

    async def coming(self, symbol: str, today: date) -> Coming:
        """Reports and ex-dates of an underlying; where they can't be had, why. An index has none."""
        if kind(symbol) == "index":
            return Coming()
        try:
            measured = await self._market.metrics([symbol])
        except TtaiError as error:
            return Coming(notes=(f"earnings and ex-dividend dates unknown: {error.message}",))
        if not measured.metrics:
            return Coming(
                notes=tuple(f"earnings and ex-dividend dates unknown: {one.reason}" for one in measured.missing)
            )
        opened = self._clock.now().astimezone(NEW_YORK).time() >= OPEN
        return known(measured.metrics[0], today, opened=opened)
