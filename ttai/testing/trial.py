"""The real app, in memory, in three lines."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from fastmcp import Client
from mcp.types import TextContent

from ttai.answers import rows
from ttai.app import App
from ttai.background.channels import Note
from ttai.credentials import Vault
from ttai.host import Host
from ttai.llm import Llm
from ttai.plugins import GROUP, PluginReport
from ttai.settings import Config, CoreSettings
from ttai.simulator import Simulator
from ttai.testing.clock import FrozenClock
from ttai.testing.keyring import MemoryKeyring
from ttai.testing.notes import Recorder

Era = Literal["auto", "legacy"]


@dataclass(frozen=True)
class Reply:
    """A tool's answer: the text a model reads, the structure a program reads."""

    text: str
    data: dict[str, Any] = field(default_factory=dict)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """One table of the answer, every row whole."""
        return rows(self.data, name)


class Harness:
    """An app that runs: call its tools, move its market, look at its plugins."""

    def __init__(
        self, app: App, client: Client[Any], simulator: Simulator, clock: FrozenClock, recorder: Recorder
    ) -> None:
        self.app = app
        self.client = client
        self.simulator = simulator
        self.clock = clock
        self._recorder = recorder

    @property
    def notes(self) -> list[Note]:
        """The notifications that reached the user."""
        return self._recorder.notes

    async def call(self, tool: str, **arguments: Any) -> Reply:
        """Call a tool through the protocol; a failure is raised as fastmcp's ToolError with the text a client reads."""
        result = await self.client.call_tool(tool, arguments)
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        return Reply(text, result.structured_content or {})


@asynccontextmanager
async def harness(
    *registers: Callable[[Host], None],
    name: str = "trial",
    mode: Era = "auto",
    seed: int = 7,
    clock: FrozenClock | None = None,
    config: dict[str, Any] | None = None,
    llm: Llm | None = None,
    serving: bool = False,
    **settings: Any,
) -> AsyncIterator[Harness]:
    """The app in demo mode with these plugins beside the installed ones, and a client connected to it.

    The first of `registers` is the plugin `name`, a second `name`2 and so on; `config` is what config.toml would
    say; `llm` may be a ScriptedLLM; with `serving` the jobs run and notifications are delivered to `h.notes`;
    `settings` are the core's; `mode` "legacy" speaks the protocol of before 2026. Nothing touches the user's
    data dir, keyring or network.
    """
    clock = clock or FrozenClock()
    simulator = Simulator(seed=seed, clock=clock)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ttai-")))
        plain = {name: field.default for name, field in CoreSettings.model_fields.items()}  # not the environment's
        names = [name if number == 1 else f"{name}{number}" for number in range(1, len(registers) + 1)]
        # the trial one counts, not its installed twin
        installed = {point.name for point in entry_points(group=GROUP)} if names else set()
        plain["plugins"] = ",".join(f"-{one}" for one in names if one in installed)
        given = CoreSettings(**{**plain, "demo": True, "data_dir": folder, **settings})
        app = App(
            given, Config(config or {}), clock=clock, simulator=simulator,
            vault=Vault(folder, MemoryKeyring()), llm=llm, channels=[recorder := Recorder()],
        )  # fmt: skip
        app.plugins.add([
            (PluginReport(one, "trial", "0"), partial(_itself, register))
            for one, register in zip(names, registers, strict=True)
        ])  # fmt: skip
        await stack.enter_async_context(app.running(serving=serving))
        client = await stack.enter_async_context(Client(app.mcp, mode=mode))
        yield Harness(app, client, simulator, clock, recorder)


def _itself(register: Callable[[Host], None]) -> Callable[[Host], None]:
    return register
