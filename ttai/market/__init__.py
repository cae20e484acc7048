"""What anyone may know: quotes, sessions, symbols."""
