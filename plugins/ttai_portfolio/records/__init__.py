"""What happened in the accounts, put in order: periods, transactions, orders, what was paid in."""
