"""Rows that could not be read are counted."""

from ttai.listing import Listing


def test_it_is_the_list_of_what_was_read() -> None:
    assert Listing("ab", unreadable=1) == ["a", "b"]


def test_it_says_how_many_are_missing() -> None:
    assert Listing("ab").notes("accounts") == []
    assert Listing("ab", unreadable=1).notes("accounts") == ["1 of 3 accounts could not be read and are left out"]
