"""Pure mathematics of options: values in, values out; no IO, nothing of ttai, ValueError only."""
