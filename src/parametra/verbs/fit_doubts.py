"""What makes a fit less certain than its numbers look, each as a sentence with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns._input_errors import bend_over_errors
from parametra.nouns.fit_record import Row
from parametra.nouns.problem import Problem
from parametra.nouns.starts import Basin, Starts
from parametra.nouns.status import Status
from parametra.verbs.fit_constrained import constraint_doubts
from parametra.verbs.fit_left_over import LeftOver
from parametra.verbs.fit_rows import edge_of
from parametra.verbs.fit_uncertainty import Curvature
from parametra.verbs.fit_unvarying import unvarying_doubts

_STRONG = 0.98
_MOST_FAILED = 0.2
_BENT = 2.0
_BEND = 0.5
"""How far a curve may leave its tangent within the errors of inputs, in effective standard deviations."""
_RIVAL = 2.0
"""Log-likelihoods closer than this are no clear decision: exp(-2) is a likelihood ratio of 1 in 7."""


def doubts_of(
    problem: Problem,
    status: Status,
    rows: tuple[Row, ...],
    labels: tuple[str, ...],
    covariance: np.ndarray,
    curvature: Curvature,
    starts: Starts,
    p_value: float | None,
    failed_share: float,
    named: Mapping[str, Any],
    left: LeftOver,
    settled: bool,
) -> tuple[str, ...]:
    """All doubts about a fit, gravest first; empty when nothing was noticed.

    Arguments:
        problem, status, rows, labels, covariance, curvature, starts, p_value, named: as the fit has them.
        failed_share: of the evaluations.
        left: what the residuals say.
        settled: whether no other optimum can be better, see `fit_basins.is_settled`.
    """
    found: list[str] = []
    if curvature.minimum:
        usual = f"this is not an established minimum: {curvature.minimum}. Errors are withheld; try more starts."
        found.append(curvature.doubt or usual)
    found += unvarying_doubts(problem)
    found += [doubt for output, noise in problem.noise.items() for doubt in noise.doubts(output)]
    found += [doubt for _, doubt in row_doubts(problem)]
    found += _bent_inputs(problem, named, starts)
    found += _bounds_and_flat(problem, rows, curvature)
    found += constraint_doubts(curvature.held) if curvature.held is not None else []
    found += _correlated(labels, covariance, tied=bool(curvature.held is not None and curvature.held.active.size))
    found += _wide(problem, rows)
    found += _bent(problem, curvature)
    found += _many_basins(starts, status, settled=settled)
    found += left.doubts
    if p_value is not None and p_value < 1e-3:
        found.append(
            f"the model does not describe the data within the stated standard deviations (p = {p_value:.1g}); errors "
            "are then too small. Look at the residuals: the model, an outlier, or too small sigmas."
        )
    if p_value is not None and p_value > 0.999:
        found.append(
            f"the data scatter less than their stated standard deviations (p = {p_value:.4g}): the sigmas are probably "
            "too large or not independent, and so are the errors."
        )
    found += [] if settled else failures_doubt(failed_share)
    freedom = problem.degrees_of_freedom
    if problem.profiled is not None and 0 < freedom < 3:
        found.append(
            f"sigma is estimated from {freedom} degree{'s' * (freedom > 1)} of freedom only; errors are rough."
        )
    return tuple(found)


def failures_doubt(share: float) -> list[str]:
    """Where many of the evaluations failed."""
    if share <= _MOST_FAILED:
        return []
    return [f"{100 * share:.0f} % of the evaluations failed. The receipt counts the reasons."]


def row_doubts(problem: Problem) -> list[tuple[str, str]]:
    """Data set and what the model itself doubts about its rows; each doubt once, with the first that has it."""
    doubts: Any = getattr(problem.model.function, "doubts", None)
    found: dict[str, str] = {}
    if doubts is None:
        return []
    for data in problem.data_sets:
        for doubt in doubts({**data.inputs, **data.constants}):
            found.setdefault(doubt, data.name)
    return [(name, doubt) for doubt, name in found.items()]


def _bent_inputs(problem: Problem, named: Mapping[str, Any], starts: Starts) -> list[str]:
    """Where errors of inputs are too long for what is made of them: the slope of the curve, and no more."""
    bend, inputs = _bend(problem, named)
    if not bend > _BEND:
        return []
    better = next((b for b in starts.basins[1:] if _bend(problem, b.estimate)[0] <= _BEND), None)
    other = "" if better is None else f" Another optimum that does not suffer from this is near {_values(better)}."
    doubt = (
        f"the errors of {', '.join(inputs)} are long beside the bends of the curve, which within them leaves its "
        f"tangent by {bend:.2g} effective standard deviations. They are counted through the slope, which is right for "
        "short ones only: here chi-square falls because the curve is steep, not because it is near the data."
        f"{other} Narrow the bounds to curves that are possible, or start from a good guess with starts=1."
    )
    return [doubt]


def _bend(problem: Problem, named: Mapping[str, Any]) -> tuple[float, list[str]]:
    """The worst departure of a curve from its tangents within the errors of inputs, and these; 0 without such."""
    worst, inputs = 0.0, []
    for data, binding, a in zip(problem.data_sets, problem.bindings, problem.arrays, strict=True):
        for output in a["sigma"] if "input_errors" in a else ():
            sigma = np.full(data.rows, np.nan)
            sigma[a["index"].get(output, slice(None))] = a["sigma"][output]
            parameters = binding.parameters_of(named)
            with np.errstate(all="ignore"):
                bend = bend_over_errors(problem.model, parameters, a["inputs"], a["input_errors"], sigma, output)
            if bend > worst:
                worst, inputs = bend, list(a["input_errors"])
    return worst, inputs


def _bounds_and_flat(problem: Problem, rows: tuple[Row, ...], curvature: Curvature) -> list[str]:
    found: list[str] = []
    labels = problem.fit_space.labels
    for side, at in (("lower", curvature.at_lower), ("upper", curvature.at_upper)):
        for i in np.flatnonzero(at):
            edge = edge_of(problem, labels[i], side)
            found.append(
                f"{labels[i]} ended at its {side} bound, and the other errors are those with it held there. If the "
                f"bound is no law of nature, widen it; otherwise fix {labels[i]} there and say so."
                if edge is None
                else f"{labels[i]} is {edge.words}. The other errors are those with it held there; {edge.instead} "
                "says the same with one parameter less."
            )
    flat = [r.label for r in rows if r.note.startswith("not determined")]
    if flat:
        found.append(
            f"the data do not determine {', '.join(flat)}: the fit is equally good along a whole line of values. "
            "Fix one of them, tie them, state a prior, or measure what tells them apart."
        )
    return found


def _correlated(labels: tuple[str, ...], covariance: np.ndarray, *, tied: bool) -> list[str]:
    sd = np.sqrt(np.diag(covariance)) if len(labels) else np.empty(0)
    pairs: list[tuple[float, str]] = []
    for i in range(len(labels)):
        for j in range(i):
            if sd[i] > 0 and sd[j] > 0:
                rho = covariance[i, j] / (sd[i] * sd[j])
                if abs(rho) > _STRONG and not (tied and abs(rho) > 1 - 1e-9):  # one is the other by a constraint
                    pairs.append((abs(rho), f"{labels[j]} and {labels[i]} ({rho:+.5f})"))
    if not pairs:
        return []
    pairs.sort(reverse=True)
    shown = "; ".join(words for _, words in pairs[:3])
    more = f" and {len(pairs) - 3} more pairs" if len(pairs) > 3 else ""
    return [f"the data hardly tell apart {shown}{more}: one can replace the other at almost no cost."]


def _wide(problem: Problem, rows: tuple[Row, ...]) -> list[str]:
    """What has a sign of its own; a place or a difference may well be zero, and is known as well as anything."""
    space = problem.fit_space
    signed = {
        label for label, low, high in zip(space.labels, space.lower, space.upper, strict=True) if low >= 0 or high <= 0
    }
    wide = [r.label for r in rows if r.role == "free" and r.label in signed and _is_wide(r)]
    if not wide:
        return []
    return [f"the standard error of {', '.join(wide)} exceeds the estimate itself: not even its size is known."]


def _is_wide(row: Row) -> bool:
    return row.standard_error is not None and row.standard_error > abs(float(row.value))


def _bent(problem: Problem, curvature: Curvature) -> list[str]:
    ratio = curvature.distortion
    if curvature.minimum or 1 / _BENT <= ratio <= _BENT:
        return []
    sizes = np.abs(curvature.distorted) * _scales(curvature)
    label = problem.fit_space.labels[int(np.argmax(sizes))]
    rise = "is not finite" if not np.isfinite(ratio) else f"rises {ratio:.2g} times as much as a parabola would"
    doubt = (
        f"the likelihood is not parabolic within one standard error, mostly along {label}: it {rise}. Symmetric "
        "errors and intervals are rough; profile likelihoods or a posterior tell more."
    )
    return [doubt]


def _scales(curvature: Curvature) -> np.ndarray:
    """The Jacobian's column lengths, which turn coordinates into comparable sizes; 0 for those at a bound."""
    scales = np.zeros(curvature.covariance.shape[0])
    scales[curvature.inside] = curvature.geometry.scale
    return scales


def _values(basin: Basin) -> str:
    return ", ".join(f"{k}={v:.4g}" for k, v in basin.estimate.items() if isinstance(v, (int, float)))


def _many_basins(starts: Starts, status: Status, *, settled: bool) -> list[str]:
    if starts.count == 1:
        return []
    found: list[str] = []
    twins = [b for b in starts.basins if b.same_as_best]
    if twins:
        word = "solutions exist" if len(twins) > 1 else "solution exists"
        found.append(
            f"{len(twins)} more {word} that the data cannot tell from this one, for example {_values(twins[0])}. "
            "If they are interchangeable, say so (interchangeable=...), or order or bound the parameters."
        )
    rivals = [b for b in starts.basins if not b.same_as_best and 0 < b.behind < _RIVAL]
    if rivals:
        found.append(
            f"another optimum is hardly less likely (log-likelihood {rivals[0].behind:.2g} lower, {rivals[0].count} of "
            f"{starts.count} starts): {_values(rivals[0])}. The errors know nothing of it."
        )
    if settled:
        return found
    if starts.converged < starts.count / 2 and status.ok:
        found.append(f"only {starts.converged} of {starts.count} starts converged. Narrow the bounds or guess better.")
    if starts.missed_chance is not None and starts.missed_chance > 0.1:
        found.append(
            f"one more start would find a new basin with a chance of about {100 * starts.missed_chance:.0f} %: a "
            f"better one may have been missed. Use starts={4 * starts.count} or more."
        )
    return found
