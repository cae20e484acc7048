"""Charts: the sheet puts one together, `draw` makes the picture, `page.html` is what interactive clients show."""
