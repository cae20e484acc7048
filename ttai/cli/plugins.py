"""The commands about plugins."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from ttai.cli.remote import ask
from ttai.cli.terminal import DataDir, PluginList, hand_on, make_app, read_settings, run
from ttai.presence import Server, find_server

RESTART = "It takes effect when ttai is started again; `ttai plugins` says whether it loads."

plugins_cli = typer.Typer(
    help="What is installed and what became of it; write, check, install and remove plugins.",
    invoke_without_command=True,
)


@plugins_cli.callback(invoke_without_command=True)
def _plugins(context: typer.Context, data_dir: DataDir = None, plugins: PluginList = None) -> None:
    if context.invoked_subcommand is None:
        list_plugins(data_dir, plugins)
    else:
        hand_on(context, data_dir=data_dir, plugins=plugins)


@plugins_cli.command("list")
def list_plugins(data_dir: DataDir = None, plugins: PluginList = None) -> None:
    """List the plugins, with what is wrong and what cures it: those of the HTTP server that runs, if one does."""
    settings, _ = read_settings(data_dir)
    if plugins is None and (server := find_server(settings)):
        run(_list_there(server))
        return
    app = make_app(data_dir, plugins=plugins)
    for report in app.plugins.reports:
        print(report.line)
    for problem in app.list_problems():
        print(f"! {problem}")


@plugins_cli.command("new")
def new(
    name: Annotated[str, typer.Argument(help="A lower-case word, such as vix; it stands in front of its tools.")],
    to: Annotated[Path, typer.Option(help="The folder to write the project's folder into.")] = Path(),
) -> None:
    """Write the project of a new plugin: settings, a tool, a job, and tests that pass."""
    from ttai.cli.scaffold import new as write

    folder = write(name, to)
    print(f"{folder} is a plugin with a tool, a job, settings and tests. To work on it:")
    print(f"  cd {folder} && pip install -e '.[dev]' && pytest && ttai plugins check .")


@plugins_cli.command("check")
def check(
    path: Annotated[Path, typer.Argument(help="A project's folder, a wheel, or a folder of installed packages.")],
    data_dir: DataDir = None,
) -> None:
    """Tell whether a plugin would load and why not, what it declares, and what to mend; nothing is installed."""
    from ttai.cli.examine import examine

    settings, _ = read_settings(data_dir)
    findings = examine(path, settings.data_dir)
    for finding in findings:
        print(finding.line)
        for declared in finding.declared:
            print(f"  {declared}")
        for warning in finding.warnings:
            print(f"! {warning}")
        if finding.trace:
            print(finding.trace, file=sys.stderr)
    if not all(finding.loaded for finding in findings):
        raise typer.Exit(1)


@plugins_cli.command("install")
def install(
    wheels: Annotated[list[Path], typer.Argument(help="Wheels: a plugin's, and those of libraries it needs.")],
    data_dir: DataDir = None,
) -> None:
    """Put wheels into the data dir's plugins: for the desktop app; elsewhere pip does it."""
    from ttai.cli.shelf import install as put

    settings, _ = read_settings(data_dir)
    for said in put(wheels, settings.data_dir / "plugins"):
        print(said)
    print(RESTART)


@plugins_cli.command("remove")
def remove(
    name: Annotated[str, typer.Argument(help="A plugin or package that `ttai plugins install` put there.")],
    data_dir: DataDir = None,
) -> None:
    """Take a plugin out of the data dir again."""
    from ttai.cli.shelf import remove as take

    settings, _ = read_settings(data_dir)
    for said in take(name, settings.data_dir / "plugins"):
        print(said)
    print("It takes effect when ttai is started again.")


@plugins_cli.command("look", hidden=True)
def look(
    distribution: str,
    folders: list[str],
    report: Annotated[Path, typer.Option()],
    data_dir: Annotated[str, typer.Option()],
) -> None:
    """Load one distribution's plugins and write down what came of it: the process that `check` starts."""
    from ttai.cli.examine import look as load

    load(folders, distribution, report, data_dir)


async def _list_there(server: Server) -> None:
    from ttai.answers import rows

    status = (await ask(server, "get_status", {})).structured_content or {}
    for row in rows(status, "plugins"):
        head = f"{row['name']} ({row['plugin_distribution']} {row['plugin_version']}): {row['plugin_state']}"
        print(f"{head}: {row['problem']}" if row.get("problem") else head)
    for problem in status["problems"]:
        print(f"! {problem}")
