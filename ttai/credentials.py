"""What proves to the broker who we are."""

import os
from dataclasses import dataclass
from hashlib import sha256

from pydantic import SecretStr

from ttai.logs import conceal


@dataclass(frozen=True)
class Credentials:
    """An OAuth client secret and refresh token of TastyTrade."""

    client_secret: SecretStr
    refresh_token: SecretStr

    @property
    def key(self) -> str:
        """Tells one login from another without telling what it is."""
        return sha256(self.refresh_token.get_secret_value().encode()).hexdigest()[:12]


def find_credentials() -> Credentials | None:
    """The credentials of the environment, or None; both variables are needed."""
    secret = os.environ.get("TASTYTRADE_CLIENT_SECRET", "").strip()
    token = os.environ.get("TASTYTRADE_REFRESH_TOKEN", "").strip()
    if not (secret and token):
        return None
    conceal(secret, token)
    return Credentials(SecretStr(secret), SecretStr(token))
