"""What the tools of the chains plugin answer, one file a subject."""
