"""What a plugin's code is run in, so that its failure stays its own."""

import asyncio
import logging
import signal
import traceback
from collections.abc import Awaitable, Callable, Collection, Coroutine
from secrets import token_hex
from typing import Any, TypeVar

from fastmcp.exceptions import ToolError
from mcp import MCPError
from mcp.types import MISSING_REQUIRED_CLIENT_CAPABILITY

from ttai.errors import PluginFailed, Unexpected

T = TypeVar("T")
STUBBORN = 1.0  # s somebody who is cancelled may take to end
ENDS = (SystemExit, KeyboardInterrupt, GeneratorExit)  # what would end the server, or leave its loop

_log = logging.getLogger(__name__)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` to its end: asyncio lets the SystemExit of any task out of its loop, and here the loop goes on."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(main)
        while not task.done():
            try:
                loop.run_until_complete(task)
            except (SystemExit, KeyboardInterrupt) as error:  # whoever awaits that task is told too
                if task.done() or is_ctrl_c(error):
                    raise
                _log.error("a plugin's task tried to end the server (%r); it was not let", error)


def is_ctrl_c(error: BaseException) -> bool:
    """Whether it is somebody's Ctrl-C in a command of the terminal; a server takes the signal otherwise."""
    return isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is signal.default_int_handler


async def contained(
    call: Callable[[], Awaitable[T]], what: str, passes: Callable[[BaseException], bool] = lambda _: False
) -> T:
    """What `call` returns; every failure is a ToolError that a client may read, one that `passes`, or our cancellation.

    It runs in a task of its own: whatever it does to "the current task" it does to that one.
    """
    task = asyncio.create_task(_mapped(call, what, passes), name=what)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if is_cancelled():
            task.cancel()
            task.add_done_callback(_ignore)
            _, left = await asyncio.wait({task}, timeout=STUBBORN)
            if left:
                _log.error("%s does not let itself be cancelled; it is left behind", what)
            raise
        _log.error("%s cancelled itself", what)
        raise PluginFailed(what, "cancelled itself") from None


def _ignore(task: "asyncio.Task[Any]") -> None:
    """Take note of how it ended, which nobody asks any more: asyncio would complain."""
    if not task.cancelled():
        task.exception()


async def _mapped(call: Callable[[], Awaitable[T]], what: str, passes: Callable[[BaseException], bool]) -> T:
    try:
        return await call()
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        if passes(error):
            raise
        said = sayable(error, what)
        if said is error:  # as its own cause it would be a ring
            raise
        raise said from error


def refuses_client(error: BaseException) -> bool:
    """Whether it is the protocol's own way to say that the client lacks what a tool needs of it."""
    return isinstance(error, MCPError) and error.error.code == MISSING_REQUIRED_CLIENT_CAPABILITY


def is_cancelled() -> bool:
    """Whether the current task is being cancelled from outside: by anyio's scopes and asyncio's timeouts too."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def sayable(error: BaseException, what: str) -> ToolError:
    """What a client may read of a failure; what it may not is logged under a reference."""
    if isinstance(error, ToolError):  # ours are ToolErrors too
        return error
    if isinstance(error, ENDS):
        _log.error("%s tried to end the server", what)
        return PluginFailed(what, "tried to end the server; it was not let")
    reference = token_hex(3)
    _log.error("%s failed (reference %s)", what, reference, exc_info=error)
    return Unexpected(what, reference)


def leaf(error: BaseException) -> BaseException:
    """The cause inside nested groups: the SDK's task groups wrap it two or three deep."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def place(error: BaseException) -> str:
    """Of a stranger for the log: its name and where it arose, as its text may hold a token."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return " ".join([type(error).__name__, *(f"at {frame.filename}:{frame.lineno}" for frame in frames)])


async def end(tasks: Collection[asyncio.Task[Any]], seconds: float = STUBBORN) -> None:
    """Cancel them and wait; who does not let itself be cancelled is left behind."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)
