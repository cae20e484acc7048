"""Process life: what starts a transport, what ends it, and what makes sure that it ends."""

import asyncio
import errno
import gc
import io
import logging
import os
import select
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from types import FrameType
from typing import Any, NoReturn

import uvicorn

from ttai.app import App
from ttai.errors import StartFailed
from ttai.isolation import run
from ttai.logs import Logs
from ttai.presence import announced
from ttai.web import EVERYWHERE, Token, web_app

LOADING = 10.0  # s a start may go on without its client: what it asked before it left is answered
PATIENCE = 0.3  # s for the transport to end by itself
LAST = 2.2  # s after which a thread ends what no longer turns; the logs may take 0.6 more

TERMINAL = """ttai speaks MCP on stdin and stdout: an assistant starts it. Ctrl-C ends it.
  From a terminal: ttai serve --http for a server, ttai call TOOL for one answer"""

_log = logging.getLogger(__name__)


class Ending:
    """The wish to end, from a signal or the end of stdin, known to the loop and to a watchdog thread."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        # A signal handler may interrupt any line of the main thread, even one that starts a thread or holds a lock:
        # it does nothing but what one instruction does. Hence bare locks, and a watchdog that stands ready.
        self._first = threading.Lock()
        self._alive = threading.Lock()
        self._alive.acquire()
        self.calls: list[Callable[[], None]] = []

    def listen(self) -> None:
        """Take the signals; to be called on the main thread, in the loop."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if number := getattr(signal, name, None):
                signal.signal(number, self._signalled)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.wish()

    def _watch(self) -> None:
        self._alive.acquire()
        time.sleep(LAST)
        self.now()

    def wish(self) -> None:
        """End soon; safe from any thread and from a signal, works while the loop is stuck."""
        if not self._first.acquire(blocking=False):
            return
        self._alive.release()
        for call in self.calls:
            call()
        if self._loop:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)

    async def wished(self) -> None:
        """Until somebody wishes it."""
        await self._event.wait()

    def now(self, code: int = 0) -> NoReturn:
        """Leave without the interpreter's own long goodbye, which would wait for stuck threads."""
        self._logs.close()
        os._exit(code)


def serve(app: App, logs: Logs) -> NoReturn:
    """Serve until EOF, SIGTERM or SIGINT, and end the process with 0; StartFailed where it can't begin."""
    gc.freeze()  # what is loaded stays: collections need not look at it
    gc.enable()
    ending = Ending(logs)
    if app.settings.transport == "stdio":
        if sys.stdin.isatty():
            logs.stderr.put(TERMINAL)
        run(_serve(app, ending, lambda: _stdio(app, ending), nullcontext()))
    else:
        token = Token.of(app.settings)
        sockets = bind(app.settings.host, app.settings.port)
        logs.stderr.put(_welcome(app, token, sockets[0].getsockname()[1]))  # past the redaction, not into the file
        here = announced(app.settings.home, _url(app, sockets[0].getsockname()[1]))
        run(_serve(app, ending, lambda: _http(app, token, sockets, ending), here))
    ending.now()


async def _serve(
    app: App,
    ending: Ending,
    transport: Callable[[], Coroutine[Any, Any, None]],
    presence: AbstractContextManager[None],
) -> None:
    ending.listen()
    async with app.running(at_once=app.settings.transport != "stdio", serving=True):
        with presence:
            serving = asyncio.create_task(transport())
            wished = asyncio.create_task(ending.wished())
            await asyncio.wait({serving, wished}, return_when=asyncio.FIRST_COMPLETED)
        ending.wish()
        await asyncio.gather(app.quiet(), asyncio.wait({serving}, timeout=PATIENCE))
    if not serving.done():
        _log.info("a call did not end; leaving without it")
    elif error := serving.exception():
        if isinstance(error, StartFailed):
            _log.critical("%s", error)
        else:
            _log.critical("the transport failed; report it", exc_info=error)
        ending.now(1)
    ending.now()


async def _stdio(app: App, ending: Ending) -> None:
    """JSON-RPC on stdin and stdout."""
    stdin = _Stdin(ending)
    ending.calls.append(stdin.interrupt)
    threading.Thread(target=stdin.watch, name="stdin-end", daemon=True).start()
    sys.stdin = io.TextIOWrapper(io.BufferedReader(stdin))
    await app.mcp.run_stdio_async(show_banner=False)


class _Stdin(io.RawIOBase):
    """stdin as the transport's thread reads it: a signal ends the wait, its end is seen while the loop is stuck.

    What has come is read before either counts. Where there is no poll (Windows), the end is seen by reading alone.
    """

    def __init__(self, ending: Ending) -> None:
        self._ending = ending
        self._source = os.dup(0)
        outlet, inlet = os.pipe()
        self._outlet, self._inlet = os.fdopen(outlet, "rb", buffering=0), os.fdopen(inlet, "wb", buffering=0)
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - for whatever reads 0: a plugin must not take messages
            os.dup2(nothing.fileno(), 0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if hasattr(select, "poll"):
            waiting = select.poll()
            waiting.register(self._source, select.POLLIN)
            waiting.register(self._outlet, select.POLLIN)
            if all(number != self._source for number, _ in waiting.poll()):
                return 0
        data = os.read(self._source, len(buffer))
        buffer[: len(data)] = data
        if not data:
            self._ending.wish()
        return len(data)

    def interrupt(self) -> None:
        """Wake the reader for good; to a signal handler this is one harmless write."""
        self._inlet.write(b".")

    def watch(self) -> None:
        """Wish the end when whoever writes is gone."""
        if _is_abandoned(self._source):
            self._ending.wish()


def _is_abandoned(number: int) -> bool:
    """Wait until whoever writes to this pipe or socket is gone; False at once where that can't be seen."""
    kind = os.fstat(number).st_mode
    if not hasattr(select, "poll") or not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        return False
    gone = select.poll()
    gone.register(number, getattr(select, "POLLRDHUP", 0))
    gone.poll()
    return True


@contextmanager
def loading(*, stdio: bool) -> Iterator[None]:
    """While plugins load, which may take for ever: end soon after whoever started us on stdio is gone."""
    loaded = threading.Event()

    def watch() -> None:
        if _is_abandoned(0) and not loaded.wait(LOADING):
            os._exit(0)

    if stdio:
        threading.Thread(target=watch, name="loading", daemon=True).start()
    try:
        yield
    finally:
        loaded.set()


class _Uvicorn(uvicorn.Server):
    """Uvicorn without its own idea of signals, which would end the process before we have cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop = asyncio.get_running_loop()
        self._leaving = asyncio.Event()

    async def main_loop(self) -> None:
        """Wake once a second, for the Date of the answers; uvicorn's ten times cost a third of a percent of a core."""
        while not self.should_exit:
            await self.on_tick(0)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._leaving.wait()

    def leave(self) -> None:
        """End soon, from any thread."""
        self.should_exit = True
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._leaving.set)


async def _http(app: App, token: Token, sockets: list[socket.socket], ending: Ending) -> None:
    config = uvicorn.Config(
        web_app(app, token),
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = _Uvicorn(config)
    ending.calls.append(server.leave)
    await server.serve(sockets)
    if not server.started:  # uvicorn has logged why
        raise StartFailed("the HTTP server did not start", "The log says why")


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets; localhost is 127.0.0.1 and ::1 where there is one."""
    names = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    sockets: list[socket.socket] = []
    for name in names:
        try:
            socket.getaddrinfo(name, port)
            family = socket.AF_INET6 if ":" in name else socket.AF_INET
            listener = socket.create_server((name, port), family=family, backlog=128)
        except (OSError, UnicodeError) as error:
            if sockets and getattr(error, "errno", None) != errno.EADDRINUSE:  # no IPv6 here
                continue
            for taken in sockets:
                taken.close()
            raise _unbound(host, port, error) from None
        sockets.append(listener)
        port = listener.getsockname()[1]
    return sockets


def _unbound(host: str, port: int, error: OSError | UnicodeError) -> StartFailed:
    number = getattr(error, "errno", None)
    if isinstance(error, socket.gaierror | UnicodeError) or number == errno.EADDRNOTAVAIL:
        return StartFailed(f"{host} is no address of this machine", "Leave --host at localhost, or name one it has")
    said = os.strerror(number or 0)
    return StartFailed(
        f"port {port} on {host} can't be opened ({said})", "Stop what uses it, or choose another with --port"
    )


def _url(app: App, port: int, everywhere: str = "127.0.0.1") -> str:
    host = everywhere if app.settings.host in EVERYWHERE else app.settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _welcome(app: App, token: Token, port: int) -> str:
    """How to connect, for the person who started the server."""
    url = _url(app, port, everywhere="THIS-MACHINE")
    header = ""
    lines = [f"ttai serves {'the demo market' if app.settings.demo else 'TastyTrade'} at {url}/mcp (Ctrl-C ends it)"]
    if token.value:
        header = f' --header "Authorization: Bearer {token.value if token.made else "TOKEN"}"'
        kept = f"it is kept in {token.path}" if token.path else "it holds for this run alone"
        where = f"the content of {token.path}" if token.path else "TTAI_API_KEY"
        lines.append(f"  a token was made; {kept} and not shown again" if token.made else f"  TOKEN is {where}")
    lines.append(f"  Claude Code:     claude mcp add --transport http ttai {url}/mcp{header}")
    lines.append(f"  older clients:   {url}/sse")
    return "\n".join(lines)
