"""A bank of items whose parameters are known: chances of right answers, and what an answer tells of an ability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.item_response._curve import expit
from parametra.nouns.errors import ModelError
from parametra.nouns.fit_result import Fit
from parametra.nouns.result_table import ResultTable


@dataclass(frozen=True, eq=False)
class ItemBank:
    """Items with known parameters.

    Arguments:
        difficulty: one number an item.
        discrimination: one number an item, or one for all.
        guessing: the chance of a right answer where ability is very low: one number an item, or one for all.
        names: of the items; their numbers from 0 when left out.

    Raises:
        ModelError: what are no numbers, lengths that differ, a discrimination that is not above zero, a guessing
            outside [0, 1).
    """

    difficulty: Any
    discrimination: Any = 1.0
    guessing: Any = 0.0
    names: Sequence[Any] = ()

    def __post_init__(self) -> None:
        difficulty = numbers("difficulty", self.difficulty)
        if difficulty.ndim != 1 or not difficulty.size or not np.isfinite(difficulty).all():
            raise ModelError(
                f"an item bank needs one finite difficulty for each item; an array of shape {difficulty.shape} came."
            )
        object.__setattr__(self, "difficulty", difficulty)
        for name in ("discrimination", "guessing"):
            value = numbers(name, getattr(self, name))
            if value.shape not in ((), difficulty.shape):
                raise ModelError(
                    f"{name} is one number, or one for each of the {difficulty.size} items; shape {value.shape} came."
                )
            object.__setattr__(self, name, np.broadcast_to(value, difficulty.shape).copy())
        if not (self.discrimination > 0).all():
            raise ModelError("a discrimination is above zero; turn right and wrong round for items that are keyed so.")
        if not ((self.guessing >= 0) & (self.guessing < 1)).all():
            raise ModelError("guessing is a chance from 0 to below 1.")
        if self.names and len(self.names) != difficulty.size:
            raise ModelError(f"names are one for each of the {difficulty.size} items; {len(self.names)} came.")
        object.__setattr__(self, "names", tuple(self.names) or tuple(range(difficulty.size)))

    @property
    def size(self) -> int:
        """How many items there are."""
        return self.difficulty.size

    def chance(self, ability: Any) -> Float[np.ndarray, "*n k"]:
        """The chance that a person of this ability answers each item right."""
        return self.guessing + (1 - self.guessing) * expit(self._step(ability))

    def slope(self, ability: Any) -> Float[np.ndarray, "*n k"]:
        """How that chance rises with ability."""
        step = self._step(ability)
        return (1 - self.guessing) * self.discrimination * expit(step) * expit(-step)

    def information(self, ability: Any) -> Float[np.ndarray, "*n k"]:
        """Fisher information of one answer on an ability: slope^2 / (P (1 - P))."""
        step = self._step(ability)
        right = expit(step)
        # slope^2 / (P Q) with Q = (1 - c)(1 - s), so that nothing of the form 0/0 is left
        return (1 - self.guessing) * self.discrimination**2 * right**2 * expit(-step) / self._above(right)

    def test_information(self, ability: Any) -> Any:
        """That of all items together; 1 / sqrt of it is the standard error of an ability."""
        return self.information(ability).sum(axis=-1)

    def take(self, items: Any) -> ItemBank:
        """The bank of these items alone, by their numbers."""
        here = np.asarray(items)
        names = [self.names[int(i)] for i in np.arange(self.size)[here]]
        return ItemBank(self.difficulty[here], self.discrimination[here], self.guessing[here], names)

    def table(self) -> ResultTable:
        """One row an item."""
        columns = zip(
            self.names, self.difficulty.tolist(), self.discrimination.tolist(), self.guessing.tolist(), strict=True
        )
        return ResultTable(("item", "difficulty", "discrimination", "guessing"), tuple(columns))

    def __repr__(self) -> str:
        return f"<ItemBank: {self.size} items, difficulties {self.difficulty.min():.3g} to {self.difficulty.max():.3g}>"

    def _step(self, ability: Any) -> np.ndarray:
        return self.discrimination * (np.asarray(ability, dtype=float)[..., None] - self.difficulty)

    def _above(self, right: np.ndarray) -> np.ndarray:
        """P, where nothing is guessed kept above zero, whose square in the numerator is smaller still."""
        return np.maximum(self.guessing + (1 - self.guessing) * right, 1e-300)


def numbers(name: str, value: Any) -> Float[np.ndarray, "*n"]:
    """A copy as an array of numbers. Raises ModelError for what are none."""
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError):
        raise ModelError(f"{name} is one number for each item; {value!r} came.") from None


def item_bank(fit: Fit, *, features: Any = None, fitted: bool = False, names: Sequence[Any] = ()) -> ItemBank:
    """The items of a fit, taken for known.

    Arguments:
        fit: of a model of this field.
        features: what is known of the items, for a fit of `item_response.amortised`.
        fitted: True when these are the items that were fitted, whose residuals count then. Difficulties of new items
            are predicted from their features alone.
        names: of the items.

    Raises:
        ModelError: the fit of another model, features that are missing or of another width.
    """
    estimate = fit.estimate
    if "difficulty" in estimate and "discrimination" in estimate:
        difficulty = estimate["difficulty"]
    elif "weights" in estimate:
        weights = np.asarray(estimate["weights"])
        table = np.asarray(features if features is not None else [], dtype=float)
        if table.ndim != 2 or table.shape[1] != weights.size:
            raise ModelError(
                f"this fit predicts difficulties from {weights.size} features; give features of shape (items, "
                f"{weights.size}). Shape {table.shape} came."
            )
        difficulty = estimate["intercept"] + table @ weights
        if fitted and "residual" in estimate:
            difficulty = difficulty + estimate["residual"]
    else:
        raise ModelError(f'"{fit.title}" has no difficulties of items; fit a model of item_response.')
    discrimination = np.asarray(estimate["discrimination"])
    if discrimination.ndim and discrimination.shape != np.shape(difficulty):
        discrimination = np.exp(np.mean(np.log(discrimination)))
    return ItemBank(difficulty, discrimination, estimate.get("guessing", 0.0), names)
