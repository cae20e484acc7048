"""What was made in the accounts: transactions as fills, closes with their openings, results by what opened them."""
