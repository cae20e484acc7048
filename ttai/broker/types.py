"""What is known of the user's accounts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One trading account; `margin` False means cash."""

    number: str
    nickname: str
    type: str
    margin: bool
