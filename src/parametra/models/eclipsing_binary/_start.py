"""Where a fit of two eclipses begins: the best point of a grid, everything linear solved for in closed form."""

from __future__ import annotations

import math
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.eclipsing_binary._fold import candidate_periods, faintest_phase, fold, thinned
from parametra.models.eclipsing_binary._profiles import PROFILES, Profile
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.formula import Formula

_HALF_WIDTHS = np.geomspace(0.012, 0.24, 10)
_LONGER = 0.97
"""Of periods whose residuals are nearly the best the longest is taken; half of it fits equal minima as well."""


_SHARPENED = 4
"""How many of the candidate periods are looked at closely."""
_ROUNDS = 5


@dataclass(frozen=True)
class Start:
    """A point of the grid, with the coefficients of mean, cos1, sin1, cos2, sin2, depth1, depth2."""

    period: float
    epoch: float
    half_width: float
    shape1: float
    shape2: float
    linear: Float[np.ndarray, " 7"]
    squares: float


def observed(data: Data, at: str) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """An input, the magnitudes that were observed there, and the roots of their weights, thinned out when many."""
    name = next(iter(data.outputs))
    magnitude, sigma = data.observations(name)
    rows = data.observed[name]
    where = np.asarray(data.inputs[at], float) if rows is None else np.asarray(data.inputs[at], float)[rows]
    some = thinned(magnitude.size)
    root = np.ones(magnitude.size) if sigma is None else np.median(sigma) / sigma
    return where[some], np.asarray(magnitude, float)[some], root[some]


_FOUND: WeakKeyDictionary[Data, dict[tuple[str, float | None], Start]] = WeakKeyDictionary()
"""What was found for data that are still in use: a form asks for the period, and its guess does so again."""


def checked_period(period: object) -> float | None:
    """The option `period`: None, or a number above zero.

    Raises:
        ModelError: anything else.
    """
    if period is None:
        return None
    if isinstance(period, bool) or not isinstance(period, int | float) or not 0 < period < math.inf:
        raise ModelError(
            "the option period wants a number above zero, in the unit of time, near which the period is looked for, "
            f"or None to search for it; {period!r} came."
        )
    return float(period)


def start(data: Data, profile: Profile, near: float | None) -> Start:
    """Where to begin with data that have phases, or times; kept while the data are in use.

    Period and epoch are looked for with the eclipses of "nav" whatever the profile, so that all begin with the same.

    Arguments:
        data: with the input `phase`, or `time`.
        profile: the shape of the eclipses.
        near: a period that is roughly known.
    """
    known = _FOUND.setdefault(data, {})
    wish = (profile.formula, near)
    if wish not in known:
        if "phase" in data.inputs:
            known[wish] = _Folding.of(data, "phase", profile).best(1.0, 0.0)
        elif profile == PROFILES["nav"]:
            known[wish] = _search(_Folding.of(data, "time", profile), near)
        else:
            found = start(data, PROFILES["nav"], near)
            known[wish] = _Folding.of(data, "time", profile).best(found.period, found.epoch)
    return known[wish]


def _search(folding: _Folding, near: float | None) -> Start:
    """The likeliest of the periods that a search finds, by the eclipses that they give."""
    middle = 0.5 * float(folding.at.min() + folding.at.max())
    tried: list[Start] = []
    for period in candidate_periods(folding.at, folding.magnitude, folding.root, near):
        epoch = middle + period * faintest_phase(fold(folding.at, period, middle), folding.magnitude)
        tried.append(folding.best(period, epoch))
    tried.sort(key=lambda each: each.squares)
    sharp = [folding.sharpened(each) for each in tried[:_SHARPENED]]
    least = min(each.squares for each in sharp)
    return max((each for each in sharp if each.squares <= least / _LONGER), key=lambda each: each.period)


@dataclass(frozen=True)
class _Folding:
    """Points at times or phases, and the eclipses that are laid over them.

    Arguments:
        at: times, or phases as times of a period of 1.
        magnitude, root: what was observed there, and the roots of its weights.
        shape: the profile, of z, shape and extra.
        usual: its usual shape, and its additional parameter.
    """

    at: Float[np.ndarray, " n"]
    magnitude: Float[np.ndarray, " n"]
    root: Float[np.ndarray, " n"]
    shape: Formula
    usual: tuple[float, float]

    @staticmethod
    def of(data: Data, at: str, profile: Profile) -> _Folding:
        shape = Formula.parse(profile.text("z", "shape", "extra"))
        return _Folding(*observed(data, at), shape, (profile.shape[0], profile.extra_range[0]))

    def best(self, period: float, epoch: float) -> Start:
        """Of a grid of half widths and of shapes that both eclipses have."""
        shapes = [factor * self.usual[0] for factor in (0.6, 1.0, 2.0)]
        grid = [self.fitted(period, epoch, float(w), shape, shape) for w in _HALF_WIDTHS for shape in shapes]
        return min(grid, key=lambda each: each.squares)

    def sharpened(self, coarse: Start) -> Start:
        """Better by steps along one parameter after the other, ever smaller ones."""
        best, step = coarse, 1.0
        slip = coarse.period / max(1.0, float(np.ptp(self.at)) / coarse.period)
        for _ in range(_ROUNDS):
            for k in range(5):
                for sign in (-1, 1):
                    best = min(best, *self._along(best, k, sign * step, slip), key=lambda each: each.squares)
            step *= 0.6
        return best

    def _along(self, best: Start, k: int, step: float, slip: float) -> list[Start]:
        found: list[Start] = []
        for times in (0.5, 1.0):
            moved = [best.period, best.epoch, best.half_width, best.shape1, best.shape2]
            moved[k] += times * step * (0.06 * slip, 0.4 * best.half_width * best.period)[k] if k < 2 else 0.0
            moved[k] *= math.exp(0.35 * times * step) if k > 1 else 1.0
            found.append(self.fitted(*moved))
        return found

    def fitted(self, period: float, epoch: float, half_width: float, shape1: float, shape2: float) -> Start:
        """All that is linear solved for."""
        phase = fold(self.at, period, epoch)
        angle = 2 * np.pi * phase
        dips: list[np.ndarray] = []
        for middle, shape in ((0.0, shape1), (0.5, shape2)):
            away = phase - middle
            z = np.maximum(np.abs(away - np.round(away)) / half_width, 1e-300)
            dips.append(np.asarray(self.shape.evaluate({"z": z, "shape": shape, "extra": self.usual[1]}, np)))
        waves = [np.ones_like(angle), np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)]
        terms = np.stack([*waves, *dips]) * self.root
        linear = _solved(terms, self.magnitude * self.root)
        squares = float(np.sum((self.magnitude * self.root - linear @ terms) ** 2))
        return Start(period, epoch, half_width, shape1, shape2, linear, squares)


def _solved(terms: Float[np.ndarray, "7 n"], wanted: Float[np.ndarray, " n"]) -> Float[np.ndarray, " 7"]:
    """Least squares with depths that are not negative, by their normal equations, faintly damped."""
    matrix, right = terms @ terms.T, terms @ wanted
    matrix += 1e-9 * np.trace(matrix) / 7 * np.eye(7)
    linear = np.linalg.solve(matrix, right)
    rising = linear[5:] < 0
    if rising.any():
        kept = np.r_[np.arange(5), 5 + np.flatnonzero(~rising)]
        linear = np.zeros(7)
        linear[kept] = np.linalg.solve(matrix[np.ix_(kept, kept)], right[kept])
        linear[5:] = np.maximum(linear[5:], 0.0)
    return linear
