"""The tokens the broker hands out."""

import secrets

from ttai.clock import Clock

ACCESS_SECONDS = 900
QUOTE_SECONDS = 86_400


class Tokens:
    """What was handed out and until when it is honoured."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._access: dict[str, float] = {}
        self._quote: dict[str, float] = {}

    def access(self) -> str:
        """A new access token."""
        return self._issue(self._access, ACCESS_SECONDS)

    def quote(self) -> str:
        """A new token for the stream."""
        return self._issue(self._quote, QUOTE_SECONDS)

    def may_call(self, token: str) -> bool:
        """Whether an access token is good."""
        return self._access.get(token, 0) > self._clock.monotonic()

    def may_stream(self, token: str) -> bool:
        """Whether a token opens the stream."""
        return self._quote.get(token, 0) > self._clock.monotonic()

    def expire(self) -> None:
        """Forget every access token."""
        self._access.clear()

    def _issue(self, shelf: dict[str, float], seconds: float) -> str:
        token = secrets.token_urlsafe(24)
        shelf[token] = self._clock.monotonic() + seconds
        return token
