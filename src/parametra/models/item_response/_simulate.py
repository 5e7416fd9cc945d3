"""Answers that might have been given."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.item_response._bank import ItemBank
from parametra.nouns.errors import ModelError


def simulate_responses(
    bank: ItemBank, *, persons: int | None = None, ability: Any = None, seed: int = 0
) -> Float[np.ndarray, "n k"]:
    """Answers of persons to all items of a bank: 1 right, 0 wrong.

    Arguments:
        bank: the items.
        persons: how many, their abilities drawn from N(0, 1).
        ability: or their abilities.
        seed: of the random numbers.

    Raises:
        ModelError: both, or neither.
    """
    if (persons is None) == (ability is None):
        raise ModelError("simulate_responses needs either persons=500 or ability=[...], and not both.")
    generator = np.random.default_rng(seed)
    able = generator.standard_normal(persons) if ability is None else np.asarray(ability, dtype=float)
    return (generator.random((able.size, bank.size)) < bank.chance(able)).astype(float)
