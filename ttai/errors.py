"""Everything that can go wrong and be said: one class a case, its message made in it.

A client reads `CODE: what happened. What to do.` All else is masked and logged (`ttai.tools`).
"""

from pathlib import Path
from typing import ClassVar

from fastmcp.exceptions import ToolError

MASTER = "TTAI_MASTER_KEY"
SHORTEST = 12  # characters of a passphrase


def _sentence(text: str, most: int = 490) -> str:  # bytes: the arguments it quotes may be of any length
    whole = text.strip().encode(errors="replace")
    text = whole.decode() if len(whole) <= most else f"{whole[:most].decode(errors='ignore')}…"
    return text if not text or text[-1] in ".!?`" else f"{text}."


class TtaiError(ToolError):
    """An error a user can read: `code`, `message`, `hint` (what to do), `retryable`."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = _sentence(message)
        self.hint = _sentence(hint)
        super().__init__(f"{self.code}: {self.message} {self.hint}".rstrip())


class Unexpected(TtaiError):
    """What nobody foresaw: the client gets a reference, the log the traceback."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"something unexpected went wrong (reference {reference})", "The log has the details under that reference"
        )


class BadArgument(TtaiError):
    """What the caller sent can't be used."""

    code = "VALIDATION"


class BadSetting(TtaiError):
    """A setting, from the command line, the environment or config.toml, can't be used."""

    code = "VALIDATION"


class AnswerTooLarge(TtaiError):
    """An answer that would flood the model's context."""

    code = "ANALYSIS"

    def __init__(self, kilobytes: int) -> None:
        super().__init__(
            f"the answer would be {kilobytes} KB, more than a model can read", "Ask for fewer rows or columns"
        )


class NotLoggedIn(TtaiError):
    """The broker is needed and there are no credentials."""

    code = "AUTHENTICATION"

    def __init__(self) -> None:
        super().__init__(
            "not logged in to TastyTrade",
            "Run `ttai login`, or set TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN (my.tastytrade.com > API > "
            "OAuth applications) and restart, or try the simulated market with `ttai serve --demo`",
        )


class BadCredentials(TtaiError):
    """The broker refused the credentials."""

    code = "AUTHENTICATION"

    def __init__(self, said: str, url: str) -> None:
        super().__init__(
            f"TastyTrade at {url} refused the credentials ({said})",
            "`ttai login` takes others, or check TASTYTRADE_CLIENT_SECRET and TASTYTRADE_REFRESH_TOKEN; sandbox and "
            "production ones are not interchangeable (TASTYTRADE_API_URL says which is asked)",
        )


class BadMasterKey(TtaiError):
    """TTAI_MASTER_KEY is set to what protects nothing."""

    code = "VALIDATION"

    def __init__(self, said: str) -> None:
        super().__init__(
            f"{MASTER} is not usable: it {said}",
            f"Set a passphrase of {SHORTEST} characters or more (a Fernet key is one), or unset it",
        )


class WrongMasterKey(TtaiError):
    """The saved logins need a TTAI_MASTER_KEY that isn't there."""

    code = "AUTHENTICATION"

    def __init__(self, said: str, path: Path) -> None:
        super().__init__(
            f"the saved logins are under a {MASTER}, and it {said}",
            f"Set the one they were saved under, or move {path} away and log in again",
        )


class KeyFileExposed(TtaiError):
    """The key file is open to others, so it is no secret."""

    code = "AUTHENTICATION"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"others can read {path}, the key of the saved logins",
            f"Run `chmod 600 {path}`; where others have been on this machine, revoke the login at TastyTrade too",
        )


class LoginsLost(TtaiError):
    """The saved logins can't be opened any more, whatever the user does."""

    code = "AUTHENTICATION"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"the saved logins in {path} can't be opened: {why}", "Log in again; the old file is kept")


class LoginsTooNew(TtaiError):
    """A newer ttai has saved the logins."""

    code = "AUTHENTICATION"

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} was written by a newer ttai", "Update ttai, or move the file away and log in again")


class LoginsOutOfReach(TtaiError):
    """The disk does not let us read or write the saved logins."""

    code = "AUTHENTICATION"

    def __init__(self, said: str) -> None:
        super().__init__(
            f"the saved logins can't be read or written ({said})",
            "Make the data dir yours and see that its disk isn't full, or set TASTYTRADE_CLIENT_SECRET and "
            "TASTYTRADE_REFRESH_TOKEN instead",
        )


class LoginsBusy(TtaiError):
    """Another process is writing the saved logins."""

    code = "AUTHENTICATION"
    retryable = True

    def __init__(self) -> None:
        super().__init__("another ttai is just saving a login", "Try again in a few seconds")


class NotPermitted(TtaiError):
    """The broker knows the user and says no."""

    code = "AUTHORIZATION"

    def __init__(self, said: str) -> None:
        super().__init__(f"TastyTrade does not permit this ({said})", "Check the scopes of the OAuth application")


class NotFound(TtaiError):
    """A thing that does not exist."""

    code = "NOT_FOUND"


class UnknownSymbol(NotFound):
    """A symbol nobody quotes."""

    def __init__(self, symbol: str) -> None:
        super().__init__(f"no market data for {symbol}", "Check the spelling, or look it up with search_symbols")


class UnknownTool(NotFound):
    """A tool that is not there."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no tool {name}", "List the tools to see what there is")


class RateLimited(TtaiError):
    """The broker went on refusing for too many requests."""

    code = "RATE_LIMIT"
    retryable = True

    def __init__(self) -> None:
        super().__init__("TastyTrade goes on answering that there are too many requests", "Try again in a minute")


class BrokerUnavailable(TtaiError):
    """The broker did not answer, or answered nonsense."""

    code = "BROKER"
    retryable = True

    def __init__(self, said: str, hint: str = "Try again in a minute") -> None:
        whole = said.startswith("TastyTrade")
        super().__init__(said if whole else f"TastyTrade does not answer as it should ({said})", hint)


class BrokerRefused(TtaiError):
    """The broker understood the request and turned it down."""

    code = "BROKER"

    def __init__(self, said: str) -> None:
        super().__init__(f"TastyTrade turned the request down ({said})")


class TookTooLong(TtaiError):
    """A call that did not finish within its deadline."""

    code = "TIMEOUT"
    retryable = True

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer within {seconds:.0f} s", "Try again, or ask for less at once")


class PluginFailed(TtaiError):
    """A plugin, not ttai, is at fault."""

    code = "PLUGIN"

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} {what}", "Report it to its author")


class JobFailed(TtaiError):
    """A job that was asked to run did not succeed."""

    code = "PLUGIN"

    def __init__(self, name: str, why: str, hint: str = "") -> None:
        super().__init__(f"job {name} failed: {why}", hint or "The log says more")
        self.why = _sentence(why)


class JobSkipped(TtaiError):
    """A job that was asked to run can't run just now."""

    code = "PLUGIN"
    retryable = True

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"job {name} can't run just now: {why}", "get_status says more")


class JobBusy(TtaiError):
    """A job that was asked to run is running."""

    code = "VALIDATION"
    retryable = True

    def __init__(self, name: str) -> None:
        super().__init__(f"job {name} is running already", "list_jobs tells when it has ended")


class NoSuchTask(NotFound):
    """No task of that id, or it is forgotten."""

    def __init__(self, identity: str) -> None:
        super().__init__(f"there is no task {identity[:40]!r}", "Tasks are kept for a week; start it again")


class NotReadOnly(TtaiError):
    """A plugin may call what reads; what changes something is the user's or the model's to call."""

    code = "AUTHORIZATION"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} changes something and is not for plugins to call", "Call what only reads")


class NoModel(TtaiError):
    """Nobody to ask."""

    code = "LLM"

    def __init__(self) -> None:
        super().__init__("no model configured", "What needs one has to do without")


class MissingService(TtaiError):
    """A plugin needs what no other plugin provides."""

    code = "PLUGIN"

    def __init__(self, service: str) -> None:
        super().__init__(
            f"it needs {service}, which no plugin that is loaded provides",
            f"Install or enable the plugin {service.partition('.')[0]}",
        )


class DatabaseUnavailable(TtaiError):
    """The database can't be used just now."""

    code = "DATABASE"
    retryable = True


class DatabaseLocked(DatabaseUnavailable):
    """Someone else has it for longer than a call should wait."""

    def __init__(self, who: str = "") -> None:
        browser = "Close whatever has ttai.db open besides ttai (a database browser, a sync client) and try again"
        super().__init__(
            f"{who or 'another program'} keeps the database locked", "Try again in a minute" if who else browser
        )


class DiskFull(DatabaseUnavailable):
    """No room for what was to be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"the disk with {path} is full; nothing was saved", "Make room on it and try again")


class DatabaseUnwritable(TtaiError):
    """The file or its folder can't be read or written."""

    code = "DATABASE"

    def __init__(self, path: Path, said: str) -> None:
        super().__init__(
            f"the database {path} can't be opened for writing ({said})",
            "Make the file and its folder writable for this user, or choose another --data-dir",
        )


class DatabaseDamaged(TtaiError):
    """The file is no database any more."""

    code = "DATABASE"

    def __init__(self, path: Path, said: str, kept: Path | None) -> None:
        super().__init__(
            f"the database {path} is damaged ({said}); it was left as it is",
            f"`ttai restore` brings back the newest backup, {kept}"
            if kept
            else f"There is no backup for `ttai restore`; move {path.name} away and restart to begin with an empty one",
        )


class NotABackup(TtaiError):
    """What should be restored is not a whole database of ttai."""

    code = "DATABASE"

    def __init__(self, source: Path, why: str) -> None:
        super().__init__(
            f"{source} can't be restored: {why}", "The backups are in the folder `backups` of the data dir"
        )


class DatabaseNewer(TtaiError):
    """The file was written by a newer version than the one that runs."""

    code = "DATABASE"

    def __init__(self, owner: str) -> None:
        maker = "ttai" if owner == "core" else f"the plugin {owner}"
        super().__init__(
            f"the tables of {owner} were made by a newer version of {maker}; nothing of them is touched",
            "Update it, or bring back a backup of before with `ttai restore`",
        )


class TablesUnusable(TtaiError):
    """One owner's tables can't be used; the others' can."""

    code = "DATABASE"

    def __init__(self, owner: str, why: str, cure: str = "") -> None:
        cure = cure or ("Update ttai" if owner == "core" else "Update the plugin, or tell its author")
        super().__init__(f"the tables of {owner} can't be used: {why}", cure)


class StartFailed(TtaiError):
    """The server can't start as it was told to: one line on stderr, exit 1."""

    code = "VALIDATION"
