"""One step of a constrained search: Newton's step on the conditions of optimality, by a quadratic program.

    minimise  1/2 p'H p + grad'p   subject to   lower <= c + A p <= upper,   bounds - x

H is the Hessian of the Lagrangian made positive definite by what changes no step that keeps to the active constraints
(H + rho A'A), and by raising eigenvalues where that is not enough. Where the linear limits cannot be met together, the
step reduces cost + mu/2 |missed|^2 instead, which always is possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.fit._lagrangian_point import Box, Frame, Point, constraint_curvature, merit, merit_slope
from parametra.methods.fit._quadratic_program import Program, quadratic_program
from parametra.methods.fit._sketched_system import Sketched, Sketching, working_step

_SMALLEST = 1e-8
_DESCENT = 0.1
"""Share of the decrease of the quadratic model that the merit must promise."""
_GROWTH = 4.0
_SHARPEST = 1e-10
_LARGEST_WEIGHT = 1e12


@dataclass(frozen=True)
class Plan:
    """A step and what is expected of it.

    Arguments:
        step: (d,) full step.
        multipliers: (k,) where the multipliers are before it.
        change: (k,) their change along the full step.
        estimate: (k,) multipliers of the linearised problem.
        frame: of the merit.
        merit, slope: of the merit at the beginning.
        elastic: whether the linear limits could not be met together.
        mu, nu: penalty parameters as they are now.
        active: rows and bounds (k + d) that held their limit in the program.
        flops: multiplications and additions of the linear solves.
        accuracy: of the sketched solve.
        sharpened: whether it had to be better than asked, for a step of descent.
        descends: whether penalty parameters were found under which it is one.
    """

    step: Float[np.ndarray, " d"]
    multipliers: Float[np.ndarray, " k"]
    change: Float[np.ndarray, " k"]
    estimate: Float[np.ndarray, " k"]
    frame: Frame
    merit: float
    slope: float
    elastic: bool
    mu: float
    nu: float
    active: np.ndarray
    flops: float = 0.0
    accuracy: float = 0.0
    sharpened: bool = False
    descends: bool = True


@dataclass(frozen=True)
class Scaled:
    """The quadratic program in coordinates of unit curvature and rows of unit length."""

    hessian: Float[np.ndarray, "d d"]
    gradient: Float[np.ndarray, " d"]
    rows: Float[np.ndarray, "k d"]
    lower: Float[np.ndarray, " k"]
    upper: Float[np.ndarray, " k"]
    below: Float[np.ndarray, " d"]
    above: Float[np.ndarray, " d"]
    lengths: Float[np.ndarray, " k"]
    units: Float[np.ndarray, " d"]


def lagrangian_hessian(base: np.ndarray, point: Point, multipliers: np.ndarray, box: Box) -> np.ndarray:
    """The Hessian of the Lagrangian from that of the cost."""
    return base + constraint_curvature(point, multipliers, box)


def scaled_problem(hessian: np.ndarray, point: Point, box: Box, units: np.ndarray) -> Scaled:
    """The program in comparable units."""
    rows = point.slopes * units
    lengths = np.sqrt((rows * rows).sum(axis=1))
    lengths = np.where(lengths > 1e-300, lengths, 1.0)
    limits = box.limits
    return Scaled(
        hessian * np.outer(units, units),
        point.gradient * units,
        rows / lengths[:, None],
        (limits.lower - point.values) / lengths,
        (limits.upper - point.values) / lengths,
        (box.lower - point.x) / units,
        (box.upper - point.x) / units,
        lengths,
        units,
    )


def plan_step(
    point: Point,
    box: Box,
    hessian: np.ndarray,
    units: np.ndarray,
    multipliers: np.ndarray,
    before: Plan | None,
    mu: float,
    nu: float,
    damping: float,
    sketching: Sketching | None = None,
) -> Plan:
    """The step from a point.

    Arguments:
        point, box: where.
        hessian: of the Lagrangian.
        units: of the coordinates.
        multipliers: as they are.
        before: the step before, for its active constraints.
        mu, nu: penalty parameters of the merit.
        damping: added to the scaled Hessian's diagonal.
        sketching: how to solve by random sketches, None for exactly.
    """
    s = scaled_problem(hessian, point, box, units)
    k = s.lengths.size
    active = _guessed(s, box, before)
    convex, extra = _convex(s, active, damping)

    def planned(program: Program) -> Plan:
        step = np.clip(point.x + program.step * units, box.lower, box.upper) - point.x
        scaled = program.multipliers.copy()
        held = program.active[program.active < k]
        scaled[held] += extra[held] * (s.rows[held] @ program.step)
        estimate = scaled[:k] / s.lengths
        curvature = float(program.step @ convex @ program.step)
        return _with_merit(point, box, hessian, s, step, multipliers, estimate, program.active, mu, nu, curvature)

    flops, accuracy = 0.0, 0.0
    if sketching is not None:
        # the accuracy is sharpened until the step is one of descent (Hong et al. 2023, algorithm 1)
        accuracy = sketching.accuracy
        system = _system(s, active, convex)
        while accuracy >= _SHARPEST:
            found = working_step(system, replace(sketching, accuracy=accuracy), s.below, s.above)
            flops += found.flops
            if found.done and _serves(found, s, active) and (plan := planned(_as_program(found, s, active))).descends:
                return replace(plan, flops=flops, accuracy=accuracy, sharpened=accuracy < sketching.accuracy)
            if not found.done:
                break
            accuracy /= 10
        flops += exact_flops(len(units) + k)
    rows, lower, upper = np.vstack([s.rows, np.eye(len(units))]), _both(s.lower, s.below), _both(s.upper, s.above)
    program = quadratic_program(convex, s.gradient, rows, lower, upper)
    if not program.feasible:
        return replace(_elastic(s, convex, point, box, mu), flops=flops)
    return replace(planned(program), flops=flops, accuracy=accuracy)


def exact_flops(n: int) -> float:
    """Of solving n equations with a symmetric matrix by elimination, n^3 / 3 + 2 n^2."""
    return n**3 / 3 + 2.0 * n**2


def _both(rows: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    return np.concatenate([rows, bounds])


def _guessed(s: Scaled, box: Box, before: Plan | None) -> np.ndarray:
    """Rows and bounds that probably hold their limit: equations, and those that did in the step before."""
    k = s.lengths.size
    active = np.flatnonzero(box.limits.equal)
    if before is None or before.elastic:
        return active
    return np.union1d(active, before.active[before.active < k + s.units.size]).astype(np.int64)


def _normals(s: Scaled, active: np.ndarray) -> np.ndarray:
    return np.vstack([s.rows, np.eye(s.units.size)])[active]


def _convex(s: Scaled, active: np.ndarray, damping: float) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite Hessian, and what was added along each row to make it so."""
    d, extra = s.units.size, np.zeros(s.lengths.size + s.units.size)
    hessian = 0.5 * (s.hessian + s.hessian.T) + damping * np.eye(d)
    try:
        np.linalg.cholesky(hessian - _SMALLEST * np.eye(d))
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(hessian)
    else:
        return hessian, extra
    size = max(float(np.abs(values).max()), 1.0)
    if active.size:
        normals = _normals(s, active)
        for rho in (1.0, 10.0, 100.0):
            raised = hessian + rho * size * normals.T @ normals
            if np.linalg.eigvalsh(raised)[0] > _SMALLEST * size:
                extra[active] = rho * size
                return raised, extra
    values = np.maximum(np.abs(values), 1e-3 * size)
    return (vectors * values) @ vectors.T, extra


def _with_merit(
    point: Point,
    box: Box,
    hessian: np.ndarray,
    s: Scaled,
    step: np.ndarray,
    multipliers: np.ndarray,
    estimate: np.ndarray,
    active: np.ndarray,
    mu: float,
    nu: float,
    curvature: float,
) -> Plan:
    """Penalty parameters under which the step is one of descent (Hong et al. 2023, algorithm 1, lines 7 to 11)."""
    k = s.lengths.size
    holds = np.zeros(k + s.units.size)
    holds[active] = 1.0
    exact, free = holds[:k] / s.lengths, holds[k:] == 0
    wanted = -_DESCENT * curvature
    weight, factor = mu, nu
    while weight <= _LARGEST_WEIGHT:
        frame = Frame(s.units, weight / s.lengths**2, exact, free, factor if k else 0.0)
        change = estimate - multipliers
        slope = merit_slope(point, multipliers, step, change, box, frame, hessian)
        if slope <= wanted:
            value = merit(point, multipliers, box, frame)
            return Plan(step, multipliers, change, estimate, frame, value, slope, False, weight, factor, active)
        weight, factor = weight * _GROWTH, factor / _GROWTH**2
    # the multipliers move at once, and the merit decreases along the step for any weight
    frame = Frame(s.units, mu / s.lengths**2, exact, free, 0.0)
    none = np.zeros(k)
    slope = merit_slope(point, estimate, step, none, box, frame, hessian)
    value = merit(point, estimate, box, frame)
    slope = min(slope, wanted)
    return Plan(step, estimate, none, estimate, frame, value, slope, False, mu, nu, active, descends=False)


def _elastic(s: Scaled, convex: np.ndarray, point: Point, box: Box, mu: float) -> Plan:
    """The step for the cost with a quadratic penalty on what is missed; it leaves the multipliers at zero."""
    d, k = s.units.size, s.lengths.size
    weight = max(mu, 10.0)
    hessian = np.zeros((d + k, d + k))
    hessian[:d, :d], hessian[d:, d:] = convex, weight * np.eye(k)
    rows = np.zeros((k + d, d + k))
    rows[:k, :d], rows[:k, d:], rows[k:, :d] = s.rows, -np.eye(k), np.eye(d)
    gradient = np.concatenate([s.gradient, np.zeros(k)])
    program = quadratic_program(hessian, gradient, rows, _both(s.lower, s.below), _both(s.upper, s.above))
    z = program.step[:d] if program.feasible else np.zeros(d)
    step = np.clip(point.x + z * s.units, box.lower, box.upper) - point.x
    none = np.zeros(k)
    frame = Frame(s.units, weight / s.lengths**2, none, np.ones(d, dtype=bool), 0.0)
    slope = merit_slope(point, none, step, none, box, frame, convex)
    estimate = program.multipliers[:k] / s.lengths
    value = merit(point, none, box, frame)
    return Plan(step, none, none, estimate, frame, value, slope, True, weight, 0.0, np.zeros(0, dtype=np.int64))


# ---- by sketches


def _system(s: Scaled, active: np.ndarray, convex: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The Newton system of the active constraints: [B G'; G 0] [p; m] = -[g; c]."""
    normals, q = _normals(s, active), active.size
    matrix = np.block([[convex, normals.T], [normals, np.zeros((q, q))]])
    gaps = _gaps(s, active)
    return matrix, np.concatenate([-s.gradient, gaps])


def _gaps(s: Scaled, active: np.ndarray) -> np.ndarray:
    """How far the nearer limit of each active constraint is."""
    lower, upper = _both(s.lower, s.below)[active], _both(s.upper, s.above)[active]
    return np.where(np.abs(lower) < np.abs(upper), lower, upper)


def _serves(sketched: Sketched, s: Scaled, active: np.ndarray) -> bool:
    """Whether the solution of the guessed equations is one of the whole program, to its accuracy."""
    d = s.units.size
    z, found = sketched.solution[:d], sketched.solution[d:]
    slack = sketched.residual + 1e-9
    others = np.setdiff1d(np.arange(s.lengths.size + d), active)
    at = np.concatenate([s.rows @ z, z])[others]
    lower, upper = _both(s.lower, s.below), _both(s.upper, s.above)
    inside = bool(np.all((at >= lower[others] - slack) & (at <= upper[others] + slack)))
    low = np.abs(lower[active]) < np.abs(upper[active])
    free = lower[active] == upper[active]
    signs = bool(np.all(free | np.where(low, found <= slack, found >= -slack)))
    return sketched.done and inside and signs


def _as_program(sketched: Sketched, s: Scaled, active: np.ndarray) -> Program:
    d = s.units.size
    multipliers = np.zeros(s.lengths.size + d)
    multipliers[active] = sketched.solution[d:]
    return Program(sketched.solution[:d], multipliers, active, True)
