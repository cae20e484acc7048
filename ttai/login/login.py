"""The login as it stands, kept up and changed while the server runs."""

import asyncio
import logging
from contextlib import suppress

from ttai.broker.broker import Broker
from ttai.cache import Cache
from ttai.errors import BadArgument, TtaiError
from ttai.isolation import end
from ttai.login.connection import Connection
from ttai.login.credentials import VARIABLES, Credentials, from_environment
from ttai.login.secrets_file import Stamp
from ttai.login.vault import Vault
from ttai.market.market import Market
from ttai.market.supervisor import NOT_STARTED
from ttai.settings import CoreSettings

LOOK = 2.0  # s between two looks at whether another process logged in or out: each costs an idle server
PAUSE, LONGEST_PAUSE = 0.5, 60.0  # s between two tries of a login that may work yet
AGAIN = 900.0  # s until a refused one is tried again, where no other request is answered meanwhile
UNTRIED = "the login was not tried yet"
ENVIRONMENT = " and ".join(VARIABLES)

_log = logging.getLogger(__name__)


class Login:
    """Keeps the server logged in and its market data socket open, where there is anything to log in to."""

    def __init__(
        self, settings: CoreSettings, connection: Connection, vault: Vault, cache: Cache, market: Market, broker: Broker
    ) -> None:
        self.connection = connection
        connection.answered = self._hear
        self._settings = settings
        self._vault = vault
        self._cache = cache
        self._market = market
        self._broker = broker
        self._said = UNTRIED
        self._works = False
        self._answered = asyncio.Event()
        self._changed = asyncio.Event()
        self._changing = asyncio.Lock()
        self._link: asyncio.Task[None] | None = None
        self._stamp: Stamp = None  # of the logins that the connection was made with, whoever has read newer ones since

    @property
    def works(self) -> bool:
        """Whether the broker has answered this login."""
        return self._works

    @property
    def said(self) -> str:
        """How it is, in a few words."""
        return self._said

    @property
    def tried(self) -> bool:
        """Whether the login and the market data socket have worked or failed once."""
        return self._said != UNTRIED and (self._market.hub.live or self._market.supervisor.problem != NOT_STARTED)

    async def settled(self, seconds: float = 15.0) -> None:
        """Until login and socket have worked or failed, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not (self.tried or await self.locked_out()):  # noqa: ASYNC110 - of parts that know no event
                    await asyncio.sleep(0.01)

    async def locked_out(self) -> bool:
        """Whether there is nothing to log in to."""
        try:
            return not await self.connection.possible()
        except TtaiError:
            return True

    async def describe(self) -> str:
        """Whom the server talks to, and how the login is."""
        said, possible = await self.connection.describe()
        return f"{said}; {self._said}" if possible else said

    async def where(self) -> str:
        """Where the credentials are kept."""
        return "nowhere: the demo needs none" if self._settings.demo else await self._vault.where()

    async def keep(self) -> None:
        """Log in and keep the market data socket, for good; anew when the login has changed."""
        self._stamp = self._vault.stamp
        try:
            while True:
                self._changed.clear()
                self._link = asyncio.create_task(self._connect())
                await self._changed.wait()
        finally:
            await self._cut()

    async def watch(self) -> None:
        """Notice the login or logout of another process, for good."""
        while not self._settings.demo:
            await asyncio.sleep(LOOK)
            if self._vault.stamp != self._stamp:
                _log.info("the login was changed by another process")
                await self.anew()

    async def log_in(self, credentials: Credentials) -> str:
        """Check credentials with the broker, keep them, use them; a sentence about where they are."""
        self._refuse_in_demo()
        credentials = credentials.stripped()
        credentials.conceal()
        if not (credentials.client_secret.get_secret_value() and credentials.refresh_token.get_secret_value()):
            raise BadArgument(
                "a client secret and a refresh token are needed", "Both are made at my.tastytrade.com, OAuth"
            )
        url = self.connection.url
        accounts = await self.connection.check(credentials)
        kept = await self._vault.save(url, credentials)
        await self.anew()
        self._succeed(accounts)
        said = f"logged in at {url}, {accounts} accounts; the credentials are in {kept}"
        return f"{said}; {ENVIRONMENT} come first while they are set" if from_environment() else said

    async def log_out(self) -> str:
        """Forget the credentials kept for this broker; a sentence about what is left."""
        self._refuse_in_demo()
        url = self.connection.url
        gone = await self._vault.forget(url)
        await self.anew()
        if await self.connection.possible():
            return f"still logged in: {ENVIRONMENT} are set"
        return f"logged out of {url}" if gone else f"nobody was logged in at {url}"

    async def anew(self) -> None:
        """Credentials were saved or forgotten: hub, cache and jobs follow. Calls under way fail as the broker's."""
        self._stamp = self._vault.stamp
        async with self._changing:
            await self._cut()  # first: what it still finds out is about the login that is over
            self._said, self._works = UNTRIED, False
            self._cache.clear()
            self._market.forget()
            await self.connection.close()
            self._broker.watch.forget()  # last: it connects at once, with what there is now
            self._changed.set()

    async def _cut(self) -> None:
        if self._link is not None:
            await end([self._link])

    async def _connect(self) -> None:
        """Log in and keep the socket until the login changes; a surprise leaves the server without, and is logged."""
        try:
            try:
                if not await self.connection.possible():
                    _log.info("no credentials: what needs TastyTrade says how to log in")
                    return
            except TtaiError as error:
                self._said = str(error)
                _log.warning("%s", error)
                await self.connection.opened.wait()  # by a call that found them
            await asyncio.gather(self._greet(), self._market.supervisor.run())
        except Exception:  # noqa: BLE001 - what needs no broker goes on
            _log.exception("the connection to the broker ended; log in again or restart ttai")

    async def _greet(self) -> None:
        """Find out whether the login works before somebody depends on it, again and again until it does.

        One that was refused stays so: it is tried again once another request was answered, or after a long while.
        """
        pause = PAUSE
        while True:
            self._answered.clear()
            try:
                accounts = await self._broker.accounts()
            except TtaiError as error:
                if self._said != str(error):
                    self._said = str(error)
                    _log.warning("%s", error)
                refused = not error.retryable
            except Exception:  # noqa: BLE001 - a surprise here must not cost the stream
                self._said = "the login could not be tried; the log says why"
                _log.exception("the accounts could not be read")
                return
            else:
                self._succeed(len(accounts), *accounts.notes("accounts"))
                _log.info("%s: %s", self.connection.url, self._said)
                return
            await asyncio.sleep(pause)
            if refused:
                with suppress(TimeoutError):
                    async with asyncio.timeout(AGAIN):
                        await self._answered.wait()
            pause = min(2 * pause, LONGEST_PAUSE)

    def _hear(self) -> None:
        """The broker answered a request: what it refused before may be let in now."""
        self._answered.set()
        self._market.supervisor.let_in()
        self._broker.watch.let_in()

    def _succeed(self, accounts: int, *notes: str) -> None:
        self._works = True
        self._said = "; ".join([f"logged in, {accounts} accounts", *notes])

    def _refuse_in_demo(self) -> None:
        if self._settings.demo:
            raise BadArgument("the demo has no login", "Start ttai without --demo")
