"""Cross-validation of a penalty's strength: fit most of the data, and ask how well the rest is foretold."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from parametra.nouns.asker import Solutions, Want
from parametra.nouns.data import Data
from parametra.nouns.keys import generator
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.runs.linear import Linear, of_rows
from parametra.verbs._penalised_search import Terms, evaluator_for, walk

_COARSE = 1e-4
"""The tolerance of fits of which only the error on left-out data is wanted."""


def parts_of(size: int, folds: int, seed: int) -> np.ndarray:
    """Which part each of `size` observations is in, (size,); parts differ in number by one at most."""
    order = generator(seed, "fit.penalty", 0).permutation(size)
    parts = np.empty(size, dtype=np.int64)
    parts[order] = np.arange(size) % folds
    return parts


class Folds:
    """Paths on all data but one part, for every part, walked side by side.

    The error of a left-out observation is half its squared residual for least squares, minus its log density
    otherwise.

    Arguments:
        terms: the search on all data.
        x: (d,) the fit without any term, where every path begins.
        strengths: (k,) falling.
        most: terms that may be kept.
    """

    def __init__(self, terms: Terms, x: np.ndarray, strengths: np.ndarray, most: int) -> None:
        self.terms = terms
        problem, folds = terms.problem, terms.penalty.folds
        parts = parts_of(problem.size, folds, terms.seed)
        self.outs = [parts == fold for fold in range(folds)]
        self.judges = [_judge(problem, terms.evaluator, out) for out in self.outs]
        self.walks: list[Iterator[Solutions]] = []
        self.learners = [_learner(problem, terms.evaluator, out) for out in self.outs]
        for out, learner in zip(self.outs, self.learners, strict=True):
            part = dataclasses.replace(terms, evaluator=learner, size=int((~out).sum()))
            self.walks.append(walk(part, x, strengths, most, _COARSE, (0.1, 0.9)))

    def next(self) -> tuple[float, float]:
        """The mean error at the next strength, and its standard error over the parts; NaN where a path has ended."""
        errors: list[float] = []
        try:
            for judge, path in zip(self.judges, self.walks, strict=True):
                found = next(path, None)
                if found is None:
                    return float("nan"), 0.0
                errors.append(judge(found.points[0]))
        finally:
            self.terms.drive.evaluator = self.terms.evaluator
        return float(np.mean(errors)), float(np.std(errors, ddof=1) / np.sqrt(len(errors)))

    def count(self) -> None:
        """Add what the parts have cost to what the run has."""
        for learner in self.learners:
            if not isinstance(learner, Linear):
                self.terms.drive.calls_elsewhere += learner.calls
                self.terms.drive.elsewhere += learner.failures


def _learner(problem: Problem, evaluator: Any, out: np.ndarray) -> Any:
    """The evaluator of the observations that are not in `out`."""
    if isinstance(evaluator, Linear):
        beyond = np.ones(evaluator.residuals.size - out.size, dtype=bool)  # stated priors
        return evaluator.of_rows(np.concatenate([~out, beyond]))
    return evaluator_for(problem.with_data(without(problem, out)), of_rows(evaluator.cost, ~out), "auto")


def _judge(problem: Problem, evaluator: Any, out: np.ndarray) -> Callable[[np.ndarray], float]:
    """The mean error of the observations in `out` at a point."""

    def by_residuals(x: np.ndarray) -> float:
        rows = np.asarray(evaluator.evaluate(x[None], Want.RESIDUALS).residuals)[0, : problem.size][out]
        return 0.5 * float(rows @ rows) / rows.size

    if evaluator.cost.least_squares:
        return by_residuals
    rest = problem.with_data(without(problem, ~out))

    def by_density(x: np.ndarray) -> float:
        with np.errstate(all="ignore"), maybe_64_bits():
            return -float(np.asarray(rest.log_likelihood(rest.fit_space.to_named(x)))) / int(out.sum())

    return by_density


def without(problem: Problem, out: np.ndarray) -> list[Data]:
    """The data of a problem with some observations left out, (n,) in the order of the residuals."""
    first, made = 0, list[Data]()
    for data in problem.data_sets:
        kept: dict[str, np.ndarray] = {}
        for output in data.outputs:
            index = data.observed[output]
            rows = np.arange(data.rows) if index is None else np.asarray(index)
            kept[output] = rows[~out[first : first + rows.size]]
            first += rows.size
        other = copy.copy(data)
        object.__setattr__(other, "observed", kept)
        object.__setattr__(other, "masked", data.masked + data.size - sum(rows.size for rows in kept.values()))
        made.append(other)
    return made
