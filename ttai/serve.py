"""Process life: what starts a transport, what ends it, and what makes sure that it ends."""

import asyncio
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import NoReturn

import uvicorn

from ttai.app import App
from ttai.errors import StartFailed
from ttai.logs import Logs
from ttai.web import Token, web_app

PATIENCE = 0.3  # s for the transport to end by itself
LAST = 2.5  # s after which a thread ends what no longer turns

_log = logging.getLogger(__name__)


class Ending:
    """The wish to end, from a signal or the end of stdin, known to the loop and to a watchdog thread."""

    def __init__(self, logs: Logs | None) -> None:
        self._logs = logs
        self._loop: asyncio.AbstractEventLoop | None = None
        self._event = asyncio.Event()
        self._wished = threading.Event()
        self.calls: list[Callable[[], None]] = []

    def listen(self) -> None:
        """Take the signals; to be called on the main thread, in the loop."""
        self._loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if number := getattr(signal, name, None):
                signal.signal(number, self._signalled)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.wish()

    def wish(self) -> None:
        """End soon; safe from any thread and from a signal, works while the loop is stuck."""
        if self._wished.is_set():
            return
        self._wished.set()
        watchdog = threading.Timer(LAST, self.now)
        watchdog.daemon = True
        watchdog.start()
        for call in self.calls:
            call()
        if self._loop:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._event.set)

    async def wished(self) -> None:
        """Until somebody wishes it."""
        await self._event.wait()

    def now(self) -> NoReturn:
        """Leave without the interpreter's own long goodbye, which would wait for stuck threads."""
        if self._logs:
            self._logs.close()
        os._exit(0)


def serve(app: App, logs: Logs) -> NoReturn:
    """Serve until EOF, SIGTERM or SIGINT; ends the process with 0."""
    gc.collect()
    gc.freeze()  # what is loaded stays: later collections need not look at it
    ending = Ending(logs)
    asyncio.run(_serve(app, logs, ending))
    ending.now()


async def _serve(app: App, logs: Logs, ending: Ending) -> None:
    ending.listen()
    stdio = app.settings.transport == "stdio"
    transport = _stdio(app, ending) if stdio else _http(app, logs, ending)
    async with app.running(at_once=not stdio):
        serving = asyncio.create_task(transport)
        wished = asyncio.create_task(ending.wished())
        await asyncio.wait({serving, wished}, return_when=asyncio.FIRST_COMPLETED)
        ending.wish()
        await asyncio.wait({serving}, timeout=PATIENCE)
    if serving.done():
        serving.result()
    else:
        _log.info("a call did not end; leaving without it")
        ending.now()


async def _stdio(app: App, ending: Ending) -> None:
    """JSON-RPC on stdin and stdout, with stdin behind a pipe of ours that a signal can close."""
    with _piped_stdin(ending):
        await app.mcp.run_stdio_async(show_banner=False)


@contextmanager
def _piped_stdin(ending: Ending) -> Iterator[None]:
    """A signal must end the read of stdin, which blocks a thread: so the server reads a pipe, not stdin."""
    source = os.dup(0)
    outlet, inlet = os.pipe()
    os.dup2(outlet, 0)
    os.close(outlet)
    closed = threading.Lock()

    def close() -> None:
        if closed.acquire(blocking=False):
            with suppress(OSError):
                os.close(inlet)

    def pump() -> None:
        with suppress(OSError):
            while data := os.read(source, 65536):
                while data:
                    data = data[os.write(inlet, data) :]
        ending.wish()

    ending.calls.append(close)
    threading.Thread(target=pump, name="stdin", daemon=True).start()
    yield


class _Uvicorn(uvicorn.Server):
    """Uvicorn without its own idea of signals, which would end the process before we have cleaned up."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def leave(self) -> None:
        """End soon, from any thread."""
        self.should_exit = True


async def _http(app: App, logs: Logs, ending: Ending) -> None:
    settings = app.settings
    token = Token.of(settings)
    sockets = bind(settings.host, settings.port)
    port = sockets[0].getsockname()[1]
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
    logs.stderr.put(_welcome(app, token, port))  # past the redaction, and not into the file
    await server.serve(sockets)


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets; localhost is 127.0.0.1 and ::1 where there is one."""
    names = ["127.0.0.1", "::1"] if host == "localhost" else [host]
    sockets: list[socket.socket] = []
    for name in names:
        try:
            family = socket.AF_INET6 if ":" in name else socket.AF_INET
            listener = socket.create_server((name, port), family=family, backlog=128)
        except OSError as error:
            if sockets:  # no IPv6 here
                continue
            raise StartFailed(
                f"port {port} on {host} can't be opened ({error.strerror})",
                "Stop what uses it, or choose another with --port",
            ) from None
        sockets.append(listener)
        port = listener.getsockname()[1]
    return sockets


def _welcome(app: App, token: Token, port: int) -> str:
    """How to connect, for the person who started the server."""
    host = app.settings.host if app.settings.loopback else "THIS-MACHINE"
    name = f"[{host}]" if ":" in host else host
    url = f"http://{name}:{port}/mcp"
    header = ""
    lines = [f"ttai serves {'the demo market' if app.settings.demo else 'TastyTrade'} at {url} (Ctrl-C ends it)"]
    if token.value:
        shown = token.value if token.made else "TOKEN"
        header = f' --header "Authorization: Bearer {shown}"'
        if token.made:
            lines.append(f"  a token was made; it is kept in {app.settings.home / 'http.token'} and not shown again")
        else:
            lines.append("  TOKEN is TTAI_API_KEY, or the content of http.token in the data dir")
    lines.append(f"  Claude Code:     claude mcp add --transport http ttai {url}{header}")
    lines.append(f"  older clients:   http://{name}:{port}/sse")
    return "\n".join(lines)
