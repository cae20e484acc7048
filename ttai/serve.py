"""Process life: what starts a transport, what ends it, and what makes sure that it ends."""

import asyncio
import errno
import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

import uvicorn

from ttai.app import App
from ttai.errors import StartFailed
from ttai.logs import Logs
from ttai.web import EVERYWHERE, Token, web_app

PATIENCE = 0.3  # s for the transport to end by itself
LAST = 2.2  # s after which a thread ends what no longer turns; the logs may take 0.6 more

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
        _run(_serve(app, ending, lambda: _stdio(app, ending)))
    else:
        token = Token.of(app.settings)
        sockets = bind(app.settings.host, app.settings.port)
        logs.stderr.put(_welcome(app, token, sockets[0].getsockname()[1]))  # past the redaction, not into the file
        _run(_serve(app, ending, lambda: _http(app, token, sockets, ending)))
    ending.now()


def _run(serving: Coroutine[Any, Any, None]) -> None:
    """Run to the end: asyncio lets the SystemExit of any task out of its loop, and here the loop goes on."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(serving)
        while not task.done():
            try:
                loop.run_until_complete(task)
            except (SystemExit, KeyboardInterrupt) as error:  # whoever awaits that task is told too; Ctrl-C is no such
                _log.error("a plugin's task tried to end the server (%r); it was not let", error)


async def _serve(app: App, ending: Ending, transport: Callable[[], Coroutine[Any, Any, None]]) -> None:
    ending.listen()
    async with app.running(at_once=app.settings.transport != "stdio"):
        serving = asyncio.create_task(transport())
        wished = asyncio.create_task(ending.wished())
        await asyncio.wait({serving, wished}, return_when=asyncio.FIRST_COMPLETED)
        ending.wish()
        await asyncio.wait({serving}, timeout=PATIENCE)
    if not serving.done():
        _log.info("a call did not end; leaving without it")
    elif error := serving.exception():
        _log.critical("the transport failed; report it", exc_info=error)
        ending.now(1)
    ending.now()


async def _stdio(app: App, ending: Ending) -> None:
    """JSON-RPC on stdin and stdout, with stdin behind a pipe of ours that a signal can close."""
    _pipe_stdin(ending)
    await app.mcp.run_stdio_async(show_banner=False)


def _pipe_stdin(ending: Ending) -> None:
    """A signal must end the read of stdin, which blocks a thread: so the server reads a pipe, not stdin."""
    source = os.dup(0)
    outlet, end = os.pipe()
    os.dup2(outlet, 0)
    os.close(outlet)
    inlet = os.fdopen(end, "wb", buffering=0)  # a file, not its number: that may be another's once it is closed

    def pump() -> None:
        with suppress(OSError, ValueError):
            while data := os.read(source, 65536):
                while data:
                    data = data[inlet.write(data) or 0 :]
        ending.wish()

    ending.calls.append(inlet.close)
    threading.Thread(target=pump, name="stdin", daemon=True).start()


class _Uvicorn(uvicorn.Server):
    """Uvicorn without its own idea of signals, which would end the process before we have cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """End soon, from any thread."""
        self.should_exit = True


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


def _welcome(app: App, token: Token, port: int) -> str:
    """How to connect, for the person who started the server."""
    host = "THIS-MACHINE" if app.settings.host in EVERYWHERE else app.settings.host
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
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
