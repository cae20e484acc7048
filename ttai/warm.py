"""The one door for heavy libraries: imported in a thread, after the first answer.

An `import tastytrade` on the loop would stop every call for half a second, and before the first answer it
would make the client wait for it.
"""

import asyncio
import importlib
from types import ModuleType
from weakref import WeakKeyDictionary

# What a name stands for where it isn't the module itself.
_ROOMS = {"quant": "pandas_market_calendars"}
_loaded: dict[str, ModuleType] = {}
_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def warm(name: str) -> ModuleType:
    """The module `name`, imported in a worker thread once; `quant` brings the calendars."""
    module = _ROOMS.get(name, name)
    if module not in _loaded:
        # Imports share one interpreter lock per module and trip over each other's half-made
        # dependencies: one at a time.
        async with _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            if module not in _loaded:
                _loaded[module] = await asyncio.to_thread(importlib.import_module, module)
    return _loaded[module]
