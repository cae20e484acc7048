"""The servers seen from outside: memory, descriptors, children, what they wrote, how they end."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.chaos.notes import Notes
from tests.chaos.rules import Rules
from tests.processes import Process

PROC = Path("/proc")
MORE_MEMORY = 1.15  # of what it was after the warm-up: allocators keep what a burst needed
MORE_DESCRIPTORS = 12  # a book asks for thirty histories at once, which fills the pools of database and broker
WITHIN = 3.0  # s, from the wish to the exit


class Vitals(NamedTuple):
    """What a process holds."""

    rss: float  # MB
    descriptors: int


class Health:
    """Watches some processes."""

    def __init__(self, notes: Notes, rules: Rules) -> None:
        self._servers: Mapping[str, Process] = {}
        self._notes = notes
        self._rules = rules
        self._warm: dict[str, Vitals] = {}

    def watch(self, servers: Mapping[str, Process]) -> None:
        """These, by name."""
        self._servers = servers

    def take(self) -> dict[str, Vitals]:
        """What they hold now; nothing where there is no /proc."""
        return {name: _vitals(one.process.pid) for name, one in self._servers.items() if (PROC / "self").exists()}

    def warmed_up(self) -> None:
        """From here on they are not to grow."""
        self._warm = self.take()

    def compare(self) -> None:
        """Note what grew since they were warm."""
        for name, now in self.take().items():
            warm = self._warm[name]
            self._notes.say(
                f"{name}: memory {warm.rss:.0f} -> {now.rss:.0f} MB, descriptors {warm.descriptors} -> "
                f"{now.descriptors}"
            )
            if now.rss > warm.rss * MORE_MEMORY:
                self._notes.find("memory", f"{name} grew from {warm.rss:.0f} to {now.rss:.0f} MB")
            if now.descriptors > warm.descriptors + MORE_DESCRIPTORS:
                self._notes.find("descriptors", f"{name}: from {warm.descriptors} to {now.descriptors}")

    async def end(self) -> None:
        """End them as a service manager does, and note what is not clean."""
        for name, server in self._servers.items():
            children = _children(server.process.pid)
            if (early := server.process.poll()) is not None:
                self._notes.find("end", f"{name} had ended by itself, exit code {early}")
                continue
            code, spent = await asyncio.to_thread(server.end, "SIGTERM")
            self._notes.say(f"{name}: ended with {code} in {spent:.2f} s")
            if code or spent > WITHIN:
                self._notes.find("end", f"{name} ended with {code} after {spent:.1f} s")
            if left := [child for child in children if (PROC / str(child)).exists()]:
                self._notes.find("end", f"{name} left children behind: {left}")

    def read(self, data: Path) -> None:
        """Look through all they wrote: stderr, the logs, the database."""
        for name, server in self._servers.items():
            for line in server.err:
                self._rules.read(f"stderr of {name}", line)
        if self._servers["http"].out:
            self._notes.find("stdout", f"http said {self._servers['http'].out[:3]}")
        for log in sorted((data / "logs").glob("*.log")):
            for line in log.read_text("utf-8").splitlines():
                self._rules.read(log.name, line)
        with closing(sqlite3.connect(data / "ttai.db")) as database:
            if (said := database.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
                self._notes.find("database", f"integrity_check: {said[:3]}")


def _vitals(pid: int) -> Vitals:
    status = (PROC / str(pid) / "status").read_text()
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
    return Vitals(kilobytes / 1024, len(list((PROC / str(pid) / "fd").iterdir())))


def _children(pid: int) -> list[int]:
    """The processes a process has started."""
    found = PROC / str(pid) / "task" / str(pid) / "children"
    return [int(child) for child in found.read_text().split()] if found.exists() else []
