"""Two walks in a row: first to bounds that are near, which say how far a profile may rise, then the profiles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from parametra.maths.profile_level import from_bound, towards_bounds
from parametra.methods.identify._rays import End, Rays, Walked
from parametra.methods.identify._walk import Walk
from parametra.nouns.asker import Answers, Request
from parametra.nouns.estimate import Estimate

NEAR = 8.0
"""A bound within so many standard errors is looked at; profiles may be steeper or flatter than the curvature says."""


class ProfileWalk:
    """Asks and is told like a `Walk`; `walked` is what the profiles came to, `rays` where they lead.

    Arguments:
        rays: of the profiles, down and up of each coordinate in turn, with the usual threshold.
        estimates: where they begin, as many rays each.
        level: of the intervals.
        until: (L,) how far each ray is of interest; those with 0 only help to find the thresholds, and `walked`
            tells of those above 0 alone. None follows all to their ends.
    """

    def __init__(
        self, rays: Rays, estimates: Sequence[Estimate], level: float, until: np.ndarray | None = None
    ) -> None:
        self.rays = rays
        self._until = until
        self._level = level
        self._freedom = estimates[0].freedom
        per = rays.count // len(estimates)
        whose = [estimates[k // per] for k in range(rays.count)]
        held = np.array([bool((e.held & rays.held[k]).any()) for k, e in enumerate(whose)], dtype=bool)
        self._held = np.flatnonzero(held & (rays.reach > 0))
        self._near = np.array(
            [k for k in range(rays.count) if _is_near(rays, k, whose[k]) and not held[k]], dtype=np.int64
        )
        asked = np.concatenate([self._held, self._near])
        self._bounds: Walk | None = None
        self._walk = self._profiles()
        if asked.size:
            some = rays.some(asked)
            reach = np.concatenate([np.zeros(self._held.size), rays.reach[self._near]])
            points = np.vstack(
                [rays.origin[self._held], *[_at_bound(rays, int(k), whose[k])[None] for k in self._near]]
            )
            to_bounds = replace(some, reach=reach, threshold=np.full(asked.size, np.inf))
            self._bounds = Walk(to_bounds, (reach, points))

    @property
    def halted(self) -> bool:
        """Whether all is known."""
        return self._bounds is None and self._walk.halted

    @property
    def fraction(self) -> float:
        """The share that is done."""
        return 0.2 * self._bounds.fraction if self._bounds is not None else 0.2 + 0.8 * self._walk.fraction

    def ask(self) -> Request:
        """The points to evaluate."""
        return (self._bounds or self._walk).ask()

    def tell(self, answers: Answers) -> None:
        """Take the answers to the last request."""
        if self._bounds is None:
            self._walk.tell(answers)
            return
        self._bounds.tell(answers)
        if self._bounds.halted:
            threshold, roots = self._thresholds(self._bounds.walked())
            self.rays = replace(self.rays, threshold=threshold, at_bound=roots**2)
            self._walk = self._profiles()
            self._bounds = None

    def walked(self) -> Walked:
        """What is known of the profiles."""
        return self._walk.walked()

    def _profiles(self) -> Walk:
        """The walk along the rays that are of interest, as far as they are."""
        if self._until is None:
            return Walk(self.rays)
        which = np.flatnonzero(self._until > 0)
        some = self.rays.some(which)
        return Walk(replace(some, reach=np.minimum(some.reach, self._until[which])), straight=True)

    def _thresholds(self, bounds: Walked) -> tuple[np.ndarray, np.ndarray]:
        """How far each ray may rise, from what was found at its bounds, and the roots of the rise there."""
        rays, found = self.rays, self.rays.threshold.copy()
        roots = np.full(rays.count, np.inf)
        first = self._held.size
        for j, k in enumerate(self._near, start=first):
            if bounds.ends[j] is End.OPEN:
                roots[k] = np.sqrt(max(float(bounds.rise[j]), 0.0) / float(rays.half[k]))
        for k in {int(k) ^ side for k in self._near for side in (0, 1)}:
            found[k] = towards_bounds(float(roots[k]), float(roots[k ^ 1]), self._level, self._freedom)
        for j, k in enumerate(self._held):
            if bounds.ends[j] is End.OPEN and np.isfinite(bounds.unit[j]):
                push = float(bounds.slopes[j][0]) * float(bounds.unit[j]) / (2 * float(rays.half[k]))
                found[k] = from_bound(max(push, 0.0), self._level, self._freedom)
        return found, roots


def _is_near(rays: Rays, k: int, estimate: Estimate) -> bool:
    """Whether the ray leads to a bound of its coordinate within a few standard errors."""
    i = int(np.argmax(rays.held[k]))
    bound = estimate.upper[i] if rays.along[k, i] > 0 else estimate.lower[i]
    variance = estimate.covariance[i, i]
    return bool(np.isfinite(bound) and rays.reach[k] > 0 and variance > 0 and rays.reach[k] <= NEAR * np.sqrt(variance))


def _at_bound(rays: Rays, k: int, estimate: Estimate) -> np.ndarray:
    """The bound of the ray's coordinate, the others where the curvature expects them."""
    i = int(np.argmax(rays.held[k]))
    c = estimate.covariance
    with np.errstate(invalid="ignore"):
        follow = np.nan_to_num(c[:, i] / c[i, i])
    moved = estimate.x + follow * rays.along[k, i] * rays.reach[k]
    moved[i] = estimate.upper[i] if rays.along[k, i] > 0 else estimate.lower[i]
    return np.clip(moved, estimate.lower, estimate.upper)
