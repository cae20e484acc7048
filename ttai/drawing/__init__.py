"""What plugins draw with, for pictures and for pages; pure: nothing is read but files of its own."""
