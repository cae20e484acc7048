"""What proves to the broker who we are."""

import os
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from pydantic import SecretStr

from ttai.logs import conceal

VARIABLES = "TASTYTRADE_CLIENT_SECRET", "TASTYTRADE_REFRESH_TOKEN"


@dataclass(frozen=True)
class Credentials:
    """An OAuth client secret and refresh token of TastyTrade."""

    client_secret: SecretStr
    refresh_token: SecretStr

    @property
    def key(self) -> str:
        """Tells one login from another without telling what it is."""
        return sha256(self.refresh_token.get_secret_value().encode()).hexdigest()[:12]

    def stripped(self) -> "Credentials":
        """Without the blanks and line ends that come along when they are pasted."""
        secret, token = self.client_secret.get_secret_value(), self.refresh_token.get_secret_value()
        return Credentials(SecretStr(secret.strip()), SecretStr(token.strip()))

    def conceal(self) -> None:
        """Keep both out of the log."""
        conceal(self.client_secret.get_secret_value(), self.refresh_token.get_secret_value())


def from_environment() -> Credentials | None:
    """The credentials of the environment, or None; both variables are needed."""
    said = [SecretStr(os.environ.get(name, "")) for name in VARIABLES]
    found = Credentials(*said).stripped()
    if not (found.client_secret.get_secret_value() and found.refresh_token.get_secret_value()):
        return None
    found.conceal()
    return found


def address(url: str) -> str:
    """The host of a broker's URL, with its port where it is not the usual one: what a login belongs to."""
    parts = urlsplit(url)
    usual = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return (parts.netloc.rpartition("@")[2] or url).lower().removesuffix(usual)
