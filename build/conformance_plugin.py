"""What the official conformance suite asks of a server under test, as a third party's plugin called `test`.

With it the suite tries what ttai itself does not serve yet and plugins may: images, progress, questions to the
user. The names and the words are the suite's.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastmcp import Context
from fastmcp.prompts import Message
from fastmcp.resources import ResourceContent, ResourceResult
from fastmcp.tools import ToolResult
from mcp import MCPError, types
from pydantic import Field

from ttai import Host

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
WAV = b64encode(b"RIFF$\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0@\x1f\0\0@\x1f\0\0\1\0\x08\0data\0\0\0\0").decode()
CAPITAL = "What is the capital of France?"


def image() -> types.ImageContent:
    """The smallest picture."""
    return types.ImageContent(type="image", data=PNG, mime_type="image/png")


def embedded(uri: str, text: str, kind: str = "text/plain") -> types.EmbeddedResource:
    """A text with an address."""
    return types.EmbeddedResource(
        type="resource", resource=types.TextResourceContents(uri=uri, mime_type=kind, text=text)
    )


def form(message: str, **fields: str) -> types.ElicitRequest:
    """A question to the user; `fields` are names and their JSON types."""
    schema = {"type": "object", "properties": {k: {"type": v} for k, v in fields.items()}, "required": [*fields]}
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return types.ElicitRequest(params=params)


def sampling(text: str) -> types.CreateMessageRequest:
    """A question to the client's model."""
    said = types.SamplingMessage(role="user", content=types.TextContent(type="text", text=text))
    return types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[said], max_tokens=100))


def wanted(state: str | None = None, **requests: Any) -> types.InputRequiredResult:
    """An answer that asks first."""
    return types.InputRequiredResult(input_requests=requests, request_state=state)


def register(host: Host) -> None:
    """All of it."""
    _contents(host)
    _words(host)
    _resources(host)
    _prompts(host)
    _questions(host)
    _rounds(host)


def _contents(host: Host) -> None:
    @host.tool
    async def simple_text() -> str:
        """A text."""
        return "This is a simple text response for testing."

    @host.tool
    async def image_content() -> ToolResult:
        """A picture."""
        return ToolResult(content=[image()])

    @host.tool
    async def audio_content() -> ToolResult:
        """A sound."""
        return ToolResult(content=[types.AudioContent(type="audio", data=WAV, mime_type="audio/wav")])

    @host.tool
    async def embedded_resource() -> ToolResult:
        """A text with an address."""
        return ToolResult(content=[embedded("test://embedded-resource", "This is an embedded resource content.")])

    @host.tool
    async def multiple_content_types() -> ToolResult:
        """A text, a picture and a resource."""
        text = types.TextContent(type="text", text="Multiple content types test:")
        resource = embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
        return ToolResult(content=[text, image(), resource])


def _words(host: Host) -> None:
    @host.tool
    async def error_handling() -> str:
        """Fail."""
        raise RuntimeError("This tool intentionally returns an error for testing")

    @host.tool
    async def tool_with_progress(ctx: Context) -> str:
        """Report progress."""
        for done in (0, 50, 100):
            await ctx.report_progress(done, 100)
            await asyncio.sleep(0.05)
        return "done"

    @host.tool
    async def tool_with_logging(ctx: Context) -> str:
        """Say something in between."""
        for said in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await ctx.info(said)
            await asyncio.sleep(0.05)
        return "done"

    @host.tool
    async def logging_tool(ctx: Context) -> str:
        """Say something that this client did not ask for."""
        await ctx.info("Nobody asked")
        return "done"

    @host.tool
    async def missing_capability(ctx: Context) -> str:
        """Refuse a client that has no model to ask."""
        can = ctx.session.client_capabilities
        if can is None or can.sampling is None:
            needed: dict[str, Any] = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(types.MISSING_REQUIRED_CLIENT_CAPABILITY, "this tool needs sampling", needed)
        return "done"

    @host.tool
    async def headers(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
        """Take an argument that clients repeat in a header."""
        return region


def _resources(host: Host) -> None:
    @host.resource("test://static-text", mime_type="text/plain")
    async def static_text() -> str:
        """A text."""
        return "This is the content of the static text resource."

    async def quiet() -> AsyncIterator[None]:
        """Nothing ever changes."""
        await asyncio.Event().wait()
        yield

    @host.resource("test://watched-resource", changes=quiet, mime_type="text/plain")
    async def watched() -> str:
        """A text that can be subscribed to."""
        return "Watched."

    @host.resource("test://static-binary", mime_type="image/png")
    async def static_binary() -> ResourceResult:
        """A picture."""
        return ResourceResult([ResourceContent(b64decode(PNG), "image/png")])

    @host.resource("test://template/{id}/data", mime_type="application/json")
    async def template(id: str) -> str:  # noqa: A002 - the suite's word
        """What belongs to an id."""
        return f'{{"id":"{id}","templateTest":true,"data":"Data for ID: {id}"}}'


def _prompts(host: Host) -> None:
    @host.prompt
    async def simple_prompt() -> str:
        """A text."""
        return "This is a simple prompt for testing."

    @host.prompt
    async def prompt_with_arguments(arg1: str, arg2: str) -> str:
        """A text with two words put in."""
        return f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'"

    @host.prompt
    async def prompt_with_embedded_resource(resourceUri: str) -> list[Message]:  # noqa: N803 - the suite's word
        """A resource and what to do with it."""
        resource = embedded(resourceUri, "Embedded resource content for testing.")
        return [Message(resource), Message("Please process the embedded resource above.")]

    @host.prompt
    async def prompt_with_image() -> list[Message]:
        """A picture and what to do with it."""
        return [Message(image()), Message("Please analyze the image above.")]

    @host.prompt
    async def input_required_result_prompt(ctx: Context) -> Any:
        """A text once its context is known."""
        if answer := (ctx.input_responses or {}).get("user_context"):
            return f"With the context {answer}"
        return wanted(user_context=form("What context should the prompt use?", context="string"))


def _questions(host: Host) -> None:
    """Questions while a call runs: the way of the handshake era."""

    @host.tool(name="sampling")
    async def ask_model(ctx: Context, prompt: str) -> str:
        """Ask the client's model."""
        asked = sampling(prompt).params.messages
        answer = await ctx.session.create_message(asked, max_tokens=100, related_request_id=ctx.request_id)
        return f"LLM response: {answer.content}"

    async def ask(ctx: Context, message: str, properties: dict[str, Any], required: list[str]) -> str:
        schema = {"type": "object", "properties": properties, "required": required}
        answer = await ctx.session.elicit_form(message, schema, ctx.request_id)
        return f"User response: action={answer.action}, content={answer.content}"

    @host.tool
    async def elicitation(ctx: Context, message: str) -> str:
        """Ask the user."""
        return await ask(ctx, message, {"username": {"type": "string"}, "email": {"type": "string"}}, ["username"])

    @host.tool
    async def elicitation_sep1034_defaults(ctx: Context) -> str:
        """Ask the user, with what is most likely filled in."""
        fields: dict[str, Any] = {
            "name": {"type": "string", "default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": {"type": "boolean", "default": True},
        }
        return await ask(ctx, "Please check", fields, [])

    @host.tool
    async def elicitation_sep1330_enums(ctx: Context) -> str:
        """Let the user choose."""
        plain = ["option1", "option2", "option3"]
        titled = [{"const": f"value{n}", "title": f"Option {n}"} for n in (1, 2, 3)]
        legacy = {"enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]}
        fields: dict[str, Any] = {
            "untitledSingle": {"type": "string", "enum": plain},
            "titledSingle": {"type": "string", "oneOf": titled},
            "legacyEnum": {"type": "string", **legacy},
            "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        }
        return await ask(ctx, "Please choose", fields, [])


def _rounds(host: Host) -> None:
    """Questions as answers, the call repeated with what was asked for: the way of the modern era."""
    name, fine = form("What is your name?", name="string"), form("Please confirm", ok="boolean")
    for tool in (
        _asking("elicitation", "user_name", name),
        _asking("sampling", "capital_question", sampling(CAPITAL)),
        _asking("list_roots", "client_roots", types.ListRootsRequest()),
        _asking("request_state", "confirm", fine, "state"),
        _asking("tampered_state", "confirm", fine, "state"),
    ):
        host.tool(tool)

    @host.tool
    async def input_required_result_multiple_inputs(ctx: Context) -> Any:
        """Ask three things at once."""
        greeting, roots = sampling("Generate a greeting"), types.ListRootsRequest()
        asked = {"user_name": name, "greeting": greeting, "client_roots": roots}
        missing = asked.keys() - (ctx.input_responses or {}).keys()
        return wanted("all", **asked) if missing else "Thank you"

    @host.tool
    async def input_required_result_multi_round(ctx: Context) -> Any:
        """Ask one thing after another."""
        answers = ctx.input_responses or {}
        if "step2" in answers and ctx.request_state == "2":
            return "Thank you"
        if "step1" in answers and ctx.request_state == "1":
            return wanted("2", step2=form("Step 2: What is your favorite color?", color="string"))
        return wanted("1", step1=form("Step 1: What is your name?", name="string"))

    @host.tool
    async def input_required_result_capabilities(ctx: Context) -> Any:
        """Ask only what this client can answer."""
        can = ctx.session.client_capabilities or types.ClientCapabilities()
        asked: dict[str, Any] = {}
        if can.sampling is not None:
            asked["capital_question"] = sampling(CAPITAL)
        if can.elicitation is not None:
            asked["user_name"] = name
        return wanted(**asked)


def _asking(name: str, key: str, request: Any, state: str | None = None) -> Callable[..., Any]:
    """A tool that asks one thing, then answers."""

    async def asking(ctx: Context) -> Any:
        """Ask one thing, then answer."""
        answer = (ctx.input_responses or {}).get(key)
        if answer is None:
            return wanted(state, **{key: request})
        return f"{'state-ok ' if state and ctx.request_state == state else ''}Hello, {answer}!"

    asking.__name__ = f"input_required_result_{name}"
    return asking
