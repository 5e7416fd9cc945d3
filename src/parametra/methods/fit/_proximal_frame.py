"""Coordinates in which proximal steps are short: no column of the Jacobian leans on those that are free to move.

The free coordinates u have neither a penalty nor bounds (an intercept, as a rule); b are the others. With U and X their
columns at one point, and U = Q R,

    v = R (u + C b)        C = R^-1 Q' X

leaves b as they are, so that penalties and bounds on them are what they were; the columns of v are orthonormal, and
those of b are what U does not explain of X. It is a change of variables, right for any model, best for linear ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float

_DEPENDENT = 1e-6
"""A column that adds less than this share of its length to the others is no column of its own."""


@dataclass(frozen=True)
class Frame:
    """How the method's coordinates and the problem's hang together.

    Arguments:
        free: (d,) which coordinates are u.
        follow: (f, d - f) C.
        root: (f, f) R.
        units: (d,) squared lengths of the columns in the method's coordinates.
    """

    free: Bool[np.ndarray, " d"]
    follow: Float[np.ndarray, "f k"]
    root: Float[np.ndarray, "f f"]
    units: Float[np.ndarray, " d"]

    def to_problem(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
        """Points of the method as the problem knows them."""
        if not self.root.size:
            return points.copy()
        moved = points.copy()
        moved[:, self.free] = (
            np.linalg.solve(self.root, points[:, self.free].T).T - points[:, ~self.free] @ self.follow.T
        )
        return moved

    def from_problem(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
        """The inverse of `to_problem`."""
        if not self.root.size:
            return points.copy()
        moved = points.copy()
        moved[:, self.free] = (points[:, self.free] + points[:, ~self.free] @ self.follow.T) @ self.root.T
        return moved

    def slopes(self, gradient: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
        """A gradient by the problem's coordinates as one by the method's."""
        if not self.root.size:
            return gradient
        turned = gradient.copy()
        turned[:, ~self.free] -= gradient[:, self.free] @ self.follow
        turned[:, self.free] = np.linalg.solve(self.root.T, gradient[:, self.free].T).T
        return turned


def plain_frame(units: Float[np.ndarray, " d"]) -> Frame:
    """The method's coordinates are the problem's."""
    none = np.zeros((0, 0))
    return Frame(np.zeros(units.size, dtype=bool), none, none, units)


def frame_of(jacobian: Float[np.ndarray, "m d"], free: Bool[np.ndarray, " d"]) -> Frame:
    """The frame for a Jacobian.

    Arguments:
        jacobian: (m, d) of the predictions.
        free: (d,) coordinates without a penalty and without bounds.
    """
    lengths = np.sqrt(np.einsum("md,md->d", jacobian, jacobian))
    longest = lengths.max(initial=0.0)
    if longest == 0:
        return plain_frame(np.ones(free.size))
    told = lengths > 1e-10 * longest
    # a column of zeros tells nothing at the start; the longest is the most careful of guesses
    units = np.where(told, lengths, longest) ** 2
    free = free & told
    if not free.any() or free.sum() > len(jacobian):
        return plain_frame(units)
    basis, root = np.linalg.qr(jacobian[:, free])
    if (np.abs(np.diag(root)) < _DEPENDENT * lengths[free]).any():
        return plain_frame(units)
    shadow = basis.T @ jacobian[:, ~free]
    left = jacobian[:, ~free] - basis @ shadow
    units[~free] = np.maximum(np.einsum("md,md->d", left, left), (_DEPENDENT**2) * units[~free])
    units[~free & ~told] = longest**2
    units[free] = 1.0
    return Frame(free, np.linalg.solve(root, shadow), root, units)
