"""Where the frozen server begins."""

from ttai.__main__ import server

server()
