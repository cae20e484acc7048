"""Several legs together: made a position, valued, and what the broker says of it."""
