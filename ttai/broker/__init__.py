"""What is mine: accounts."""
