"""What became of what is held: snapshots, and what changed between two of them."""
