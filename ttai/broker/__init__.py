"""What is mine: accounts, what an order would do to them, and watchlists of my own."""
