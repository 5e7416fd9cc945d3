"""Floor 2: ready-made models, one file each, under their field. `catalogue.py` finds them by file name."""
