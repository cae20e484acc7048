"""The HTTP server that runs on a data dir, as `server.json` tells: so that a command of the terminal can use it."""

import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ttai.files import replace

if TYPE_CHECKING:
    from ttai.settings import CoreSettings

FILE = "server.json"
ANSWER = 2.0  # s the server may take to say that it is there
INSTANCE = secrets.token_hex(16)  # this process: said in the file and at /health, so that one proves the other


@dataclass(frozen=True)
class Server:
    """Where it listens, and the token it asks for."""

    url: str
    token: str | None


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """Tell where this process listens while inside; a data dir that can't be written is no reason not to serve."""
    path = home / FILE
    with suppress(OSError):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = next(_living(path), None)  # which goes on, and stands there again when this one has ended
        said = {"pid": os.getpid(), "url": url, "instance": INSTANCE, "before": before}
        replace(path, json.dumps(said).encode())
    try:
        yield
    finally:
        with suppress(OSError):
            if next(_living(path), {}).get("instance") == INSTANCE:  # not another's that came later
                left = next((one for one in _living(path) if one["instance"] != INSTANCE), None)
                replace(path, json.dumps(left).encode()) if left else path.unlink()


def find_server(settings: "CoreSettings") -> Server | None:
    """The server of this data dir, the newest of them that answers."""
    for said in _living(settings.home / FILE):
        if _answers(said["url"], said["instance"]):
            key = settings.api_key.get_secret_value() if settings.api_key else ""
            with suppress(OSError, UnicodeDecodeError):
                key = key or (settings.home / "http.token").read_text("utf-8").strip()
            return Server(said["url"], key or None)
    return None


def _living(path: Path) -> Iterator[dict[str, Any]]:
    """What the file says of servers whose process is there, the newest first; one may have been left behind."""
    try:
        said = json.loads(path.read_text("utf-8"))
        while said:
            if is_alive(said["pid"]) and isinstance(said["url"], str) and isinstance(said["instance"], str):
                yield said
            said = said.get("before")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return


def is_alive(pid: object) -> bool:
    """Whether that process is there, as far as this can be asked without harm."""
    if not isinstance(pid, int) or pid <= 0:
        return False
    if sys.platform == "win32":  # os.kill would end it
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:  # another user's
        return True
    except (OSError, OverflowError):
        return False
    with suppress(OSError):  # Linux alone tells
        return _state(pid) != "Z"  # it was killed, and who started it has not looked: nothing runs there any more
    return True


def _state(pid: int) -> str:
    """The letter Linux has for what a process is doing; OSError elsewhere."""
    stat = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace")
    return stat.rpartition(")")[2].strip()[:1]  # the program's name, in brackets, may hold anything


def _answers(url: str, instance: str) -> bool:
    """Whether who wrote the file listens there: another ttai or program on its port must not be sent the token."""
    from http.client import HTTPConnection, HTTPException  # which knows no proxy

    at = urlsplit(url)
    connection = HTTPConnection(at.hostname or "", at.port, timeout=ANSWER)
    try:
        connection.request("GET", "/health")
        said = json.loads(connection.getresponse().read(1000))
        return bool(said["status"] == "ok" and said["instance"] == instance)
    except (HTTPException, OSError, ValueError, KeyError, TypeError):
        return False
    finally:
        connection.close()
