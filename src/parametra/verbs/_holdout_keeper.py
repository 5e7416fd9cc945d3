"""Keeps a holdout from being looked at: the only way to it are questions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.trust.reusable_holdout import ReusableHoldout, Step, Thresholdout
from parametra.nouns.errors import DataError
from parametra.nouns.keys import generator
from parametra.nouns.status import Outcome, Status
from parametra.nouns.trust_holdout import Answer, HoldoutAnswers
from parametra.verbs._trust_receipt import receipt_of

_UNBOUNDED = (-math.inf, math.inf)


class HoldoutKeeper:
    """A holdout that answers many questions, each a mean over rows; `reusable_holdout` makes it, `print` tells all.

    Arguments:
        train, holdout: rows of whatever kind the questions take.
        method: the settings.
        bounds: between which a question's values lie, None when that is not known.
        seed: of the noise.
    """

    def __init__(
        self, train: Any, holdout: Any, method: ReusableHoldout, bounds: tuple[float, float] | None, seed: int
    ) -> None:
        self._train, self._holdout = train, holdout
        self._method, self._bounds, self._seed = method, bounds, seed
        self._rule: Thresholdout | None = None
        self._rows = (0, 0)
        self._names: list[str] = []
        self._means: list[float] = []
        self._thresholds: list[float] = []
        self._steps: list[Step] = []
        self._seconds = 0.0

    @property
    def left(self) -> int:
        """Answers from the holdout that are left."""
        return self._method.budget if self._rule is None else self._rule.left

    def ask(self, question: Callable[[Any], Any], name: str = "") -> Answer:
        """The mean of a question over all rows there are, not only those at hand.

        Arguments:
            question: function of rows -> (n,) values, one a row, such as `lambda rows: model(rows.x) == rows.y`.
            name: what the record calls it.

        Returns:
            An answer with its value, where it comes from, and how many answers from the holdout are left.

        Raises:
            DataError: values that are no numbers, or not one a row, or outside the bounds.
        """
        return self.ask_values(question(self._train), question(self._holdout), name)

    def ask_values(self, train: Any, holdout: Any, name: str = "") -> Answer:
        """The same, the question's values on training and holdout rows given as (n,) arrays."""
        began = time.perf_counter()
        own, kept = self._values(0, train, 1), self._values(1, holdout, 1)
        found = self._answered(float(own.mean()), float(own.std()), float(kept.mean()), name)
        self._seconds += time.perf_counter() - began
        return found

    def ask_each(self, question: Callable[[Any], Any], names: Sequence[str] | None = None) -> Float[np.ndarray, " q"]:
        """Many questions at once, answered in their order.

        Arguments:
            question: function of rows -> (n, q) values, a column a question, such as `lambda rows: rows.X * rows.y`.
            names: (q,) what the record calls them.

        Returns:
            (q,) the answers, NaN where the budget was spent before.

        Raises:
            DataError: as for `ask`.
        """
        began = time.perf_counter()
        own = self._values(0, question(self._train), 2)
        train, spread = own.mean(axis=0), own.std(axis=0)
        holdout = self._values(1, question(self._holdout), 2).mean(axis=0)
        if len(train) != len(holdout):
            raise DataError(
                f"ask_each: as many columns of training as of holdout values are wanted; came {len(train)} and "
                f"{len(holdout)}."
            )
        called = [""] * len(train) if names is None else [str(name) for name in names]
        if len(called) != len(train):
            raise DataError(f"ask_each: {len(train)} questions came with {len(called)} names; give one name each.")
        several = zip(train.tolist(), spread.tolist(), holdout.tolist(), called, strict=True)
        answers = np.array([self._answered(*one).value for one in several])
        self._seconds += time.perf_counter() - began
        return answers

    def record(self) -> HoldoutAnswers:
        """All questions and answers so far. The holdout's own means are not in it: they are what is kept."""
        asked, spent = len(self._steps), self._method.budget - self.left
        thresholds = np.array(self._thresholds)
        tolerance = math.nan
        if self._bounds is not None and asked:
            width, step = self._bounds[1] - self._bounds[0], self._method.noise * float(thresholds.min())
            tolerance = self._method.tolerance(asked, self._rows[1], width, step)
        return HoldoutAnswers(
            status=_status(asked, spent, self._method.budget),
            title="reusable holdout",
            notes=(),
            receipt=receipt_of(self._method, evaluations=asked, seconds=self._seconds, seed=self._seed),
            names=tuple(name or f"question {i}" for i, name in enumerate(self._names, start=1)),
            train=np.array(self._means),
            values=np.array([step.value for step in self._steps]),
            sources=tuple(_source(step) for step in self._steps),
            budget=self._method.budget,
            left=self.left,
            rows=self._rows,
            thresholds=thresholds,
            noise=float(self._method.noise),
            tolerance=tolerance,
        )

    def __str__(self) -> str:
        return str(self.record())

    __repr__ = __str__

    def _answered(self, train: float, spread: float, holdout: float, name: str) -> Answer:
        if self._rule is None:
            self._rule = Thresholdout(self._method, generator(self._seed, "trust", 0))
        threshold = self._method.threshold_for(*self._rows, spread)
        step = self._rule.answer(train, holdout, threshold, self._bounds or _UNBOUNDED)
        self._names.append(name)
        self._means.append(train)
        self._thresholds.append(threshold)
        self._steps.append(step)
        return Answer(step.value, _source(step), self._rule.left)

    def _values(self, side: int, values: Any, dimensions: int) -> np.ndarray:
        word = ("training", "holdout")[side]
        shape = "one number a row" if dimensions == 1 else "a column a question, (n, q)"
        try:
            found = np.asarray(values, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"a question's {word} values must be numbers, {shape}; came {values!r:.60}.") from None
        if found.ndim != dimensions or not len(found):
            raise DataError(f"a question's {word} values must be {shape}; came an array of shape {found.shape}.")
        if not np.isfinite(found).all():
            raise DataError(f"a question's {word} values hold NaN or infinity; leave such rows out beforehand.")
        if self._bounds is not None and (found.min() < self._bounds[0] or found.max() > self._bounds[1]):
            raise DataError(
                f"a question's {word} values must lie between {self._bounds[0]:g} and {self._bounds[1]:g}, as was "
                f"stated; came {found.min():g} .. {found.max():g}. Rescale them, or state other bounds."
            )
        before = self._rows[side]
        if before and before != len(found):
            raise DataError(f"a question gives {len(found)} {word} values, and questions before gave {before}.")
        self._rows = (len(found), self._rows[1]) if side == 0 else (self._rows[0], len(found))
        return found


def _source(step: Step) -> str:
    return "refused" if step.refused else "holdout" if step.looked else "training"


def _status(asked: int, spent: int, budget: int) -> Status:
    words = f"{asked} questions, {spent} of {budget} answers from the holdout used"
    if spent >= budget:
        return Status(
            Outcome.BUDGET,
            f"{words}: no more will be answered. What was answered stays valid; for more, get fresh rows.",
        )
    return Status(Outcome.CONVERGED, f"{words}.")
