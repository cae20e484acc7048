"""The tools of the desktop app: login, settings, a test notification; served with TTAI_APP_TOOLS=1, not for models."""

import asyncio
from typing import Any

from pydantic import SecretStr

from ttai.answers import Answer
from ttai.builtin.common import CHANGE, READ, Done
from ttai.config_file import write
from ttai.errors import BadArgument, TtaiError
from ttai.host import Host
from ttai.login.credentials import Credentials
from ttai.login.login import Login
from ttai.settings import Config, CoreSettings
from ttai.toolbox import APP

CODE = {"plugin_path", "plugins"}
OUTSIDE = CHANGE | {"openWorldHint": True}
HIDDEN: dict[str, Any] = {"tags": {APP}, "meta": {"ui": {"visibility": ["app"]}}}


class AuthStatus(Answer):
    """Whether the broker can be asked, as whom, and where the credentials are kept."""

    logged_in: bool
    broker: str
    url: str
    kept_in: str


class ConnectionTest(Answer):
    """What a test of the login came to."""

    works: bool
    said: str


class Configuration(Answer):
    """The settings in force; secrets are not among them."""

    path: str
    settings: dict[str, Any]


class Sent(Answer):
    """The id of a notification."""

    id: str


def declare(host: Host, settings: CoreSettings, config: Config, login: Login) -> None:
    """These tools, for a server with these settings and this login."""
    path = settings.data_dir / "config.toml"

    @host.tool(annotations=READ, **HIDDEN)
    async def get_auth_status() -> AuthStatus:
        """Tell whether ttai is logged in, at which broker address, and where the credentials are kept."""
        return AuthStatus(
            logged_in=login.works,
            broker=await login.describe(),
            url=login.connection.url,
            kept_in=await login.where(),
        )

    @host.tool(annotations=READ | {"openWorldHint": True}, **HIDDEN)
    async def test_connection() -> ConnectionTest:
        """Ask the broker for the accounts now, and tell how it went."""
        try:
            port = await login.connection.broker()
            accounts = [account for account in await port.accounts() if not account.closed]
        except TtaiError as error:
            return ConnectionTest(works=False, said=str(error))
        return ConnectionTest(works=True, said=f"{len(accounts)} accounts at {login.connection.url}")

    @host.tool(name="login", annotations=OUTSIDE, **HIDDEN)
    async def log_in(client_secret: SecretStr, refresh_token: SecretStr) -> Done:
        """Try these credentials at the broker and, if they work, keep them and use them from now on."""
        return Done(said=await login.log_in(Credentials(client_secret, refresh_token)))

    @host.tool(annotations=OUTSIDE | {"destructiveHint": True}, **HIDDEN)
    async def logout() -> Done:
        """Forget the credentials kept for this broker address, and close the connection."""
        return Done(said=await login.log_out())

    @host.tool(annotations=READ, **HIDDEN)
    async def get_config() -> Configuration:
        """Tell the settings in force, wherever they come from."""
        return Configuration(path=str(path), settings=config.shown(settings))

    @host.tool(annotations=OUTSIDE, **HIDDEN)
    async def update_config(settings: dict[str, Any]) -> Done:
        """Change settings in config.toml, all of them or none; keys as get_config tells them, null removes one.
        They hold from the next start."""
        if loads := CODE & settings.keys():
            named = ", ".join(sorted(loads))
            raise BadArgument(f"{named} says what code is loaded", f"Set it with `ttai config set {named} …`")
        return Done(said=await asyncio.to_thread(write, path, settings, config.sections))

    @host.tool(annotations=OUTSIDE | {"idempotentHint": False}, **HIDDEN)
    async def test_notification() -> Sent:
        """Send a notification that says it is a test."""
        return Sent(id=await host.notifier.send("A test", "Notifications of ttai reach you here.", kind="info"))
