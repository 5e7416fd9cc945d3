"""Floor 0: arrays in, arrays out. Nothing here knows what a problem is."""
