"""The tools of the desktop app: login, settings, a test notification; served with TTAI_APP_TOOLS=1, not for models."""

import asyncio
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ttai.answers import Answer
from ttai.config_file import change
from ttai.connection import LOGGED_IN
from ttai.credentials import Credentials, from_environment
from ttai.errors import BadArgument, TtaiError
from ttai.host import Host

if TYPE_CHECKING:
    from ttai.app import App

READ = {"readOnlyHint": True, "idempotentHint": True, "openWorldHint": False}
CHANGE = {"readOnlyHint": False, "destructiveHint": False, "idempotentHint": True, "openWorldHint": True}
CODE = {"plugin_path", "plugins"}
ENVIRONMENT = "TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN"
APP: dict[str, Any] = {"tags": {"app"}, "meta": {"ui": {"visibility": ["app"]}}}


class AuthStatus(Answer):
    """Whether the broker can be asked, as whom, and where the credentials are kept."""

    logged_in: bool
    broker: str
    url: str
    kept_in: str


class Connection(Answer):
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


class Done(Answer):
    """What an action came to."""

    said: str


def declare(host: Host, app: "App") -> None:
    """These tools, for this app."""

    @host.tool(annotations=READ, **APP)
    async def get_auth_status() -> AuthStatus:
        """Tell whether ttai is logged in, at which broker address, and where the credentials are kept."""
        return AuthStatus(
            logged_in=app.logged_in,
            broker=await app.describe_broker(),
            url=app.connection.url,
            kept_in="nowhere: the demo needs none" if app.settings.demo else await app.vault.where(),
        )

    @host.tool(annotations=READ | {"openWorldHint": True}, **APP)
    async def test_connection() -> Connection:
        """Ask the broker for the accounts now, and tell how it went."""
        try:
            port = await app.connection.broker()
            accounts = await port.accounts()
        except TtaiError as error:
            return Connection(works=False, said=str(error))
        return Connection(works=True, said=f"{len(accounts)} accounts at {app.connection.url}")

    @host.tool(annotations=CHANGE, **APP)
    async def login(client_secret: SecretStr, refresh_token: SecretStr) -> Done:
        """Try these credentials at the broker and, if they work, keep them and use them from now on."""
        return Done(said=await log_in(app, Credentials(client_secret, refresh_token)))

    @host.tool(annotations=CHANGE | {"destructiveHint": True}, **APP)
    async def logout() -> Done:
        """Forget the credentials kept for this broker address, and close the connection."""
        return Done(said=await log_out(app))

    @host.tool(annotations=READ, **APP)
    async def get_config() -> Configuration:
        """Tell the settings in force, wherever they come from."""
        return Configuration(path=str(app.settings.data_dir / "config.toml"), settings=app.config.shown(app.settings))

    @host.tool(annotations=CHANGE, **APP)
    async def update_config(settings: dict[str, Any]) -> Done:
        """Change settings in config.toml, all of them or none; keys as get_config tells them, null removes one.
        They hold from the next start."""
        return Done(said=await write_config(app, settings))

    @host.tool(annotations=CHANGE | {"idempotentHint": False}, **APP)
    async def test_notification() -> Sent:
        """Send a notification that says it is a test."""
        return Sent(id=await app.notifier.send("A test", "Notifications of ttai reach you here.", kind="info"))


async def log_in(app: "App", credentials: Credentials) -> str:
    """Check credentials with the broker, keep them, use them; a sentence about where they are."""
    _refuse_in_demo(app)
    if not all(part.get_secret_value().strip() for part in (credentials.client_secret, credentials.refresh_token)):
        raise BadArgument("a client secret and a refresh token are needed", "Both are made at my.tastytrade.com, OAuth")
    accounts = await app.connection.check(credentials)
    kept = await app.vault.save(app.connection.url, credentials)
    await app.log_in_anew()
    app.login = f"{LOGGED_IN}, {accounts} accounts"
    said = f"logged in at {app.connection.url}, {accounts} accounts; the credentials are in {kept}"
    return f"{said}; {ENVIRONMENT} come first while they are set" if from_environment() else said


async def log_out(app: "App") -> str:
    """Forget the credentials kept for this broker; a sentence about what is left."""
    _refuse_in_demo(app)
    gone = await app.vault.forget(app.connection.url)
    await app.log_in_anew()
    if await app.connection.possible():
        return f"still logged in: {ENVIRONMENT} are set"
    return f"logged out of {app.connection.url}" if gone else f"nobody was logged in at {app.connection.url}"


async def write_config(app: "App", settings: dict[str, Any]) -> str:
    """Write settings to config.toml; a sentence about when they hold."""
    if loads := CODE & settings.keys():
        named = ", ".join(sorted(loads))
        raise BadArgument(f"{named} says what code is loaded", f"Set it with `ttai config set {named} …`")
    path = app.settings.data_dir / "config.toml"
    masks = await asyncio.to_thread(change, path, settings, app.config.sections)
    said = f"{', '.join(settings) or 'nothing'} written to {path}; it holds from the next start"
    return f"{said}, but {', '.join(masks)} in the environment comes first" if masks else said


def _refuse_in_demo(app: "App") -> None:
    if app.settings.demo:
        raise BadArgument("the demo has no login", "Start ttai without --demo")
