"""How what somebody wrote is quoted in an error."""


def brief(text: str) -> str:
    """In quotes, its end left out where it is long."""
    return repr(text if len(text) <= 30 else text[:29] + "…")
