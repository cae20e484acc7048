"""A new plugin's project: installable, typed, tested, and small enough to be read before it is changed."""

import os
import re
import shutil
from importlib.metadata import entry_points
from pathlib import Path
from string import Template
from tempfile import mkdtemp

from ttai.errors import BadArgument
from ttai.settings import RESERVED

LONGEST = 30  # characters: clients take 64 for `<plugin>_<tool>`, some with the server's name in front

_PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "A ttai plugin: say how far a symbol has moved today, and tell when it is far"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["ttai"]

[project.optional-dependencies]
dev = ["mypy>=1.18", "pytest>=8.4", "pytest-asyncio>=1.2", "ruff>=0.14"]

# This is how ttai finds the plugin: its name, and the function to call.
[project.entry-points."ttai.plugins"]
$name = "$module:register"

[tool.hatch.build.targets.wheel]
packages = ["$module"]

[tool.mypy]
strict = true

[tool.pytest.ini_options]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
pythonpath = ["."]
testpaths = ["tests"]

[tool.ruff]
line-length = 120
target-version = "py311"
"""

_README = """\
# $distribution

A plugin for ttai: says how far a symbol has moved since the close before, and tells
you, once a day, when it is far.

| tool | what |
|---|---|
| `${name}_move` | how far a symbol has moved since the close before |

| job | when | what |
|---|---|---|
| `${name}_alarm` | every 5 minutes while the market is open | a notification when the move is large |

| setting | default | what |
|---|---|---|
| `TTAI_${variable}_SYMBOL` | SPY | the symbol to watch |
| `TTAI_${variable}_ALARM_PERCENT` | 2 | how far is far |

The settings may also stand in the section `[$name]` of ttai's config.toml.

## Working on it

    pip install -e '.[dev]'
    pytest && mypy . && ruff check .
    ttai plugins check .                # would it load, what does it declare, what would a reviewer say
    ttai call ${name}_move --demo       # on the simulated market

`pip wheel --no-deps .` makes the wheel. Those who use the desktop app, which has no pip, take it with
`ttai plugins install $module-0.1.0-py3-none-any.whl`.
"""

_MODULE = '''\
"""Say how far a symbol has moved today, and tell when it is far.

What a plugin can do is on one page, plugins/README.md of ttai.
"""

from datetime import date
from typing import Annotated

from pydantic import Field
from ttai import Host, MarketAnswer, Percent, Price, Settings


class ${prefix}Settings(Settings):
    """What the user can choose: TTAI_${variable}_<FIELD>, or the section [$name] of config.toml."""

    symbol: str = "SPY"
    alarm_percent: float = 2.0


class Move(MarketAnswer):
    """How far a symbol has moved since the close before; None is unknown, and the notes say why."""

    symbol: str
    last: Price | None
    change_percent: Percent | None


def register(host: Host) -> None:
    """Declare what this plugin does; ttai may call it more than once, so nothing is opened or fetched here."""
    settings = host.settings(${prefix}Settings)
    told: set[date] = set()  # gone at a restart; what must last belongs into `host.tables(...)`

    # Connections and other things to open and close: an `async def` with one `yield`, under `@host.lifespan`.
    # A service for other plugins: `host.provide(Type, service)`, and `host.require(Type)` takes theirs.

    @host.tool(annotations={"readOnlyHint": True})
    async def move(
        symbol: Annotated[str, Field(description="Such as SPY, BRK/B or SPX")] = settings.symbol,
    ) -> Move:
        """Tell how far a symbol has moved since the close before, in percent.
        Use it when asked how a symbol does today."""
        return Move.model_validate(await host.market.quote(symbol), from_attributes=True)

    @host.job("interval", minutes=5, during="open", needs="market")
    async def alarm() -> None:
        now, today = await move(settings.symbol), host.clock.new_york().date()
        if now.change_percent is None or abs(now.change_percent) < settings.alarm_percent or today in told:
            return
        told.add(today)
        body = f"{now.change_percent:+.1f} % since the close before"
        await host.notifier.send(f"{now.symbol} is on the move", body, kind="alert_triggered")
'''

_TESTS = '''\
"""The plugin in the real app, on the simulated market, with a clock that stands still."""

import pytest
from ttai.testing import Era, Harness, harness

from $module import register


@pytest.mark.parametrize("mode", ["auto", "legacy"])  # today's protocol, and the one of before 2026
async def test_move(mode: Era) -> None:
    async with harness(register, name="$name", mode=mode) as h:
        h.simulator.set_price("SPY", 1000)
        answer = await h.call("${name}_move")
        assert answer.data["symbol"] == "SPY"
        assert answer.data["last"] == pytest.approx(1000, rel=0.01)
        assert answer.data["change_percent"] > 0
        assert "source: simulator" in answer.text


@pytest.mark.parametrize(("far", "times"), [(0, 1), (1000, 0)])
async def test_alarm_tells_once_a_day(far: float, times: int) -> None:
    async with harness(register, name="$name", config={"$name": {"alarm_percent": far}}) as h:
        await h.call("${name}_move")
        for _ in range(2):
            await h.call("control_job", name="${name}_alarm", action="run")
        assert await titles(h) == ["SPY is on the move"] * times


async def titles(h: Harness) -> list[str]:
    """What the user was told."""
    answer = await h.call("list_notifications")
    return [note["title"] for note in answer.rows("notifications")]
'''

_IGNORED = """\
.venv/
dist/
*.whl
__pycache__/
.mypy_cache/
.pytest_cache/
.ruff_cache/
"""

_FILES = {
    "pyproject.toml": _PROJECT,
    "README.md": _README,
    "$module/__init__.py": _MODULE,
    "$module/py.typed": "",
    "tests/test_$name.py": _TESTS,
    ".gitignore": _IGNORED,
}


def new(name: str, to: Path) -> Path:
    """Write the project of the plugin `name` into a new folder below `to`, whole or not at all; that folder."""
    if why := unusable(name):
        raise BadArgument(f"{name!r} can't be a plugin's name: {why}", "Choose another, such as vix")
    words = {
        "name": name,
        "module": f"ttai_{name}",
        "distribution": f"ttai-{name.replace('_', '-')}",
        "variable": name.upper(),
        "prefix": name.title().replace("_", ""),
    }
    target = to / words["distribution"]
    if os.path.lexists(target):
        raise BadArgument(f"{target} is there already", "Choose another name, or another folder with --to")
    try:
        _write(target, words)
    except OSError as error:
        raise BadArgument(
            f"{target} can't be written ({error.strerror or error})", "Name a folder of yours with --to"
        ) from None
    return target


def unusable(name: str) -> str | None:
    """Why a plugin can't have this name; the rules of loading, and those of distributions and tool names."""
    if name in RESERVED:
        return "it is one of ttai's own words"
    if not re.fullmatch(r"[a-z]([a-z0-9_]*[a-z0-9])?", name):
        return "it must be a lower-case identifier of a-z, 0-9 and _"
    if len(name) > LONGEST:
        return f"it is longer than {LONGEST} characters, and stands in front of every tool's name"
    ours = {point.name for point in entry_points(group="ttai.plugins") if point.dist and point.dist.name == "ttai"}
    return "ttai has a plugin of this name" if name in ours else None


def _write(target: Path, words: dict[str, str]) -> None:
    """Everything beside the target first: a disk that fills up half-way leaves nothing."""
    draft = Path(mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        for path, text in _FILES.items():
            file = draft / Template(path).substitute(words)
            file.parent.mkdir(exist_ok=True)
            file.write_text(Template(text).substitute(words), "utf-8", newline="\n")
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
