"""What constraints do to a result: the estimate moves only along those that are active, and so do its errors.

With N the normals of the active constraints and Z a basis of what is orthogonal to them, N Z = 0,

    covariance = Z (Z'J'J Z)^-1 Z'          stationary: gradient + N'm = 0, m the multipliers

so that degrees of freedom are points - parameters + independent equations. An active inequality is treated as an active
bound is: errors are those with it held.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.maths.covariance import Geometry
from parametra.nouns.asker import Ending, Solutions
from parametra.nouns.constraint_row import ConstraintRow
from parametra.nouns.limits import Limits
from parametra.nouns.problem import Problem
from parametra.nouns.status import Outcome, Status
from parametra.runs.drive import Drive

_ACTIVE = 1e-6
"""Distance from a limit, relative to the size of its terms, that counts as being on it."""
_MISSED = 1e-6
_RANK = 1e-9


@dataclass(frozen=True)
class Held:
    """The constraints at an estimate, in box coordinates.

    Arguments:
        limits: all of them, None without any.
        values: (k,) of all.
        active: indices of those that hold the estimate.
        normals: (a, d) derivatives of these.
        multipliers: (a,) of the cost.
        curvature: (d, d) multipliers times the constraints' Hessians.
        missed: "" where all are met; otherwise which is not.
    """

    limits: Limits | None
    values: Float[np.ndarray, " k"]
    active: Int[np.ndarray, " a"]
    normals: Float[np.ndarray, "a d"]
    multipliers: Float[np.ndarray, " a"]
    curvature: Float[np.ndarray, "d d"]
    missed: str

    @property
    def pull(self) -> Float[np.ndarray, " d"]:
        """What the active constraints add to the gradient of the cost."""
        return self.normals.T @ self.multipliers

    def basis(self, inside: np.ndarray, scale: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n r"]:
        """The directions that the active constraints leave, orthonormal in coordinates times `scale`.

        Arguments:
            inside: coordinates off their bounds.
            scale: (n,) for each of them.
        """
        normals = self.normals[:, inside] / scale
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        normals = normals / np.where(lengths > 0, lengths, 1.0)
        _, s, vt = np.linalg.svd(normals, full_matrices=True)
        return vt[int(np.sum(s > _RANK)) :].T / scale[:, None]

    def pinned(self, gradient: Float[np.ndarray, " d"], inside: np.ndarray) -> bool:
        """Whether the active constraints alone give a quantity with this gradient."""
        if not self.active.size:
            return False
        size = np.linalg.norm(gradient[inside])
        return bool(
            size > 0 and np.linalg.norm(gradient[inside] @ self.basis(inside, np.ones(inside.size))) < 1e-9 * size
        )

    def names(self, *, equations: bool) -> list[str]:
        """What the active constraints are called, with or without equations."""
        if self.limits is None:
            return []
        return [self.limits.names[i] for i in self.active if equations or not self.limits.equal[i]]


def held_at(
    problem: Problem, x: Float[np.ndarray, " d"], gradient: Float[np.ndarray, " d"], scale: Float[np.ndarray, " d"]
) -> Held:
    """The constraints at an estimate, and their multipliers by least squares on the gradient.

    Arguments:
        problem: what was fitted.
        x: the estimate in box coordinates.
        gradient: of the cost there.
        scale: of each coordinate's effect on the cost.
    """
    d, none = x.size, np.zeros(0)
    limits = problem.limits
    if limits is None:
        return Held(None, none, np.zeros(0, dtype=np.int64), np.zeros((0, d)), none, np.zeros((d, d)), "")
    values, slopes = limits.values(x[None])[0], limits.jacobian(x[None])[0]
    sizes = limits.sizes(x, values, slopes)
    gaps = limits.missed(values)
    worst = int(np.argmax(gaps / sizes))
    missed = ""
    if gaps[worst] > _MISSED * sizes[worst]:
        missed = f"{limits.names[worst]} is missed by {gaps[worst]:.3g}"
    low, high = np.abs(values - limits.lower) <= _ACTIVE * sizes, np.abs(limits.upper - values) <= _ACTIVE * sizes
    active = np.flatnonzero(low | high)
    normals = np.nan_to_num(slopes[active])
    signs = np.where(limits.equal[active], 0, np.where(high[active], 1, -1))
    multipliers = _multipliers(problem, x, gradient, normals, signs, scale)
    full = np.zeros(values.size)
    full[active] = multipliers
    return Held(limits, values, active, normals, multipliers, _curvature(problem, limits, x, full), missed)


def spread(found: Geometry, basis: Float[np.ndarray, "n r"], scale: Float[np.ndarray, " n"]) -> Geometry:
    """The geometry of a Jacobian times a basis, back in the coordinates that the basis is of."""
    flat = scale[:, None] * (basis @ (found.flat / found.scale[:, None]))
    flat = np.linalg.qr(flat)[0] if flat.size else flat
    steps = basis @ found.steps
    return Geometry(steps @ steps.T, flat, scale, steps, found.condition)


def constraint_rows(held: Held, scale: float) -> tuple[ConstraintRow, ...]:
    """The constraints for the result; multipliers in units of the log-likelihood.

    Arguments:
        held: the constraints at the estimate.
        scale: the estimated factor of the residuals' standard deviation.
    """
    if held.limits is None:
        return ()
    limits, full = held.limits, np.zeros(held.values.size)
    per_likelihood = scale**2 if np.isfinite(scale) and scale > 0 else 1.0
    full[held.active] = held.multipliers / per_likelihood
    on = np.isin(np.arange(held.values.size), held.active)
    return tuple(
        ConstraintRow(name, float(v), float(low), float(high), bool(a), float(m))
        for name, v, low, high, a, m in zip(
            limits.names, held.values, limits.lower, limits.upper, on, full, strict=True
        )
    )


def constraint_doubts(held: Held) -> list[str]:
    """An active inequality is told as an active bound is."""
    names = held.names(equations=False)
    if not names:
        return []
    is_are, it, holds = ("is", "it", "it") if len(names) == 1 else ("are", "they", "them")
    doubt = (
        f"{', '.join(names)} {is_are} active, and the errors are those with {holds} held. If {it} {is_are} no law of "
        f"nature, the data would rather leave {holds} behind: widen {holds}, or look at the model."
    )
    return [doubt]


def constrained_status(problem: Problem, drive: Drive, solutions: Solutions) -> Status | None:
    """How a run ended that found no point that meets the constraints; None where that is not what happened."""
    if not problem.constraints or solutions.best >= 0 or not solutions.message:
        return None
    if drive.evaluations == 0:
        return Status(Outcome.FAILED, solutions.message)
    if drive.outcome is not Outcome.CONVERGED:
        return Status(
            drive.outcome, f"{drive.ended} before a point was found that meets the constraints. Give it more."
        )
    if not solutions.message.startswith("no start met"):
        return None
    return Status(
        Outcome.FAILED, f"{solutions.message}. Try more starts, another guess, or constraints that leave more room."
    )


def nothing_found(starts: Float[np.ndarray, "S d"], message: str) -> Solutions:
    """The end of a run that was not begun."""
    count = len(starts)
    failed = (Ending.FAILED,) * count
    return Solutions(starts, np.full(count, np.inf), failed, np.zeros(count, dtype=np.int64), -1, message)


def _multipliers(
    problem: Problem, x: np.ndarray, gradient: np.ndarray, normals: np.ndarray, signs: np.ndarray, scale: np.ndarray
) -> np.ndarray:
    """Argmin |(gradient + N'm + bounds) / scale|, with the signs that active inequalities and bounds have."""
    if not len(normals) or not np.isfinite(gradient).all():
        return np.zeros(len(normals))
    from scipy.optimize import lsq_linear

    space = problem.fit_space
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    width = np.where(np.isfinite(upper - lower), upper - lower, np.maximum(np.abs(x), 1.0))
    bounds = [(c, -1) for c in np.flatnonzero(x - lower <= 1e-8 * width)]
    bounds += [(c, 1) for c in np.flatnonzero(upper - x <= 1e-8 * width)]
    columns = [*normals, *(sign * np.eye(x.size)[c] for c, sign in bounds)]
    matrix = np.stack(columns, axis=1) / scale[:, None]
    lengths = np.linalg.norm(matrix, axis=0)
    lengths = np.where(lengths > 0, lengths, 1.0)
    every = np.concatenate([signs, np.ones(len(bounds))])
    low, high = np.where(every > 0, -1e-300, -np.inf), np.where(every < 0, 1e-300, np.inf)
    if (every == 0).all():
        found = np.linalg.lstsq(matrix / lengths, -gradient / scale, rcond=None)[0]
    else:
        found = lsq_linear(matrix / lengths, -gradient / scale, (low, high), method="bvls", tol=1e-14).x
    return (found / lengths)[: len(normals)]


def _curvature(problem: Problem, limits: Limits, x: np.ndarray, multipliers: np.ndarray) -> np.ndarray:
    """The Hessian of multipliers'c, by central differences of the Jacobian."""
    d = x.size
    hessian = np.zeros((d, d))
    if not (multipliers != 0).any() or limits.linear.all():
        return hessian
    space = problem.fit_space
    for c in range(d):
        step = 6e-6 * max(abs(float(x[c])), 1e-3)
        up, down = x.copy(), x.copy()
        up[c], down[c] = min(x[c] + step, space.upper[c]), max(x[c] - step, space.lower[c])
        slopes = limits.jacobian(np.stack([up, down]))
        hessian[c] = multipliers @ (slopes[0] - slopes[1]) / (up[c] - down[c])
    return np.nan_to_num(0.5 * (hessian + hessian.T))
