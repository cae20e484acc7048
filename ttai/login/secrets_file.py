"""Where logins lie between runs.

One encrypted file, `<data dir>/secrets.enc`, holds every login: a system keyring may be too small for a token, never
for a key. What differs is where the file's one key lies: under TTAI_MASTER_KEY, in the system keyring, or in a file
beside it. The file says which, so that a keyring that is locked today is asked for, not replaced. All of it blocks.
"""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Literal

from pydantic import SecretStr

from ttai.files import alone, replace
from ttai.login.credentials import Credentials
from ttai.login.errors import (
    MASTER,
    SHORTEST,
    BadMasterKey,
    KeyFileExposed,
    KeyringUnusable,
    LoginsLost,
    LoginsTooNew,
    WrongMasterKey,
)
from ttai.login.keyring import Keyring, Ring
from ttai.logs import conceal

VERSION = 1  # of secrets.enc

_log = logging.getLogger(__name__)

Stamp = tuple[int, int, int] | None  # tells one version of the file from the next; None where there is none
Logins = dict[str, Credentials]  # by the address of their broker
Place = Literal["TTAI_MASTER_KEY", "keyring", "file"]

_WORDS: dict[Place, str] = {
    "TTAI_MASTER_KEY": f"an encrypted file under {MASTER}",
    "keyring": "the system keyring",
    "file": "an encrypted file, its key beside it (0600)",
}


@dataclass(frozen=True)
class _Sealed:
    """secrets.enc: `mark` is the salt of a passphrase and the key's name in a keyring, `check` tells its right key."""

    place: Place
    mark: str
    check: str
    logins: str


@dataclass
class _Open:
    """The content of secrets.enc, and what it takes to close it again."""

    place: Place
    mark: str
    key: str
    logins: Logins

    def sealed(self) -> bytes:
        from cryptography.fernet import Fernet

        plain = {
            host: {"client_secret": one.client_secret.get_secret_value(),
                   "refresh_token": one.refresh_token.get_secret_value()}
            for host, one in self.logins.items()
        }  # fmt: skip
        logins = Fernet(self.key).encrypt(json.dumps(plain).encode()).decode()
        sealed = _Sealed(self.place, self.mark, _check(self.key), logins)
        return json.dumps({"version": VERSION, **asdict(sealed)}, indent=1).encode()


class SecretsFile:
    """The saved logins of a data dir.

    A new file takes the best place for its key: TTAI_MASTER_KEY where it is set, else a system keyring that gives
    back what it is given, else `secrets.key` beside it. It stays there, but for TTAI_MASTER_KEY set later, which the
    next `save` moves it under. What the user can supply is asked for and nothing is touched (a locked or missing
    keyring, another TTAI_MASTER_KEY, an exposed key file); what nobody can (a damaged file, a key that is gone),
    `save` keeps aside as `secrets.enc.old` and begins anew.
    """

    def __init__(self, data_dir: Path, ring: Ring | None, patience: float) -> None:
        self._file = data_dir / "secrets.enc"
        self._key_file = data_dir / "secrets.key"
        self._keyring = Keyring(ring, patience)
        self._patience = patience

    @property
    def stamp(self) -> Stamp:
        """Which version of the file lies there."""
        try:
            found = self._file.stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return (-1, -1, -1)  # reading it will say why
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def load(self) -> Logins:
        """Every login that is saved."""
        sealed = self._read()
        return self._opened(sealed).logins if sealed else {}

    def save(self, host: str, credentials: Credentials) -> tuple[Logins, str]:
        """Keep the login of a broker; every login then, and where they are, in words."""
        with self._alone():
            lost = new = None
            try:
                sealed = self._read()
                before = self._opened(sealed) if sealed else None
            except LoginsLost:
                before, lost = None, self._file.read_bytes()
            content = before
            if content is None or (content.place != MASTER and MASTER in os.environ):
                content = new = self._anew(before.logins if before else {})
            content.logins[host] = credentials
            try:
                kept = self._keep_aside(self._file, lost) if lost is not None else None
                replace(self._file, content.sealed())
            except OSError:
                if new:
                    self._drop_key(new)
                raise
            if new and before:
                self._drop_key(before)
        words = _WORDS[content.place]
        return content.logins, f"{words}; what could not be opened is kept as {kept}" if kept else words

    def forget(self, host: str) -> Logins | None:
        """Remove the login of a broker, with the last one file and key; those left, None where there was none."""
        with self._alone():
            sealed = self._read()
            content = self._opened(sealed) if sealed else None
            if content is None or content.logins.pop(host, None) is None:
                return None
            if content.logins:
                replace(self._file, content.sealed())
            else:
                self._file.unlink()
                self._drop_key(content)
            return content.logins

    def where(self) -> str:
        """Where logins are kept, or would be, and why; asks for no key."""
        if sealed := self._read():
            return f"{_WORDS[sealed.place]} ({self._file})"
        place: Place = "TTAI_MASTER_KEY" if MASTER in os.environ else "keyring"
        why = ""
        try:
            _passphrase() if place == MASTER else self._keyring.look()
        except KeyringUnusable as error:
            place, why = "file", f", because {error.why}"
        return f"nothing is saved; a login would be kept in {_WORDS[place]}{why}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with alone(self._file.with_suffix(".lock"), self._patience):
            yield

    def _read(self) -> _Sealed | None:
        try:
            said = json.loads(self._file.read_bytes())
            if said["version"] > VERSION:
                raise LoginsTooNew(self._file)
            place = next(place for place in _WORDS if place == said["place"])
            return _Sealed(place, *(str(said[name]) for name in ("mark", "check", "logins")))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, StopIteration):
            raise LoginsLost(self._file, "it is damaged") from None

    def _opened(self, sealed: _Sealed) -> _Open:
        from cryptography.fernet import Fernet, InvalidToken

        key = self._key(sealed)
        if _check(key) != sealed.check:
            if sealed.place == MASTER:
                raise WrongMasterKey("is another one now", self._file)
            raise LoginsLost(self._file, "its key was replaced by another one")
        try:
            plain = json.loads(Fernet(key).decrypt(sealed.logins.encode()))
            logins = {
                host: Credentials(SecretStr(one["client_secret"]), SecretStr(one["refresh_token"]))
                for host, one in plain.items()
            }
        except (InvalidToken, ValueError, KeyError, TypeError, AttributeError):
            raise LoginsLost(self._file, "it is damaged") from None
        conceal(key)
        for one in logins.values():
            one.conceal()
        return _Open(sealed.place, sealed.mark, key, logins)

    def _key(self, sealed: _Sealed) -> str:
        if sealed.place == MASTER:
            if MASTER not in os.environ:
                raise WrongMasterKey("is not set", self._file)
            return _derived(_passphrase(), sealed.mark)
        key = self._keyring.get(sealed.mark) if sealed.place == "keyring" else self._read_key_file()
        if key is None:
            gone = "the system keyring no longer has its key" if sealed.place == "keyring" else "its key file is gone"
            raise LoginsLost(self._file, gone)
        return key

    def _anew(self, logins: Logins) -> _Open:
        """A new key in the best place there is, and the logins to be put under it."""
        from cryptography.fernet import Fernet

        mark = token_hex(16)
        if MASTER in os.environ:
            return _Open("TTAI_MASTER_KEY", mark, _derived(_passphrase(), mark), logins)
        key = Fernet.generate_key().decode()
        conceal(key)
        try:
            self._keyring.put(mark, key)
            return _Open("keyring", mark, key, logins)
        except KeyringUnusable as error:
            _log.info("the key of the saved logins is kept in a file: %s", error.why)
        if (old := self._read_key_file()) is not None:
            self._keep_aside(self._key_file, old.encode())
        replace(self._key_file, key.encode())
        return _Open("file", mark, key, logins)

    def _drop_key(self, content: _Open) -> None:
        """Remove a key that opens nothing any more; one that stays behind does no harm."""
        if content.place == "file":
            with suppress(OSError):
                self._key_file.unlink()
        elif content.place == "keyring":
            self._keyring.drop(content.mark)

    def _read_key_file(self) -> str | None:
        try:
            with self._key_file.open("rb") as file:
                if os.name != "nt" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise KeyFileExposed(self._key_file)
                return file.read().decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return None

    def _keep_aside(self, path: Path, content: bytes) -> str:
        """Keep a copy of what is about to be replaced; its name."""
        number = 1
        while (old := path.with_name(f"{path.name}.old{number if number > 1 else ''}")).exists():
            number += 1
        replace(old, content)
        return old.name


def _passphrase() -> str:
    """TTAI_MASTER_KEY; BadMasterKey for one that protects nothing."""
    said = os.environ.get(MASTER, "").strip()
    if len(said) < SHORTEST:
        raise BadMasterKey(f"has {len(said)} characters" if said else "is empty")
    conceal(said)
    return said


def _derived(passphrase: str, mark: str) -> str:
    """The Fernet key of a passphrase (scrypt, RFC 7914: 32 MB and 0.1 s a try)."""
    from base64 import urlsafe_b64encode

    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    raw = Scrypt(salt=mark.encode(), length=32, n=2**15, r=8, p=1).derive(os.fsencode(passphrase))
    return urlsafe_b64encode(raw).decode()


def _check(key: str) -> str:
    return sha256(f"ttai secrets.enc {key}".encode()).hexdigest()[:16]
