"""The tools of the quotes plugin, one file a subject."""
