"""Items whose difficulties are known with errors: what a test takes them for, and what it learns of them by the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.normal_quadrature import equal_steps
from parametra.models.item_response._adaptive import AdaptiveTest
from parametra.models.item_response._bank import ItemBank, numbers
from parametra.models.item_response._curve import expit
from parametra.nouns.errors import ModelError
from parametra.nouns.result_table import ResultTable

_FLATTER = 0.588
"""1 / 1.7, by which the logistic curve is nearest to the normal one."""

_NODES, _WEIGHTS = equal_steps(41, reach=5.0)


@dataclass(frozen=True, eq=False)
class PredictedBank:
    """Items with difficulties N(difficulty, error^2), such as those that `Amortised.items` predicts.

    Arguments:
        difficulty, error: one number an item.
        discrimination: one number an item, or one for all; taken for known.

    Raises:
        ModelError: as for `ItemBank`, and errors that are negative, not finite, or of another number.
    """

    difficulty: Any
    error: Any
    discrimination: Any = 1.0

    def __post_init__(self) -> None:
        plain = ItemBank(self.difficulty, self.discrimination)
        error = numbers("error", self.error)
        if error.shape != plain.difficulty.shape or not (np.isfinite(error) & (error >= 0)).all():
            raise ModelError(
                f"error is one number of 0 or more for each of the {plain.size} items; shape {error.shape} came."
            )
        for name, value in zip(
            ("difficulty", "discrimination", "error"), (plain.difficulty, plain.discrimination, error), strict=True
        ):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> int:
        """How many items there are."""
        return self.difficulty.size

    @property
    def bank(self) -> ItemBank:
        """What a person who is asked sees of them: the chance of a right answer, averaged over what is not known.

        An item whose difficulty has an error e answers like one that is known, with a discrimination a that is lower
        by sqrt(1 + (0.588 a e)^2).
        """
        return ItemBank(
            self.difficulty, self.discrimination / np.sqrt(1 + (_FLATTER * self.discrimination * self.error) ** 2)
        )

    def learned_from(self, test: AdaptiveTest) -> PredictedBank:
        """The items after a person's test: those that were asked are known better.

        Each by Bayes' theorem, the person's ability being what the other answers say of it, and the result taken for
        normal again. Errors of items that were asked of the same persons go together a little, which is left out.

        Arguments:
            test: a test with `self.bank`.

        Raises:
            ModelError: a test with another bank.
        """
        if test.bank.size != self.size:
            raise ModelError(f"the test is of {test.bank.size} items and this bank of {self.size}; give its own bank.")
        if not _alike(test.bank, self.bank):
            raise ModelError(
                "the items of the test are others than those of this bank, or were known otherwise. Begin a test with "
                "`.bank` of what was learned last, such as adaptive_test(items.bank), and give that one."
            )
        asked, right = np.array(test.asked, dtype=int), np.array(test.answers, dtype=bool)
        if not asked.size:
            return self
        ability, others = test.without_each()
        difficulty = self.difficulty[asked, None] + self.error[asked, None] * _NODES
        chance = np.empty(difficulty.shape)
        for row, item in enumerate(asked):
            curve = expit(self.discrimination[item] * (ability[:, None] - difficulty[row]))
            chance[row] = others[row] @ curve
        weight = _WEIGHTS * np.where(right[:, None], chance, 1 - chance)
        weight /= weight.sum(axis=1, keepdims=True)
        centre = np.sum(weight * difficulty, axis=1)
        spread = np.sqrt(np.sum(weight * (difficulty - centre[:, None]) ** 2, axis=1))
        means, errors = self.difficulty.copy(), self.error.copy()
        means[asked], errors[asked] = centre, spread
        return PredictedBank(means, errors, self.discrimination)

    def table(self) -> ResultTable:
        """One row an item."""
        columns: list[Float[np.ndarray, " k"]] = [self.difficulty, self.error, self.discrimination]
        rows = zip(range(self.size), *(each.tolist() for each in columns), strict=True)
        return ResultTable(("item", "difficulty", "standard error", "discrimination"), tuple(rows))

    def __repr__(self) -> str:
        error = float(np.sqrt(np.mean(self.error**2)))
        low, high = self.difficulty.min(), self.difficulty.max()
        return f"<PredictedBank: {self.size} items, difficulties {low:.3g} to {high:.3g}, with errors of {error:.2g}>"


def _alike(one: ItemBank, other: ItemBank) -> bool:
    """Whether items are the same ones but for rounding."""
    return all(
        np.allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-9)
        for name in ("difficulty", "discrimination", "guessing")
    )
