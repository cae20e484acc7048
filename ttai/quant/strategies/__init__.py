"""Options strategies: what several legs together are worth, may win, may lose, and how likely; pure mathematics."""
