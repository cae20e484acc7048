"""What the user may set of this plugin."""

from pydantic import Field

from ttai import Settings


class ChainsSettings(Settings):
    """`[chains]` in config.toml, `TTAI_CHAINS_…` in the environment.

    `watch`: whose volatility is kept every day, beside what is held and what is on the watchlists kept here.
    `max_spread_percent`: of a leg, in percent of its mid; find_strategies and find_rolls leave out what is wider.
    """

    watch: list[str] = Field(default_factory=list)
    max_spread_percent: float = Field(default=10.0, gt=0)
