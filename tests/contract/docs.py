"""What is written from the code: examples in the READMEs, the snapshots of the public surface.

`python -m tests.contract.docs` (part of `make fix`) writes them anew; the tests hold them to what is.
"""

import asyncio
import inspect
import json
import re
import shlex
from pathlib import Path

from fastmcp.exceptions import ToolError
from pydantic import TypeAdapter

import ttai
from ttai.host import Host
from ttai.testing import Harness, harness

ROOT = Path(__file__).parents[2]
SURFACE = Path(__file__).parent / "public.txt"
SCHEMAS = Path(__file__).parent / "schemas.json"
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("plugins/*/README.md"))]

_EXAMPLE = re.compile(r"(```console\n\$ (?P<command>(?:\S*/)?ttai call [^\n]+)\n)(?:.*?\n)??(```)", re.DOTALL)


async def filled(text: str) -> str:
    """`text` with the answer of the demo below every `$ ttai call …`."""
    parts = []
    position = 0
    for example in _EXAMPLE.finditer(text):
        async with harness() as h:
            answer = await _answer(h, example["command"])
        parts += [text[position : example.end(1)], answer, "\n```"]
        position = example.end()
    return "".join(parts) + text[position:]


async def _answer(h: Harness, command: str) -> str:
    _, _, tool, *words = shlex.split(command)
    arguments = dict(word.split("=", 1) for word in words if "=" in word)
    try:
        return (await h.call(tool, **arguments)).text
    except ToolError as error:
        return f"ttai: {error}"


def surface() -> str:
    """The names a plugin may lean on, with the verbs' signatures."""
    verbs = [(name, verb) for name, verb in inspect.getmembers(Host, inspect.isfunction) if name[0] != "_"]
    lines = [f"ttai.{name}" for name in ttai.__all__]
    lines += [f"Host.{name}{inspect.signature(verb)}" for name, verb in verbs]
    return "\n".join(lines) + "\n"


async def schemas() -> str:
    """The arguments and answers of every tool."""
    async with harness() as h:
        listed = {
            tool.name: {
                "arguments": tool.parameters,
                "answer": TypeAdapter(tool.return_type).json_schema(mode="serialization"),
            }
            for tool in await h.app.mcp.list_tools()
        }
    return json.dumps(listed, indent=1, sort_keys=True) + "\n"


async def _all() -> dict[Path, str]:
    pages = {page: await filled(page.read_text("utf-8")) for page in PAGES}
    return {**pages, SURFACE: surface(), SCHEMAS: await schemas()}


def main() -> None:
    """Write all of it."""
    for path, text in asyncio.run(_all()).items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
