"""How plugins come up and go down, and what a bad one costs."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import until
from ttai import Host
from ttai.clock import deadline
from ttai.declarations import Declarations, Lifespan
from ttai.errors import PluginFailed
from ttai.starts import Start, end_all
from ttai.testing import harness

Register = Callable[[Host], None]


class NoTables:
    """A database nobody needs."""

    def __init__(self) -> None:
        self.problems: dict[str, str] = {}

    async def ready(self, owner: str | None = None) -> None: ...


def start(name: str, *lifespans: Lifespan, takes: tuple[Start, ...] = (), patience: float = 5) -> Start:
    declared = Declarations()
    declared.lifespans += lifespans
    declared.takes = {other.plugin: True for other in takes}
    return Start(name, declared, dict.fromkeys(takes, True), patience)


class Life:
    """A lifespan that notes what it does."""

    def __init__(self, notes: list[str], name: str = "") -> None:
        self.notes = notes
        self.name = name

    def __call__(self) -> "Life":
        return self

    async def __aenter__(self) -> None:
        self.notes.append(f"{self.name} in")
        self.task = asyncio.current_task()

    async def __aexit__(self, *_: object) -> None:
        assert asyncio.current_task() is self.task
        self.notes.append(f"{self.name} out")


class Stuck(Life):
    """A lifespan that hangs at its end."""

    async def __aexit__(self, *_: object) -> None:
        await asyncio.Event().wait()


class Hanging(Life):
    """A lifespan that hangs at its start."""

    async def __aenter__(self) -> None:
        self.notes.append(f"{self.name} hangs")
        try:
            await asyncio.Event().wait()
        finally:
            self.notes.append(f"{self.name} gives up")


async def test_it_is_entered_and_left_in_one_task_the_last_first() -> None:
    notes: list[str] = []
    one = start("one", Life(notes, "a"), Life(notes, "b"))
    assert one.phase == "starting"
    await one.begin(NoTables())
    assert one.phase == "ready"
    await one.ready()
    await end_all([one])
    assert notes == ["a in", "b in", "b out", "a out"]


async def test_who_takes_comes_later_and_leaves_sooner() -> None:
    notes: list[str] = []
    provider = start("provider", Life(notes, "p"))
    taker = start("taker", Life(notes, "t"), takes=(provider,))
    await asyncio.gather(taker.begin(NoTables()), provider.begin(NoTables()))
    await end_all([provider, taker])
    assert notes == ["p in", "t in", "t out", "p out"]


async def test_a_start_that_hangs_is_given_up_and_so_is_who_takes_from_it() -> None:
    notes: list[str] = []
    bad = start("bad", Hanging(notes, "b"), patience=0.05)
    taker = start("taker", Life(notes, "t"), takes=(bad,), patience=0.05)
    other = start("other", Life(notes, "o"))
    beginning = [asyncio.create_task(one.begin(NoTables())) for one in (taker, bad, other)]
    await other.ready()
    with deadline(5):
        with pytest.raises(PluginFailed, match=r"^PLUGIN: bad did not start: it took longer than 0 s\."):
            await bad.ready()
        with pytest.raises(
            PluginFailed, match=r"^PLUGIN: taker did not start: it needs bad, which did not start: it took longer"
        ):
            await taker.ready()
    await asyncio.gather(*beginning)
    assert sorted(notes) == ["b gives up", "b hangs", "o in"]
    assert (bad.phase, taker.phase, other.phase) == ("failed", "failed", "ready")
    await end_all([bad, taker, other])


async def test_what_came_up_before_the_failure_is_taken_down() -> None:
    notes: list[str] = []

    class Bad(Life):
        async def __aenter__(self) -> None:
            raise SystemExit(3)

    one = start("one", Life(notes, "a"), Bad(notes, "b"))
    await one.begin(NoTables())
    assert one.problem is not None
    assert "tried to end the server" in one.problem
    assert notes == ["a in", "a out"]
    await end_all([one])


async def test_one_that_ends_while_the_next_is_entered_is_no_start() -> None:
    entered = asyncio.Event()

    @asynccontextmanager
    async def short() -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            group.create_task(die())
            yield

    async def die() -> None:
        await entered.wait()
        raise OSError("the line was cut")

    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        entered.set()
        await until(lambda: one.problem)
        yield

    one = start("one", short, slow)
    await one.begin(NoTables())
    assert one.phase == "failed"
    with pytest.raises(PluginFailed):
        await one.ready()


async def test_a_stuck_one_does_not_keep_the_others_from_leaving() -> None:
    notes: list[str] = []
    starts = [start(f"stuck{n}", Stuck(notes)) for n in range(3)]
    starts += [start("good", Life(notes, "good"))]
    for one in starts:
        await one.begin(NoTables())
    began = monotonic()
    await end_all(starts)
    assert monotonic() - began < 1.2
    assert "good out" in notes


async def test_who_calls_while_it_starts_is_told_in_time() -> None:
    notes: list[str] = []
    bad = start("bad", Hanging(notes, "b"), patience=30)
    beginning = asyncio.create_task(bad.begin(NoTables()))
    with deadline(1.05), pytest.raises(ToolError, match=r"^TIMEOUT: "):
        await bad.ready()
    beginning.cancel()
    await asyncio.wait({beginning})
    assert bad.phase == "failed"
    await end_all([bad])


def plugin(enter: Callable[[], Any] | None = None, leave: Callable[[], Any] | None = None) -> Register:
    """A plugin with a tool, a job and a lifespan that does this."""

    def register(host: Host) -> None:
        @host.lifespan
        async def life() -> AsyncIterator[None]:
            if enter:
                await enter()
            yield
            if leave:
                await leave()

        @host.tool
        async def hello() -> str:
            "Hello."
            return "hello"

        @host.job("interval", minutes=5)
        async def work() -> None: ...

    return register


async def fail() -> None:
    raise OSError("no such file")


async def forever() -> None:
    await asyncio.Event().wait()


async def test_a_start_that_raises_costs_the_plugin_and_says_so_everywhere() -> None:
    async with harness(plugin(fail), plugin(), serving=True) as h:
        with pytest.raises(ToolError, match=r"^PLUGIN: trial did not start: something unexpected .*\(reference "):
            await h.call("trial_hello")
        assert (await h.call("trial2_hello")).data["result"] == "hello"
        status = await h.call("get_status")
        lines = {line["name"]: line for line in status.rows("plugins")}
        assert lines["trial"]["plugin_state"] == "failed"
        assert lines["trial"]["problem"].startswith("it did not start: something unexpected")
        assert lines["trial2"]["plugin_state"] == "ready"
        assert status.data["phases"]["plugins"] == "failed"
        assert any(
            problem.startswith("trial (trial 0): failed: it did not start") for problem in status.data["problems"]
        )
        with pytest.raises(ToolError, match=r"^PLUGIN: job trial_work can't run just now: trial did not start:"):
            await h.call("control_job", name="trial_work", action="run")
        assert (await h.call("control_job", name="trial2_work", action="run")).data["said"] == "trial2_work ran"
        assert "trial_hello" in {tool.name for tool in await h.client.list_tools()}


async def test_a_plugin_is_ready_only_once_it_has_started() -> None:
    go = asyncio.Event()
    async with harness(plugin(go.wait)) as h:
        calling = asyncio.create_task(h.call("trial_hello"))
        assert "pong" in (await h.call("ping")).text
        assert {line["name"]: line["plugin_state"] for line in (await h.call("get_status")).rows("plugins")}[
            "trial"
        ] == ("starting")
        assert not calling.done()
        go.set()
        assert (await calling).data["result"] == "hello"


@pytest.mark.parametrize("leave", [fail, forever])
async def test_a_bad_end_costs_the_others_nothing(leave: Callable[[], Any]) -> None:
    left = []

    async def well() -> None:
        left.append("well")

    async with harness(plugin(None, leave), plugin(None, well)) as h:
        for name in ("trial_hello", "trial2_hello"):
            await h.call(name)
        began = monotonic()
    assert left == ["well"]
    assert monotonic() - began < 2


class Service:
    """What one plugin provides."""


async def test_who_needs_a_provider_that_failed_fails_with_it() -> None:
    def provider(host: Host) -> None:
        host.provide(Service, Service())
        plugin(fail)(host)

    def taker(host: Host) -> None:
        host.require(Service)

        @host.tool
        async def use() -> str:
            "Use it."
            return "used"

    async with harness(taker, provider) as h:
        with pytest.raises(ToolError, match=r"^PLUGIN: trial did not start: it needs trial2, which did not start: "):
            await h.call("trial_use")


async def test_tables_that_cannot_be_used_cost_a_plugin_that_needs_them_to_start() -> None:
    def register(host: Host) -> None:
        host.tables("no_such_module_of_tables")
        plugin()(host)

        @host.lifespan
        async def begin() -> AsyncIterator[None]:
            yield

    async with harness(register, plugin()) as h:
        with pytest.raises(ToolError, match=r"^PLUGIN: trial did not start: the tables of trial can't be used: "):
            await h.call("trial_hello")
        assert (await h.call("trial2_hello")).data["result"] == "hello"


async def test_tables_that_cannot_be_used_leave_the_tools_that_do_without_them() -> None:
    def register(host: Host) -> None:
        host.tables("no_such_module_of_tables")

        @host.tool
        async def hello() -> str:
            "Do without the tables."
            return "hello"

        @host.tool
        async def keep() -> None:
            "Use the tables."
            async with host.database.read():
                pass

    async with harness(register) as h:
        assert (await h.call("trial_hello")).data["result"] == "hello"
        with pytest.raises(ToolError, match=r"^DATABASE: the tables of trial can't be used: "):
            await h.call("trial_keep")
        assert "the tables of trial can't be used" in (await h.call("get_status")).text


async def test_an_end_during_the_start_leaves_what_was_entered(tmp_path: Path) -> None:
    notes: list[str] = []

    def register(host: Host) -> None:
        @host.lifespan
        async def first() -> AsyncIterator[None]:
            notes.append("in")
            yield
            notes.append("out")

        @host.lifespan
        async def second() -> AsyncIterator[None]:
            notes.append("hangs")
            with suppress(GeneratorExit):
                await forever()
            yield

    async with harness(register):
        await until(lambda: "hangs" in notes)
    assert notes == ["in", "hangs", "out"]
