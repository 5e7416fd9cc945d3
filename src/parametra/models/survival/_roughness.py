"""How rough a baseline hazard is, chosen by the data: the standard deviation of the steps of its logarithm.

    log likelihood - |change|^2 / (2 roughness^2),   roughness^2 = |change|^2 / nu
    nu = steps - trace of (the steps' part of F^-1) / roughness^2,   F = minus the second derivatives of the first line

nu is the effective number of steps. The roughness is where Laplace's approximation of the marginal likelihood, with the
steps integrated out as random effects, is level.

Source: Ma, Couturier, Heritier and Marschner (2021), doi:10.1515/ijb-2020-0104
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from parametra.maths.complex_step import COMPLEX_STEP
from parametra.models.survival._additive_cure import AdditiveCure
from parametra.models.survival._lifetimes import effect
from parametra.nouns.data import Data
from parametra.nouns.noise import Noise, Scatter

USUAL = 0.5
"""Where there are no data, or too few to tell."""
LEAST, MOST = 0.05, 3.0
"""Where it is sought: steps of 5 % are a level hazard, and e^3 a step is no bound."""
_STEP = 1e-5
_WEAK = 1e-4
"""Prior precision of all but the steps, so that what the data cannot tell stays where it starts."""
_NEAR, _SAME = 0.05, 0.01
_ITERATIONS = 60


class Likelihood:
    """The log likelihood of the susceptible's hazard and of the cured, with all coefficients in one array.

    Arguments:
        data, output: the data sets.
        family: the noise inside.
        noise: the family with its limits.
        level, susceptible: where to start.

    The coordinates are log level, the steps, their mean, the added hazards, and the log odds: added hazards in units of
    `level`, and all coefficients for a covariate of its usual size, so that no unit counts. Equal ones share answers.
    """

    def __init__(
        self,
        data: Sequence[Data],
        output: str,
        family: AdditiveCure,
        noise: Noise,
        level: float,
        susceptible: float = 0.0,
    ) -> None:
        settled = noise.settle(data, output)
        self.family, self.noise, self.output = family, settled, output
        self.level, self.susceptible = level, susceptible
        self.rows = [(one.observations(output)[0], settled.columns_of(one, output)) for one in data]

    @cached_property
    def _digest(self) -> bytes:
        found = hashlib.sha256(repr((self.noise.signature, self.family.knots, self.level, self.susceptible)).encode())
        for observed, columns in self.rows:
            for array in (observed, *columns.values()):
                found.update(np.ascontiguousarray(array).tobytes())
        return found.digest()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Likelihood) and self._digest == other._digest

    @property
    def steps(self) -> slice:
        """Where the steps stand among the coordinates."""
        return slice(1, len(self.family.knots))

    @cached_property
    def start(self) -> np.ndarray:
        """The level and the cured share that were read off the data, nothing else."""
        before = self.steps.stop + 1 + len(self.family.excess)
        start = np.zeros(before + (1 + len(self.family.odds) if self.family.cure else 0))
        start[0] = np.log(self.level)
        if self.family.cure:
            start[before] = self.susceptible
        return start

    @cached_property
    def _units(self) -> dict[str, float]:
        """What one is of each coefficient of a covariate, by name."""
        made: dict[str, float] = {}
        for part, one in (("excess", self.level), ("odds", 1.0)):
            for name in self.family.terms[part]:
                size = float(np.sqrt(np.mean(np.concatenate([columns[name] for _, columns in self.rows]) ** 2)))
                made[effect(part, name)] = one / size if size > 0 else one
        return made

    def _named(self, x: np.ndarray) -> dict[str, Any]:
        """Values by name, of coordinates (*batch, d)."""
        first = self.steps.stop + 1
        named: dict[str, Any] = {
            "rise": x[..., first - 1],
            "level": np.exp(x[..., 0]),
            "change": np.moveaxis(x[..., self.steps], -1, 0),
        }
        names = [effect("excess", name) for name in self.family.excess]
        if self.family.cure:
            names += ["susceptible", *(effect("odds", name) for name in self.family.odds)]
        return {**named, **{name: self._units.get(name, 1.0) * x[..., first + i] for i, name in enumerate(names)}}

    def value(self, x: np.ndarray) -> np.ndarray:
        """The log likelihood at (*batch, d), complex where x is."""
        total: Any = 0.0
        for observed, columns in self.rows:
            predicted = np.ones((*x.shape[:-1], len(observed)))
            scatter = Scatter(self.output, True, predicted, observed, None, self._named(x), np, columns)
            total = total + np.sum(self.noise.log_density(scatter), axis=-1)
        return np.asarray(total)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return np.imag(self.value(x + 1j * COMPLEX_STEP * np.eye(x.size))) / COMPLEX_STEP

    def curvature(self, x: np.ndarray) -> np.ndarray:
        """Minus the second derivatives."""
        here = self.gradient(x)
        rows = np.array([(here - self.gradient(x + move)) / _STEP for move in _STEP * np.eye(x.size)])
        return 0.5 * (rows + rows.T)


@lru_cache(maxsize=16)
def chosen(likelihood: Likelihood) -> float:
    """The roughness that the data choose, `USUAL` where they do not let the likelihood be computed."""
    with np.errstate(all="ignore"):
        found = _fixed_point(likelihood)
    return found if np.isfinite(found) else USUAL


def _fixed_point(likelihood: Likelihood) -> float:
    """Newton's steps with damping, and a better roughness whenever they are small."""
    x, roughness, damping = likelihood.start, USUAL, 1e-3
    steps = likelihood.steps
    curvature, slope = likelihood.curvature(x), likelihood.gradient(x)
    for _ in range(_ITERATIONS):
        precision = np.full(x.size, _WEAK)
        precision[steps] = 1 / roughness**2
        whole, pull = curvature + np.diag(precision), slope - precision * (x - likelihood.start * (precision == _WEAK))
        if not np.isfinite(whole).all():
            return float("nan")
        value = _penalised(likelihood, x, precision)
        move = _solved(whole, pull, damping)
        there = _penalised(likelihood, x + move, precision)
        if there < value and np.abs(pull @ move) > 1e-9:
            damping = max(10 * damping, 1e-3)
            if damping > 1e9:
                return float("nan")
            continue
        x, damping = x + move, damping / 10
        curvature, slope = likelihood.curvature(x), likelihood.gradient(x)
        if np.abs(pull @ move) > _NEAR:
            continue
        better = _better(curvature, x[steps], steps, roughness)
        if abs(np.log(better / roughness)) < _SAME:
            return better
        roughness = better
    return roughness


def _penalised(likelihood: Likelihood, x: np.ndarray, precision: np.ndarray) -> float:
    centre = np.where(precision == _WEAK, likelihood.start, 0.0)
    value = float(likelihood.value(x)) - 0.5 * float(np.sum(precision * (x - centre) ** 2))
    return value if np.isfinite(value) else -np.inf


def _solved(whole: np.ndarray, pull: np.ndarray, damping: float) -> np.ndarray:
    """The step of a matrix whose eigenvalues are taken positive, with its diagonal scaled to one."""
    size = np.sqrt(np.maximum(np.abs(np.diag(whole)), 1e-12))
    values, vectors = np.linalg.eigh(whole / np.outer(size, size))
    inverse = 1 / (np.abs(values) + damping)
    return vectors @ (inverse * (vectors.T @ (pull / size))) / size


def _better(curvature: np.ndarray, change: np.ndarray, steps: slice, roughness: float) -> float:
    """The next roughness, |change|^2 / nu."""
    whole = curvature + _WEAK * np.eye(len(curvature))
    whole[steps, steps] += np.eye(change.size) / roughness**2
    spread = float(np.trace(np.linalg.pinv(whole, hermitian=True)[steps, steps]))
    effective = min(max(change.size - spread / roughness**2, 1e-2), change.size)
    return float(np.clip(np.sqrt(np.sum(change**2) / effective), LEAST, MOST))
