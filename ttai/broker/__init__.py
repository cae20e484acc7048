"""What is mine: accounts, and watchlists of my own."""
