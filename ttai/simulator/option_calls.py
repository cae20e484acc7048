"""The broker's calls about options."""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response

from ttai.simulator.accounts import Json
from ttai.simulator.answers import answer, not_found
from ttai.simulator.option_rows import described, market_row, nested
from ttai.simulator.options import Options
from ttai.warm import warm


class OptionCalls:
    """Chains, contracts and what they are quoted."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._chains: dict[tuple[object, ...], Response] = {}  # of the present day: they are megabytes

    async def nested(self, request: Request) -> Response:
        """All contracts of an underlying."""
        await prepare()
        symbol = unquote(request.path_params["symbol"])
        series = self._options.series(symbol)
        if not series:
            return not_found(request)
        key = (symbol, series[0].today, len(series))
        if key not in self._chains:
            self._chains = {known: chain for known, chain in self._chains.items() if known[1] == series[0].today}
            self._chains[key] = answer(request, {"items": nested(symbol, series)})
        return self._chains[key]

    async def instrument(self, request: Request) -> Response:
        """One contract."""
        contract = self._options.find(unquote(request.path_params["symbol"]))
        return not_found(request) if contract is None else answer(request, described(contract))

    def row(self, symbol: str) -> Json | None:
        """What a contract is quoted; None where there is none of that name."""
        contract = self._options.find(symbol)
        return None if contract is None else market_row(contract, self._options.quotes(contract.series))


async def prepare() -> None:
    """Bring in what options are priced with, off the loop."""
    await warm("scipy.special")
