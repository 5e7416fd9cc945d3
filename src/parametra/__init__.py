"""parametra."""
