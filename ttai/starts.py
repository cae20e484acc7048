"""How a plugin comes up in the background and goes down: its tables, then its lifespans, each in a task of its own."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from fastmcp.exceptions import ToolError

from ttai.clock import time_left
from ttai.declarations import Declarations, Lifespan
from ttai.errors import PluginFailed, TookTooLong, TtaiError
from ttai.isolation import contained

PATIENCE = 30.0  # s a plugin may take to start
LEAVING = 0.8  # s one lifespan may take to end
LEAVING_ALL = 1.2  # s for those of all plugins

_log = logging.getLogger(__name__)


class Storage(Protocol):
    """What a start needs of the database."""

    async def ready(self, owner: str | None = None) -> None: ...

    @property
    def problems(self) -> dict[str, str]: ...


class _Life:
    """One lifespan: the task that entered it is the one that leaves it."""

    def __init__(self, lifespan: Lifespan, plugin: str, died: Callable[[str], None]) -> None:
        """`died` is told why where it ends before it should."""
        self._lifespan = lifespan
        self._plugin = plugin
        self._died = died
        self._entered = asyncio.Event()
        self._leave = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Until it has entered; raises what kept it from that."""
        self._task = asyncio.create_task(self._live(), name=f"lifespan of {self._plugin}")
        entered = asyncio.create_task(self._entered.wait())
        try:
            await asyncio.wait({self._task, entered}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            entered.cancel()
        if not self._entered.is_set():
            await self._task

    async def end(self, seconds: float) -> None:
        """Leave it, for so long; a failure is logged."""
        if self._task is None:
            return
        self._leave.set()
        if not self._entered.is_set():
            self._task.cancel()
        done, _ = await asyncio.wait({self._task}, timeout=max(0.0, seconds))
        if not done:
            _log.warning("%s does not stop; leaving without it", self._plugin)
            self._task.cancel()
        elif not self._task.cancelled() and (error := self._task.exception()) and self._entered.is_set():
            _log.warning("%s did not stop well: %s", self._plugin, error)

    async def _live(self) -> None:
        try:
            await contained(self._enter_and_wait, f"lifespan of {self._plugin}")
        except ToolError as error:
            if self._entered.is_set() and not self._leave.is_set():
                self._died(str(error))
            raise

    async def _enter_and_wait(self) -> None:
        async with self._lifespan():
            self._entered.set()
            await self._leave.wait()


class Start:
    """One plugin's way up; its tools wait for it."""

    def __init__(
        self,
        plugin: str,
        declared: Declarations,
        takes: Mapping["Start", bool],
        patience: float = PATIENCE,
        failed: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`takes`: the starts of the plugins it takes from, and whether it fails with them.

        It may take `patience` seconds itself; `failed` is told why it did not start, or ended before it should.
        """
        self.plugin = plugin
        self.takes = takes
        self._declared = declared
        self._patience = patience
        self._failed = failed
        self._lives = [_Life(lifespan, plugin, self._died) for lifespan in declared.lifespans]
        self._over = asyncio.Event()
        self.problem: str | None = None
        self._how = "did not start"
        self._cured = False  # the problem says what to do about it
        if not declared.must_start:
            self._over.set()

    @property
    def phase(self) -> str:
        """`ready`, `starting` or `failed`."""
        return "failed" if self.problem else "ready" if self._over.is_set() else "starting"

    async def ready(self) -> None:
        """Until it has started; PluginFailed where it did not, TookTooLong where the call can't wait for it."""
        if not self._over.is_set():
            limit = max(0.0, time_left(self._patience + 1) - 1)  # the rest is for saying so
            try:
                async with asyncio.timeout(limit):
                    await self._over.wait()
            except TimeoutError:
                raise TookTooLong(limit) from None
        if self.problem:
            raise PluginFailed(self.plugin, f"{self._how}: {self.problem}", *([""] if self._cured else []))

    async def begin(self, tables: Storage) -> None:
        """Bring it up, once those it takes from are; what keeps it from that is its `problem`."""
        if self._over.is_set():
            return
        problem: str | None = "the server is stopping"
        try:
            for other in self.takes:
                await other.over()
            async with asyncio.timeout(self._patience):
                problem = await self._begin(tables)
        except TimeoutError:
            problem = f"it took longer than {self._patience:.0f} s"
        except TtaiError as error:
            problem = f"{error.message} {error.hint}".strip()
            self._cured = bool(error.hint)
        except Exception as error:  # noqa: BLE001 - isolation is the point
            problem = str(error)
        finally:
            self.problem = self.problem or problem  # one that entered may have died meanwhile
            self._over.set()
        if self.problem:
            _log.warning("plugin %s did not start: %s", self.plugin, self.problem)
            self._failed(f"it did not start: {self.problem}")
            await self.end(LEAVING)

    def _died(self, why: str) -> None:
        """One of its lifespans ended while it was needed."""
        self.problem, self._how = why, "ended"
        _log.error("plugin %s ended: %s", self.plugin, why)
        self._failed(f"it ended: {why}")

    async def over(self) -> None:
        """Until it has started or failed to."""
        await self._over.wait()

    async def _begin(self, tables: Storage) -> str | None:
        for other, needed in self.takes.items():
            if other.problem and needed:
                return f"it needs {other.plugin}, which did not start: {other.problem}"
        if self._declared.tables and self._lives:  # without lifespans each use of a table waits, and says what is wrong
            await tables.ready(self.plugin)
            if problem := tables.problems.get(self.plugin):
                return problem
        for life in self._lives:
            await life.begin()
        return None

    async def end(self, seconds: float) -> None:
        """Take it down, the last first."""
        end = asyncio.get_running_loop().time() + seconds
        for life in reversed(self._lives):
            await life.end(end - asyncio.get_running_loop().time())


async def end_all(starts: Sequence[Start]) -> None:
    """Take plugins down at once, each when those that take from it are, within the time there is."""
    end = asyncio.get_running_loop().time() + LEAVING_ALL
    ending: dict[str, asyncio.Task[None]] = {}

    async def take_down(start: Start) -> None:
        if takers := [ending[other.plugin] for other in starts if start in other.takes]:
            await asyncio.wait(takers)
        await start.end(min(LEAVING, end - asyncio.get_running_loop().time()))

    for start in starts:
        ending[start.plugin] = asyncio.create_task(take_down(start))
    await asyncio.gather(*ending.values())
