"""What the tools of the quotes plugin answer, one file a subject."""
