"""The saved logins as the server asks for them: never on the loop, never two prompts at once."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ttai.errors import TtaiError
from ttai.login.credentials import Credentials, address, from_environment
from ttai.login.errors import LoginsBusy, LoginsOutOfReach
from ttai.login.keyring import Ring, begin
from ttai.login.secrets_file import Logins, SecretsFile, Stamp
from ttai.warm import warm

PATIENCE = 10.0  # s a keyring may take: it may be asking the user for a password

T = TypeVar("T")


class Vault:
    """The user's broker credentials, by broker address (sandbox and production apart)."""

    def __init__(self, data_dir: Path, ring: Ring | None = None, *, patience: float = PATIENCE) -> None:
        self._file = SecretsFile(data_dir, ring, patience)
        # Which file was last read, and what came of it.
        self._known: tuple[Stamp, Logins | TtaiError | None] = (None, None)
        self._turn = asyncio.Lock()  # many first calls at once must not make many prompts

    async def find(self, url: str, *, again: bool = True) -> Credentials | None:
        """The credentials for a broker: the environment's, else those saved; None where there are none.

        Read again when another process has changed them. What is there and can't be opened is a TtaiError; without
        `again` it is raised anew from memory: a job must not open a password window every minute.
        """
        if (own := from_environment()) is not None:
            return own
        if (logins := self._read_before(again)) is None:
            async with self._turn:
                if (logins := self._read_before(again)) is None:
                    logins = await self._aside(self._load)
        return logins.get(address(url))

    async def save(self, url: str, credentials: Credentials) -> str:
        """Keep the credentials of a broker; where, in words."""
        credentials.conceal()

        def keep() -> str:
            logins, words = self._file.save(address(url), credentials)
            self._known = (self._file.stamp, logins)
            return words

        async with self._turn:
            return await self._aside(keep)

    async def forget(self, url: str) -> bool:
        """Remove what is saved for a broker, with the last one file and key; whether there was anything."""

        def drop() -> bool:
            if (logins := self._file.forget(address(url))) is None:
                return False
            self._known = (self._file.stamp, logins)
            return True

        async with self._turn:
            return self._file.stamp is not None and await self._aside(drop)

    @property
    def stamp(self) -> Stamp:
        """Which version of the file lies there, None without one; one look at its size and date."""
        return self._file.stamp

    async def where(self) -> str:
        """Where credentials come from, or would be kept, and why; asks for no key."""
        if from_environment() is not None:
            return "the environment (TASTYTRADE_CLIENT_SECRET, TASTYTRADE_REFRESH_TOKEN)"
        try:
            async with self._turn:
                return await self._aside(self._file.where)
        except TtaiError as error:
            return f"{error.message} {error.hint}"

    def _read_before(self, again: bool) -> Logins | None:
        """What the file holds, where that is known without reading it."""
        stamp, known = self._known
        now = self._file.stamp
        if now is None:
            self._known = (None, {})
            return {}
        if isinstance(known, TtaiError) and now == stamp and not again:
            raise known.with_traceback(None)
        return known if isinstance(known, dict) and now == stamp else None

    def _load(self) -> Logins:
        stamp = self._file.stamp
        self._known = (stamp, None)  # looked at, whatever comes of it
        try:
            logins = self._file.load()
        except TtaiError as error:
            self._known = (stamp, error)
            raise
        self._known = (stamp, logins)
        return logins

    async def _aside(self, work: Callable[[], T]) -> T:
        """Work that blocks, in a thread."""
        await warm("cryptography.fernet")
        try:
            return await asyncio.wrap_future(begin(work))
        except TimeoutError:
            raise LoginsBusy from None
        except OSError as error:
            raise LoginsOutOfReach(str(error)) from None
