"""The delay by kernel regression of the common curve, its settings found by an evolutionary search of mixed types."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.time_delay._kernel_regression import CRITERIA, Regression
from parametra.models.time_delay._kernel_search import Limits, evolved
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, did_you_mean


@dataclass(frozen=True, repr=False)
class KernelDelay:
    """The outcome of an evolutionary search.

    Arguments:
        delay, offset: of curve B from curve A.
        neighbours: how many neighbours give a kernel its width.
        penalty: on the weights of the kernels, in units of the mean square of the kernels.
        loss: the criterion there; the less the better.
        criterion: "information" or "prediction".
        population: (p, 4), the last generation: delay, neighbours, log10 of the penalty, loss, best first.
        evaluations: how many settings were tried.
    """

    delay: float
    offset: float
    neighbours: int
    penalty: float
    loss: float
    criterion: str
    population: Float[np.ndarray, "p 4"]
    evaluations: int

    def __repr__(self) -> str:
        return (
            f"delay {self.delay:.5g}, offset {self.offset:.4g}, {self.neighbours} neighbours, "
            f"penalty {self.penalty:.2g}; {self.criterion} criterion {self.loss:.4g} after {self.evaluations} "
            "evaluations"
        )


def kernel_delay(
    data: Data,
    *,
    delays: tuple[float, float] | None = None,
    criterion: str = "information",
    population: int = 30,
    generations: int = 25,
    seed: int = 0,
) -> KernelDelay:
    """The delay at which one kernel expansion describes both curves best.

    A(t) = sum_j w_j K(t - c_j; s_j) and B(t) = offset + A(t - delay), with Gaussian kernels at the times of both
    curves, as wide as the distance to their k-th neighbours of the same curve, and a penalty on the weights. For each
    setting (delay, k, penalty) the weights follow by least squares. Delay and penalty are real numbers, k is a whole
    one, and they evolve together: tournaments, crossover, steps of each type that shrink, and the best survive.

    Good for curves of which nothing is supposed but smoothness. Prefer `time_delay.gaussian_process` for an error of
    the delay, and for more than a few hundred values: one setting costs n^3.

    Arguments:
        data: with inputs `time` and `image`; `two_curves` makes such.
        delays: between which to look; None takes half the span to both sides.
        criterion: "information" is Akaike's, corrected for the weights that a penalised regression spends;
            "prediction" is the mean square error of predicting each value without itself, which the source of the
            method uses, and which scatters more.
        population, generations: of the search, 8 and 1 at least.
        seed: of its random numbers.

    Raises:
        DataError: data that are not two curves, delays at which they do not overlap.
        ModelError: limits in the wrong order, an unknown criterion, too small a population.

    Sources: Cuevas-Tello and others (2009), arXiv:0908.3706; Hurvich, Simonoff and Tsai (1998), Smoothing parameter
        selection in nonparametric regression using an improved Akaike information criterion,
        doi:10.1111/1467-9868.00125
    """
    curves = Curves.of(data)
    low, high = curves.limits(delays)
    if criterion not in CRITERIA:
        raise ModelError(f'criterion="{criterion}": ' + did_you_mean(criterion, CRITERIA))
    if population < 8 or generations < 1:
        raise ModelError(
            f"an evolution wants a population of 8 and one generation at least; population={population!r} and "
            f"generations={generations!r} came."
        )
    regression = Regression(curves, criterion)
    limits = Limits((low, high), (1, regression.most_neighbours), least_step=0.02 * curves.spacing)
    first = int(np.clip(2 * (high - low) / curves.spacing, 5 * population, 20 * population))
    found = evolved(regression.loss, limits, population=population, first=first, generations=generations, seed=seed)
    best = found.settings[0]
    table = np.array([[s.delay, s.neighbours, s.penalty, v] for s, v in zip(found.settings, found.losses, strict=True)])
    return KernelDelay(
        delay=best.delay,
        offset=regression.offset(best),
        neighbours=best.neighbours,
        penalty=10.0**best.penalty,
        loss=found.losses[0],
        criterion=criterion,
        population=table,
        evaluations=found.evaluations,
    )
