"""Online Platt scaling with calibeating: probabilities of a model put right as outcomes come in, under any drift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.trust._calibeating import Hedge, bin_of
from parametra.nouns.card import Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import Range, check_settings

FAMILIES = ("platt", "beta")
_RIDGE = 100.0
_RATE = 0.1
_RADIUS = 100.0
_EDGE = 1e-6
"""Scores nearer to 0 and 1 than this are taken as this near: their logit would be infinite."""


@dataclass(frozen=True)
class Forecast:
    """What is said before an outcome is known.

    Arguments:
        scaled: online Platt (or beta) scaling.
        tracked: the frequency of ones in the past of its bin, begun with one outcome that is `scaled` itself.
        hedged: Foster's forecast for its bin, drawn.
        expected: the mean of that draw, all that an adversary may know of it.
        index: which of the forecasts of the bin was drawn.
    """

    scaled: float
    tracked: float
    hedged: float
    expected: float
    index: int


@dataclass(frozen=True)
class OnlineCalibration:
    """p_t = sigmoid(a_t logit(score_t) + b_t), (a, b) by online Newton steps; then put right within bins of p_t.

    A step is (a, b) <- (a, b) - g A^-1 / rate, A <- A + g g', g the gradient of the log loss, kept in a ball. Tracking
    then gives the frequency of ones among past forecasts of the same bin, hedging draws by Foster's rule within it.

    Good for a stream of probabilities of a model whose world drifts, with outcomes that follow (triggers, alarms,
    risks). Take `scaled` for log loss, `tracked` where the scores are wrong in shape, `hedged` where outcomes may react
    to the forecasts: its calibration error is at most width/2 + 1/(width sqrt(T)) on average for any T outcomes. For a
    fixed set of labelled scores that does not drift, one logistic regression (Platt scaling) is as good and simpler.

    Rate 0.1, A = 100 I at the start and radius 100 are those of the paper's authors for all of their data; nothing is
    tuned. Ours: tracking begins with one pretended outcome, so that its log loss is finite; hedging takes the right
    forecast that is nearest to `scaled` where several are.

    Arguments:
        family: "platt", or "beta": a log(score) - b log(1 - score) + c, which also bends.
        width: of the bins of p and of the forecasts of hedging.
    """

    card: ClassVar[Card] = Card(
        name="online_calibration",
        verb="trust",
        summary="Probabilities of a model put right as outcomes come in, under drift and against any adversary.",
        good_for="streams of scores with outcomes that follow, when the world drifts.",
        prefer_instead="logistic regression of outcomes on scores where nothing drifts and labels are given at once.",
        needs=frozenset(),
        honours=frozenset(),
        cost="some 20 microseconds an outcome.",
        sources=(
            Source("C. Gupta, A. Ramdas", 2023, "Online Platt scaling with calibeating", "arXiv:2305.00070"),
            Source(
                "D. P. Foster, S. Hart",
                2023,
                "Calibeating: beating forecasters at their own game",
                "doi:10.3982/TE5330",
            ),
            Source(
                "D. P. Foster",
                1999,
                "A proof of calibration via Blackwell's approachability theorem",
                "doi:10.1006/game.1999.0719",
            ),
            Source(
                "E. Hazan, A. Agarwal, S. Kale",
                2007,
                "Logarithmic regret algorithms for online convex optimization",
                "doi:10.1007/s10994-007-5016-8",
            ),
        ),
    )
    family: str = "platt"
    width: float = 0.1

    def __post_init__(self) -> None:
        """Raises MethodError for a setting that is none."""
        check_settings(self, {"width": Range(above=0.0, below=0.51)}, {"family": FAMILIES})

    @property
    def bins(self) -> int:
        """How many bins."""
        return max(2, round(1.0 / self.width))


class Calibrator:
    """The method under way: `forecast(score)`, then `tell(outcome)` for it, again and again.

    Arguments:
        method: the settings.
        random: where hedging draws from.
    """

    def __init__(self, method: OnlineCalibration, random: np.random.Generator) -> None:
        self._beta = method.family == "beta"
        self._bins = method.bins
        self._random = random
        self.weights = np.array([1.0, 1.0, 0.0] if self._beta else [1.0, 0.0])
        self._curvature = _RIDGE * np.eye(len(self.weights))
        self._inverse = np.eye(len(self.weights)) / _RIDGE
        self._shown, self._ones = np.zeros(self._bins), np.zeros(self._bins)
        self._hedges = [Hedge(self._bins) for _ in range(self._bins)]
        self._open: tuple[np.ndarray, Forecast] | None = None

    def forecast(self, score: float) -> Forecast:
        """The forecasts for a score in [0, 1], before its outcome is known."""
        x = self._features(score)
        scaled = _sigmoid(float(self.weights @ x))
        b = bin_of(scaled, self._bins)
        tracked = float((self._ones[b] + scaled) / (self._shown[b] + 1.0))
        hedge = self._hedges[b]
        lottery = hedge.lottery(scaled)
        drawn = lottery[0 if self._random.uniform() < lottery[0][1] else 1][0]
        expected = sum(hedge.middle[i] * chance for i, chance in lottery)
        found = Forecast(scaled, tracked, float(hedge.middle[drawn]), float(expected), drawn)
        self._open = x, found
        return found

    def tell(self, outcome: float) -> None:
        """The outcome, 0 or 1, of the last forecast. Raises MethodError when no forecast waits for one."""
        if self._open is None:
            raise MethodError("online_calibration: an outcome came without a forecast; call forecast(score) before it.")
        (x, said), self._open = self._open, None
        b = bin_of(said.scaled, self._bins)
        self._shown[b] += 1.0
        self._ones[b] += outcome
        self._hedges[b].tell(said.index, outcome)
        self._step((said.scaled - outcome) * x)

    def _features(self, score: float) -> Float[np.ndarray, " d"]:
        s = min(max(score, _EDGE), 1.0 - _EDGE)
        if self._beta:
            return np.array([math.log(s), -math.log1p(-s), 1.0])
        return np.array([math.log(s) - math.log1p(-s), 1.0])

    def _step(self, gradient: Float[np.ndarray, " d"]) -> None:
        self._curvature += np.outer(gradient, gradient)
        turned = self._inverse @ gradient
        self._inverse -= np.outer(turned, turned) / (1.0 + gradient @ turned)
        self.weights = self.weights - self._inverse @ gradient / _RATE
        if self.weights @ self.weights > _RADIUS**2:
            self.weights = _nearest_in_ball(self.weights, self._curvature)


def fixed_platt(scores: Float[np.ndarray, " n"], outcomes: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """Platt scaling once and for all, (a, b): logistic regression on the logit, outcomes drawn in a little.

    J. Platt (1999), Probabilistic outputs for support vector machines: targets (n1 + 1)/(n1 + 2) and 1/(n0 + 2).
    """
    s = np.clip(scores, _EDGE, 1.0 - _EDGE)
    X = np.column_stack([np.log(s) - np.log1p(-s), np.ones(len(s))])
    ones = float(outcomes.sum())
    target = np.where(outcomes > 0.5, (ones + 1.0) / (ones + 2.0), 1.0 / (len(outcomes) - ones + 2.0))
    w = np.array([1.0, 0.0])
    loss = _log_loss_of(X @ w, target)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-X @ w))
        step = np.linalg.lstsq((X * (p * (1.0 - p))[:, None]).T @ X, X.T @ (target - p), rcond=None)[0]
        while (trial := _log_loss_of(X @ (w + step), target)) > loss and np.abs(step).max() > 1e-12:
            step = 0.5 * step
        done = loss - trial < 1e-14 * len(s)
        w, loss = w + step, min(trial, loss)
        if done:
            break
    return float(w[0]), float(w[1])


def scaled_by(scores: Float[np.ndarray, " n"], a: float, b: float) -> Float[np.ndarray, " n"]:
    """sigmoid(a logit(score) + b)."""
    s = np.clip(scores, _EDGE, 1.0 - _EDGE)
    return 1.0 / (1.0 + np.exp(-(a * (np.log(s) - np.log1p(-s)) + b)))


def _log_loss_of(eta: Float[np.ndarray, " n"], target: Float[np.ndarray, " n"]) -> float:
    return float(np.sum(np.logaddexp(0.0, eta) - target * eta))


def _sigmoid(eta: float) -> float:
    return 1.0 / (1.0 + math.exp(-eta)) if eta >= 0 else math.exp(eta) / (1.0 + math.exp(eta))


def _nearest_in_ball(w: Float[np.ndarray, " d"], curvature: Float[np.ndarray, "d d"]) -> Float[np.ndarray, " d"]:
    """The argmin of (v - w)' A (v - w) over |v| <= radius: v = (A + k I)^-1 A w, k by halving."""
    values, vectors = np.linalg.eigh(curvature)
    turned = values * (vectors.T @ w)
    low, high = 0.0, float(values[-1] * np.linalg.norm(w) / _RADIUS)
    for _ in range(80):
        k = 0.5 * (low + high)
        outside = np.linalg.norm(turned / (values + k)) > _RADIUS
        low, high = (k, high) if outside else (low, k)
    return vectors @ (turned / (values + high))


METHOD = OnlineCalibration
