"""Floor 4: problems and results in and out of files."""
