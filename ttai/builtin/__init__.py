"""The core's own tools."""
