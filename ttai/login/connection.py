"""The way to a broker: TastyTrade with the user's credentials, or the simulator."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from pydantic import SecretStr

from ttai.broker.ports import BrokerPort
from ttai.clock import Clock
from ttai.errors import NotLoggedIn, TtaiError
from ttai.login.credentials import Credentials
from ttai.login.vault import Vault
from ttai.market.ports import MarketPort
from ttai.settings import CoreSettings
from ttai.warm import warm

SIMULATOR_URL = "http://simulator"
SPEED = 50.0  # times TastyTrade's rates: the simulator in this process has none of its own


class Adapter(MarketPort, BrokerPort, Protocol):
    """A broker's whole adapter."""

    async def close(self) -> None:
        """End its connections."""
        ...


class Connection:
    """Opens the adapter when it is first needed; the libraries behind it come through the warm-up door."""

    def __init__(self, settings: CoreSettings, clock: Clock, vault: Vault, simulator: Any = None) -> None:
        self._settings = settings
        self._clock = clock
        self._vault = vault
        self._opening = asyncio.Lock()
        self._adapter: Adapter | None = None
        self.simulator = simulator
        self.opened = asyncio.Event()
        self.answered: Callable[[], object] = lambda: None  # whoever wants to know of every request that was

    async def possible(self) -> bool:
        """Whether there is anything to connect to: credentials, or the demo; raises what keeps them out of reach.

        A keyring that refused is not asked again: its window would open every time.
        """
        return self._settings.demo or await self._vault.find(self.url, again=False) is not None

    @property
    def url(self) -> str:
        """Where the broker is asked."""
        return SIMULATOR_URL if self._settings.demo else self._settings.tastytrade_api_url

    async def describe(self) -> tuple[str, bool]:
        """Whom the server talks to, in a few words, and whether it can."""
        if self._settings.demo:
            return "simulator", True
        try:
            known = await self.possible()
        except TtaiError as error:
            return f"not logged in: {error.message} {error.hint}", False
        return (f"TastyTrade at {self.url}", True) if known else (f"not logged in. {NotLoggedIn().hint}", False)

    async def check(self, credentials: Credentials) -> int:
        """How many open accounts these credentials open; raises what the broker says against them. Nothing is kept."""
        adapter = await self._over_network(credentials)
        try:
            return sum(not account.closed for account in await adapter.accounts())
        finally:
            await adapter.close()

    async def market(self) -> MarketPort:
        """The broker's market data."""
        return await self._open()

    async def broker(self) -> BrokerPort:
        """The broker's accounts."""
        return await self._open()

    async def _open(self) -> Adapter:
        if self._adapter is None:
            async with self._opening:
                if self._adapter is None:
                    self._adapter = await self._make()
                    self.opened.set()
        return self._adapter

    async def _make(self) -> Adapter:
        if self._settings.demo:
            return await self._simulated()
        credentials = await self._vault.find(self.url)
        if credentials is None:
            raise NotLoggedIn
        return await self._over_network(credentials)

    async def _over_network(self, credentials: Credentials) -> Adapter:
        adapter = await warm("ttai.tastytrade")
        wire = await asyncio.to_thread(adapter.over_network)
        made: Adapter = adapter.TastyTrade(credentials, self.url, wire, answered=self._hear)
        return made

    async def _simulated(self) -> Adapter:
        adapter = await warm("ttai.tastytrade")
        module = await warm("ttai.simulator")
        if self.simulator is None:
            self.simulator = await asyncio.to_thread(module.Simulator, clock=self._clock)
            await asyncio.to_thread(self.simulator.world.prepare)
        simulator = self.simulator
        credentials = Credentials(SecretStr(simulator.CLIENT_SECRET), SecretStr(simulator.REFRESH_TOKEN))
        tries = adapter.Tries(speed=SPEED)
        made: Adapter = adapter.TastyTrade(
            credentials, self.url, adapter.in_process(simulator.app), tries, answered=self._hear
        )
        return made

    def _hear(self) -> None:
        self.answered()

    async def close(self) -> None:
        """Let go of the broker; the next question opens it anew."""
        async with self._opening:  # what is just being opened is closed too
            adapter, self._adapter = self._adapter, None
            self.opened.clear()
        if adapter is not None:
            await adapter.close()
