"""Where a position may be rolled: the ways there are, beside closing it and doing nothing."""
