"""Credentials: found in the environment or the vault, nowhere to be read after that, never lost silently."""

import asyncio
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from filelock import FileLock
from keyring.backends import chainer, fail, null
from pydantic import SecretStr

from ttai.errors import TtaiError
from ttai.login.credentials import Credentials, address, from_environment
from ttai.login.errors import (
    BadMasterKey,
    KeyFileExposed,
    KeyringLocked,
    KeyringSilent,
    KeyringUnusable,
    LoginsBusy,
    LoginsLost,
    LoginsOutOfReach,
    LoginsTooNew,
    WrongMasterKey,
)
from ttai.login.keyring import Ring
from ttai.login.vault import Vault
from ttai.logs import redact
from ttai.testing.keyring import MemoryKeyring, Mood

LIVE = "https://api.tastyworks.com"
SANDBOX = "https://api.cert.tastyworks.com"
PASSPHRASE = "correct horse of the test"

pytestmark = pytest.mark.usefixtures("own_logging")


def login(name: str = "live") -> Credentials:
    return Credentials(SecretStr(f"client-secret-of-{name}"), SecretStr(f"refresh-token-of-{name}"))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"secrets.lock"}


def nobody() -> Ring:
    kind: Callable[[], Ring] = fail.Keyring
    return kind()


def on_disk(folder: Path) -> dict[str, bytes]:
    """What lies there, none of it open to others."""
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", " client-secret-of-the-test ")
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", "refresh-token-of-the-test\n")


@pytest.mark.usefixtures("environment")
class TestEnvironment:
    def test_both_variables_make_credentials(self) -> None:
        found = from_environment()
        assert found is not None
        assert found.client_secret.get_secret_value() == "client-secret-of-the-test"
        assert found.refresh_token.get_secret_value() == "refresh-token-of-the-test"

    @pytest.mark.parametrize("variable", ["TASTYTRADE_CLIENT_SECRET", "TASTYTRADE_REFRESH_TOKEN"])
    def test_one_alone_makes_none(self, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
        monkeypatch.setenv(variable, "  ")
        assert from_environment() is None

    def test_they_show_nowhere(self) -> None:
        found = from_environment()
        assert "of-the-test" not in f"{found!r} {found}"
        assert "of-the-test" not in redact("sent client-secret-of-the-test and refresh-token-of-the-test")

    def test_a_login_has_a_name_that_does_not_tell_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        mine = from_environment()
        monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", "another-token-of-the-test")
        other = from_environment()
        assert mine is not None
        assert other is not None
        assert mine.key != other.key
        assert "of-the-test" not in mine.key

    async def test_it_wins_over_the_vault_and_needs_none(self, tmp_path: Path) -> None:
        ring = MemoryKeyring("hanging")
        vault = Vault(tmp_path / "none", ring)
        assert await vault.find(LIVE) == from_environment()
        assert "TASTYTRADE_CLIENT_SECRET" in await vault.where()
        assert ring.questions == 0
        assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://api.tastyworks.com", "api.tastyworks.com"),
        ("HTTPS://API.tastyworks.com:443/", "api.tastyworks.com"),
        ("http://127.0.0.1:5190", "127.0.0.1:5190"),
        ("http://[::1]:80", "[::1]"),
        ("api.tastyworks.com", "api.tastyworks.com"),
    ],
)
def test_a_login_belongs_to_a_host(url: str, host: str) -> None:
    assert address(url) == host


async def test_without_a_file_nothing_is_found_asked_or_made(tmp_path: Path) -> None:
    ring = MemoryKeyring("hanging")
    vault = Vault(tmp_path / "data", ring)
    assert await vault.find(LIVE) is None
    assert await vault.forget(LIVE) is False
    assert ring.questions == 0
    assert not (tmp_path / "data").exists()


def test_making_one_imports_neither_keyring_nor_cryptography(tmp_path: Path) -> None:
    script = """if True:
        import sys
        from pathlib import Path
        from ttai.login.vault import Vault
        Vault(Path(sys.argv[1])).stamp
        print({"keyring", "cryptography.fernet", "filelock", "tomlkit"} & sys.modules.keys() or "none")"""
    run = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "none\n"


async def test_what_is_saved_is_found_again_sandbox_and_production_apart(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = Vault(tmp_path / "data", ring)
    assert await vault.where() == "nothing is saved; a login would be kept in the system keyring"
    assert await vault.save(LIVE, login("live")) == "the system keyring"
    assert await vault.save(SANDBOX, login("sandbox")) == "the system keyring"
    for one in (vault, Vault(tmp_path / "data", ring)):
        assert await one.find(LIVE) == login("live")
        assert await one.find(SANDBOX + "/") == login("sandbox")
        assert await one.find("https://elsewhere") is None
    assert await vault.where() == f"the system keyring ({tmp_path / 'data' / 'secrets.enc'})"
    assert files(tmp_path / "data") == {"secrets.enc"}


@pytest.mark.parametrize("way", ["keyring", "file", "passphrase"])
async def test_nothing_on_the_disk_or_in_the_log_tells_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    ring: Ring = MemoryKeyring() if way == "keyring" else nobody()
    if way == "passphrase":
        monkeypatch.setenv("TTAI_MASTER_KEY", PASSPHRASE)
    await Vault(tmp_path, ring).save(LIVE, login())
    assert "of-live" not in redact("client-secret-of-live refresh-token-of-live")
    for content in on_disk(tmp_path).values():
        assert b"of-live" not in content
        assert PASSPHRASE.encode() not in content
    monkeypatch.setattr("ttai.logs._secrets", ())  # as a process that has just started
    assert await Vault(tmp_path, ring).find(LIVE) == login()
    kept = list(ring.stored.values()) if isinstance(ring, MemoryKeyring) else []
    if way == "file":
        kept = [(tmp_path / "secrets.key").read_text()]
    for secret in ("client-secret-of-live", "refresh-token-of-live", *kept, *([PASSPHRASE] * (way == "passphrase"))):
        assert secret not in redact(f"it is {secret}")


@pytest.mark.parametrize("mood", ["plaintext", "null", "forgetful", "small"])
async def test_a_keyring_that_would_not_keep_the_key_safe_is_passed_over(tmp_path: Path, mood: Mood) -> None:
    ring = MemoryKeyring(mood)
    where = await Vault(tmp_path, ring).where()
    assert await Vault(tmp_path, ring).save(LIVE, login()) == "an encrypted file, its key beside it (0600)"
    assert ring.stored == {}
    assert files(tmp_path) == {"secrets.enc", "secrets.key"}
    assert await Vault(tmp_path, MemoryKeyring("hanging")).find(LIVE) == login()
    if mood in ("plaintext", "null"):
        assert ring.questions == 0
        assert "its key beside it (0600), because there is none here that keeps a secret (ttai.testing" in where


class Alien(MemoryKeyring):
    """A backend that is no good for one reason or another."""

    backends: list[MemoryKeyring]

    def __init__(self, backends: list[MemoryKeyring]) -> None:
        super().__init__()
        self.backends = backends


class ReadOnly(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


class PlaintextStore(MemoryKeyring):
    """Thinks highly of itself."""


class Unfit(MemoryKeyring):
    @property
    def priority(self) -> float:
        raise RuntimeError("no D-Bus")


def alternative() -> Ring:
    kind = type("PlainKeyring", (MemoryKeyring,), {"__module__": "keyrings.alt.file"})
    made: Ring = kind()
    return made


@pytest.mark.parametrize(
    "ring",
    [
        fail.Keyring,
        null.Keyring,
        chainer.ChainerBackend,
        alternative,
        PlaintextStore,
        Unfit,
        ReadOnly,
        lambda: Alien([]),
        lambda: Alien([ReadOnly(), MemoryKeyring("plaintext")]),
    ],
)
async def test_no_kind_of_bad_backend_gets_the_key(tmp_path: Path, ring: Callable[[], Ring]) -> None:
    assert await Vault(tmp_path, ring()).save(LIVE, login()) == "an encrypted file, its key beside it (0600)"


async def test_of_a_chain_only_the_trusted_ones_are_used(tmp_path: Path) -> None:
    plain, good = MemoryKeyring("plaintext"), MemoryKeyring()
    chain = Alien([plain, ReadOnly(), good])
    assert await Vault(tmp_path, chain).save(LIVE, login()) == "the system keyring"
    assert (plain.stored, len(good.stored)) == ({}, 1)
    assert await Vault(tmp_path, chain).find(LIVE) == login()
    assert await Vault(tmp_path, chain).forget(LIVE)
    assert good.stored == {}


@pytest.mark.parametrize("backend", ["keyring.backends.fail.Keyring", "no.such.Keyring"])
async def test_a_process_without_a_keyring_has_the_next_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)  # the library's own way to choose one
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    assert await Vault(tmp_path).save(LIVE, login()) == "an encrypted file, its key beside it (0600)"
    assert await Vault(tmp_path).find(LIVE) == login()


async def test_two_data_dirs_in_one_keyring_do_not_meet(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    for name in ("one", "two"):
        await Vault(tmp_path / name, ring).save(LIVE, login(name))
    assert await Vault(tmp_path / "one", ring).forget(LIVE)
    assert await Vault(tmp_path / "two", ring).find(LIVE) == login("two")


@pytest.mark.parametrize(
    "key",
    [PASSPHRASE, Fernet.generate_key().decode(), "πάσα λέξη κρυφή", "\udcff of another encoding"],
    ids=["passphrase", "fernet", "greek", "surrogate"],
)
async def test_a_master_key_comes_before_the_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    ring = MemoryKeyring("hanging")
    monkeypatch.setenv("TTAI_MASTER_KEY", key)
    assert "under TTAI_MASTER_KEY" in await Vault(tmp_path, ring).where()
    assert await Vault(tmp_path, ring).save(LIVE, login()) == "an encrypted file under TTAI_MASTER_KEY"
    monkeypatch.setenv("TTAI_MASTER_KEY", f" {key}\n")
    assert await Vault(tmp_path, ring).find(LIVE) == login()
    assert files(tmp_path) == {"secrets.enc"}
    assert ring.questions == 0


async def test_each_file_has_a_salt_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TTAI_MASTER_KEY", PASSPHRASE)
    for name in ("one", "two"):
        await Vault(tmp_path / name, nobody()).save(LIVE, login())
    one, two = (json.loads((tmp_path / name / "secrets.enc").read_bytes()) for name in ("one", "two"))
    assert one["mark"] != two["mark"]
    assert one["check"] != two["check"]


@pytest.mark.parametrize("key", ["", "   ", "hunter2", "elevenchars"])
async def test_a_master_key_that_protects_nothing_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("TTAI_MASTER_KEY", key)
    with pytest.raises(BadMasterKey, match="VALIDATION: TTAI_MASTER_KEY is not usable") as refused:
        await Vault(tmp_path, MemoryKeyring()).save(LIVE, login())
    assert "hunter2" not in str(refused.value)
    assert "TTAI_MASTER_KEY is not usable" in await Vault(tmp_path, MemoryKeyring()).where()
    assert files(tmp_path) == set()


@pytest.mark.parametrize(("key", "said"), [(None, "it is not set"), ("another horse of the test", "it is another one")])
async def test_without_the_right_master_key_nothing_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None, said: str
) -> None:
    monkeypatch.setenv("TTAI_MASTER_KEY", PASSPHRASE)
    await Vault(tmp_path, nobody()).save(LIVE, login())
    before = (tmp_path / "secrets.enc").read_bytes()
    if key:
        monkeypatch.setenv("TTAI_MASTER_KEY", key)
    else:
        monkeypatch.delenv("TTAI_MASTER_KEY")
    vault = Vault(tmp_path, MemoryKeyring())
    for attempt in (vault.find(LIVE), vault.save(SANDBOX, login("sandbox")), vault.forget(LIVE)):
        with pytest.raises(WrongMasterKey, match="AUTHENTICATION") as refused:
            await attempt
        assert said in str(refused.value)
        assert "horse" not in str(refused.value)
    assert files(tmp_path) == {"secrets.enc"}
    assert (tmp_path / "secrets.enc").read_bytes() == before
    monkeypatch.setenv("TTAI_MASTER_KEY", PASSPHRASE)
    assert await vault.find(LIVE) == login()


@pytest.mark.parametrize("ring", [MemoryKeyring, fail.Keyring])
async def test_a_master_key_set_later_takes_over_at_the_next_login(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ring: Callable[[], Ring]
) -> None:
    keyring = ring()
    await Vault(tmp_path, keyring).save(LIVE, login())
    monkeypatch.setenv("TTAI_MASTER_KEY", PASSPHRASE)
    assert await Vault(tmp_path, keyring).find(LIVE) == login()
    assert await Vault(tmp_path, keyring).save(SANDBOX, login("sandbox")) == "an encrypted file under TTAI_MASTER_KEY"
    assert await Vault(tmp_path, nobody()).find(LIVE) == login()
    assert files(tmp_path) == {"secrets.enc"}
    assert not getattr(keyring, "stored", None)


async def test_a_locked_keyring_is_asked_for_not_replaced(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    before = (tmp_path / "secrets.enc").read_bytes()
    ring.mood = "locked"
    vault = Vault(tmp_path, ring)
    for attempt in (vault.find(LIVE), vault.save(SANDBOX, login("sandbox")), vault.forget(LIVE)):
        with pytest.raises(KeyringLocked, match=r"AUTHENTICATION: the system keyring is locked\. Unlock it"):
            await attempt
    assert (tmp_path / "secrets.enc").read_bytes() == before
    assert files(tmp_path) == {"secrets.enc"}
    assert "the system keyring" in await vault.where()
    ring.mood = "well"
    assert await vault.find(LIVE) == login()


async def test_a_first_login_waits_for_the_keyring_rather_than_for_a_weaker_place(tmp_path: Path) -> None:
    with pytest.raises(KeyringLocked):
        await Vault(tmp_path, MemoryKeyring("locked")).save(LIVE, login())
    assert files(tmp_path) == set()


async def test_a_keyring_that_is_not_there_today_is_named(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    vault = Vault(tmp_path, nobody())
    for attempt in (vault.find(LIVE), vault.save(SANDBOX, login())):
        with pytest.raises(KeyringUnusable, match=r"none here that keeps a secret \(keyring.backends.fail.Keyring\)"):
            await attempt
    assert await Vault(tmp_path, ring).find(LIVE) == login()


async def test_a_keyring_that_does_not_answer_is_left_alone_until_it_does(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    ring.mood = "hanging"
    asked = ring.questions
    vault = Vault(tmp_path, ring, patience=0.05)
    for attempt in (vault.find(LIVE), vault.find(LIVE), vault.save(LIVE, login("new")), vault.forget(LIVE)):
        with pytest.raises(KeyringSilent, match=r"the system keyring did not answer within 0\.05 s"):
            await attempt
    assert ring.questions == asked + 1  # one prompt, not four
    hung = vault._file._keyring._asked
    ring.let_go()
    assert hung is not None
    hung.result(5)
    assert await vault.find(LIVE) == login()


async def test_a_job_does_not_ask_for_what_the_user_has_just_refused(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    vault = Vault(tmp_path, ring)
    ring.mood = "locked"
    asked = ring.questions
    for _ in range(3):
        with pytest.raises(KeyringLocked):
            await vault.find(LIVE, again=False)
    assert ring.questions == asked + 1
    ring.mood = "well"
    assert await vault.find(LIVE) == login()  # the user tries again
    assert await vault.find(LIVE, again=False) == login()


async def test_a_job_sees_the_login_that_mends_it(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    ring.stored.clear()
    vault = Vault(tmp_path, ring)
    with pytest.raises(LoginsLost):
        await vault.find(LIVE, again=False)
    await Vault(tmp_path, ring).save(LIVE, login("new"))
    assert await vault.find(LIVE, again=False) == login("new")


async def test_many_who_ask_at_once_make_one_question(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    asked = ring.questions
    vault = Vault(tmp_path, ring)
    assert set(await asyncio.gather(*(vault.find(LIVE) for _ in range(20)))) == {login()}
    assert ring.questions == asked + 1


def test_a_hanging_keyring_does_not_keep_a_process_from_ending(tmp_path: Path) -> None:
    script = """if True:
        import asyncio, sys
        from pathlib import Path
        from pydantic import SecretStr
        from ttai.login.credentials import Credentials
        from ttai.login.vault import Vault
        from ttai.testing.keyring import MemoryKeyring
        async def main():
            try:
                async with asyncio.timeout(0.05):
                    await Vault(Path(sys.argv[1]), MemoryKeyring("hanging"), patience=60).save(
                        "https://a", Credentials(SecretStr("secret"), SecretStr("token")))
            except TimeoutError:
                print("given up")
        asyncio.run(main())"""
    run = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("given up\n", "", 0)


async def test_what_a_backend_says_is_not_repeated(tmp_path: Path) -> None:
    vault = Vault(tmp_path, MemoryKeyring("small"))
    key = Fernet.generate_key().decode()
    with pytest.raises(KeyringUnusable, match=r"it fails \(OSError\)") as refused:
        await asyncio.to_thread(vault._file._keyring.put, "0123456789", key)
    assert key not in "".join(traceback.format_exception(refused.value))


async def test_a_key_that_is_gone_is_said_and_a_login_keeps_the_old_file(tmp_path: Path) -> None:
    ring = MemoryKeyring()
    vault = Vault(tmp_path, ring)
    for number in ("", "2", "3"):
        await vault.save(LIVE, login())
        lost = (tmp_path / "secrets.enc").read_bytes()
        ring.stored.clear()
        with pytest.raises(LoginsLost, match=r"no longer has its key\. Log in again; the old file is kept"):
            await Vault(tmp_path, ring).find(LIVE)
        said = await Vault(tmp_path, ring).save(SANDBOX, login("sandbox"))
        assert said == f"the system keyring; what could not be opened is kept as secrets.enc.old{number}"
        assert (tmp_path / f"secrets.enc.old{number}").read_bytes() == lost
        assert (tmp_path / f"secrets.enc.old{number}").stat().st_mode & 0o077 == 0
        assert await Vault(tmp_path, ring).find(SANDBOX) == login("sandbox")
        assert await Vault(tmp_path, ring).find(LIVE) is None


async def test_a_key_file_that_is_gone_or_another_one(tmp_path: Path) -> None:
    vault = Vault(tmp_path, nobody())
    await vault.save(LIVE, login())
    key = tmp_path / "secrets.key"
    first = key.read_bytes()
    key.unlink()
    with pytest.raises(LoginsLost, match="its key file is gone"):
        await Vault(tmp_path, nobody()).find(LIVE)
    key.touch(0o600)
    key.write_bytes(b"not a key")
    with pytest.raises(LoginsLost, match="its key was replaced by another one"):
        await Vault(tmp_path, nobody()).find(LIVE)
    assert "kept as secrets.enc.old" in await Vault(tmp_path, nobody()).save(LIVE, login("new"))
    assert files(tmp_path) == {"secrets.enc", "secrets.key", "secrets.enc.old", "secrets.key.old"}
    assert (tmp_path / "secrets.key.old").read_bytes() == b"not a key"
    (tmp_path / "secrets.enc.old").replace(tmp_path / "secrets.enc")
    key.write_bytes(first)
    assert await Vault(tmp_path, nobody()).find(LIVE) == login()  # nothing was lost


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
async def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    vault = Vault(tmp_path, nobody())
    await vault.save(LIVE, login())
    (tmp_path / "secrets.key").chmod(mode)
    for attempt in (Vault(tmp_path, nobody()).find(LIVE), vault.save(LIVE, login("new"))):
        with pytest.raises(KeyFileExposed, match=f"AUTHENTICATION: others can read .* Run `chmod 600 {tmp_path}"):
            await attempt
    (tmp_path / "secrets.key").chmod(0o600)
    assert await Vault(tmp_path, nobody()).find(LIVE) == login()


def _damaged(folder: Path, how: str) -> bytes:
    path = folder / "secrets.enc"
    head = json.loads(path.read_bytes())
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-40])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "binary":
        path.write_bytes(b"\x80\xff" * 50)
    elif how == "other json":
        path.write_bytes(b'["client-secret-of-live"]')
    elif how == "list":
        key = (folder / "secrets.key").read_bytes()
        path.write_text(json.dumps({**head, "logins": Fernet(key).encrypt(b"[]").decode()}))
    elif how == "other place":
        path.write_text(json.dumps({**head, "place": "a drawer"}))
    elif how == "flipped":
        path.write_text(json.dumps({**head, "logins": head["logins"][:-9] + "AAAAAAAA="}))
    else:
        key = (folder / "secrets.key").read_bytes()
        path.write_text(json.dumps({**head, "logins": Fernet(key).encrypt(b'{"a": "refresh-token-of-live"}').decode()}))
    return path.read_bytes()


@pytest.mark.parametrize(
    "how", ["cut", "empty", "binary", "other json", "other place", "flipped", "list", "other content"]
)
async def test_a_damaged_file_is_reported_and_a_login_keeps_it_aside(tmp_path: Path, how: str) -> None:
    await Vault(tmp_path, nobody()).save(LIVE, login())
    damaged = _damaged(tmp_path, how)
    vault = Vault(tmp_path, nobody())
    for attempt in (vault.find(LIVE), vault.forget(LIVE)):
        with pytest.raises(LoginsLost, match="it is damaged") as refused:
            await attempt
        assert "of-live" not in "".join(traceback.format_exception(refused.value))
    if how not in ("flipped", "list", "other content"):
        assert "it is damaged" in await vault.where()
    assert (tmp_path / "secrets.enc").read_bytes() == damaged
    assert "kept as secrets.enc.old" in await vault.save(LIVE, login("new"))
    assert (tmp_path / "secrets.enc.old").read_bytes() == damaged
    assert await Vault(tmp_path, nobody()).find(LIVE) == login("new")


async def test_the_file_of_a_newer_ttai_is_left_to_it(tmp_path: Path) -> None:
    newer = b'{"version": 2, "what": "ever"}'
    (tmp_path / "secrets.enc").write_bytes(newer)
    vault = Vault(tmp_path, nobody())
    for attempt in (vault.find(LIVE), vault.save(LIVE, login())):
        with pytest.raises(LoginsTooNew, match="was written by a newer ttai"):
            await attempt
    assert (tmp_path / "secrets.enc").read_bytes() == newer


async def test_a_data_dir_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    vault = Vault(tmp_path / "data", nobody())
    assert await vault.find(LIVE) is None
    with pytest.raises(LoginsOutOfReach, match="AUTHENTICATION: the saved logins can't be read or written"):
        await vault.save(LIVE, login())


async def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "secrets.enc").mkdir()
    vault = Vault(tmp_path, nobody())
    for attempt in (vault.find(LIVE), vault.save(LIVE, login())):
        with pytest.raises(LoginsOutOfReach, match="Is a directory"):
            await attempt
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(LoginsOutOfReach, match="symbolic link"):
        await Vault(loop, nobody()).find(LIVE)


@pytest.mark.parametrize("lost", [False, True])
async def test_a_full_disk_costs_neither_the_old_logins_nor_leaves_a_mess(tmp_path: Path, lost: bool) -> None:
    resource = pytest.importorskip("resource")
    ring = MemoryKeyring()
    await Vault(tmp_path, ring).save(LIVE, login())
    if lost:
        ring.stored.clear()
    before = (tmp_path / "secrets.enc").read_bytes()
    kept = dict(ring.stored)
    vault = Vault(tmp_path, ring)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # no file may grow beyond it
    try:
        with pytest.raises(LoginsOutOfReach, match="see that its disk isn't full") as refused:
            await vault.save(SANDBOX, login("sandbox"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "of-sandbox" not in str(refused.value)
    assert files(tmp_path) == {"secrets.enc"}
    assert (tmp_path / "secrets.enc").read_bytes() == before
    assert ring.stored == kept


async def test_a_login_of_another_process_is_noticed_and_so_is_a_logout(tmp_path: Path) -> None:
    here, there = Vault(tmp_path, nobody()), Vault(tmp_path, nobody())
    stamps = [here.stamp]
    assert await here.find(LIVE) is None
    await there.save(LIVE, login())
    stamps.append(here.stamp)
    assert await here.find(LIVE) == login()
    assert here.stamp == stamps[-1]
    await there.save(LIVE, login("other"))
    stamps.append(here.stamp)
    assert await here.find(LIVE) == login("other")
    assert len(set(stamps)) == 3
    await there.forget(LIVE)
    assert await here.find(LIVE) is None
    assert here.stamp is None


@pytest.mark.parametrize("ring", [MemoryKeyring, fail.Keyring])
async def test_forgetting_the_last_login_leaves_nothing(tmp_path: Path, ring: Callable[[], Ring]) -> None:
    keyring = ring()
    vault = Vault(tmp_path, keyring)
    await vault.save(LIVE, login())
    await vault.save(SANDBOX, login("sandbox"))
    assert await vault.forget("https://elsewhere") is False
    assert await vault.forget(LIVE) is True
    assert await vault.forget(LIVE) is False
    assert await Vault(tmp_path, keyring).find(LIVE) is None
    assert await Vault(tmp_path, keyring).find(SANDBOX) == login("sandbox")
    assert await vault.forget(SANDBOX) is True
    assert files(tmp_path) == set()
    assert not getattr(keyring, "stored", None)
    assert "nothing is saved" in await vault.where()


async def test_a_writer_that_does_not_come_to_an_end_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with (
        FileLock(tmp_path / "secrets.lock"),
        pytest.raises(LoginsBusy, match="another ttai is just saving a login") as refused,
    ):
        await Vault(tmp_path, nobody(), patience=0.05).save(LIVE, login())
    assert refused.value.retryable
    await Vault(tmp_path, nobody(), patience=0.05).save(LIVE, login())


SAVES = """if True:
    import asyncio, sys
    from pathlib import Path
    from pydantic import SecretStr
    from keyring.backends.fail import Keyring
    from ttai.login.credentials import Credentials
    from ttai.login.vault import Vault
    async def main():
        vault = Vault(Path(sys.argv[1]), Keyring())
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(6):
            name = f"{sys.argv[2]}{number}"
            await vault.save(f"https://{name}", Credentials(SecretStr(name), SecretStr(f"token of {name}")))
    asyncio.run(main())"""


def test_two_processes_that_log_in_at_once_lose_nothing(tmp_path: Path) -> None:
    both = [
        subprocess.Popen(
            [sys.executable, "-c", SAVES, str(tmp_path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for name in "ab"
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in both:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    for process in both:
        process.communicate(timeout=8)
        assert process.returncode == 0
    vault = Vault(tmp_path, nobody())
    for name in (f"{letter}{number}" for letter in "ab" for number in range(6)):
        found = asyncio.run(vault.find(f"https://{name}"))
        assert found is not None
        assert found.refresh_token.get_secret_value() == f"token of {name}"
    assert files(tmp_path) == {"secrets.enc", "secrets.key"}


def test_every_error_says_what_to_do() -> None:
    kinds = [
        BadMasterKey("is empty"), WrongMasterKey("is not set", Path("x")), KeyringLocked(), KeyringSilent(10),
        KeyringUnusable("it fails"), KeyFileExposed(Path("x")), LoginsLost(Path("x"), "it is damaged"),
        LoginsTooNew(Path("x")), LoginsOutOfReach("disk full"), LoginsBusy(),
    ]  # fmt: skip
    for error in kinds:
        assert isinstance(error, TtaiError)
        assert error.code == ("VALIDATION" if isinstance(error, BadMasterKey) else "AUTHENTICATION")
        assert error.hint
