"""Everything that can go wrong and be said: one class a case, its message made in it.

A client reads `CODE: what happened. What to do.` All else is masked and logged (`ttai.tools`).
"""

from typing import ClassVar

from fastmcp.exceptions import ToolError


def sentence(text: str) -> str:
    """With its full stop, if it has none."""
    text = text.strip()
    return text if not text or text[-1] in ".!?`" else f"{text}."


class TtaiError(ToolError):
    """An error a user can read: `code`, `message`, `hint` (what to do), `retryable`."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = sentence(message)
        self.hint = sentence(hint)
        super().__init__(f"{self.code}: {self.message} {self.hint}".rstrip())


class Unexpected(TtaiError):
    """What nobody foresaw: the client gets a reference, the log the traceback."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"something unexpected went wrong (reference {reference})",
            "The log has the details under that reference",
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
