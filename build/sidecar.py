"""Try the frozen server as a desktop app would, and say how large and how quick it is.

`python build/sidecar.py [FOLDER]`, with a Python that has ttai itself: it is what the frozen one is compared with.
"""

import json
import os
import platform
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from textwrap import dedent
from time import monotonic
from typing import Any
from urllib.request import urlopen

STARTS = 3
ANSWER = 30.0  # s an answer may take on a busy machine
SOURCE = [sys.executable, "-P", "-m", "ttai"]  # -P: the ttai that is installed, not the folder we stand in

# Imports what no part of ttai does: a frozen program has only what was put into it.
PLUGIN = """
    import importlib, mailbox, unittest.mock, wsgiref.simple_server

    def register(host):
        @host.tool
        async def absent(names: list[str]) -> list[str]:
            "Those of these modules that can't be imported."
            return [name for name in names if not importable(name)]

    def importable(name):
        try:
            importlib.import_module(name)
        except ImportError:
            return False
        return True
"""
WANTED = [
    "concurrent.futures.process", "csv", "decimal", "email.mime.text", "html.parser", "imaplib", "logging.handlers",
    "multiprocessing.pool", "sched", "smtplib", "sqlite3", "statistics", "wave", "xml.etree.ElementTree",
    "xmlrpc.client", "zoneinfo", "numpy.polynomial", "numpy.random", "pandas.tseries.holiday", "pydantic.networks",
]  # fmt: skip


class Failed(Exception):
    """The frozen server does not do what it must; the text says what."""


def triple(system: str = sys.platform, machine: str | None = None, libc: str | None = None) -> str:
    """This machine as Tauri writes it (and rustc): it chooses the binary by the end of its name."""
    machine = (machine or platform.machine()).lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64", "i386": "i686", "x86": "i686"}.get(machine, machine)
    if system == "darwin":
        return f"{machine}-apple-darwin"
    if system == "win32":
        return f"{machine}-pc-windows-msvc"
    glibc = (platform.libc_ver()[0] if libc is None else libc) == "glibc"
    return f"{machine}-unknown-linux-{'gnu' if glibc else 'musl'}"


NAME = f"ttai-server-{triple()}"


class Server:
    """A server on stdin and stdout, spoken to line by line; its stderr is kept for the report of a failure."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._id = 0
        self.err: list[str] = []
        if not (process.stdin and process.stdout and process.stderr):
            raise ValueError("a server is spoken to over pipes")
        self._stdin, self._stdout, self._stderr = process.stdin, process.stdout, process.stderr
        for read in (self._hear, self._overhear):
            threading.Thread(target=read, daemon=True).start()

    def _hear(self) -> None:
        for line in self._stdout:
            self._lines.put(line)
        self._lines.put(b"")

    def _overhear(self) -> None:
        self.err.extend(line.decode(errors="replace").rstrip() for line in self._stderr)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of one request."""
        self._id += 1
        self._write({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params})
        end = monotonic() + ANSWER
        while True:
            try:
                line = self._lines.get(timeout=max(end - monotonic(), 0))
            except queue.Empty:
                raise Failed(f"{method}: no answer in {ANSWER:.0f} s. It said: {self.said}") from None
            if not line:
                raise Failed(f"{method}: the server ended. It said: {self.said}")
            try:
                message = json.loads(line)
            except ValueError:
                raise Failed(f"stdout carried what is no protocol: {line[:200]!r}") from None
            if message.get("id") == self._id:
                break
        if "result" not in message:
            raise Failed(f"{method} was refused: {message}")
        return dict(message["result"])

    def greet(self) -> dict[str, Any]:
        """The handshake; what the server says of itself."""
        who = {"name": "sidecar-check", "version": "0"}
        said = self.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=who)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return said

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The structured answer of a tool."""
        result = self.ask("tools/call", name=tool, arguments=arguments)
        if result.get("isError"):
            raise Failed(f"{tool} failed: {result['content'][0]['text']}. The log: {self.said}")
        return dict(result["structuredContent"])

    def _write(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # it has ended: the answer that does not come will tell
            self._stdin.write(json.dumps(message).encode() + b"\n")
            self._stdin.flush()

    @property
    def said(self) -> str:
        """The last of its stderr."""
        self._process.poll()
        return " / ".join(self.err[-12:]) or "nothing"

    def leave(self) -> int:
        """Close stdin, as an app that quits does; the exit code."""
        self._stdin.close()
        try:
            return self._process.wait(5)
        except subprocess.TimeoutExpired:
            raise Failed("it did not end within 5 s after its stdin was closed") from None


def surroundings(home: Path) -> dict[str, str]:
    """Our environment without the user's settings and login: data and plugins are below `home`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TTAI_", "TASTYTRADE_", "MCP_"))}
    plugins = home / "plugins"
    return {**kept, "TTAI_DATA_DIR": str(home / "data"), "TTAI_PLUGIN_PATH": str(plugins) if plugins.is_dir() else ""}


@contextmanager
def started(command: list[str], home: Path) -> Iterator[Server]:
    """A server of ours, ended when done with."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=home,
        env=surroundings(home),
    )
    try:
        yield Server(process)
    finally:
        process.kill()
        process.wait()


def lay_plugin(folder: Path, name: str, source: str) -> None:
    """A third party's plugin, as pip lays it out."""
    info = folder / f"ttai_{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"ttai_{name}.py").write_text(dedent(source), "utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: ttai-{name}\nVersion: 1.0\n", "utf-8")
    (info / "entry_points.txt").write_text(f"[ttai.plugins]\n{name} = ttai_{name}:register\n", "utf-8")


def expect(true: object, otherwise: str) -> None:
    """Fail with a sentence."""
    if not true:
        raise Failed(otherwise)


def tools_of_source(home: Path) -> set[str]:
    """The names of the tools that ttai has when it is not frozen."""
    listed = subprocess.run(
        [*SOURCE, "tools", "--json"],
        cwd=home, env=surroundings(home), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    expect(listed.returncode == 0, f"`ttai tools` of {sys.executable} failed: {listed.stderr.strip()[-600:]}")
    return {tool["name"] for tool in json.loads(listed.stdout)}


def try_demo(binary: str, home: Path) -> None:
    """The simulated market, and a plugin that somebody else wrote."""
    source = tools_of_source(home)
    with started([binary, "--demo"], home) as server:
        server.greet()
        frozen = {tool["name"] for tool in server.ask("tools/list")["tools"]}
        expect(frozen == source, f"frozen and source differ in the tools {sorted(frozen ^ source)}: {server.said}")
        server.call("ping")
        quote = server.call("get_quote", symbol="SPY")
        expect(quote["source"] == "simulator" and quote["last"], f"get_quote said {quote}")
        bars = server.call("get_indicators", symbol="SPY", indicators=["rsi:14"])
        expect(bars["indicators"]["rows"][0][2], f"get_indicators said {bars}")
        chart = server.ask("tools/call", name="render_chart", arguments={"symbol": "SPY"})
        kinds = [block["type"] for block in chart["content"]]
        expect(kinds == ["text", "image"], f"render_chart said {chart}")
        absent = server.call("probe_absent", names=WANTED)["result"]
        expect(not absent, f"a plugin can't import {absent}; name them in build/ttai.spec")
        code = server.leave()
        expect(code == 0, f"at the end of stdin it left with {code}: {server.said}")


def try_account(binary: str, home: Path) -> None:
    """A real account's server, as far as it goes without login: calendars, and how to log in."""
    with started([binary], home) as server:
        server.greet()
        session = server.call("get_market_session")
        known = ("pre", "open", "after", "closed")
        expect(session["session"] in known, f"get_market_session said {session}")
        refused = server.ask("tools/call", name="get_quote", arguments={"symbol": "SPY"})
        said = refused["content"][0]["text"]
        expect(said.startswith("AUTHENTICATION"), f"get_quote without a login said {said}")


def try_http(binary: str, home: Path) -> None:
    """The same binary over HTTP."""
    with started([binary, "--demo", "--http", "--port", "0"], home) as server:
        end = monotonic() + ANSWER
        while not (found := re.search(r"at (http://\S+?)/mcp", "\n".join(server.err))):
            expect(monotonic() < end, f"over HTTP it said no address in {ANSWER:.0f} s: {server.said}")
        with urlopen(f"{found[1]}/health", timeout=ANSWER) as answer:  # noqa: S310 - an address of this machine
            expect(json.load(answer)["status"] == "ok", "/health is not ok")


def quickest(command: list[str], home: Path) -> float:
    """Seconds from start to the answer to `initialize`, the best of a few."""
    spent = []
    for _ in range(STARTS):
        begin = monotonic()
        with started([*command, "--demo"], home) as server:
            server.greet()
            spent.append(monotonic() - begin)
            server.leave()
    return min(spent)


def check(folder: Path) -> None:
    """All trials, then the figures; Failed where one does not hold."""
    binary = folder / (f"{NAME}.exe" if sys.platform == "win32" else NAME)
    expect(binary.is_file(), f"there is no {binary}; `make sidecar` builds it")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        home = Path(temporary)
        lay_plugin(home / "plugins", "probe", PLUGIN)
        for trial in (try_demo, try_account, try_http):
            trial(str(binary), home)
            print(f"{trial.__name__.removeprefix('try_'):<8} ok")
        plain = home / "plain"
        plain.mkdir()
        frozen, source = quickest([str(binary)], plain), quickest([*SOURCE, "serve"], plain)
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    print(f"size     {size / 2**20:.0f} MiB in {len(files)} files")
    print(f"start    {frozen:.2f} s to the answer to initialize, best of {STARTS}; from source {source:.2f} s")


def main() -> int:
    """0 where the frozen server does what it must."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else f"dist/sidecar/{NAME}").resolve()
    try:
        check(folder)
    except Failed as failure:
        print(f"the sidecar is not fit: {failure}", file=sys.stderr)
        return 1
    print(f"the sidecar is fit: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
