"""What the plugin keeps; imports SQLAlchemy, so it is imported in the background."""

from sqlmodel import Field, SQLModel


class WatchlistRow(SQLModel, table=True):
    """A watchlist kept here: one row a list, so that an empty one is there too."""

    __tablename__ = "quotes_watchlist"

    name: str = Field(primary_key=True)
    symbols: str = ""  # with commas between them, in their order
