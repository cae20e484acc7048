"""What a plugin author needs of ttai, resolved when first used."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# FastMCP reads these when it is first imported: no rich logging of its own, no look-up of newer
# versions, and no settings from whatever `.env` lies in the current folder.
os.environ.setdefault("FASTMCP_LOG_ENABLED", "false")
os.environ.setdefault("FASTMCP_CHECK_FOR_UPDATES", "off")
os.environ.setdefault("FASTMCP_ENV_FILE", os.devnull)

if TYPE_CHECKING:
    from ttai.answers import Answer, Count, Greek, MarketAnswer, Money, Percent, Picture, Price, Strike, cut
    from ttai.broker.holdings import AccountEvent, Balances, Position
    from ttai.broker.records import Fill, NetLiq, PlacedLeg, PlacedOrder, Transaction
    from ttai.broker.types import Account, BuyingPower, Order, OrderLeg
    from ttai.errors import BadArgument, NotFound, NotLoggedIn, TtaiError, understood
    from ttai.host import Host
    from ttai.legs import Leg
    from ttai.market.chains import Chain
    from ttai.market.contracts import Contract, Contracts
    from ttai.market.metrics import Metrics
    from ttai.market.options import Expiration, ExpirationQuotes
    from ttai.market.types import History, Quote
    from ttai.settings import Settings
    from ttai.storage.tables import UtcDateTime

_HOMES = {
    "ttai.answers": (
        "Answer", "Count", "Greek", "MarketAnswer", "Money", "Percent", "Picture", "Price", "Strike",
        "cut",
    ),
    "ttai.broker.holdings": ("AccountEvent", "Balances", "Position"),
    "ttai.broker.records": ("Fill", "NetLiq", "PlacedLeg", "PlacedOrder", "Transaction"),
    "ttai.broker.types": ("Account", "BuyingPower", "Order", "OrderLeg"),
    "ttai.errors": ("BadArgument", "NotFound", "NotLoggedIn", "TtaiError", "understood"),
    "ttai.host": ("Host",),
    "ttai.legs": ("Leg",),
    "ttai.market.chains": ("Chain",),
    "ttai.market.contracts": ("Contract", "Contracts"),
    "ttai.market.metrics": ("Metrics",),
    "ttai.market.options": ("Expiration", "ExpirationQuotes"),
    "ttai.market.types": ("History", "Quote"),
    "ttai.settings": ("Settings",),
    "ttai.storage.tables": ("UtcDateTime",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [
    "Account",
    "AccountEvent",
    "Answer",
    "BadArgument",
    "Balances",
    "BuyingPower",
    "Chain",
    "Contract",
    "Contracts",
    "Count",
    "Expiration",
    "ExpirationQuotes",
    "Fill",
    "Greek",
    "History",
    "Host",
    "Leg",
    "MarketAnswer",
    "Metrics",
    "Money",
    "NetLiq",
    "NotFound",
    "NotLoggedIn",
    "Order",
    "OrderLeg",
    "Percent",
    "Picture",
    "PlacedLeg",
    "PlacedOrder",
    "Position",
    "Price",
    "Quote",
    "Settings",
    "Strike",
    "Transaction",
    "TtaiError",
    "UtcDateTime",
    "cut",
    "understood",
]


if not TYPE_CHECKING:  # a type checker would believe that there is every name

    def __getattr__(name: str) -> Any:
        if name not in _HOME_OF:
            raise AttributeError(f"module 'ttai' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
        return value

    def __dir__() -> list[str]:
        return [*__all__, "__version__"]
