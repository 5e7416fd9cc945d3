"""The numbers of a fit by name, each with its error or with the reason why it has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns._noise_contract import Edge
from parametra.nouns.derived import Derived
from parametra.nouns.fit_record import Row
from parametra.nouns.parameter import Bounded, Parameter, Tied
from parametra.nouns.problem import Problem
from parametra.verbs._derived_interval import interval_by_scale, interval_of
from parametra.verbs.fit_uncertainty import Curvature

_STEP = 1e-5
_NORMAL = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def rows_of(
    problem: Problem, x: np.ndarray, named: Mapping[str, Any], curvature: Curvature, chosen: Mapping[str, Any]
) -> tuple[tuple[Row, ...], tuple[str, ...], np.ndarray]:
    """Rows, and the labels and covariance of those that have a standard error.

    Arguments:
        problem: what was fitted.
        x: (d,) the estimate in box coordinates.
        named: the estimate by name.
        curvature: what is known around it.
        chosen: values of discrete parameters that were found by trying all of them.
    """
    quantities = _quantities(problem, x, named, chosen, np.sqrt(np.diag(curvature.covariance)))
    gradients = np.stack([q.gradient for q in quantities]) if quantities else np.zeros((0, x.size))
    flat, bound = curvature.flat(gradients), curvature.at_bound(gradients)
    freedom = problem.degrees_of_freedom
    by_scale = np.array([q.by_scale for q in quantities])
    # the estimated scale has no part in the covariance: it does not go with the others
    of_scale = _scale_error(curvature, freedom) if by_scale.any() else 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # of a slope without end: no number, which is told below
        covariance = gradients @ curvature.covariance @ gradients.T
    together = np.outer(by_scale, by_scale)
    covariance = covariance + np.where(together != 0, of_scale**2 * together, 0.0)
    variance = np.diag(covariance)
    t = _quantile(freedom if problem.profiled is not None else None)
    rows: list[Row] = []
    kept: list[int] = []
    for i, q in enumerate(quantities):
        moves = bool(np.any(q.gradient != 0)) or q.by_scale != 0
        note = "" if not moves else _why_none(problem, curvature, q, bool(flat[i]), bool(bound[i]), freedom)
        if not moves or note or not np.isfinite(variance[i]):
            told = None
            if not moves and q.ranged is not None:
                told, note = interval_of(problem, x, q.ranged, q.value, 0.0, curvature, t)
            if q.role == "derived" and not note and not np.isfinite(q.value + variance[i]):
                note = "no error: it or its slope is no finite number there"
            rows.append(Row(q.label, q.name, q.role, q.value, None, told, q.unit, note))
            continue
        error = float(np.sqrt(max(variance[i], 0.0)))
        conditional = _conditional(problem, curvature) if bound[i] else ""
        told, why = q.interval(error, t), ""
        if q.by_scale and q.derived is not None and not np.any(q.gradient != 0):
            ends = _scale_interval(curvature, freedom)
            told, why = interval_by_scale(q.derived, named, str(problem.profiled), ends)
        elif q.ranged is not None:
            told, why = interval_of(problem, x, q.ranged, q.value, error, curvature, t)
        note = "; ".join(each for each in (why, conditional) if each)
        rows.append(Row(q.label, q.name, q.role, q.value, error, told, q.unit, note))
        kept.append(i)
    if problem.profiled is not None:
        rows.append(_scale_row(problem, named, curvature, freedom))
    return tuple(rows), tuple(quantities[i].label for i in kept), covariance[np.ix_(kept, kept)]


class _Quantity:
    """One scalar, its value, and its gradient by the box coordinates."""

    def __init__(self, label: str, name: str, role: str, value: Any, gradient: np.ndarray, unit: str) -> None:
        self.label, self.name, self.role, self.value = label, name, role, value
        self.gradient, self.unit = gradient, unit
        self.logarithmic = False
        self.bounds = (-np.inf, np.inf)
        self.derived: Derived | None = None
        self.by_scale = 0.0
        """Slope by the profiled scale."""

    @property
    def ranged(self) -> Derived | None:
        """The derived quantity that says where it lies."""
        return self.derived if self.derived is not None and self.derived.ranged else None

    def interval(self, error: float, t: float) -> tuple[float, float]:
        """95 %: symmetric, in the logarithm for parameters that are searched there, and never beyond the bounds."""
        if self.logarithmic:
            with np.errstate(over="ignore"):  # an error that says nothing: from zero to infinity
                factor = float(np.exp(t * error / self.value))
            low, high = self.value / factor, self.value * factor
        else:
            low, high = self.value - t * error, self.value + t * error
        return float(max(low, self.bounds[0])), float(min(high, self.bounds[1]))


def _quantities(
    problem: Problem, x: np.ndarray, named: Mapping[str, Any], chosen: Mapping[str, Any], errors: np.ndarray
) -> list[_Quantity]:
    space, d = problem.fit_space, x.size
    tangents = space.tangents(x)
    result: list[_Quantity] = []
    for name in problem.space.names:
        if name == problem.profiled:
            continue
        role = _role(problem, name, chosen)
        unit = getattr(problem.space[name], "unit", "")
        value = named[name]
        if role in ("choice", "fixed") and not isinstance(value, (int, float, np.ndarray, np.generic)):
            result.append(_Quantity(name, name, role, value, np.zeros(d), unit))
            continue
        flat = np.ravel(np.asarray(value, dtype=np.float64))
        gradient = np.zeros((flat.size, d))
        for c, slope in tangents.get(name, {}).items():
            gradient[:, c] = np.ravel(np.broadcast_to(slope, np.shape(value)))
        index = np.ndindex(np.shape(value)) if np.shape(value) else [()]
        for k, place in enumerate(index):
            label = name + (f"[{','.join(map(str, place))}]" if place else "")
            q = _Quantity(label, name, role, float(flat[k]), gradient[k], unit)
            if role in ("free", "noise"):
                q.logarithmic, q.bounds = _domain(problem.space[name], k)
            result.append(q)
    for derived in problem.derived:
        value = float(np.asarray(derived.compute(named)))
        slope = _slope(problem, x, named, derived.compute, errors)
        q = _Quantity(derived.name, derived.name, "derived", value, slope, derived.unit)
        q.derived, q.by_scale = derived, _slope_by_scale(problem, named, derived.compute)
        result.append(q)
    return result


def _domain(parameter: Parameter, element: int) -> tuple[bool, tuple[float, float]]:
    """Whether a parameter is searched in its logarithm, and the bounds of one of its elements."""
    if not isinstance(parameter, Bounded):
        return False, (0.0, 1.0)  # a weight of a Simplex
    low, high = float(parameter.box_lower[element]), float(parameter.box_upper[element])
    if parameter.logarithmic:
        return True, (float(np.exp(low)), float(np.exp(high)))
    return False, (low, high)


def _slope(problem: Problem, x: np.ndarray, named: Mapping[str, Any], compute: Any, errors: np.ndarray) -> np.ndarray:
    """Central differences of a derived quantity by the box coordinates, kept inside the bounds.

    Near zero a step is a share of the standard error, and of the guess where there is none.
    """
    space = problem.fit_space
    sizes = np.where(errors > 0, errors, space.sizes)
    gradient = np.zeros(x.size)
    extra = {} if problem.profiled is None else {problem.profiled: named[problem.profiled]}
    for c in range(x.size):
        step = _STEP * max(abs(x[c]), 1e-3 * sizes[c])
        up, down = x.copy(), x.copy()
        up[c], down[c] = min(x[c] + step, space.upper[c]), max(x[c] - step, space.lower[c])
        high, low = (float(np.asarray(compute({**extra, **space.to_named(p)}))) for p in (up, down))
        gradient[c] = (high - low) / (up[c] - down[c])
    return gradient


def _slope_by_scale(problem: Problem, named: Mapping[str, Any], compute: Any) -> float:
    """Central difference of a derived quantity by the profiled scale; 0 where there is none or it is not known."""
    if problem.profiled is None or not np.isfinite(named[problem.profiled]):
        return 0.0
    scale = float(named[problem.profiled])
    up, down = scale * (1 + _STEP), scale * (1 - _STEP)
    if not up > down:
        return 0.0
    high, low = (float(np.asarray(compute({**named, problem.profiled: each}))) for each in (up, down))
    return (high - low) / (up - down)


def _role(problem: Problem, name: str, chosen: Mapping[str, Any]) -> str:
    if name in chosen:
        return "choice"
    if name not in problem.stated_space.names:
        return "noise"
    if name in problem.space.free:
        return "free"
    return "tied" if isinstance(problem.space[name], Tied) else "fixed"


def _why_none(problem: Problem, curvature: Curvature, q: _Quantity, flat: bool, bound: bool, freedom: int) -> str:
    if curvature.minimum:
        return f"no error: {curvature.minimum}"
    if problem.profiled is not None and freedom <= 0:
        return "no error: there are no more points than parameters, so sigma cannot be estimated"
    at = curvature.at_lower | curvature.at_upper
    moved = np.flatnonzero(q.gradient != 0)
    if bound and at[moved].all():
        side = "lower" if curvature.at_lower[moved].any() else "upper"
        if q.role == "derived":
            labels = ", ".join(problem.fit_space.labels[i] for i in moved)
            return f"follows {labels}, at its bound: no error can be given"
        edge = edge_of(problem, q.name, side)
        return f"at its {side} bound: no error can be given" if edge is None else edge.words
    if curvature.held is not None and curvature.held.pinned(q.gradient, curvature.inside):
        return f"given by {', '.join(curvature.held.names(equations=True))}: no error can be given"
    if flat:
        others = [label for label in _flat_labels(problem, curvature) if label != q.label]
        return "not determined by the data" + (f": only together with {', '.join(others)}" if others else "")
    return ""


def edge_of(problem: Problem, name: str, side: str) -> Edge | None:
    """What the bound on that side says of a parameter of the noise; None where it is a bound like others."""
    return next((edge for edge in problem.edges.get(name, ()) if edge.side == side), None)


def _flat_labels(problem: Problem, curvature: Curvature) -> list[str]:
    """Coordinates that take part in a flat direction."""
    part = np.abs(curvature.geometry.flat).max(axis=1, initial=0.0)
    return [problem.fit_space.labels[curvature.inside[i]] for i in np.flatnonzero(part > 1e-4)]


def _conditional(problem: Problem, curvature: Curvature) -> str:
    labels = [problem.fit_space.labels[i] for i in np.flatnonzero(curvature.at_lower | curvature.at_upper)]
    return f"error with {', '.join(labels)} held at its bound"


def _quantile(freedom: int | None) -> float:
    """The 97.5 % quantile of Student's t, of the normal distribution for a known scale."""
    if freedom is None or freedom <= 0:
        return _NORMAL
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975))


def _scale_row(problem: Problem, named: Mapping[str, Any], curvature: Curvature, freedom: int) -> Row:
    """The profiled scale: s = sqrt(RSS / freedom), its error s / sqrt(2 freedom), its interval by chi-square."""
    name = str(problem.profiled)
    if freedom <= 0 or not np.isfinite(curvature.scale) or curvature.minimum:
        why = curvature.minimum or "there are no more points than parameters"
        return Row(name, name, "noise", float(named[name]), note=f"no error: {why}")
    error, interval = _scale_error(curvature, freedom), _scale_interval(curvature, freedom)
    return Row(name, name, "noise", float(curvature.scale), error, interval, _width_unit(problem))


def _scale_error(curvature: Curvature, freedom: int) -> float:
    return curvature.scale / float(np.sqrt(2 * freedom)) if freedom > 0 else float("nan")


def _scale_interval(curvature: Curvature, freedom: int) -> tuple[float, float]:
    from scipy.special import gammaincinv

    s = curvature.scale
    low, high = (2 * gammaincinv(freedom / 2, p) for p in (0.025, 0.975))
    return float(s * np.sqrt(freedom / high)), float(s * np.sqrt(freedom / low))


def _width_unit(problem: Problem) -> str:
    """The unit of the profiled width: that of the output, none for a scatter of logarithms or a factor."""
    if problem.profiled == "scale" or any(noise.of_logarithms for noise in problem.noise.values()):
        return ""
    found = {d.units.get(o, "") for d in problem.data_sets for o in d.outputs}
    return found.pop() if len(found) == 1 else ""
