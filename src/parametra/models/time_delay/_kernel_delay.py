"""The delay by kernel regression of the common curve, its settings found by an evolutionary search of mixed types."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError

_MOST_NEIGHBOURS = 15
_PENALTIES = (1e-6, 1e2)


@dataclass(frozen=True, repr=False)
class KernelDelay:
    """The outcome of an evolutionary search.

    Arguments:
        delay, offset: of curve B from curve A.
        neighbours: how many neighbours give a kernel its width.
        penalty: on the weights of the kernels.
        loss: the mean square of the standardised errors of prediction, each value left out in turn.
        population: (p, 4), the last generation: delay, neighbours, log10 of the penalty, loss, best first.
        evaluations: how many settings were tried.
    """

    delay: float
    offset: float
    neighbours: int
    penalty: float
    loss: float
    population: Float[np.ndarray, "p 4"]
    evaluations: int

    def __repr__(self) -> str:
        return (
            f"delay {self.delay:.5g}, offset {self.offset:.4g}, {self.neighbours} neighbours, "
            f"penalty {self.penalty:.2g}; loss {self.loss:.4g} after {self.evaluations} evaluations"
        )


def kernel_delay(
    data: Data,
    *,
    delays: tuple[float, float] | None = None,
    population: int = 30,
    generations: int = 25,
    seed: int = 0,
) -> KernelDelay:
    """The delay at which one kernel expansion predicts values of both curves best.

    A(t) = sum_j w_j K(t - c_j; s_j) and B(t) = offset + A(t - delay), with Gaussian kernels at the times of both
    curves, as wide as the distance to their k-th neighbours, and a penalty on the weights. For each setting (delay, k,
    penalty) the weights follow by least squares; the loss is that of predicting each value without itself.
    Real and whole numbers evolve together: tournaments, crossover, mutation that shrinks, and the best survive.

    Good for curves of which nothing is supposed but smoothness. Prefer `time_delay.gaussian_process` for an error of
    the delay, and for more than a few hundred values: one setting costs n^3.

    Arguments:
        data: with inputs `time` and `image`; `two_curves` makes such.
        delays: between which to look; None takes half the span to both sides.
        population, generations: of the search, 8 and 1 at least.
        seed: of its random numbers.

    Raises:
        DataError: data that are not two curves, delays at which they do not overlap.
        ModelError: limits in the wrong order, too small a population.

    Source: Cuevas-Tello and others (2009), arXiv:0908.3706
    """
    curves = Curves.of(data)
    low, high = curves.limits(delays)
    if population < 8 or generations < 1:
        raise ModelError(
            f"an evolution wants a population of 8 and one generation at least; population={population!r} and "
            f"generations={generations!r} came."
        )
    generator = np.random.default_rng(seed)
    lower = np.array([low, 1.0, math.log10(_PENALTIES[0])])
    upper = np.array([high, float(_MOST_NEIGHBOURS), math.log10(_PENALTIES[1])])
    # the first delays are spread evenly, for nothing else finds the right valley
    genes = lower + (upper - lower) * generator.uniform(size=(5 * population, 3))
    genes[:, 0] = np.linspace(low, high, 5 * population)
    losses = np.array([_regression(curves, each)[0] for each in genes])
    evaluations = losses.size
    for generation in range(generations):
        kept = np.argsort(losses)[:population]
        genes, losses = genes[kept], losses[kept]
        pairs = np.sort(generator.integers(0, population, size=(2, population, 3)), axis=2)[..., 0]
        mixed = np.where(generator.uniform(size=(population, 3)) < 0.5, genes[pairs[0]], genes[pairs[1]])
        width = 0.2 * (upper - lower) * 0.85**generation + np.array([0.02 * curves.spacing, 0.5, 0.1])
        moved = generator.uniform(size=mixed.shape) < 0.7
        children = np.clip(mixed + np.where(moved, width * generator.standard_normal(mixed.shape), 0.0), lower, upper)
        found = np.array([_regression(curves, each)[0] for each in children])
        genes, losses = np.concatenate([genes, children]), np.concatenate([losses, found])
        evaluations += population
    order = np.argsort(losses)[:population]
    table = np.column_stack([genes[order, 0], np.round(genes[order, 1]), genes[order, 2], losses[order]])
    loss, offset = _regression(curves, genes[order[0]])
    return KernelDelay(
        float(table[0, 0]), offset, int(table[0, 1]), float(10 ** table[0, 2]), loss, table, int(evaluations)
    )


def _regression(curves: Curves, gene: np.ndarray) -> tuple[float, float]:
    """The loss of one setting, and the offset of B."""
    delay, neighbours, penalty = float(gene[0]), round(float(gene[1])), float(10 ** gene[2])
    places = curves.time - delay * curves.image
    centres = np.sort(places)
    widths = _widths(centres, neighbours)
    kernels = np.exp(-(((places[:, None] - centres) / widths) ** 2))
    weight = 1 / curves.error
    offset_column = np.column_stack([np.ones(places.size), curves.image]) * weight[:, None]
    # the mean and the offset carry no penalty, so they are taken out of everything first
    basis, _ = np.linalg.qr(offset_column)
    rows = kernels * weight[:, None]
    rows = rows - basis @ (basis.T @ rows)
    target = curves.value * weight
    target = target - basis @ (basis.T @ target)
    size = float(np.sum(rows**2)) / places.size
    gram = rows @ rows.T
    damped = gram + penalty * size / places.size * np.eye(places.size)
    hat = np.linalg.solve(damped, np.column_stack([gram, target]))
    fitted = gram @ hat[:, -1]
    free = np.maximum(1 - np.diag(hat[:, :-1]) - np.sum(basis**2, axis=1), 1e-6)
    loss = float(np.mean(((target - fitted) / free) ** 2))
    of_kernels = kernels @ (rows.T @ hat[:, -1]) * weight
    plain = np.linalg.lstsq(offset_column, curves.value * weight - of_kernels, rcond=None)[0]
    return loss, float(plain[1])


def _widths(centres: np.ndarray, neighbours: int) -> np.ndarray:
    """The mean distance to the k-th neighbours on both sides, never nothing."""
    k = min(neighbours, centres.size - 1)
    place = np.arange(centres.size)
    right, left = np.minimum(place + k, centres.size - 1), np.maximum(place - k, 0)
    width = (centres[right] - centres[left]) * k / np.maximum(right - left, 1)
    return np.maximum(width, 1e-6 * float(np.ptp(centres)) + 1e-300)
