"""One run of a seed: warm up, rage, rest, rage, recover, end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from tests.chaos.askers import Asker, Liner, Send, Visitor, sender
from tests.chaos.health import Health
from tests.chaos.lout import Lout
from tests.chaos.notes import Notes
from tests.chaos.questions import Question, all_bars, one_of_each
from tests.chaos.rules import Rules
from tests.chaos.stage import SECRETS, Stage, to_open_hours
from tests.chaos.storm import Storm
from tests.chaos.truth import LEADERS, Truth

AROUND = 90.0  # s for start, pauses, recovery and end
QUIET = 8.0  # s for what was asked last to be over
RECOVERY = 60.0  # s after the last fault in which every tool must be right again


class Run:
    """The cast and the acts."""

    def __init__(self, seed: int, minutes: float, home: Path) -> None:
        self._rage = max(30.0, minutes * 60 - AROUND)
        shift = to_open_hours(Random(f"{seed}/hours"))
        self.notes = Notes()
        rules = Rules(self.notes, SECRETS)
        self._truth = Truth(self.notes, Random(f"{seed}/levels"), shift)
        self._stage = Stage(home, seed, shift)
        self._storm = Storm(self._stage, self._truth, self.notes, seed)
        self._dice = Random(f"{seed}/run")
        self._who = (seed, self.notes, rules, self._truth)
        self._health = Health(self.notes, rules)

    async def play(self) -> None:
        """All of it."""
        with self._stage.set_up():
            await self._storm.begin()
            await self._storm.spoil_the_start()
            self._stage.serve()
            self._health.watch(self._stage.servers)
            url, who = self._stage.http.url, self._who
            liner = Liner(self._stage.stdio, "stdio", *who)
            actors = [
                Visitor(url, "/mcp", "auto", "modern 1", *who),
                Visitor(url, "/mcp", "auto", "modern 2", *who),
                Visitor(url, "/mcp", "legacy", "legacy 1", *who),
                Visitor(url, "/sse", "legacy", "sse 1", *who),
                liner,
                Lout(url, "lout", *who),
            ]
            async with _going(*(actor.run() for actor in actors), self._storm.move_prices()):
                await self._acts(actors, liner)
            await self._health.end()
            liner.read()
            self._health.read(self._stage.data)
            self.notes.say(f"prices held against the truth: {self._truth.checked}, unmarked {self._truth.fresh}")

    async def _acts(self, actors: list[Asker], liner: Liner) -> None:
        await self._storm.mend_the_start()
        async with self._ways(liner) as ways:
            for one in all_bars():  # not at once: the simulator tells long histories at the cost of all else it tells
                await asyncio.gather(*(asker.ask(one, send) for asker, send in ways))
            await self._all_right(ways, "at the start")
        await self._rage_for(self._rage / 3)
        await self._rest(actors)
        self._health.warmed_up()
        for actor in actors:
            actor.may_ask.set()
        await self._rage_for(self._rage * 2 / 3)
        async with self._ways(liner) as ways:
            await self._all_right(ways, "after the storm")
        await self._rest(actors)
        self._health.compare()

    async def _rage_for(self, seconds: float) -> None:
        async with _going(self._storm.rage()):
            await asyncio.sleep(seconds)
        await self._storm.settle()

    async def _rest(self, actors: list[Asker]) -> None:
        for actor in actors:
            actor.may_ask.clear()
        await asyncio.sleep(QUIET)

    @asynccontextmanager
    async def _ways(self, liner: Liner) -> AsyncIterator[list[tuple[Asker, Send]]]:
        """A way to ask by each protocol and transport."""
        async with AsyncExitStack() as stack:
            modern = Visitor(self._stage.http.url, "/mcp", "auto", "last modern", *self._who)
            legacy = Visitor(self._stage.http.url, "/sse", "legacy", "last legacy", *self._who)
            clients = [await stack.enter_async_context(visitor.visit()) for visitor in (modern, legacy)]
            yield [(liner, liner.send), (modern, sender(clients[0])), (legacy, sender(clients[1]))]

    async def _all_right(self, ways: list[tuple[Asker, Send]], when: str) -> None:
        """Every tool asked on every way until it is right and fresh."""
        began = monotonic()
        for asker, send in ways:
            for question in one_of_each(self._dice.choice(LEADERS)):
                while wrong := await self._wrong(asker, send, question):
                    if monotonic() - began > RECOVERY:
                        self.notes.find("recovery", f"{asker.name} {question} {when}: {wrong}")
                        break
                    await asyncio.sleep(0.5)
        self.notes.say(f"every tool was right {when} within {monotonic() - began:.1f} s")

    async def _wrong(self, asker: Asker, send: Send, question: Question) -> str:
        reply = await asker.ask(question, send)
        if reply is None or reply.failed:
            return "no answer" if reply is None else reply.text
        missing = reply.structure.get("missing") or {}
        if missing and missing["rows"]:
            return f"missing {missing}"
        if question.tool == "get_status":
            phases = reply.structure["phases"].items()
            return "; ".join(f"{part} {state}" for part, state in phases if part != "jobs" and state != "ready")
        return self._truth.is_right(question.tool, reply.structure)


@asynccontextmanager
async def _going(*works: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """These go on while inside; one that fails fails the run."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        over = [task for task in tasks if task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=20)
        for task in over:
            task.result()
