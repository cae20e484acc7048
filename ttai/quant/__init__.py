"""Pure knowledge of markets, symbols to indicators: values in, values out; no IO, nothing of ttai, ValueError only."""
