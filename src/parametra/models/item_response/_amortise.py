"""Difficulties of new items from those of old ones: a regression on features that knows the errors of difficulties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.item_response._bank import ItemBank
from parametra.models.item_response._predicted import PredictedBank
from parametra.nouns.errors import ModelError
from parametra.nouns.fit_result import Fit
from parametra.nouns.result_table import ResultTable


@dataclass(frozen=True, eq=False)
class Amortised:
    """What features tell of difficulties.

    Arguments:
        weights: the intercept, then what each feature adds to a difficulty.
        covariance: of these.
        residual_spread: the standard deviation of what they leave unexplained.
        discrimination: of the items, their geometric mean.
        explained: the share of the variance of true difficulties that the features tell.
    """

    weights: Float[np.ndarray, " p"]
    covariance: Float[np.ndarray, "p p"]
    residual_spread: float
    discrimination: float
    explained: float

    def predict(self, features: Any) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
        """Difficulties of new items, and their standard errors, residuals included.

        Arguments:
            features: a table of items x features. Raises ModelError for another number of features.
        """
        table = _design(features, None)
        if table.shape[1] != self.weights.size:
            raise ModelError(f"items are known by {self.weights.size - 1} features; {table.shape[1] - 1} came.")
        variance = np.einsum("kp,pq,kq->k", table, self.covariance, table) + self.residual_spread**2
        return table @ self.weights, np.sqrt(variance)

    def items(self, features: Any) -> PredictedBank:
        """New items with their errors, of which tests can learn more. Raises ModelError as `predict` does.

        Arguments:
            features: as for `predict`.
        """
        return PredictedBank(*self.predict(features), self.discrimination)

    def bank(self, features: Any) -> ItemBank:
        """New items as a bank of known items, whose curves are flatter for what is not known of them.

        Arguments:
            features: as for `predict`.
        """
        return self.items(features).bank

    def table(self) -> ResultTable:
        """One row for the intercept and for each feature."""
        names = ("intercept", *(f"weights[{i}]" for i in range(self.weights.size - 1)))
        errors = np.sqrt(np.diag(self.covariance)).tolist()
        rows = tuple(zip(names, self.weights.tolist(), errors, strict=True))
        return ResultTable(("name", "estimate", "standard error"), rows)

    def __repr__(self) -> str:
        return (
            f"<Amortised difficulty: {self.weights.size - 1} features explain {100 * self.explained:.0f} %, residual "
            f"spread {self.residual_spread:.3g}>"
        )


def amortise(fit: Fit, features: Any) -> Amortised:
    """Learn from a fit of items how their features make them difficult.

        difficulty estimate = features @ weights + residual + error,   residual ~ N(0, spread^2), error ~ N(0, V)

    V is the covariance of the difficulties that the fit reports, whole, because errors of difficulties go together.
    The spread is that of restricted maximum likelihood. Good for predicting items that nobody was asked, and for
    knowing how well that goes. Prefer one fit of `item_response.amortised` when few persons answered each item, so
    that difficulties by themselves have no normal errors.

    Arguments:
        fit: of `item_response.rasch`, `two_parameter` or `three_parameter`, with standard errors.
        features: a table of items x features.

    Raises:
        ModelError: another number of items, difficulties without errors, features that depend on one another, or as
            many features as items.

    Source: DerSimonian and Laird (1986), doi:10.1016/0197-2456(86)90046-2, for the model; Patterson and Thompson
        (1971), doi:10.1093/biomet/58.3.545, for the likelihood
    """
    difficulty = np.atleast_1d(np.asarray(fit.estimate.get("difficulty", np.nan), dtype=float))
    labels = [f"difficulty[{i}]" for i in range(difficulty.size)]
    known = list(fit.covariance_labels)
    missing = [label for label in labels if label not in known]
    if missing:
        raise ModelError(
            f"{missing[0]} has no standard error in this fit, so how far to trust it is not known. Leave out items "
            "that all persons, or none, have answered right, or fit with priors=True."
        )
    here = [known.index(label) for label in labels]
    errors = np.asarray(fit.covariance)[np.ix_(here, here)]
    table = _design(features, difficulty.size)
    spread = _restricted(difficulty, table, errors)
    weights, covariance, _ = _generalised(difficulty, table, errors + spread**2 * np.eye(difficulty.size))
    told = float(np.var(table @ weights))
    steep = float(np.exp(np.mean(np.log(np.asarray(fit.estimate["discrimination"], dtype=float)))))
    return Amortised(weights, covariance, spread, steep, told / max(told + spread**2, 1e-300))


def _design(features: Any, items: int | None) -> Float[np.ndarray, "k p"]:
    table = np.array(features, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).all() or (items is not None and len(table) != items):
        wanted = "items x features" if items is None else f"{items} items x features"
        raise ModelError(f"features are a table of {wanted}, all finite; shape {table.shape} came.")
    whole = np.column_stack([np.ones(len(table)), table])
    if items is not None and (np.linalg.matrix_rank(whole) < whole.shape[1] or items <= whole.shape[1]):
        raise ModelError(
            f"{table.shape[1]} features of {items} items depend on one another, or leave nothing to tell residuals "
            "from. Take fewer, such as their first principal components."
        )
    return whole


def _generalised(y: np.ndarray, table: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Generalised least squares: weights, their covariance, and minus twice the restricted log likelihood."""
    root = np.linalg.cholesky(covariance)
    white, target = np.linalg.solve(root, table), np.linalg.solve(root, y)
    q, r = np.linalg.qr(white)
    inverse = np.linalg.inv(r)
    weights = inverse @ (q.T @ target)
    rest = target - white @ weights
    criterion = 2 * np.log(np.diag(root)).sum() + 2 * np.log(np.abs(np.diag(r))).sum() + rest @ rest
    return weights, inverse @ inverse.T, float(criterion)


def _restricted(y: np.ndarray, table: np.ndarray, errors: np.ndarray) -> float:
    """The spread of highest restricted likelihood: the best of a grid, then by golden sections beside it."""
    plain = np.linalg.lstsq(table, y, rcond=None)[0]
    most = 3 * float(np.std(y - table @ plain)) + 1e-9
    identity = np.eye(y.size)

    def criterion(spread: float) -> float:
        return _generalised(y, table, errors + spread**2 * identity)[2]

    grid = np.linspace(0.0, most, 41)
    best = int(np.argmin([criterion(float(each)) for each in grid]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, 40)])
    share = (np.sqrt(5) - 1) / 2
    for _ in range(40):
        one, other = high - share * (high - low), low + share * (high - low)
        if criterion(one) <= criterion(other):
            high = other
        else:
            low = one
    return 0.0 if best == 0 and high < 1e-6 * most + 1e-9 else 0.5 * (low + high)
