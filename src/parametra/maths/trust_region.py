"""Trust regions for least squares with bounds: the mathematics that the engines share.

    x      a point            g   gradient J'r of the cost 1/2 |r|^2        l, u   bounds, perhaps infinite
    s      unit of each coordinate, from the Jacobian's columns             v, dv  Coleman and Li's distances and slopes
    d      = sqrt(v s), so that x = d x^ with x^ the scaled ("hat") coordinate; without bounds d = s
    C      = diag(g dv s), the bounds' share in the scaled Hessian H^ = d J'J d + C; zero without bounds
    lam    damping: the step of the region |p^| <= radius solves (H^ + lam I) p^ = -g^, g^ = d g

Functions take one point, shape (d,), or many lanes, shape (B, d), where they say "..." in the shape. What is computed
for a lane never depends on its neighbours.

Source: J. J. More (1978), doi:10.1007/BFb0067700; M. A. Branch, T. F. Coleman, Y. Li (1999),
doi:10.1137/S1064827595289108. The order of the steps is that of SciPy's `least_squares(method="trf")`.
"""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.arrays import Float

EPSILON = float(np.finfo(float).eps)
_NEWTON_STEPS = 10
_HEBDEN_STEPS = 6


def affine_scaling(
    x: Float[np.ndarray, "... d"],
    gradient: Float[np.ndarray, "... d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> tuple[Float[np.ndarray, "... d"], Float[np.ndarray, "... d"]]:
    """Coleman and Li's v and its derivative: the distance to the bound that descent heads for, 1 where there is none.

    v = u - x, dv = -1 where g < 0 and u is finite; v = x - l, dv = 1 where g > 0 and l is finite; else v = 1, dv = 0.
    """
    up = (gradient < 0.0) & (upper < np.inf)
    down = (gradient > 0.0) & (lower > -np.inf)
    v = np.where(up, upper - x, np.where(down, x - lower, 1.0))
    return v, down.astype(float) - up


def strictly_inside(
    x: Float[np.ndarray, "... d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
    relative: float,
    size: float | Float[np.ndarray, " d"] = 1.0,
) -> Float[np.ndarray, "... d"]:
    """The point itself, or, outside or too near a bound, `relative` max(size, |bound|) inside it (0: the next number).

    Arguments:
        x: points.
        lower, upper: bounds.
        relative: how far inside.
        size: how large a value of each coordinate is.
    """
    if relative == 0.0:
        inner_lower, inner_upper = np.nextafter(lower, upper), np.nextafter(upper, lower)
    else:
        with np.errstate(invalid="ignore"):
            width = upper - lower
            inner_lower = lower + np.minimum(relative * np.maximum(size, np.abs(lower)), 0.5 * width)
            inner_upper = upper - np.minimum(relative * np.maximum(size, np.abs(upper)), 0.5 * width)
    with np.errstate(invalid="ignore"):
        inner_lower = np.where(np.isfinite(lower), inner_lower, lower)
        inner_upper = np.where(np.isfinite(upper), inner_upper, upper)
    return np.minimum(np.maximum(x, inner_lower), inner_upper)


def room(
    x: Float[np.ndarray, "... d"],
    step: Float[np.ndarray, "... d"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, "... d"]:
    """How many times the step fits before each coordinate's bound; infinity where it never gets there."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(step > 0.0, (upper - x) / step, np.where(step < 0.0, (lower - x) / step, np.inf))


def step_by_singular_values(
    singular: Float[np.ndarray, " k"],
    projected: Float[np.ndarray, " k"],
    right: Float[np.ndarray, "k d"],
    radius: float,
    damping: float,
) -> tuple[Float[np.ndarray, " d"], float]:
    """The minimiser of |J^ p + r|^2 in |p| <= radius from J^ = U diag(singular) right, and its damping lam.

    Without damping when the Gauss-Newton step fits; else Newton steps on More's secular equation |p(lam)| = radius,
    held in his bounds (More 1978, section 5).

    Arguments:
        singular: singular values of the scaled Jacobian, falling.
        projected: U'r.
        right: the right singular vectors, one a row.
        radius: of the region, above 0.
        damping: a first guess of lam, 0 when there is none.
    """
    weighted = singular * projected
    full_rank = singular.size == right.shape[1] and singular[-1] > EPSILON * singular.size * singular[0]
    low, high = 0.0, math.sqrt(weighted.dot(weighted)) / radius
    if full_rank:
        step = -projected / singular
        length = math.sqrt(step.dot(step))
        if length <= radius:
            return step.dot(right), 0.0
        slope = -float((step / singular).dot(step / singular)) / length
        low = -(length - radius) / slope
    else:
        # What the Jacobian does not see is not moved along. Where the shortest Gauss-Newton step over the rest fits,
        # the secular equation has no root above zero, and a damping found for it would be below.
        seen = singular > EPSILON * singular.size * singular[0] if singular.size else singular > 0.0
        projected = np.where(seen, projected, 0.0)
        step = np.divide(-projected, singular, out=np.zeros_like(projected), where=seen)
        if step.dot(step) <= radius * radius:
            return step.dot(right), 0.0
        weighted = singular * projected
    if high == 0.0:
        return np.zeros(right.shape[1]), 0.0
    squares = singular * singular
    lam, length, step = damping, 1.0, weighted
    for _ in range(_NEWTON_STEPS):
        if not low <= lam <= high or lam == 0.0:
            lam = max(0.001 * high, math.sqrt(low * high))
        denominator = squares + lam
        step = weighted / denominator
        squared = step * step
        length = math.sqrt(squared.sum())
        excess = length - radius
        if abs(excess) < 0.01 * radius:
            break
        if excess < 0.0:
            high = lam
        ratio = -excess * length / float((squared / denominator).sum())
        low = max(low, lam - ratio)
        lam -= (length / radius) * ratio
    return step.dot(right) * (-radius / length), lam


def step_by_solves(
    hessian: Float[np.ndarray, "B d d"],
    gradient: Float[np.ndarray, "B d"],
    radius: Float[np.ndarray, " B"],
    damping: Float[np.ndarray, " B"],
) -> tuple[Float[np.ndarray, "B d"], Float[np.ndarray, " B"]]:
    """The minimiser of g^'p + 1/2 p'H^p in |p| <= radius (to a tenth of it, as More) and its damping, lane by lane.

    Hebden's iteration lam <- lam + (|p| / radius) (|p| - radius) |p| / p'(H^ + lam I)^-1 p, started from the last
    damping, which is nearly right, so that one or two turns are enough. A lane drops out when it is done. Solving twice
    is a quarter of the work of one inverse. A lane whose matrix is singular takes the shortest step over the rest.
    """
    lanes, dimension = gradient.shape
    trace = np.trace(hessian, axis1=1, axis2=2)
    floor = np.where(trace > 0.0, 4.0 * EPSILON * trace, 1.0)
    diagonal = np.arange(dimension)
    steps, found = np.empty_like(gradient), np.empty(lanes)
    left, lam, low = np.arange(lanes), np.maximum(damping, 0.0), np.zeros(lanes)
    for turn in range(_HEBDEN_STEPS):
        matrix = hessian[left]
        matrix[:, diagonal, diagonal] += (lam + floor)[:, None]
        step = -_solved(matrix, gradient[left])
        length = np.sqrt((step * step).sum(1))
        excess = length - radius
        done = (np.abs(excess) <= 0.1 * radius) | ((lam == 0.0) & (excess <= 0.0))
        if turn == _HEBDEN_STEPS - 1:
            done[:] = True
        if done.any():
            ended = left[done]
            steps[ended] = step[done] * np.minimum(1.0, 1.1 * radius[done] / length[done])[:, None]
            found[ended] = lam[done]
            if done.all():
                break
        keep = ~done
        left, lam, low, radius, floor = left[keep], lam[keep], low[keep], radius[keep], floor[keep]
        step, length, excess = step[keep], length[keep], excess[keep]
        curved = (step * _solved(matrix[keep], step)).sum(1)
        low = np.where(excess > 0.0, np.maximum(low, lam), low)
        lam = np.maximum(lam + (length / radius) * excess * length / curved, low)
    return steps, found


def _solved(matrix: Float[np.ndarray, "B d d"], right: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
    """The solution of each lane. A singular one makes NumPy refuse them all: then each is solved by itself."""
    try:
        return np.linalg.solve(matrix, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        return np.stack([_solved_or_shortest(one, side) for one, side in zip(matrix, right, strict=True)])


def _solved_or_shortest(matrix: Float[np.ndarray, "d d"], right: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
    """The solution, or, where the matrix is singular, the shortest vector that solves what the matrix determines."""
    try:
        return np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        if not np.isfinite(matrix).all():
            return np.full(right.size, np.nan)
    values, vectors = np.linalg.eigh(matrix)
    seen = np.abs(values) > 4.0 * EPSILON * values.size * np.abs(values).max(initial=0.0)
    along = np.divide(right @ vectors, values, out=np.zeros_like(right), where=seen)
    return vectors @ along


def quadratic(
    hessian: Float[np.ndarray, "B d d"], gradient: Float[np.ndarray, "B d"], step: Float[np.ndarray, "B d"]
) -> Float[np.ndarray, " B"]:
    """The model of the change of cost, q(p) = g'p + 1/2 p'Hp, in each lane."""
    return (step * (gradient + 0.5 * (hessian @ step[:, :, None])[:, :, 0])).sum(1)


def _along(
    *,
    hessian: Float[np.ndarray, "B d d"],
    gradient: Float[np.ndarray, "B d"],
    base: Float[np.ndarray, "B d"],
    direction: Float[np.ndarray, "B d"],
    shortest: Float[np.ndarray, " B"],
    longest: Float[np.ndarray, " B"],
) -> Float[np.ndarray, " B"]:
    """The t in [shortest, longest] where q(base + t direction) is lowest."""
    turned = (hessian @ direction[:, :, None])[:, :, 0]
    curvature = (direction * turned).sum(1)
    slope = (gradient * direction).sum(1) + (base * turned).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        lowest = np.where(curvature > 0.0, -slope / curvature, np.where(slope < 0.0, np.inf, -np.inf))
    return np.minimum(np.maximum(lowest, shortest), longest)


def turned_at_bounds(
    *,
    x: Float[np.ndarray, "B d"],
    units: Float[np.ndarray, "B d"],
    hessian: Float[np.ndarray, "B d d"],
    gradient: Float[np.ndarray, "B d"],
    step: Float[np.ndarray, "B d"],
    radius: Float[np.ndarray, " B"],
    theta: Float[np.ndarray, " B"],
    lower: Float[np.ndarray, " d"],
    upper: Float[np.ndarray, " d"],
) -> Float[np.ndarray, "B d"]:
    """The best of three scaled steps for lanes whose step leaves the box (Branch, Coleman and Li 1999, section 4).

    (1) the step cut short at the bound, (2) from there on along its reflection at that bound, (3) the scaled steepest
    descent; (1) and (3) end at most `theta` of the way to the bound, so that the point stays strictly inside.

    Arguments:
        x: points.
        units: d.
        hessian: H^.
        gradient: g^.
        step: the scaled steps p^ that leave the box.
        radius: of the region.
        theta: how far towards a bound a step may go, below 1.
        lower: l.
        upper: u.
    """
    each = room(x, units * step, lower, upper)
    stride = each.min(1)
    to_bound = stride[:, None] * step
    first = theta[:, None] * to_bound

    reflected = np.where(each <= stride[:, None], -step, step)
    # |to_bound + t reflected| = radius; to_bound is inside, so that exactly one root is positive.
    a, b = (reflected * reflected).sum(1), (to_bound * reflected).sum(1)
    c = np.minimum((to_bound * to_bound).sum(1) - radius * radius, 0.0)
    to_edge = (-b + np.sqrt(b * b - a * c)) / a
    on_bound = np.minimum(np.maximum(x + units * to_bound, lower), upper)
    to_next = room(on_bound, units * reflected, lower, upper).min(1)
    longest = np.where(to_next <= to_edge, theta * to_next, to_edge)
    reach = np.minimum(to_next, to_edge)
    with np.errstate(divide="ignore", invalid="ignore"):
        shortest = np.where(reach > 0.0, (1.0 - theta) * stride / reach, np.inf)
    available = shortest <= longest
    t = _along(
        hessian=hessian,
        gradient=gradient,
        base=to_bound,
        direction=reflected,
        shortest=np.where(available, shortest, 0.0),
        longest=np.maximum(longest, 0.0),
    )
    second = to_bound + np.where(available, t, 0.0)[:, None] * reflected

    norm = np.sqrt((gradient * gradient).sum(1))
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = np.where(norm > 0.0, radius / norm, 0.0)
    cauchy_room = room(x, -units * gradient, lower, upper).min(1)
    longest = np.where(cauchy_room < edge, theta * cauchy_room, edge)
    t = _along(
        hessian=hessian,
        gradient=gradient,
        base=np.zeros_like(step),
        direction=-gradient,
        shortest=np.zeros_like(norm),
        longest=longest,
    )
    third = -t[:, None] * gradient

    steps = np.stack([first, second, third])
    values = np.stack([quadratic(hessian, gradient, candidate) for candidate in steps])
    values[1, ~available] = np.inf
    return steps[values.argmin(0), np.arange(len(x))]
