"""The real app, in memory, in three lines."""

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from fastmcp import Client

from ttai.answers import rows
from ttai.app import App
from ttai.background.channels import Note
from ttai.host import Host
from ttai.llm import Llm
from ttai.login.vault import Vault
from ttai.plugins import PluginReport, installed
from ttai.settings import OURS, Config, CoreSettings
from ttai.simulator import Simulator
from ttai.simulator.world import Sessions
from ttai.testing.clock import FrozenClock
from ttai.testing.keyring import MemoryKeyring
from ttai.testing.notes import Recorder
from ttai.toolbox import Told

Era = Literal["auto", "legacy"]


@dataclass(frozen=True)
class Reply(Told):
    """A tool's answer: `text` as a model reads it, `data` as a program does."""

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
        return Reply.of(await self.client.call_tool(tool, arguments))


@asynccontextmanager
async def harness(
    *registers: Callable[[Host], None],
    name: str = "trial",
    mode: Era = "auto",
    seed: int = 7,
    sessions: Sessions = "always",
    clock: FrozenClock | None = None,
    config: dict[str, Any] | None = None,
    llm: Llm | None = None,
    serving: bool = False,
    failing: bool = False,
    **settings: Any,
) -> AsyncIterator[Harness]:
    """The app in demo mode with these plugins beside ttai's own, and a client connected to it.

    The first of `registers` is the plugin `name`, a second `name`2 and so on; `config` is what config.toml would
    say; `llm` may be a ScriptedLLM; with `serving` the jobs run and notifications are delivered to `h.notes`;
    `sessions` "real" lets the market keep New York's hours; `mode` "legacy" speaks the protocol of before 2026;
    `settings` are the core's. Nothing touches the user's data dir, environment, keyring or network.

    ValueError where one of the plugins is not let in or `config` says what nobody reads, unless it is `failing` that
    is tried.
    """
    if strange := settings.keys() - CoreSettings.model_fields.keys():
        raise TypeError(f"harness() takes no {', '.join(sorted(strange))}")
    clock = clock or FrozenClock()
    simulator = Simulator(seed=seed, clock=clock, sessions=sessions)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="ttai-")))
        plain = {name: field.default for name, field in CoreSettings.model_fields.items()}  # not the environment's
        names = [name if number == 1 else f"{name}{number}" for number in range(1, len(registers) + 1)]
        # Strangers that are installed here are not what is tried, unless it is said; nor an installed twin of what is.
        alone = not settings.keys() & {"plugins", "plugin_path"}
        out = {one for one, ours in _known(tuple(sys.path)).items() if (alone and not ours) or one in names}
        plain["plugins"] = ",".join(f"-{one}" for one in sorted(out))
        given = CoreSettings(**{**plain, "demo": True, "data_dir": folder, **settings})
        app = App(
            given, Config(config or {}, Path("config.toml"), sheltered=True), clock=clock, simulator=simulator,
            vault=Vault(folder, MemoryKeyring()), llm=llm, channels=[recorder := Recorder()],
        )  # fmt: skip
        own = [PluginReport(one, "trial", "0") for one in names]
        app.plugins.add([(report, partial(_itself, one)) for report, one in zip(own, registers, strict=True)])
        wrong = [*(report.line for report in own if report.state == "failed"), *app.config.problems]
        if wrong and not failing:
            raise ValueError("; ".join(wrong))
        await stack.enter_async_context(app.running(serving=serving))
        client = await stack.enter_async_context(Client(app.mcp, mode=mode))
        yield Harness(app, client, simulator, clock, recorder)


@lru_cache(maxsize=8)
def _known(_path: tuple[str, ...]) -> dict[str, bool]:
    """The plugins on the path by name, and whether they are ttai's own; the look costs 20 ms."""
    return {report.name: report.distribution == OURS for report, _ in installed([])}


def _itself(register: Callable[[Host], None]) -> Callable[[Host], None]:
    return register
