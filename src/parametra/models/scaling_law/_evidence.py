"""Whether published estimates agree with refits, and how many runs an interval would have needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from parametra.maths.chi_square import survival
from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.errors import ModelError


@dataclass(frozen=True)
class Rejection:
    """A test of claimed values against an estimate and its refits.

    Arguments:
        chi_square: the squared distance in the metric of the refits' covariance.
        degrees_of_freedom: how many values were claimed.
        p_value: the chance of such a distance where the claim is right.
        deviations: each claim alone, in standard errors.
    """

    chi_square: float
    degrees_of_freedom: int
    p_value: float
    deviations: dict[str, float]


def rejection(bootstrap: Bootstrap, claimed: Mapping[str, float], *, logarithms: tuple[str, ...] = ()) -> Rejection:
    """Wald's test of claimed values against the estimate of a bootstrap: d' C^-1 d, d = claimed - estimate.

    Coefficients such as A and B scatter over a factor, so name them in `logarithms`: their refits are nearer to a
    normal law there.

    Arguments:
        bootstrap: of the fit, with `kind="case"` where the noise is not to be trusted.
        claimed: label to value.
        logarithms: labels that are compared by their logarithms.

    Raises:
        ModelError: a label that the bootstrap has not, a value that has no logarithm, fewer refits than claims.
    """
    missing = [name for name in claimed if name not in bootstrap.labels]
    if missing or not claimed:
        raise ModelError(
            f"the bootstrap has {', '.join(bootstrap.labels)}; claimed is {', '.join(map(repr, claimed)) or 'nothing'}."
        )
    columns = [list(bootstrap.labels).index(name) for name in claimed]
    refits = bootstrap.replicates[:, columns]
    refits = refits[np.all(np.isfinite(refits), axis=1)]
    if len(refits) <= len(claimed) + 1:
        raise ModelError(f"{len(refits)} refits tell no covariance of {len(claimed)} values. Ask for more replicates.")
    values = np.array([float(value) for value in claimed.values()])
    estimate = np.array([bootstrap.row(name).estimate for name in claimed])
    for i, name in enumerate(claimed):
        if name in logarithms:
            if values[i] <= 0 or np.any(refits[:, i] <= 0):
                raise ModelError(f'"{name}" is compared by its logarithm, and {claimed[name]!r} has none.')
            values[i], estimate[i], refits[:, i] = np.log(values[i]), np.log(estimate[i]), np.log(refits[:, i])
    covariance = np.atleast_2d(np.cov(refits.T))
    off = values - estimate
    chi_square = float(off @ np.linalg.solve(covariance, off))
    deviations = dict(zip(claimed, (off / np.sqrt(np.diag(covariance))).tolist(), strict=True))
    return Rejection(chi_square, len(claimed), float(survival(chi_square, len(claimed))), deviations)


def runs_needed(runs: int, interval: tuple[float, float], claimed: tuple[float, float]) -> float:
    """The runs that an interval as narrow as the claimed one would have needed: runs (width / claimed width)^2.

    Arguments:
        runs: behind `interval`.
        interval: of the same quantity and level as the claimed one, from the data at hand.
        claimed: the interval in question.

    Raises:
        ModelError: an interval without a width.

    Source: Besiroglu and others (2024), arXiv:2404.10102
    """
    width, narrow = interval[1] - interval[0], claimed[1] - claimed[0]
    if not (runs > 0 and width > 0 and narrow > 0):
        raise ModelError(f"runs and both widths must be above zero; {runs!r}, {interval!r} and {claimed!r} came.")
    return float(runs * (width / narrow) ** 2)
