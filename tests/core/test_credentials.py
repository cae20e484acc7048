"""Credentials: found in the environment, and nowhere to be read after that."""

import pytest

from ttai.credentials import find_credentials
from ttai.logs import redact


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASTYTRADE_CLIENT_SECRET", " client-secret-of-the-test ")
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", "refresh-token-of-the-test\n")


def test_both_variables_make_credentials() -> None:
    found = find_credentials()
    assert found is not None
    assert found.client_secret.get_secret_value() == "client-secret-of-the-test"
    assert found.refresh_token.get_secret_value() == "refresh-token-of-the-test"


@pytest.mark.parametrize("variable", ["TASTYTRADE_CLIENT_SECRET", "TASTYTRADE_REFRESH_TOKEN"])
def test_one_alone_makes_none(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "  ")
    assert find_credentials() is None


def test_they_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    found = find_credentials()
    assert "of-the-test" not in f"{found!r} {found}"
    assert "of-the-test" not in redact("sent client-secret-of-the-test and refresh-token-of-the-test")


def test_a_login_has_a_name_that_does_not_tell_it(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = find_credentials()
    monkeypatch.setenv("TASTYTRADE_REFRESH_TOKEN", "another-token-of-the-test")
    other = find_credentials()
    assert mine is not None
    assert other is not None
    assert mine.key != other.key
    assert mine.key not in "refresh-token-of-the-test"
