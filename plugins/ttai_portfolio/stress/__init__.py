"""The whole book in other markets: worked out, put into an answer, drawn."""
