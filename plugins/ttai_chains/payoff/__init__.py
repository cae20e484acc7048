"""Payoffs: `draw` makes the picture, `spark` a line of blocks, `page.html` is what interactive clients show."""
