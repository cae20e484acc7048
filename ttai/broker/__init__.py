"""What is mine: accounts, what they hold, what happened there, what an order would do, and watchlists."""
