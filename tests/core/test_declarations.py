"""What a plugin declares: services between plugins, jobs, lifespans, tables; all of it or nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from fastmcp.exceptions import ToolError

from tests.desk import bare, until
from ttai import Host
from ttai.plugins import PluginReport
from ttai.testing import Harness


class Chains:
    """A service."""

    def __init__(self, word: str = "chains") -> None:
        self.word = word


class Portfolio:
    """Another one."""


def provider(host: Host) -> None:
    host.provide(Chains, Chains())


def taker(*, optional: bool = False) -> Callable[[Host], None]:
    def register(host: Host) -> None:
        chains = host.require(Chains, optional=optional)

        @host.tool
        async def word() -> str:
            """The service's word."""
            return chains.word if chains else "nobody's"

    return register


def line_of(h: Harness, name: str) -> PluginReport:
    (report,) = [report for report in h.app.plugins.reports if report.name == name]
    return report


@pytest.mark.parametrize("optional", [False, True])
async def test_a_service_reaches_its_taker_in_whatever_order_they_come(optional: bool) -> None:
    for first, second in ((provider, taker(optional=optional)), (taker(optional=optional), provider)):
        async with bare(first, second, failing=True) as h:
            name = "trial_word" if first is not provider else "trial2_word"
            assert (await h.call(name)).data == {"result": "chains"}
            assert {line_of(h, "trial").state, line_of(h, "trial2").state} == {"loaded"}


async def test_an_optional_one_that_nobody_provides_is_none() -> None:
    async with bare(taker(optional=True)) as h:
        assert (await h.call("trial_word")).data == {"result": "nobody's"}


async def test_a_missing_one_costs_the_taker_and_says_what_to_do() -> None:
    async with bare(taker(), failing=True) as h:
        report = line_of(h, "trial")
        assert report.state == "failed"
        assert report.problem == (
            "it needs tests.core.test_declarations.Chains, which no plugin that is loaded provides. "
            "Install or enable the plugin tests."
        )


async def test_a_provider_that_failed_provides_nothing() -> None:
    def broken(host: Host) -> None:
        host.provide(Chains, Chains())
        raise RuntimeError

    async with bare(taker(), broken, failing=True) as h:
        assert line_of(h, "trial").state == "failed"
    async with bare(taker(optional=True), broken, failing=True) as h:
        assert (await h.call("trial_word")).data == {"result": "nobody's"}


async def test_two_that_need_each_other_are_both_refused_unless_one_can_do_without() -> None:
    def one(host: Host) -> None:
        host.require(Chains)
        host.provide(Portfolio, Portfolio())

    def other(optional: bool) -> Callable[[Host], None]:
        def register(host: Host) -> None:
            host.require(Portfolio, optional=optional)
            host.provide(Chains, Chains())

        return register

    async with bare(one, other(optional=False), failing=True) as h:
        assert line_of(h, "trial").state == line_of(h, "trial2").state == "failed"
    async with bare(one, other(optional=True)) as h:
        assert line_of(h, "trial").state == line_of(h, "trial2").state == "loaded"


async def test_a_second_provider_of_a_service_is_refused() -> None:
    async with bare(provider, provider, failing=True) as h:
        assert line_of(h, "trial").state == "loaded"
        assert "service tests.core.test_declarations.Chains is taken by trial" in str(line_of(h, "trial2").problem)


async def test_a_second_try_starts_from_nothing() -> None:
    tries = []

    def register(host: Host) -> None:
        tries.append(host)

        @host.tool
        async def early() -> str:
            """Declared before the service is there."""
            return "early"

        with suppress(Exception):  # nobody's business but ours
            host.require(Chains)

    async with bare(register, provider) as h:
        assert len(tries) == 2
        assert line_of(h, "trial").declared == ["tool trial_early"]
        assert (await h.call("trial_early")).data == {"result": "early"}


async def test_a_taker_fails_with_its_provider_s_start() -> None:
    def fails(host: Host) -> None:
        host.provide(Chains, Chains())

        @host.lifespan
        async def never() -> AsyncIterator[None]:
            raise RuntimeError("no such port")
            yield

    async with bare(fails, taker(), taker(optional=True), failing=True) as h:
        with pytest.raises(ToolError, match=r"PLUGIN: trial2 did not start: .*needs trial, which did not start"):
            await h.call("trial2_word")
        assert (await h.call("trial3_word")).data == {"result": "chains"}
        await until(lambda: line_of(h, "trial2").state == "failed")
        rows = {row["name"]: row for row in (await h.call("get_status")).rows("plugins")}
        assert rows["trial"]["plugin_state"] == rows["trial2"]["plugin_state"] == "failed"
        assert rows["trial3"]["plugin_state"] == "ready"


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda host: host.job("hourly", hours=1), "a schedule is one of interval, cron, session"),
        (lambda host: host.job("interval", minuets=1), "not minuets"),
        (lambda host: host.job("cron", day_of_week="1-5"), "write names: mon-fri"),
        (lambda host: host.job("interval", minutes=5)(lambda: None), "must be `async def`"),
        (lambda host: host.job("interval", minutes=5, needs="money")(_nothing), "needs is one of market, broker"),
        (lambda host: host.lifespan(_nothing), "with one `yield`"),
        (lambda host: [host.tables("x.tables"), host.tables("y.tables")], "tables is declared twice"),
        (lambda host: [host.tool(_nothing), host.tool(_nothing)], "tool trial__nothing is declared twice"),
    ],
)
async def test_a_declaration_that_cannot_be_is_refused_whole(declare: Callable[[Host], Any], said: str) -> None:
    def register(host: Host) -> None:
        host.tool(_nothing, name="first")
        declare(host)

    async with bare(register, failing=True) as h:
        assert said in str(line_of(h, "trial").problem)
        assert "trial_first" not in {tool.name for tool in await h.client.list_tools()}
        assert (await h.call("list_jobs")).data["jobs"]["rows"] == []


async def test_after_register_nothing_more_is_taken() -> None:
    kept: list[Host] = []
    async with bare(kept.append):
        with pytest.raises(RuntimeError, match="must be declared while register"):
            kept[0].provide(Chains, Chains())
        with pytest.raises(RuntimeError, match="must be declared while register"):
            kept[0].tables("x.tables")
        with pytest.raises(RuntimeError, match="must be declared while register"):
            kept[0].job("interval", minutes=5)(_nothing)


async def _nothing() -> None:
    """Nothing."""


async def test_an_optional_taker_starts_after_its_provider() -> None:
    order: list[str] = []

    def slow(host: Host) -> None:
        host.provide(Chains, Chains())

        @host.lifespan
        async def life() -> AsyncIterator[None]:
            await asyncio.sleep(0)
            order.append("provider")
            yield

    def eager(host: Host) -> None:
        host.require(Chains, optional=True)

        @host.lifespan
        async def life() -> AsyncIterator[None]:
            order.append("taker")
            yield

    async with bare(eager, slow):
        await until(lambda: order == ["provider", "taker"])


async def test_a_lifespan_that_dies_is_a_plugin_that_failed() -> None:
    def fragile(host: Host) -> None:
        @host.lifespan
        async def life() -> AsyncIterator[None]:
            async with asyncio.TaskGroup() as group:
                group.create_task(_die())
                yield

        @host.tool
        async def word() -> str:
            """A word."""
            return "word"

    async with bare(fragile, failing=True) as h:
        await until(lambda: line_of(h, "trial").state == "failed")
        assert str(line_of(h, "trial").problem).startswith("it ended: ")
        with pytest.raises(ToolError, match="PLUGIN: trial ended: "):
            await h.call("trial_word")
        assert (await h.call("ping")).data["reply"] == "pong"


async def _die() -> None:
    raise RuntimeError
