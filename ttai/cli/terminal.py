"""What the commands of the terminal share: their options, an app for one command, its loop."""

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ttai.app import App
    from ttai.settings import Config, CoreSettings

Demo = Annotated[bool, typer.Option("--demo", help="A simulated market and account; no login.")]
DataDir = Annotated[str | None, typer.Option(help="Where ttai keeps its files (default ~/.ttai).")]
PluginList = Annotated[
    str | None, typer.Option("--plugins", help="Only these (quotes,chains) or without (-knowledge).")
]


def read_settings(
    data_dir: str | None, demo: bool = False, plugins: str | None = None, **given: Any
) -> "tuple[CoreSettings, Config]":
    """The settings in force, with what the command line says."""
    from ttai.settings import Config, CoreSettings, expand, in_environment

    overrides = {"data_dir": data_dir, "demo": demo or None, "plugins": plugins, **given}
    overrides = {name: value for name, value in overrides.items() if value is not None}
    default = CoreSettings.model_fields["data_dir"].default
    folder = expand(Path(data_dir or in_environment("TTAI_DATA_DIR") or default))
    config = Config.read(folder / "config.toml")
    return config.core(overrides), config


def make_app(data_dir: str | None, demo: bool = False, plugins: str | None = None) -> "App":
    """An app for one command of this terminal: warnings alone are shown, and no log file is written."""
    from ttai.app import create_app
    from ttai.clock import Clock
    from ttai.logs import Logs

    settings, config = read_settings(data_dir, demo, plugins)
    return create_app(settings, config, Logs("ERROR", None, Clock()))


def hand_on(context: typer.Context, **given: Any) -> None:
    """What was said before a subcommand's name holds for it too."""
    said = {name: value for name, value in given.items() if value is not None}
    context.default_map = {str(context.invoked_subcommand): said}


def run(command: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end."""
    from ttai.isolation import run as run_to_the_end

    run_to_the_end(command)
