"""The tools of the chains plugin, one file a subject."""
