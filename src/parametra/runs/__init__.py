"""Floor 3: the only loop, and what evaluates a model in it."""
