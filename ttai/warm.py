"""The one door for heavy libraries: imported in a thread, after the first answer.

An `import tastytrade` on the loop would stop every call for half a second, and before the first answer it
would make the client wait for it.
"""

import asyncio
import gc
import importlib
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from types import ModuleType
from typing import TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

# What a name stands for where it isn't the module itself.
_ROOMS = {"quant": "pandas_market_calendars"}
_loaded: dict[str, ModuleType] = {}
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def warm(name: str) -> ModuleType:
    """The module `name`, imported in a worker thread once; `quant` brings the calendars.

    For ttai's own modules and libraries: who waits for one waits for those before it, so a plugin's go `aside`.
    """
    module = _ROOMS.get(name, name)
    if module not in _loaded:
        # Imports share one interpreter lock per module and trip over each other's half-made
        # dependencies: one at a time.
        async with _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            if module not in _loaded:
                _loaded[module] = await aside(lambda: importlib.import_module(module), f"import {module}")
                gc.freeze()  # a library stays: a collection that looked through pandas would stop the loop for 150 ms
    return _loaded[module]


async def aside(call: Callable[[], T], name: str) -> T:
    """What `call` returns or raises, in a thread of its own: one that hangs keeps no worker, and no process alive."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[BaseException | None] = loop.create_future()
    results: list[T] = []

    def tell(error: BaseException | None) -> None:
        if not ended.done():
            ended.set_result(error)

    def work() -> None:
        failure: BaseException | None = None
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            failure = error
        with suppress(RuntimeError):  # the loop is gone: nobody waits
            loop.call_soon_threadsafe(tell, failure)

    Thread(target=work, name=name, daemon=True).start()
    if (failure := await ended) is not None:
        raise failure
    return results[0]
