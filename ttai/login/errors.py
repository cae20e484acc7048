"""What can go wrong with saved logins and their key."""

from pathlib import Path

from ttai.errors import TtaiError

MASTER = "TTAI_MASTER_KEY"
SHORTEST = 12  # characters of a passphrase


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


class KeyringLocked(TtaiError):
    """The system keyring has to be unlocked by the user first."""

    code = "AUTHENTICATION"

    def __init__(self) -> None:
        super().__init__(
            "the system keyring is locked", f"Unlock it and try again; where nobody can, log in with {MASTER} set"
        )


class KeyringSilent(TtaiError):
    """The system keyring does not answer, perhaps because it is asking the user."""

    code = "AUTHENTICATION"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the system keyring did not answer within {seconds:g} s",
            "It may be asking for your password in a window of its own: answer there and try again; where there is no "
            f"such window, log in with {MASTER} set",
        )


class KeyringUnusable(TtaiError):
    """There is no system keyring that could be trusted with a key."""

    code = "AUTHENTICATION"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"the key of the saved logins lies in the system keyring, and {why}",
            "Start ttai where that keyring is (in your desktop session), or move secrets.enc out of the data dir and "
            "log in again",
        )
