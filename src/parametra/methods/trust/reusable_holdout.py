"""Thresholdout: a holdout that answers many questions, each asked after a look at the answers before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.nouns.card import Card, Source
from parametra.nouns.method_settings import ZERO_TOO, check_settings


@dataclass(frozen=True)
class Step:
    """What became of one question.

    Arguments:
        value: the answer; NaN when it was refused.
        looked: the holdout was looked at, and one of the budget spent.
        refused: the budget was spent before.
    """

    value: float
    looked: bool
    refused: bool = False


@dataclass(frozen=True)
class ReusableHoldout:
    """The training mean while |training mean - holdout mean| < T (1 + noise); else the holdout mean + noise, one spent.

    T becomes T (1 + Lap(2 s)), anew after each answer from the holdout; a question compares with that + T Lap(4 s), and
    an answer from the holdout carries T Lap(s). After `budget` such answers every question is refused.

    Good for validating again and again what was found on the training rows: variables, models, settings. As long as the
    training rows do not mislead, the holdout tells nothing and is not used up. For one question only a plain holdout is
    better; where rows are few (below some hundred) prefer nested cross-validation of the whole analysis.

    The rule is the paper's. The default T = 4 d sqrt((1/n_train + 1/n_holdout) / 2) is that of the experiments of the
    article in Science, 4/sqrt(n), times the standard deviation d of the question's values, which is ours. Ours are
    also s = 1/32, with which noise alone leads to the holdout about once in a hundred questions; that answers from the
    holdout are rounded to a multiple of s T, so that few are possible; and the bound of `tolerance`, which follows.

    Arguments:
        budget: answers from the holdout.
        threshold: T; 0 takes the default.
        noise: s, a share of T.
        spread: d; 0 takes that of each question's training values.
    """

    card: ClassVar[Card] = Card(
        name="reusable_holdout",
        verb="trust",
        summary="A holdout for many questions, each asked after a look at the answers before.",
        good_for="choosing variables, models and settings step by step, and still knowing how good the last one is.",
        prefer_instead="a plain holdout for one question; nested cross-validation where rows are few.",
        needs=frozenset(),
        honours=frozenset(),
        cost="two means a question.",
        sources=(
            Source(
                "C. Dwork, V. Feldman, M. Hardt, T. Pitassi, O. Reingold, A. Roth",
                2015,
                "Preserving statistical validity in adaptive data analysis",
                "doi:10.1145/2746539.2746580",
            ),
            Source(
                "C. Dwork, V. Feldman, M. Hardt, T. Pitassi, O. Reingold, A. Roth",
                2015,
                "The reusable holdout: preserving validity in adaptive data analysis",
                "doi:10.1126/science.aaa9375",
            ),
            Source(
                "C. Dwork, V. Feldman, M. Hardt, T. Pitassi, O. Reingold, A. Roth",
                2015,
                "Generalization in adaptive data analysis and holdout reuse",
                "arXiv:1506.02629",
            ),
        ),
    )
    budget: int = 100
    threshold: float = 0.0
    noise: float = 1.0 / 32.0
    spread: float = 0.0

    def __post_init__(self) -> None:
        """Raises MethodError for a setting that is none."""
        check_settings(self, {"threshold": ZERO_TOO, "spread": ZERO_TOO})

    def threshold_for(self, train: int, holdout: int, spread: float) -> float:
        """T for so many rows and training values of this standard deviation; constant ones count as 1."""
        d = self.spread or spread or 1.0
        return float(self.threshold or 4.0 * d * math.sqrt(0.5 / train + 0.5 / holdout))

    def tolerance(
        self, questions: int, rows: int, width: float, step: float, doubt: float = 0.05, answers: int | None = None
    ) -> float:
        """How far the holdout mean of any question may lie from the truth, proven for every way of asking.

        With probability 1 - doubt at least, |holdout mean - true mean| <= tolerance for all m questions, where

            tolerance = w sqrt((ln(2 m N / doubt)) / (2 n)),   N = sum_{k <= B} C(m, k) V^k

        whatever was asked and how it came about: fix the training rows and the noise; then N counts the courses that
        the dialogue can take (which k of m answers came from the holdout, and which of V = w / step + 2 values each
        had), each course asks m questions that are fixed beforehand, and Hoeffding's inequality holds for each of
        them. Argument of arXiv:1506.02629 (description length); this form of it is ours.

        Arguments:
            questions: m, asked so far.
            rows: n of the holdout, independent draws.
            width: w, between the largest and the smallest value that a question can have in a row.
            step: answers from the holdout are multiples of it, cut at the bounds of the values.
            doubt: probability of failure.
            answers: B; None takes the budget.
        """
        looks = min(self.budget if answers is None else answers, questions)
        values = math.log(width / step + 2.0)
        courses = [_log_ways(questions, k) + k * values for k in range(looks + 1)]
        top = max(courses)
        exponent = top + math.log(sum(math.exp(c - top) for c in courses)) + math.log(2.0 * questions / doubt)
        return width * math.sqrt(exponent / (2.0 * rows))


class Thresholdout:
    """The rule under way: its noisy threshold and what is left of its budget.

    Arguments:
        method: the settings.
        random: where the noise comes from.
    """

    def __init__(self, method: ReusableHoldout, random: np.random.Generator) -> None:
        self.left = method.budget
        self._noise, self._random = method.noise, random
        self._noisy = self._new()

    def answer(self, train: float, holdout: float, threshold: float, bounds: tuple[float, float]) -> Step:
        """The answer to a question with these two means; one from the holdout is a multiple of s T in the bounds."""
        if self.left < 1:
            return Step(math.nan, looked=False, refused=True)
        if abs(holdout - train) <= threshold * (self._noisy + self._random.laplace(scale=4.0 * self._noise)):
            return Step(train, looked=False)
        self.left -= 1
        self._noisy = self._new()
        step = self._noise * threshold
        rounded = step * round((holdout + step * self._random.laplace()) / step)
        return Step(float(min(max(rounded, bounds[0]), bounds[1])), looked=True)

    def _new(self) -> float:
        return 1.0 + float(self._random.laplace(scale=2.0 * self._noise))


def _log_ways(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)


METHOD = ReusableHoldout
