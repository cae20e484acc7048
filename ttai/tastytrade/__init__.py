"""The adapter: the only room that knows TastyTrade's SDK; wire names stop here.

Importing it imports the SDK (half a second): others come through `await warm("ttai.tastytrade")`.
"""

from ttai.tastytrade.limits import Tries
from ttai.tastytrade.rest import TastyTrade
from ttai.tastytrade.wire import in_process, over_network

__all__ = ["TastyTrade", "Tries", "in_process", "over_network"]
