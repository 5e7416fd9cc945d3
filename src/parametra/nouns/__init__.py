"""Floor 1: the nouns that a person states a problem with, and the contracts between them."""
