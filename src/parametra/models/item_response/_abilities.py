"""How able persons are, from their answers to items that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.item_response._bank import ItemBank, item_bank
from parametra.models.item_response._curve import log_chances
from parametra.models.item_response._marginal import enough_nodes
from parametra.models.item_response._patterns import as_answers
from parametra.nouns.errors import ModelError
from parametra.nouns.fit_result import Fit
from parametra.nouns.result_table import ResultTable

METHODS = ("EAP", "MAP", "WLE", "ML")

_REACH = 12.0
"""Abilities are looked for from -12 to 12."""


@dataclass(frozen=True, eq=False)
class Abilities:
    """Abilities of persons, in the order of their rows.

    Arguments:
        estimate: one number a person.
        standard_error: of each; infinite where answers set no limit to an ability.
        method: "EAP", "MAP", "WLE" or "ML".
    """

    estimate: Float[np.ndarray, " n"]
    standard_error: Float[np.ndarray, " n"]
    method: str

    @property
    def reliability(self) -> float:
        """The share of the scatter of estimates that is not error; 1 - mean error^2 / variance for ML and WLE.

        For EAP and MAP, variance / (variance + mean error^2). It is 0, and never below, where estimates scatter no
        more than their errors do.
        """
        kept = np.isfinite(self.standard_error) & np.isfinite(self.estimate)
        scatter, error = float(np.var(self.estimate[kept])), float(np.mean(self.standard_error[kept] ** 2))
        if scatter == 0:
            return 0.0
        return scatter / (scatter + error) if self.method in ("EAP", "MAP") else max(0.0, 1 - error / scatter)

    def table(self) -> ResultTable:
        """One row a person."""
        rows = zip(range(len(self.estimate)), self.estimate.tolist(), self.standard_error.tolist(), strict=True)
        return ResultTable(("person", "ability", "standard error"), tuple(rows))

    def __repr__(self) -> str:
        none = " (estimates scatter no more than their errors)" if self.reliability == 0 else ""
        return (
            f"<Abilities of {len(self.estimate)} persons by {self.method}: {self.estimate.min():.3g} to "
            f"{self.estimate.max():.3g}, reliability {self.reliability:.3g}{none}>"
        )


def abilities(
    items: Fit | ItemBank, answers: Any, *, method: str = "EAP", mean: float = 0.0, spread: float = 1.0
) -> Abilities:
    """How able persons are.

        EAP   mean and standard deviation of the posterior with the prior N(mean, spread): smallest error on average
        MAP   its maximum; error 1 / sqrt(information + 1 / spread^2)
        WLE   maximum of likelihood times sqrt(information), with hardly any bias and always finite
        ML    maximum of the likelihood; infinite for persons who have all answers right, or all wrong

    The items are taken for known: errors of their parameters are not in these errors.

    Arguments:
        items: a fit of a model of this field, or an `ItemBank`.
        answers: as for `responses`: one row a person, one column an item, NaN for not asked.
        method: "EAP", "MAP", "WLE" or "ML".
        mean, spread: of the abilities, for EAP and MAP.

    Raises:
        ModelError: an unknown method, another number of items, a spread that is not above zero.

    Source: Bock and Mislevy (1982), doi:10.1177/014662168200600405 (EAP); Warm (1989), doi:10.1007/BF02294627 (WLE)
    """
    bank = item_bank(items) if isinstance(items, Fit) else items
    table = as_answers(answers, asked=False)
    if method not in METHODS:
        raise ModelError(f'method="{method}": known here: {", ".join(METHODS)}.')
    if not spread > 0:
        raise ModelError(f"spread is the standard deviation of abilities, above zero; {spread} came.")
    if table.shape[1] != bank.size:
        raise ModelError(
            f"answers are to the {bank.size} items of the bank, one column each; {table.shape[1]} columns came. Leave "
            "items that were not asked as NaN."
        )
    if method == "EAP":
        return Abilities(*_posterior_mean(bank, table, mean, spread), method)
    return Abilities(*_maximum(bank, table, method, mean, spread), method)


def log_likelihoods(bank: ItemBank, table: np.ndarray, ability: np.ndarray) -> Float[np.ndarray, "n q"]:
    """The log likelihood of each person's answers at each ability."""
    step = bank.discrimination[:, None] * (ability - bank.difficulty[:, None])
    right, wrong = log_chances(step, bank.guessing[:, None] if bank.guessing.any() else None)
    return (table == 1) @ right + (table == 0) @ wrong


def _posterior_mean(bank: ItemBank, table: np.ndarray, mean: float, spread: float) -> tuple[np.ndarray, np.ndarray]:
    nodes = np.linspace(-6, 6, max(241, enough_nodes(bank.size)))
    ability = mean + spread * nodes
    joint = log_likelihoods(bank, table, ability) - 0.5 * nodes**2
    share = np.exp(joint - joint.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    centre = share @ ability
    scatter = np.einsum("nq,nq->n", share, (ability - centre[:, None]) ** 2)
    return centre, np.sqrt(scatter)


def _maximum(
    bank: ItemBank, table: np.ndarray, method: str, mean: float, spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """The highest point on a grid, then the zero of the slope beside it by bisection."""
    grid = np.linspace(-_REACH, _REACH, 481)
    objective = log_likelihoods(bank, table, grid)
    asked = table >= 0
    if method == "MAP":
        objective = objective - 0.5 * ((grid - mean) / spread) ** 2
    if method == "WLE":
        with np.errstate(divide="ignore"):
            objective = objective + 0.5 * np.log(asked @ bank.information(grid).T)
    best = objective.argmax(axis=1)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, grid.size - 1)]
    for _ in range(50):
        middle = 0.5 * (low + high)
        rising = _slope(bank, table, middle, method, mean, spread) > 0
        low, high = np.where(rising, middle, low), np.where(rising, high, middle)
    found = 0.5 * (low + high)
    information = np.sum(asked * bank.information(found), axis=1)
    if method == "MAP":
        information = information + 1 / spread**2
    with np.errstate(divide="ignore"):
        error = 1 / np.sqrt(information)
    if method == "ML":  # still rising, or falling, at the last ability that was looked at
        ends = (best == 0) | (best == grid.size - 1)
        found = np.where(ends, np.where(best == 0, -np.inf, np.inf), found)
        error = np.where(ends, np.inf, error)
    return found, error


def _slope(
    bank: ItemBank, table: np.ndarray, ability: np.ndarray, method: str, mean: float, spread: float
) -> Float[np.ndarray, " n"]:
    """The derivative of what is maximised, at one ability for each person; Warm's function for WLE."""
    asked, right = table >= 0, table == 1
    chance, slope = bank.chance(ability), bank.slope(ability)
    weight = slope / np.maximum(chance * (1 - chance), 1e-300)
    found = np.sum(asked * weight * (right - chance), axis=1)
    if method == "MAP":
        found = found - (ability - mean) / spread**2
    if method == "WLE":
        # J / 2 I with J = sum of P' P'' / (P Q), P'' = a P' (1 - 2 s)
        share = (chance - bank.guessing) / (1 - bank.guessing)
        bend = bank.discrimination * slope * (1 - 2 * share)
        information = np.maximum(np.sum(asked * slope * weight, axis=1), 1e-300)
        found = found + np.sum(asked * bend * weight, axis=1) / (2 * information)
    return found
