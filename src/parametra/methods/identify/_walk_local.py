"""What a point says of its ray: how far the followers are from their minimum, and how the profile goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from parametra.maths.arrays import Float, Int
from parametra.methods.identify._rays import Rays

_RIDGE = 1e-12


@dataclass(frozen=True)
class Local:
    """What points say of their rays: see the head of `_walk.py`. k rays, d coordinates.

    Arguments:
        cost: there.
        rise: of the cost over the origin's, the followers at their minimum.
        decrement: how far the followers are from it.
        slope, push: of the profile along the ray; and of the cost, the followers held.
        curve: the curvature of the profile.
        down, damped: the followers' step to their minimum, and the damped one.
        tangent: how the followers go on with the ray.
        drag: see `Walked`.
    """

    cost: Float[np.ndarray, " k"]
    rise: Float[np.ndarray, " k"]
    decrement: Float[np.ndarray, " k"]
    slope: Float[np.ndarray, " k"]
    push: Float[np.ndarray, " k"]
    curve: Float[np.ndarray, " k"]
    down: Float[np.ndarray, "k d"]
    damped: Float[np.ndarray, "k d"]
    tangent: Float[np.ndarray, "k d"]
    drag: Float[np.ndarray, "k d"]

    def at_rest(self, which: np.ndarray, origin: np.ndarray) -> Local:
        """The same, with nothing left to gain where the followers rest: only what was measured counts there."""
        if not which.any():
            return self
        return replace(
            self,
            rise=np.where(which, self.cost - origin, self.rise),
            decrement=np.where(which, 0.0, self.decrement),
            slope=np.where(which, self.push, self.slope),
            down=np.where(which[:, None], 0.0, self.down),
        )


def local(
    rays: Rays,
    k: Int[np.ndarray, " k"],
    z: Float[np.ndarray, "k d"],
    answers: tuple[np.ndarray, np.ndarray, np.ndarray],
    damping: Float[np.ndarray, " k"],
    corrections: Int[np.ndarray, " k"],
) -> Local:
    """What is known at points z of the rays k.

    Arguments:
        answers: cost (k,), gradient (k, d) and curvature (k, d, d) there.
        damping: of each ray's corrections.
        corrections: how many there were at this place; their longest step grows with each.
    """
    cost, g, h = answers
    w = rays.along[k]
    width = np.where(np.isfinite(rays.upper - rays.lower), rays.upper - rays.lower, 1.0)
    near = 1e-12 * width
    stuck = ((z <= rays.lower + near) & (g > 0)) | ((z >= rays.upper - near) & (g < 0))
    follows = ~rays.held[k] & ~stuck
    root = np.sqrt(np.maximum(np.einsum("kii->ki", h), 0.0))
    root = np.where(follows & (root > 0), root, 1.0)
    both = follows[:, :, None] & follows[:, None, :]
    scaled = np.where(both, h / (root[:, :, None] * root[:, None, :]), 0.0)
    diagonal = np.arange(h.shape[1])
    damp = np.where(follows, _RIDGE + damping[:, None], 1.0)
    plain = scaled.copy()
    plain[:, diagonal, diagonal] += np.where(follows, _RIDGE, 1.0)
    hw = np.einsum("kij,kj->ki", h, w)
    right = np.stack([np.where(follows, g, 0.0), np.where(follows, hw, 0.0)], axis=2) / root[:, :, None]
    solved = np.linalg.solve(plain, right)
    down, back = solved[:, :, 0] / root, solved[:, :, 1] / root
    damped = down
    if np.any(damping > 0):
        scaled[:, diagonal, diagonal] += damp
        damped = np.linalg.solve(scaled, right[:, :, :1])[:, :, 0] / root
    decrement = 0.5 * np.einsum("ki,ki->k", np.where(follows, g, 0.0), down)
    slope = np.einsum("ki,ki->k", g, w) - np.einsum("ki,ki->k", np.where(follows, hw, 0.0), down)
    curve = np.einsum("ki,ki->k", w, hw) - np.einsum("ki,ki->k", np.where(follows, hw, 0.0), back)
    least = np.maximum(decrement, 0.0)
    rise = cost - least - rays.cost[k]
    push = np.einsum("ki,ki->k", g, w)
    drag = np.where(stuck & ~rays.held[k], np.abs(g), 0.0) / np.maximum(np.abs(slope), 1e-300)[:, None]
    down, damped = _short(rays, down, 1.0), _short(rays, damped, 2.0 ** corrections[:, None])
    return Local(cost, rise, least, slope, push, curve, -down, -damped, -back, drag)


def _short(rays: Rays, step: np.ndarray, growth: np.ndarray | float) -> np.ndarray:
    """Steps cut to the sizes of the coordinates: along a direction that hardly matters they have no length."""
    longest = np.max(np.abs(step) / (growth * rays.sizes), axis=1, initial=0.0)
    return step / np.maximum(longest, 1.0)[:, None]
