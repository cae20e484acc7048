"""The tools of the portfolio plugin, one file a subject."""
