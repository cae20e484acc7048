"""What can go wrong and be said: one class a case, its message made in it; those of one room stand in that room.

A client reads `CODE: what happened. What to do.` All else is masked and logged (`ttai.tools`).
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from fastmcp.exceptions import ToolError

T = TypeVar("T")

# Bytes of what happened and of what to do: they may quote arguments, and those are of any length and any characters.
MOST_SAID, MOST_HINTED = 600, 400


def sentence(text: str, most: int = MOST_SAID) -> str:
    """With its full stop, if it has none, and no longer than that."""
    whole = text.strip().encode(errors="replace")
    text = whole.decode() if len(whole) <= most else f"{whole[:most].decode(errors='ignore')}…"
    return text if not text or text[-1] in ".!?`" else f"{text}."


_PLAIN = {
    "int_parsing": "should be a whole number", "int_type": "should be a whole number",
    "int_from_float": "should be a whole number", "float_parsing": "should be a number",
    "float_type": "should be a number", "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "string_type": "should be text", "dict_type": 'should be an object such as {"name": "value"}',
    "model_type": 'should be an object such as {"name": "value"}', "list_type": "should be a list",
}  # fmt: skip


def plainly(problem: Mapping[str, Any]) -> str:
    """One of pydantic's error details in a few words."""
    said: str = problem["msg"]
    return _PLAIN.get(problem["type"]) or said.removeprefix("Value error, ").removeprefix("Input ")


class TtaiError(ToolError):
    """An error a user can read: `code`, `message`, `hint` (what to do), `retryable`."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = sentence(message)
        self.hint = sentence(hint, MOST_HINTED)
        super().__init__(f"{self.code}: {self.message} {self.hint}".rstrip())


class Unexpected(TtaiError):
    """What nobody foresaw: the client gets a reference, the log the traceback."""

    def __init__(self, what: str, reference: str) -> None:
        super().__init__(
            f"something unexpected went wrong in {what} (reference {reference})",
            "The log (`logs` in the data dir) has the details under that reference",
        )


class BadArgument(TtaiError):
    """What the caller sent can't be used."""

    code = "VALIDATION"


def understood(read: Callable[[], T]) -> T:
    """What `read` makes of an argument; its ValueError, which is all that pure code raises, as a BadArgument."""
    try:
        return read()
    except ValueError as error:
        raise BadArgument(str(error)) from None


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
            "Run `ttai login` (a server that runs notices it), or start ttai with TASTYTRADE_CLIENT_SECRET and "
            "TASTYTRADE_REFRESH_TOKEN set (my.tastytrade.com > API > OAuth applications), or with --demo to try the "
            "simulated market",
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


class SessionRefused(TtaiError):
    """The broker took the credentials and refuses the session it has just given for them: its trouble, not theirs."""

    code = "AUTHENTICATION"
    retryable = True

    def __init__(self, said: str, url: str) -> None:
        super().__init__(
            f"TastyTrade at {url} took the credentials, but refused the session it gave for them ({said})",
            "Try again in a minute; where that does not help, `ttai login` anew",
        )


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
    """A tool that is not there; `why`, where its plugin is known to have failed."""

    def __init__(self, name: str, near: str | None = None, why: str | None = None) -> None:
        said = f"there is no tool {name}"
        hint = f"Did you mean {near}?" if near else "List the tools to see what there is"
        super().__init__(f"{said}: {why}" if why else said, hint)


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
        super().__init__(f"TastyTrade does not answer as it should ({said})", hint)


class NoHistory(TtaiError):
    """The broker's feed sent no bars, and nothing is remembered."""

    code = "BROKER"
    retryable = True

    def __init__(self, symbol: str, why: str) -> None:
        super().__init__(f"TastyTrade gives no history of {symbol}: {why}", "Try again in a minute")


class LoginChanged(TtaiError):
    """What was asked belongs to a login that is over."""

    code = "BROKER"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the login was changed while this was asked", "Ask again")


class Stopping(TtaiError):
    """The server ends before it has an answer."""

    code = "TIMEOUT"
    retryable = True

    def __init__(self) -> None:
        super().__init__("ttai's server is stopping", "Ask again once it is back")


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

    def __init__(self, name: str, what: str, hint: str = "Report it to its author") -> None:
        super().__init__(f"{name} {what}", hint)


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


class StartFailed(TtaiError):
    """The server can't start as it was told to: one line on stderr, exit 1."""

    code = "VALIDATION"
