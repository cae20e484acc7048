"""The commands about what is the user's: login, settings, the database."""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ttai.cli.terminal import DataDir, Demo, hand_on, make_app, read_settings, run
from ttai.errors import BadSetting

if TYPE_CHECKING:
    from ttai.app import App

SANDBOX = "https://api.cert.tastyworks.com"

config_cli = typer.Typer(help="The settings in force, and how to change them.", invoke_without_command=True)
Sandbox = Annotated[bool, typer.Option("--sandbox", help="TastyTrade's sandbox, not production.")]


def login(data_dir: DataDir = None, sandbox: Sandbox = False) -> None:
    """Log in to TastyTrade: asks for an OAuth client secret and a refresh token, tries them, keeps them encrypted.

    TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN are taken from the environment where they are set.
    """
    app = _at(data_dir, sandbox=sandbox)
    if app.settings.demo:
        where = _place_of_demo(app)
        raise BadSetting(f"demo is set in {where}, and the demo needs no login", f"Unset it in {where}")
    print(f"Logging in at {app.connection.url}")
    secret = _ask("Client secret", "TASTYTRADE_CLIENT_SECRET")
    token = _ask("Refresh token", "TASTYTRADE_REFRESH_TOKEN")
    run(_login(app, secret, token))


def logout(data_dir: DataDir = None, sandbox: Sandbox = False) -> None:
    """Forget the credentials that `ttai login` kept."""
    app = _at(data_dir, sandbox=sandbox)

    async def leave() -> None:
        async with app.running():
            print(await app.login.log_out())

    run(leave())


@config_cli.callback(invoke_without_command=True)
def _config(context: typer.Context, data_dir: DataDir = None) -> None:
    if context.invoked_subcommand is None:
        show(data_dir)
    else:
        hand_on(context, data_dir=data_dir)


@config_cli.command("show")
def show(data_dir: DataDir = None) -> None:
    """Show every setting in force, wherever it comes from; secrets are left out."""
    app = make_app(data_dir)
    print(f"# {app.settings.data_dir / 'config.toml'}")
    for key, value in app.config.shown(app.settings).items():
        print(f"{key} = {json.dumps(value)}" if value is not None else f"# {key} is not set")
    for problem in app.config.problems:
        print(f"! {problem}")


@config_cli.command("set", context_settings={"ignore_unknown_options": True})  # plugins=-quotes is a value
def set_value(
    key: Annotated[str, typer.Argument(help="Such as log_level, or vix.alarm for a plugin's.")],
    value: Annotated[str, typer.Argument(help="The new value; nothing ('') removes it.")],
    data_dir: DataDir = None,
) -> None:
    """Change one setting in config.toml; the rest of the file stays as it is."""
    from ttai.config_file import write

    app = make_app(data_dir)
    print(write(app.settings.data_dir / "config.toml", {key: value or None}, app.config.sections))


def backup(
    to: Annotated[Path | None, typer.Argument(help="A new file; otherwise one in the data dir's backups.")] = None,
    data_dir: DataDir = None,
    demo: Demo = False,
) -> None:
    """Copy the database to a file, while servers go on."""
    from ttai.clock import Clock
    from ttai.storage.backups import backup as copy

    settings, _ = read_settings(data_dir, demo)

    async def keep() -> None:
        print(f"backed up to {await copy(settings.home, to, Clock())}")

    run(keep())


def restore(
    source: Annotated[
        Path | None, typer.Argument(help="A file that `ttai backup` or an update made; otherwise the newest backup.")
    ] = None,
    data_dir: DataDir = None,
    demo: Demo = False,
) -> None:
    """Put a backup in the database's place; what is there now is kept beside it."""
    from ttai.clock import Clock
    from ttai.storage.backups import restore as put_back
    from ttai.storage.file import newest

    settings, _ = read_settings(data_dir, demo)

    async def put() -> None:
        chosen = source or newest(settings.home)  # putting it back makes a newer one, of what is there now
        kept = await put_back(settings.home, chosen, Clock())
        before = f"; the database of before is {kept}" if kept else ""
        print(f"restored from {chosen}{before}")

    run(put())


async def _login(app: "App", secret: str, token: str) -> None:
    from pydantic import SecretStr

    from ttai.login.credentials import Credentials

    print(await app.login.log_in(Credentials(SecretStr(secret), SecretStr(token))))
    await app.connection.close()


def _at(data_dir: str | None, *, sandbox: bool) -> "App":
    """An app at the address that is meant, whatever the settings say."""
    from ttai.app import create_app
    from ttai.clock import Clock
    from ttai.logs import Logs

    given: dict[str, Any] = {"tastytrade_api_url": SANDBOX} if sandbox else {}
    settings, config = read_settings(data_dir, **given)
    return create_app(settings, config, Logs("ERROR", None, Clock()))


def _place_of_demo(app: "App") -> str:
    """Where the demo was asked for."""
    from ttai.settings import in_environment

    return "TTAI_DEMO" if in_environment("TTAI_DEMO") else str(app.settings.data_dir / "config.toml")


def _ask(what: str, variable: str) -> str:
    """A secret from the environment, the terminal (hidden) or, piped, a line of stdin."""
    if value := os.environ.get(variable, "").strip():
        print(f"{what}: from {variable}")
        return value
    if sys.stdin.isatty():
        return getpass.getpass(f"{what} (not shown): ").strip()
    return sys.stdin.readline().strip()
