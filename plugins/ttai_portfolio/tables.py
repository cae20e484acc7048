"""What the plugin keeps; imports SQLAlchemy, so it is imported in the background."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from ttai import UtcDateTime


class SnapshotRow(SQLModel, table=True):
    """An account as it was seen last; without a row it was never seen, with one and no positions it holds nothing."""

    __tablename__ = "portfolio_snapshot"

    origin: str = Field(primary_key=True)  # the broker's base URL: another's account is another
    account: str = Field(primary_key=True)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    last_entry: int = 0  # the greatest id in its ledger then: what ended since has a greater one


class PositionRow(SQLModel, table=True):
    """One position of the last snapshot; quantity and price are decimal numbers in words, exact."""

    __tablename__ = "portfolio_position"

    origin: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    symbol: str = Field(primary_key=True)
    underlying: str
    quantity: str
    average_open_price: str | None = None


class ChangeRow(SQLModel, table=True):
    """What became of a position between two snapshots."""

    __tablename__ = "portfolio_change"

    id: int | None = Field(default=None, primary_key=True)
    origin: str = Field(index=True)
    account: str
    seen_at: datetime = Field(sa_type=UtcDateTime, index=True)
    symbol: str
    underlying: str
    what: str  # opened, closed, changed, assigned, exercised, expired
    before: str  # contracts or shares, below 0 short
    after: str
