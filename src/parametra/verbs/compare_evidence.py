"""The evidence of a model by Laplace's approximation, where every parameter has a prior; else why there is none."""

from __future__ import annotations

import numpy as np

from parametra.methods.compare.laplace_evidence import LaplaceEvidence
from parametra.nouns.comparison_parts import Evidence
from parametra.nouns.parameter import Bounded
from parametra.nouns.problem import Problem
from parametra.verbs.at_estimate import AtEstimate

_CUT = 2.0
"""Standard errors within which a bound cuts the posterior noticeably: 2.3 % of a normal distribution is beyond."""


def evidence_of(at: AtEstimate) -> Evidence:
    """Laplace's approximation at the estimate.

    Priors are those that were stated; a parameter without one that has finite bounds is uniform between them, a `Log`
    parameter in its logarithm. The mode is that of the density in the value where a prior was stated, and of the
    density in the coordinate of the box elsewhere, which is where the fit ended.

    Arguments:
        at: the fitted problem.
    """
    problem = at.problem
    if why := _why_not(at):
        return Evidence(None, "", why)
    space = problem.fit_space
    if not at.x.size:
        return Evidence(float(np.asarray(problem.log_likelihood(at.fit.values))), "exact", "nothing is free")
    covariance = at.around.covariance
    sd = np.sqrt(np.diag(covariance))
    log_prior, stretch = 0.0, np.ones(at.x.size)
    stated: list[str] = []
    uniform: list[str] = []
    for name, part in space.slices.items():
        parameter = space[name]
        if name in space.explicit_priors:
            stated.append(name)
            log_prior += float(np.sum(parameter.prior.log_density(np.asarray(at.fit.values[name]))))
            if getattr(parameter, "logarithmic", False):
                stretch[part] = np.exp(at.x[part])
        else:
            uniform.append(name)
            log_prior -= float(np.log(space.upper[part] - space.lower[part]).sum())
    likelihood = float(np.asarray(problem.log_likelihood(at.fit.values)))
    natural = covariance * np.outer(stretch, stretch)
    log = LaplaceEvidence().log_evidence(likelihood + log_prior, natural)
    near = np.minimum(at.x - space.lower, space.upper - at.x) < _CUT * sd
    words = [f"the stated prior{'s' * (len(stated) > 1)} of {', '.join(stated)}"] if stated else []
    words += [f"uniform priors between the bounds of {', '.join(uniform)}"] if uniform else []
    told = " and ".join(words)
    if near.any():
        cut = ", ".join(label for label, one in zip(space.labels, near, strict=True) if one)
        told += f"; the bounds cut the posterior of {cut}, which this ignores"
    if at.around.distortion > 2 or at.around.distortion < 0.5:
        told += "; the likelihood is not a parabola there, so that it is rough"
    return Evidence(log, "Laplace's approximation", told)


def _why_not(at: AtEstimate) -> str:
    problem = at.problem
    without = _improper(problem)
    if without:
        return f"{', '.join(without)} {'has' if len(without) == 1 else 'have'} no proper prior"
    if any(not isinstance(problem.fit_space[name], Bounded) for name in problem.fit_space.slices):
        return "shares that sum to one have no evidence here"
    around = at.around
    if around.minimum:
        return f"the estimate is no minimum: {around.minimum}"
    held = around.at_lower | around.at_upper
    if held.any():
        names = ", ".join(label for label, one in zip(problem.fit_space.labels, held, strict=True) if one)
        return f"{names} is at a bound, where the posterior is no peak"
    if around.held is not None and around.held.active.size:
        return "constraints hold the estimate, where the posterior is no peak"
    if around.geometry.flat.shape[1] or not np.isfinite(around.covariance).all():
        return "a combination of parameters is not determined, so that the posterior is no peak"
    return ""


def _improper(problem: Problem) -> list[str]:
    return [name for name in problem.space.free if not getattr(problem.space[name], "proper", False)]
