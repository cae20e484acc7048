"""What the plugin keeps; imports SQLAlchemy, so it is imported in the background."""

from datetime import date, datetime

from sqlmodel import Field, SQLModel

from ttai import UtcDateTime


class VolatilityRow(SQLModel, table=True):
    """One underlying's volatility on one day: fractions a year, NULL is unknown."""

    __tablename__ = "chains_volatility"

    symbol: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    origin: str = Field(primary_key=True)  # whose data it is: the simulator's is not the market's
    as_of: datetime = Field(sa_type=UtcDateTime)
    iv_30: float | None = None
    risk_reversal_25: float | None = None
    butterfly_25: float | None = None
    term: str = ""  # expirations and their volatility: 2026-12-18 0.1523, one a line
