"""Penalties that choose among many terms: their values, slopes and proximal operators, coordinate by coordinate.

With u = |s b|, the size of a coordinate b in units of 1 / s, and the strength l:

    lasso   l u
    scad    l u                                       u <= l
            (2 a l u - u^2 - l^2) / (2 (a - 1))       l < u <= a l
            l^2 (a + 1) / 2                           u > a l
    mcp     l u - u^2 / (2 g)                         u <= g l
            g l^2 / 2                                 u > g l

Each is l u plus a smooth concave part q(u), with q(0) = q'(0) = 0: that is what makes gradient methods work on them.

Tibshirani 1996, doi:10.1111/j.2517-6161.1996.tb02080.x; Fan and Li 2001, doi:10.1198/016214501753382273; Zhang 2010,
doi:10.1214/09-AOS729.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from parametra.maths.arrays import Float

SHAPES = {"lasso": 0.0, "scad": 3.7, "mcp": 3.0}
"""Every kind, and the usual second parameter of those that have one: a = 3.7 (Fan and Li 2001), g = 3."""

LEAST_SHAPE = {"scad": 2.0, "mcp": 1.0}
"""What the second parameter must exceed."""


@dataclass(frozen=True)
class CoordinatePenalty:
    """weight * sum_j p(s_j |b_j|; l_j): a penalty on each coordinate, in units of the cost.

    Arguments:
        kind: "lasso", "scad" or "mcp".
        strengths: (d,) l, zero where nothing is penalised.
        shape: a of scad (above 2) or g of mcp (above 1).
        weight: what turns the penalty into units of the cost: the number of observations.
        scales: (d,) s, or empty for ones.
    """

    kind: str
    strengths: Float[np.ndarray, " d"]
    shape: float = 3.7
    weight: float = 1.0
    scales: Float[np.ndarray, " s"] = field(default_factory=lambda: np.empty(0))

    @property
    def convex(self) -> bool:
        """Whether the penalty has one minimum wherever the cost has one."""
        return self.kind == "lasso"

    @property
    def units(self) -> Float[np.ndarray, " d"]:
        """The factors s of all coordinates."""
        return self.scales if self.scales.size else np.ones_like(self.strengths)

    @property
    def corners(self) -> Float[np.ndarray, " d"]:
        """How fast the penalty rises from zero, weight * s * l, in units of the cost."""
        return self.weight * self.units * self.strengths

    @property
    def concavity(self) -> Float[np.ndarray, " d"]:
        """The most negative second derivative away from zero, as a positive number; zero for the lasso."""
        bend = {"lasso": 0.0, "scad": 1.0 / (self.shape - 1.0), "mcp": 1.0 / self.shape if self.shape else 0.0}
        return np.where(self.strengths > 0, self.weight * self.units**2 * bend[self.kind], 0.0)

    def each(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
        """The penalty of every coordinate of every point."""
        return self.corners * np.abs(points) + self.concave(points)

    def value(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, " B"]:
        """The penalty of every point."""
        return self.each(points).sum(axis=1)

    def concave(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
        """The smooth concave part of every coordinate: what is left without the lasso of the same strength."""
        strength, u = self.strengths, self.units * np.abs(points)
        if self.kind == "mcp":
            knot = self.shape * strength
            part = np.where(u <= knot, -(u**2) / (2 * self.shape), 0.5 * self.shape * strength**2 - strength * u)
        elif self.kind == "scad":
            far = 0.5 * strength**2 * (self.shape + 1) - strength * u
            bent = -((u - strength) ** 2) / (2 * (self.shape - 1))
            part = np.where(u <= strength, 0.0, np.where(u <= self.shape * strength, bent, far))
        else:
            part = np.zeros_like(u)
        return self.weight * part

    def concave_slope(self, points: Float[np.ndarray, "B d"]) -> Float[np.ndarray, "B d"]:
        """The derivative of the concave part."""
        strength, u = self.strengths, self.units * np.abs(points)
        if self.kind == "mcp":
            slope = -np.minimum(u / self.shape, strength)
        elif self.kind == "scad":
            slope = -np.clip((u - strength) / (self.shape - 1), 0.0, strength)
        else:
            return np.zeros_like(u)
        return self.weight * self.units * slope * np.sign(points)

    def soft(
        self,
        points: Float[np.ndarray, "B d"],
        steps: Float[np.ndarray, "B d"],
        lower: Float[np.ndarray, " d"],
        upper: Float[np.ndarray, " d"],
    ) -> Float[np.ndarray, "B d"]:
        """argmin_b (b - v)^2 / (2 t) + weight s l |b| for lower <= b <= upper: the proximal step of the convex part.

        Cutting the unbounded minimiser off at the bounds is exact, because the function is convex in each coordinate.

        Arguments:
            points: (B, d) v.
            steps: (B, d) t, above zero.
            lower, upper: (d,) bounds.
        """
        shrunk = np.sign(points) * np.maximum(np.abs(points) - steps * self.corners, 0.0)
        return np.clip(shrunk, lower, upper)

    def prox(
        self,
        points: Float[np.ndarray, "B d"],
        steps: Float[np.ndarray, "B d"],
        lower: Float[np.ndarray, " d"],
        upper: Float[np.ndarray, " d"],
    ) -> Float[np.ndarray, "B d"]:
        """argmin_b (b - v)^2 / (2 t) + p(b) for lower <= b <= upper, the whole penalty, which need not be convex.

        The function is a parabola on each stretch between two knots, so that its minimum is at zero, at a stationary
        point of a stretch, at a knot or at a bound: all are compared, knots being where stationary points beyond the
        end of their stretch are cut off. Exact for any steps; zero must lie inside the bounds.

        Arguments: as for `soft`.
        """
        if self.convex:
            return self.soft(points, steps, lower, upper)
        sign = np.where(points < 0, -1.0, 1.0)
        v = np.abs(points)
        end = np.where(points < 0, -lower, upper)
        best, least = np.zeros_like(v), self._shifted(np.zeros_like(v), v, steps)
        for low, high, stationary in self._stretches(v, steps):
            b = np.minimum(np.clip(stationary, low, high), end)
            value = self._shifted(b, v, steps)
            better = value < least
            best, least = np.where(better, b, best), np.where(better, value, least)
        return sign * best

    def _shifted(self, b: np.ndarray, v: np.ndarray, t: np.ndarray) -> np.ndarray:
        return b * (b - 2 * v) / (2 * t) + self.each(b)

    def _stretches(self, v: np.ndarray, t: np.ndarray) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """(begin, end, where the parabola of the stretch has slope zero) for b > 0."""
        s, weight, a = self.units, self.weight, self.shape
        strength = self.strengths
        zero, endless = np.zeros_like(v), np.full_like(v, np.inf)
        first = strength / s if self.kind == "scad" else np.zeros_like(strength)
        last = a * strength / s
        # on the bent stretch p'(b) = weight s (rise - s b / bend)
        bend, rise = (a - 1, strength * a / (a - 1)) if self.kind == "scad" else (a, strength)
        hollow = 1 / t - weight * s**2 / bend
        with np.errstate(divide="ignore", invalid="ignore"):
            bent = np.where(hollow > 0, (v / t - weight * s * rise) / hollow, 0.0)
        return [
            (zero, zero + first, v - t * self.corners),
            (zero + first, zero + last, bent),
            (zero + last, endless, v),
        ]

    def violation(
        self,
        points: Float[np.ndarray, "B d"],
        gradient: Float[np.ndarray, "B d"],
        lower: Float[np.ndarray, " d"],
        upper: Float[np.ndarray, " d"],
    ) -> Float[np.ndarray, "B d"]:
        """How far zero is from the slopes of cost + penalty in each coordinate; zero everywhere at an optimum.

        At b = 0 the penalty has every slope between -weight s l and weight s l; at a bound, a slope that points
        outwards is no violation.

        Arguments:
            points: (B, d).
            gradient: (B, d) of the cost without the penalty.
            lower, upper: (d,) bounds.
        """
        slope = gradient + self.concave_slope(points)
        corner = self.corners
        least = slope + np.where(points > 0, corner, -corner)
        most = slope + np.where(points < 0, -corner, corner)
        least = np.where(points <= lower, -np.inf, least)
        most = np.where(points >= upper, np.inf, most)
        return np.maximum(np.maximum(least, -most), 0.0)


def nothing(dimension: int) -> CoordinatePenalty:
    """The penalty that is zero."""
    return CoordinatePenalty("lasso", np.zeros(dimension))
