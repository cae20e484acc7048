"""What the tools of the portfolio plugin answer, one file a subject."""
