"""Tools as served: what they take, what they answer, and what they say when they can't."""

import asyncio
import functools
import math
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import pytest
from fastmcp import Context
from fastmcp.exceptions import ToolError
from fastmcp.tools import FunctionTool, ToolResult
from fastmcp.utilities.types import Image
from mcp import MCPError
from mcp.types import ImageContent, TextContent
from pydantic import BaseModel, Field

from tests.desk import bare
from ttai import Answer, BadArgument, Host, Picture, Price
from ttai.testing import Era, Harness
from ttai.tools import AnswerTool

ERAS: list[Era] = ["auto", "legacy"]


class Leg(BaseModel):
    strike: float = Field(gt=0)
    quantity: int = 1


class Many(Answer):
    lines: list[str]


def trial(host: Host) -> None:  # noqa: C901
    @host.tool
    async def echo(
        symbols: list[str] | None = None,
        legs: list[Leg] | None = None,
        limit: Annotated[float, Field(description="Dollars")] = 1.0,
        word: str = "",
    ) -> dict[str, Any]:
        """Say what arrived."""
        return {"symbols": symbols, "legs": [leg.strike for leg in legs or []], "limit": limit, "word": word}

    @host.tool
    async def need(symbol: str) -> str:
        """Need a symbol."""
        return symbol

    @host.tool
    async def fail(how: str) -> str:
        """Fail."""
        if how == "exit":
            sys.exit("bye")
        if how == "interrupt":
            raise KeyboardInterrupt
        if how == "generator":
            raise GeneratorExit
        if how == "cancel":
            raise asyncio.CancelledError
        if how == "said":
            raise BadArgument("no such expiration", "Ask get_expirations")
        if how == "fastmcp":
            raise ToolError("in the author's words")
        if how == "timeout":
            raise TimeoutError
        if how == "protocol":
            raise MCPError(code=-32000, message="open sesame")
        if how == "model":
            Leg(strike=-1)
        raise KeyError("open sesame")

    @host.tool
    async def flood(size: int) -> Many:
        """Say much."""
        return Many(lines=["x" * 1000] * size)

    @host.tool(timeout=0.05)
    async def slow(how: str = "") -> str:
        """Never end."""
        if how:
            raise MCPError(code=-32000, message=how)
        await asyncio.Event().wait()
        return "never"

    @host.tool
    async def picture() -> ToolResult:
        """Draw."""
        return ToolResult(content=[ImageContent(type="image", data="aGk=", mime_type="image/png")])

    @host.tool
    async def odd() -> dict[str, Any]:
        """Say what JSON can't."""
        return {"nan": math.nan, "infinite": -math.inf, "deep": [math.inf]}


async def refused(h: Harness, tool: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        await h.call(tool, **arguments)
    return str(error.value)


@pytest.mark.parametrize("mode", ERAS)
async def test_lists_and_objects_may_come_as_json_strings(mode: Era) -> None:
    async with bare(trial, mode=mode) as h:
        assert (await h.call("trial_echo", symbols='["SPY", "QQQ"]')).data["symbols"] == ["SPY", "QQQ"]
        assert (await h.call("trial_echo", symbols="SPY")).data["symbols"] == ["SPY"]
        assert (await h.call("trial_echo", legs='[{"strike": 600}]')).data["legs"] == [600]
        assert (await h.call("trial_echo", legs=['{"strike": "600"}'])).data["legs"] == [600]
        assert (await h.call("trial_echo", word='["keep"]')).data["word"] == '["keep"]'
        assert (await h.call("trial_echo", limit="2.5")).data["limit"] == 2.5


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("number", ["NaN", "nan", "Infinity", "-inf", "1e999"])
async def test_what_is_no_number_is_refused(mode: Era, number: str) -> None:
    async with bare(trial, mode=mode) as h:
        assert (await refused(h, "trial_echo", limit=number)).startswith("VALIDATION: limit must be a finite number")
        # as a number it does not survive this client: tests/wire/test_stdio.py sends the bytes
        assert (await refused(h, "trial_echo", limit=float(number))).startswith("VALIDATION: limit")


@pytest.mark.parametrize("mode", ERAS)
async def test_what_cannot_be_used_is_said_in_few_words(mode: Era) -> None:
    async with bare(trial, mode=mode) as h:
        for tool, arguments, words in (
            ("trial_need", {}, "symbol"),
            ("trial_need", {"symbol": 7}, "symbol"),
            ("trial_need", {"symbol": "SPY"} | {f"nothing_{n}": n for n in range(500)}, "nothing_0"),
            ("trial_echo", {"legs": [{"strike": -1}]}, "strike"),
            ("trial_echo", {"limit": "x" * 100_000}, "limit"),
            ("trial_echo", {"symbols": [{"a": 1}] * 5000}, "symbols"),
        ):
            said = await refused(h, tool, **arguments)
            assert said.startswith("VALIDATION: ")
            assert words in said
            assert len(said.encode()) < 600
            assert "pydantic" not in said


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize(
    ("how", "said"),
    [
        *(
            (how, "PLUGIN: trial_fail tried to end the server; it was not let. Report it to its author.")
            for how in ("exit", "interrupt", "generator")
        ),
        ("cancel", "PLUGIN: trial_fail cancelled itself. Report it to its author."),
        ("said", "VALIDATION: no such expiration. Ask get_expirations."),
        ("fastmcp", "in the author's words"),
    ],
)
async def test_a_failure_with_words_is_read_as_it_is(mode: Era, how: str, said: str) -> None:
    async with bare(trial, mode=mode) as h:
        assert await refused(h, "trial_fail", how=how) == said
        assert (await h.call("ping")).data["reply"] == "pong"


@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("how", ["key", "timeout", "model"])
async def test_a_failure_nobody_foresaw_is_a_reference_to_the_log(
    mode: Era, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with bare(trial, mode=mode) as h:
        said = await refused(h, "trial_fail", how=how)
    assert said.startswith("INTERNAL: something unexpected went wrong in trial_")
    assert "sesame" not in said
    assert "strike" not in said
    reference = said.partition("(reference ")[2][:6]
    (record,) = [record for record in caplog.records if reference in record.getMessage()]
    assert record.exc_info
    assert isinstance(record.exc_info[1], Exception)
    assert "trial_fail failed" in record.getMessage()


async def test_an_answer_over_the_cap_is_refused_with_what_to_do() -> None:
    async with bare(trial) as h:
        assert len((await h.call("trial_flood", size=20)).data["lines"]) == 20
        said = await refused(h, "trial_flood", size=100)
        assert said.startswith("ANALYSIS: the answer would be 19")
        assert "Ask for fewer rows or columns" in said


async def test_a_tool_has_the_time_its_author_gave_it() -> None:
    async with bare(trial) as h:
        assert (await refused(h, "trial_slow")).startswith("TIMEOUT: no answer within ")
        said = await refused(h, "trial_slow", how="open sesame")
        assert said.startswith("INTERNAL: ")
        assert "sesame" not in said


@pytest.mark.parametrize("mode", ERAS)
async def test_an_error_of_the_protocol_is_masked_too(mode: Era) -> None:
    async with bare(trial, mode=mode) as h:
        assert "sesame" not in await refused(h, "trial_fail", how="protocol")


async def test_an_answer_made_by_hand_is_left_as_it_is() -> None:
    async with bare(trial) as h:
        (block,) = (await h.client.call_tool("trial_picture")).content
        assert isinstance(block, ImageContent)
        assert block.data == "aGk="


async def test_what_json_cannot_say_is_null() -> None:
    async with bare(trial) as h:
        assert (await h.call("trial_odd")).data == {"nan": None, "infinite": None, "deep": [None]}


@pytest.mark.parametrize("mode", ERAS)
async def test_a_picture_arrives_as_one(mode: Era) -> None:
    def register(host: Host) -> None:
        @host.tool
        async def draw(how: str) -> Any:
            """Draw."""
            picture = Image(data=b"png", format="png")
            return {"alone": picture, "block": picture.to_image_content(), "with words": ["a line", picture]}[how]

    async with bare(register, mode=mode) as h:
        for how in ("alone", "block", "with words"):
            content = (await h.client.call_tool("trial_draw", {"how": how})).content
            picture = content[-1]
            assert isinstance(picture, ImageContent), how
            assert (picture.mime_type, picture.data) == ("image/png", "cG5n")


class Chart(Picture):
    symbol: str
    last: Price


class Page(BaseModel):
    points: list[float]


@pytest.mark.parametrize("mode", ERAS)
async def test_an_answer_to_look_at_is_words_image_structure_and_a_page(mode: Era) -> None:
    def register(host: Host) -> None:
        @host.tool
        async def draw(paged: bool, points: int = 0) -> Chart:
            """Draw."""
            page = Page(points=[1] + [1.0625] * points + [math.nan]) if paged else None
            return Chart(png=b"png", said=["SPY at 10", "up"], page=page, symbol="SPY", last=10.00001, notes=["old"])

    async with bare(register, mode=mode) as h:
        result = await h.client.call_tool("trial_draw", {"paged": True})
        words, image = result.content
        assert isinstance(words, TextContent)
        assert words.text == "SPY at 10\nup\nnote: old"
        assert isinstance(image, ImageContent)
        assert (image.mime_type, image.data) == ("image/png", "cG5n")
        facts = result.structured_content or {}
        assert (facts["symbol"], facts["last"], facts["notes"]) == ("SPY", 10, ["old"])
        assert not {"png", "said", "page"} & facts.keys()
        assert (result.meta or {})["ttai/page"] == {"points": [1, None]}
        vast = await h.client.call_tool("trial_draw", {"paged": True, "points": 50_000})
        assert "ttai/page" not in (vast.meta or {})  # what no client would take
        pageless = await h.client.call_tool("trial_draw", {"paged": False})
        assert "ttai/page" not in (pageless.meta or {})


class Desk:
    async def trade(self, leg: Leg, ctx: Context, note: Annotated[str, "What for"] = "") -> Many:
        """Trade a leg."""
        return Many(lines=[f"{ctx.fastmcp.name}: {note}"] * leg.quantity)

    async def named(self, leg: "Leg", limit: "Annotated[float, Field(gt=0)]" = 1.0) -> "Many | None":
        """Trade a leg whose type is a name."""

    async def silent(self, leg: Leg):  # type: ignore[no-untyped-def]
        """Say nothing of what it returns."""

    async def strange(self, leg: Leg) -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
        """Return what only a type checker knows."""


@pytest.mark.parametrize("name", ["trade", "named", "silent"])
def test_a_tool_without_an_output_schema_is_else_what_fastmcp_makes_of_it(name: str) -> None:
    fn = getattr(Desk(), name)
    ours, theirs = AnswerTool.of(fn), FunctionTool.from_function(fn)
    told = {"output_schema", "fn"}
    assert ours.model_dump(exclude=told) == theirs.model_dump(exclude=told)
    returned = None if name == "silent" else theirs.return_type
    assert (ours.return_type, ours.output_schema) == (returned, None)


def test_a_tool_may_return_what_only_a_type_checker_knows() -> None:
    tool = AnswerTool.of(Desk().strange)
    assert tool.return_type is None
    assert list(tool.parameters["properties"]) == ["leg"]


async def test_the_context_comes_to_methods_too() -> None:
    def register(host: Host) -> None:
        host.tool(Desk().trade)

    async with bare(register) as h:
        answer = await h.call("trial_trade", leg={"strike": 600, "quantity": 2}, note="a hedge")
        assert answer.data["lines"] == ["ttai: a hedge"] * 2


async def test_a_decorated_function_and_a_method_keep_their_arguments_and_their_answer() -> None:
    def twice(fn: Callable[[int], Awaitable[int]]) -> Callable[[int], Awaitable[int]]:
        @functools.wraps(fn)
        async def doubled(*args: Any, **kwargs: Any) -> int:
            return 2 * await fn(*args, **kwargs)

        return doubled

    @twice
    async def decorated(number: int) -> int:
        return number

    class Scale:
        async def half(self, number: int) -> float:
            return number / 2

    def register(host: Host) -> None:
        host.tool(decorated)
        host.tool(Scale().half)

    async with bare(register) as h:
        assert (await h.call("trial_decorated", number=4)).data == {"result": 8}
        assert (await h.call("trial_half", number=4)).data == {"result": 2}
        kinds = {tool.name: getattr(tool, "return_type", None) for tool in await h.app.mcp.list_tools()}
        assert (kinds["trial_decorated"], kinds["trial_half"]) == (int, float)
        assert all(tool.output_schema is None for tool in await h.client.list_tools())
