"""Floor 2: one method, one file, under the verb that it answers. `catalogue.py` finds them by file name."""
