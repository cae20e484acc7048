"""What happened in the accounts, put in order: periods, transactions, orders; pure but for the gathering."""
