"""Floor 5: a result for the eye."""
