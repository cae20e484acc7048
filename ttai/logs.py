"""Logs: single lines through one thread that owns stderr, and a file a day.

stderr is a pipe to a desktop app that may not read it: a write from the event loop would stop the server
once 64 KB lie in it. So everything goes through a bounded queue; when it is full, old lines go first.
"""

import atexit
import io
import logging
import os
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, TextIO

from ttai.clock import Clock

KEEP_DAYS = 14
GATHER = 0.05  # s: lines that come together are written together; a thread woken for each would slow every call

# Which call a line belongs to.
request_id: ContextVar[str] = ContextVar("request_id", default="-")

_MARK = "[hidden]"
_PATTERNS = re.compile(
    r"(?i)(bearer\s+|(?:token|client[-_]?secret|password|api[-_]?key)[\\\"']{0,2}\s*[:=]\s*[\\\"']{0,2}(?:bearer\s+)?)"
    r"[^\s\\\"',;&}\]]{6,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"  # a JSON web token
)
_secrets: tuple[str, ...] = ()
_tokens: tuple[str, ...] = ()  # those that pass, the newest last
_MOST_TOKENS = 32


def conceal(*secrets: str) -> None:
    """Keep these texts out of every log line from now on."""
    global _secrets  # noqa: PLW0603 - replaced as a whole: another thread may be reading it
    _secrets = tuple({*_secrets, *(secret for secret in secrets if len(secret) >= 4)})


def conceal_token(token: str) -> None:
    """Keep a token that soon expires out of the log, until many newer ones have come."""
    global _tokens  # noqa: PLW0603 - as above
    if len(token) >= 4 and token not in _tokens:
        _tokens = (*_tokens, token)[-_MOST_TOKENS:]


def redact(text: str) -> str:
    """`text` without what was concealed and what looks like a credential."""
    text = _PATTERNS.sub(lambda match: (match[1] or "") + _MARK, text)
    for secret in sorted((*_secrets, *_tokens), key=len, reverse=True):  # one may begin with another
        text = text.replace(secret, _MARK)
    return text


class Entry(NamedTuple):
    """A log record on its way, and the call it belongs to; made text by the thread that writes it, not by the call."""

    record: logging.LogRecord
    call: str

    def lines(self) -> tuple[str, str]:
        """The entry as stderr has it, and as the file has it."""
        record, call = self
        try:
            said = _single(_FORMAT.format(record))
        except Exception:  # noqa: BLE001 - a bad log call must not cost the thread
            said = _single(f"a log line of {record.name} could not be written: {record.msg!s}")
        text = f"[{record.levelname}] {record.name}: {call}{said}"
        moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(record.created))
        return f"{moment[11:]} {text}", f"{moment} {text} ({record.filename}:{record.lineno})"


_FORMAT = logging.Formatter("%(message)s")
_IMMUTABLE = (str, int, float, type(None))


class Lane(threading.Thread):
    """A bounded queue of lines and the one thread that writes them; when it is full, old lines go first."""

    form = 0  # which of an entry's lines it takes

    def __init__(self, name: str, size: int = 2000) -> None:
        super().__init__(name=name, daemon=True)
        self._lines: deque[str | Entry] = deque(maxlen=size)
        self._kept: deque[tuple[str, Callable[[], None]]] = deque()
        self._wake = threading.Condition()
        self._idle = self._closing = False

    def put(self, line: str | Entry) -> None:
        """Queue a line; never waits."""
        with self._wake:
            self._lines.append(line)
            if self._idle:
                self._idle = False
                self._wake.notify()

    def keep(self, text: str, written: Callable[[], None]) -> None:
        """Queue what must not be dropped; `written` is called by the thread once all of it is out, else never."""
        with self._wake:
            self._kept.append((text, written))
            if self._idle:
                self._idle = False
                self._wake.notify()

    def close(self, timeout: float = 0.3) -> None:
        """Write what is queued, for at most `timeout` seconds: nobody may be reading."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self.join(timeout)

    def run(self) -> None:
        while True:
            with self._wake:
                while not (self._lines or self._kept or self._closing):
                    self._idle = True
                    self._wake.wait()
                if not self._closing:
                    self._wake.wait(GATHER)
                lines, kept = list(self._lines), list(self._kept)
                self._lines.clear()
                self._kept.clear()
            if not (lines or kept):
                return
            for text, written in kept:
                if self.write(f"{text}\n"):
                    with suppress(RuntimeError):  # whoever waited has left
                        written()
            texts = (line.lines()[self.form] if isinstance(line, Entry) else line for line in lines)
            self.write("".join(f"{text}\n" for text in texts))

    def write(self, text: str) -> bool:
        """Whether all of it is out."""
        raise NotImplementedError


class StderrLane(Lane):
    """The owner of stderr; where nobody reads it, only this thread waits."""

    def write(self, text: str) -> bool:
        data = text.encode("utf-8", "replace")
        with suppress(OSError):  # the reader is gone: the file has it
            while data:
                data = data[os.write(2, data) :]
        return not data


class DayLane(Lane):
    """A file a day in one folder, the oldest removed."""

    form = 1

    def __init__(self, folder: Path, clock: Clock, complain: Callable[[str], None]) -> None:
        super().__init__("log-file")
        self._folder = folder
        self._clock = clock
        self._complain = complain
        self._day = ""
        self._file: TextIO | None = None
        self.problem: str | None = None

    def write(self, text: str) -> bool:
        try:
            file = self._today()
            file.write(text)
            file.flush()
            self.problem = None
            return True
        except OSError as error:
            self._let_go()
            if not self.problem:
                self.problem = f"no log file ({error}). Make {self._folder} writable or choose another --data-dir"
                self._complain(f"ttai: {self.problem}")
            return False

    def run(self) -> None:
        super().run()
        self._let_go()

    def _let_go(self) -> None:
        if self._file:
            with suppress(OSError):  # the rest of a full disk's line
                self._file.close()
            self._file = None

    def _today(self) -> TextIO:
        now = self._clock.now().astimezone()
        day = f"{now:%Y%m%d}"
        if self._file and day == self._day:
            return self._file
        self._let_go()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = (self._folder / f"ttai-{day}.log").open("a", encoding="utf-8", errors="backslashreplace")
        self._day = day
        newest_to_go = f"ttai-{now - timedelta(days=KEEP_DAYS):%Y%m%d}.log"
        for path in self._folder.glob("ttai-" + "[0-9]" * 8 + ".log"):
            if path.name <= newest_to_go:
                with suppress(OSError):
                    path.unlink()
        return self._file


class _Handler(logging.Handler):
    """Sends records to both lanes; each is made a redacted single line there."""

    def __init__(self, stderr: Lane, file: Lane | None) -> None:
        super().__init__()
        self._lanes = [stderr, file] if file else [stderr]

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or not all(isinstance(value, _IMMUTABLE) for value in (record.msg, *_values(record))):
            self._fix(record)
        call = request_id.get()
        entry = Entry(record, "" if call == "-" else f"{call} ")
        for lane in self._lanes:
            lane.put(entry)

    def _fix(self, record: logging.LogRecord) -> None:
        """Make text now of what may be another thing later, or would keep a call's frames alive."""
        with suppress(Exception):  # a bad log call must not cost the caller: the lane says that it is one
            record.msg, record.args = record.getMessage(), None
            _FORMAT.format(record)  # keeps the traceback's text in the record
            record.exc_info = None


def _values(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else (record.args,)


def _single(text: str) -> str:
    return redact(text).replace("\r", "").replace("\n", " | ")


class _Stderr(io.TextIOBase):
    """What stands in for sys.stderr while serving: prints and warnings take the same way."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._rest = ""

    def write(self, text: str) -> int:
        *lines, self._rest = (self._rest + text).replace("\r", "\n").split("\n")
        for line in lines:
            if line:
                self._lane.put(redact(line))
        return len(text)

    def writable(self) -> bool:
        return True


class Logs:
    """All logging of this process: one lane to stderr, one to the day's file."""

    def __init__(self, level: str, folder: Path | None, clock: Clock) -> None:
        self.stderr = StderrLane("log-stderr")
        self.file = DayLane(folder, clock, self.stderr.put) if folder else None
        for lane in self._lanes():
            lane.start()
        root = logging.getLogger()
        root.handlers[:] = [_Handler(self.stderr, self.file)]
        root.setLevel(level)
        for name in ("fastmcp", "uvicorn", "uvicorn.access", "uvicorn.error"):
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
        quiet_libraries()
        sys.stderr = _Stderr(self.stderr)
        atexit.register(self.close)  # the last words of a command, said by sys.exit

    @property
    def problem(self) -> str | None:
        """Why there is no log file, where there is none."""
        return self.file.problem if self.file else None

    def close(self) -> None:
        """Write out what is queued, for as long as an end of the process may wait."""
        for lane in self._lanes():
            lane.close()

    def _lanes(self) -> list[Lane]:
        return [lane for lane in (self.file, self.stderr) if lane]


def quiet_libraries() -> None:
    """Lower the libraries that tell too much; called again once a late one has set its own level."""
    web = ("httpx2", "httpcore2", "httpx", "httpcore", "uvicorn.access", "sse_starlette")
    data = ("aiosqlite", "sqlalchemy")  # a line or more a query
    for name in (*web, *data, "asyncio", "tastytrade", "mcp", "fastmcp", "apscheduler", "filelock", "keyring"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # FastMCP says of every failed call that it failed; our line about it says more.
    logging.getLogger("fastmcp.server.server").setLevel(logging.CRITICAL)
