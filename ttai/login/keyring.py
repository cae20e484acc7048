"""The system's keyring: which one is trusted with a key, and how it is asked without waiting for ever."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from typing import Any, Protocol, TypeVar

from ttai.errors import TtaiError
from ttai.login.errors import KeyringLocked, KeyringSilent, KeyringUnusable

T = TypeVar("T")


class Ring(Protocol):
    """A place for small secrets; every backend of the keyring library is one."""

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept, or None."""

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it; NotImplementedError where this place is for reading only."""

    def delete_password(self, service: str, username: str) -> None:
        """Forget it."""


class Keyring:
    """A key in the system keyring, asked for in a thread of its own: a locked one may wait for the user for ever."""

    def __init__(self, ring: Ring | None, patience: float) -> None:
        self._ring = ring
        self._patience = patience
        self._asked: Future[Any] | None = None

    def look(self) -> None:
        """KeyringUnusable where there is none to be trusted."""
        self._ask(lambda _rings: None)

    def get(self, mark: str) -> str | None:
        """The key under that mark; None where the keyring says that it has none."""
        return self._ask(lambda rings: next(filter(None, (ring.get_password(*_entry(mark)) for ring in rings)), None))

    def put(self, mark: str, key: str) -> None:
        """Keep a key, and see that it is there; KeyringUnusable where it isn't."""

        def write(rings: list[Ring]) -> None:
            for ring in rings:
                with suppress(NotImplementedError):
                    ring.set_password(*_entry(mark), key)
                    if ring.get_password(*_entry(mark)) != key:
                        raise KeyringUnusable("it does not give back what it is given")
                    return
            raise KeyringUnusable("it can only be read")

        self._ask(write)

    def drop(self, mark: str) -> None:
        """Remove a key, if that can be done."""

        def delete(rings: list[Ring]) -> None:
            for ring in rings:
                with suppress(Exception):  # NotImplementedError, PasswordDeleteError: there was nothing to remove
                    ring.delete_password(*_entry(mark))

        with suppress(TtaiError):
            self._ask(delete)

    def _ask(self, question: Callable[[list[Ring]], T]) -> T:
        if self._asked and not self._asked.done():  # one prompt at a time
            raise KeyringSilent(self._patience)
        self._asked = asked = begin(lambda: question(self._rings()))
        try:
            answer: T = asked.result(self._patience)
            return answer
        except TtaiError:
            raise
        except TimeoutError:
            raise KeyringSilent(self._patience) from None
        except Exception as error:  # noqa: BLE001 - a backend may raise anything, and say the secret in it
            kinds = {kind.__name__ for kind in type(error).__mro__}
            if kinds & {"KeyringLocked", "LockedException", "PromptDismissedException"}:
                raise KeyringLocked from None
            raise KeyringUnusable(f"it fails ({type(error).__name__})") from None

    def _rings(self) -> list[Ring]:
        """Those that may hold a key, the best first: a chain would also write to one that may not."""
        if self._ring is None:
            import keyring

            self._ring = keyring.get_keyring()
        members: list[Ring] | None = getattr(self._ring, "backends", None)
        candidates = [self._ring] if members is None else members
        if fit := [ring for ring in candidates if _trusted(ring)]:
            return fit
        names = ", ".join(_name(ring) for ring in candidates)
        raise KeyringUnusable(f"there is none here that keeps a secret ({names or 'none at all'})")


def _entry(mark: str) -> tuple[str, str]:
    """Service and user of a key: each file has its own, so that two data dirs can't take each other's away."""
    return "ttai", f"master key {mark[:8]}"


def _name(ring: Ring) -> str:
    kind = type(ring)
    return f"{kind.__module__}.{kind.__qualname__}"


def _trusted(ring: Ring) -> bool:
    """Whether the keyring library recommends it, and it is none that writes plain text."""
    try:
        priority = float(getattr(ring, "priority", 0))
    except Exception:  # noqa: BLE001 - its way to say that it doesn't work here
        return False
    name = _name(ring).lower()
    return priority >= 1 and not name.startswith("keyrings.alt.") and "plaintext" not in name


def begin(work: Callable[[], T]) -> Future[T]:
    """Work begun in a daemon thread: one that never ends must not keep the process from ending."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - the one who waits gets it
            future.set_exception(error)
        else:
            future.set_result(result)

    Thread(target=copy_context().run, args=(run,), name="credentials", daemon=True).start()
    return future
