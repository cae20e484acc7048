"""What could hurt a book: read, worked out, put into an answer."""
