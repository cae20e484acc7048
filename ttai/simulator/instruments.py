"""What is traded on the simulated market; the prices are plausible, not anybody's."""

from typing import Literal, NamedTuple

Kind = Literal["Equity", "ETF", "Index"]


class Instrument(NamedTuple):
    """What is known of an instrument beside its price."""

    symbol: str
    description: str
    kind: Kind
    market: str
    anchor: float  # dollars, or points
    volatility: float  # a year's, as a fraction
    correlation: float  # with the market
    volume: float = 0  # shares on a usual day
    spread: int = 1  # cents on a usual quote
    dividend: float = 0  # dollars a payment
    payments: int = 4  # dividends a year
    tracks: str | None = None  # moves with this one, point for point
    reversion: float = 0  # part of the way back to the anchor made in a day

    @property
    def with_spy(self) -> float:
        """The correlation with SPY, which moves with the market but for a hundredth."""
        return min(self.correlation / 0.99, 1.0)

    @property
    def beta(self) -> float:
        """Moves per move of SPY."""
        return round(self.with_spy * self.volatility / 0.155, 2)

    @property
    def option_ticks(self) -> tuple[float, float, float]:
        """The ticks its options are quoted in: below a price, the price, above it."""
        return (0.05, 3.0, 0.1) if self.kind == "Index" else (0.01, 3.0, 0.05)


INSTRUMENTS = (
    Instrument("SPY", "SPDR S&P 500 ETF Trust", "ETF", "ARCX", 672.0, 0.155, 0.99, 70e6, 1, 1.83),
    Instrument("QQQ", "Invesco QQQ Trust, Series 1", "ETF", "XNAS", 605.0, 0.2, 0.93, 48e6, 1, 0.72),
    Instrument("IWM", "iShares Russell 2000 ETF", "ETF", "ARCX", 240.0, 0.215, 0.86, 33e6, 1, 0.68),
    Instrument("GLD", "SPDR Gold Shares", "ETF", "ARCX", 375.0, 0.17, 0.05, 9e6, 3),
    Instrument("TLT", "iShares 20+ Year Treasury Bond ETF", "ETF", "XNAS", 89.5, 0.135, -0.1, 34e6, 1, 0.325, 12),
    Instrument("AAPL", "Apple Inc. - Common Stock", "Equity", "XNAS", 268.0, 0.265, 0.66, 48e6, 1, 0.26),
    Instrument("MSFT", "Microsoft Corporation - Common Stock", "Equity", "XNAS", 505.0, 0.235, 0.68, 21e6, 3, 0.91),
    Instrument("NVDA", "NVIDIA Corporation - Common Stock", "Equity", "XNAS", 186.0, 0.42, 0.66, 190e6, 1, 0.01),
    Instrument("AMZN", "Amazon.com, Inc. - Common Stock", "Equity", "XNAS", 228.0, 0.31, 0.66, 42e6, 2),
    Instrument(
        "META", "Meta Platforms, Inc. - Class A Common Stock", "Equity", "XNAS", 612.0, 0.34, 0.58, 14e6, 8, 0.525
    ),
    Instrument("TSLA", "Tesla, Inc. - Common Stock", "Equity", "XNAS", 408.0, 0.54, 0.5, 85e6, 3),
    Instrument("AMD", "Advanced Micro Devices, Inc. - Common Stock", "Equity", "XNAS", 236.0, 0.52, 0.56, 45e6, 3),
    Instrument("F", "Ford Motor Company Common Stock", "Equity", "XNYS", 13.1, 0.33, 0.5, 62e6, 1, 0.15),
    Instrument("XOM", "Exxon Mobil Corporation Common Stock", "Equity", "XNYS", 117.0, 0.22, 0.36, 15e6, 1, 1.03),
    Instrument("JPM", "JPMorgan Chase & Co. Common Stock", "Equity", "XNYS", 305.0, 0.23, 0.6, 9e6, 3, 1.5),
    Instrument("BRK/B", "Berkshire Hathaway Inc. Class B", "Equity", "XNYS", 504.0, 0.155, 0.62, 4.6e6, 9),
    Instrument("SPX", "S&P 500 Index", "Index", "OTC", 6733.4, 0.155, 0.99, tracks="SPY"),
    Instrument("NDX", "Nasdaq 100 Index", "Index", "OTC", 24890.0, 0.2, 0.93, tracks="QQQ"),
    Instrument("RUT", "Russell 2000 Index", "Index", "OTC", 2418.5, 0.215, 0.86, tracks="IWM"),
    Instrument("VIX", "CBOE Volatility Index", "Index", "OTC", 17.5, 0.9, -0.8, reversion=0.06),
)

# as widely known as the others, asked for less often
MORE = (
    Instrument("XLF", "Financial Select Sector SPDR Fund", "ETF", "ARCX", 52.6, 0.18, 0.83, 40e6, 1, 0.18),
    Instrument("XLE", "Energy Select Sector SPDR Fund", "ETF", "ARCX", 90.2, 0.23, 0.48, 15e6, 1, 0.74),
    Instrument("XLK", "Technology Select Sector SPDR Fund", "ETF", "ARCX", 139.0, 0.24, 0.91, 12e6, 1, 0.19),
    Instrument("SMH", "VanEck Semiconductor ETF", "ETF", "XNAS", 342.0, 0.36, 0.8, 8e6, 4, 1.1, 1),
    Instrument("XBI", "SPDR S&P Biotech ETF", "ETF", "ARCX", 110.5, 0.31, 0.6, 9e6, 2),
    Instrument("EEM", "iShares MSCI Emerging Markets ETF", "ETF", "ARCX", 54.3, 0.17, 0.7, 31e6, 1, 0.6, 2),
    Instrument("FXI", "iShares China Large-Cap ETF", "ETF", "ARCX", 39.2, 0.27, 0.42, 34e6, 1, 0.45, 2),
    Instrument(
        "HYG", "iShares iBoxx $ High Yield Corporate Bond ETF", "ETF", "ARCX", 80.4, 0.06, 0.78, 42e6, 1, 0.39, 12
    ),
    Instrument("USO", "United States Oil Fund, LP", "ETF", "ARCX", 70.8, 0.36, 0.18, 5e6, 2),
    Instrument("SLV", "iShares Silver Trust", "ETF", "ARCX", 45.9, 0.32, 0.15, 32e6, 1),
    Instrument("GOOGL", "Alphabet Inc. - Class A Common Stock", "Equity", "XNAS", 289.0, 0.3, 0.64, 36e6, 2, 0.21),
    Instrument("NFLX", "Netflix, Inc. - Common Stock", "Equity", "XNAS", 108.5, 0.35, 0.52, 38e6, 1),
    Instrument(
        "COST", "Costco Wholesale Corporation - Common Stock", "Equity", "XNAS", 896.0, 0.21, 0.52, 2.2e6, 25, 1.3
    ),
    Instrument("DIS", "Walt Disney Company (The) Common Stock", "Equity", "XNYS", 105.6, 0.27, 0.56, 9e6, 2, 0.5, 2),
    Instrument("GS", "Goldman Sachs Group, Inc. (The) Common Stock", "Equity", "XNYS", 775.0, 0.28, 0.7, 2.2e6, 30, 4),
    Instrument("KO", "Coca-Cola Company (The) Common Stock", "Equity", "XNYS", 71.4, 0.155, 0.24, 16e6, 1, 0.51),
    Instrument("PFE", "Pfizer, Inc. Common Stock", "Equity", "XNYS", 25.1, 0.24, 0.28, 46e6, 1, 0.43),
    Instrument("V", "Visa Inc.", "Equity", "XNYS", 328.0, 0.2, 0.62, 6.5e6, 5, 0.67),
    Instrument("C", "Citigroup, Inc. Common Stock", "Equity", "XNYS", 99.3, 0.28, 0.68, 14e6, 1, 0.6),
    Instrument("WFC", "Wells Fargo & Company Common Stock", "Equity", "XNYS", 83.6, 0.27, 0.64, 14e6, 1, 0.45),
    Instrument("INTC", "Intel Corporation - Common Stock", "Equity", "XNAS", 35.2, 0.52, 0.48, 98e6, 1),
    Instrument("MU", "Micron Technology, Inc. - Common Stock", "Equity", "XNAS", 211.0, 0.52, 0.6, 27e6, 5, 0.115),
    Instrument(
        "PLTR", "Palantir Technologies Inc. - Class A Common Stock", "Equity", "XNAS", 156.0, 0.58, 0.56, 60e6, 2
    ),
    Instrument("COIN", "Coinbase Global, Inc. - Class A Common Stock", "Equity", "XNAS", 242.0, 0.68, 0.5, 9e6, 12),
    Instrument("MSTR", "Strategy Inc - Class A Common Stock", "Equity", "XNAS", 178.0, 0.72, 0.46, 15e6, 8),
    Instrument("UBER", "Uber Technologies, Inc. Common Stock", "Equity", "XNYS", 84.5, 0.35, 0.52, 19e6, 2),
    Instrument("SHOP", "Shopify Inc. - Class A Subordinate Voting Shares", "Equity", "XNAS", 148.0, 0.48, 0.6, 9e6, 5),
    Instrument("CRM", "Salesforce, Inc. Common Stock", "Equity", "XNYS", 228.0, 0.31, 0.56, 8e6, 6, 0.416),
    Instrument("ORCL", "Oracle Corporation Common Stock", "Equity", "XNYS", 199.0, 0.42, 0.54, 23e6, 6, 0.5),
    Instrument("CVX", "Chevron Corporation Common Stock", "Equity", "XNYS", 150.5, 0.21, 0.4, 8e6, 2, 1.71),
    Instrument("JNJ", "Johnson & Johnson Common Stock", "Equity", "XNYS", 203.5, 0.165, 0.2, 8e6, 2, 1.3),
    Instrument(
        "UNH", "UnitedHealth Group Incorporated Common Stock", "Equity", "XNYS", 318.0, 0.35, 0.24, 9e6, 10, 2.21
    ),
    Instrument("WMT", "Walmart Inc. - Common Stock", "Equity", "XNAS", 104.8, 0.2, 0.38, 18e6, 1, 0.235),
    Instrument("HD", "Home Depot, Inc. (The) Common Stock", "Equity", "XNYS", 336.0, 0.22, 0.56, 4e6, 12, 2.3),
)

SHARES = {
    "AAPL": 14.8, "MSFT": 7.43, "NVDA": 24.3, "AMZN": 10.7, "META": 2.52, "TSLA": 3.33, "AMD": 1.63, "F": 3.98,
    "XOM": 4.26, "JPM": 2.72, "BRK/B": 2.16, "GOOGL": 12.1, "NFLX": 4.24, "COST": 0.444, "DIS": 1.79, "GS": 0.3,
    "KO": 4.3, "PFE": 5.69, "V": 1.93, "C": 1.84, "WFC": 3.2, "INTC": 4.77, "MU": 1.12, "PLTR": 2.38, "COIN": 0.27,
    "MSTR": 0.287, "UBER": 2.08, "SHOP": 1.3, "CRM": 0.952, "ORCL": 2.85, "CVX": 2.01, "JNJ": 2.41, "UNH": 0.906,
    "WMT": 7.97, "HD": 0.995,
}  # fmt: skip
"""Shares there are, in billions: rounded public figures of late 2025, all classes in units of this one."""
