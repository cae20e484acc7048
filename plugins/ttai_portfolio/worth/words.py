"""Dollars, percents and days as people read them; pure."""

from datetime import date, datetime

from ttai.quant.calendar import NEW_YORK


def dollars(value: float, *, sign: bool = False) -> str:
    """`−$1,250.00`, with `sign` also `+$1,250.00`; whole dollars from 10,000 on."""
    amount = f"{abs(value):,.{0 if abs(value) >= 10_000 else 2}f}"
    mark = "" if not amount.strip("0.,") else "−" if value < 0 else "+" if sign else ""
    return f"{mark}${amount}"


def percent(value: float | None, *, sign: bool = True) -> str:
    """`+1.2 %`; a dash where it is unknown."""
    return "–" if value is None else f"{value:{'+' if sign else ''}.1f} %".replace("-", "−")


def written_day(at: date | datetime) -> str:
    """`Nov 20, 2026`, with the time of New York where it has one."""
    if isinstance(at, datetime):
        local = at.astimezone(NEW_YORK)
        return f"{local:%b} {local.day}, {local:%H:%M}"
    return f"{at:%b} {at.day}, {at.year}"
