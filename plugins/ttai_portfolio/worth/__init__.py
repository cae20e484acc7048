"""What accounts were worth over time: curves, what was paid in between, the worst fall, and a picture of it."""
