"""What anyone may know: quotes, price history, metrics, sessions, symbols."""
