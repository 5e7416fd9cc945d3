"""Equations with known difficulties, in NumPy and JAX alike."""

import itertools
from dataclasses import dataclass

import numpy as np
from scipy.integrate import solve_ivp


@dataclass(frozen=True)
class Problem:
    slope: object
    begins: tuple
    parameters: tuple
    end: float
    stiff: bool
    logarithmic: bool = False
    count: int = 12

    @property
    def times(self):
        if self.logarithmic:
            return np.geomspace(1e-5 * self.end, self.end, self.count)
        return np.linspace(0.0, self.end, self.count + 1)[1:]

    def lanes(self, count, spread=0.05, seed=1):
        """Begin, end, states, parameters and times of lanes whose parameters scatter."""
        scatter = np.exp(spread * np.random.default_rng(seed).normal(size=(len(self.parameters), count)))
        p = np.array(self.parameters)[:, None] * scatter
        y = np.repeat(np.array(self.begins, dtype=float)[:, None], count, axis=1)
        zero = np.zeros(count)
        return zero, zero + self.end, y, p, np.repeat(self.times[:, None], count, axis=1)

    def reference(self, p, begins=None, tolerance=1e-12):
        """(T, n) by SciPy."""
        found = solve_ivp(
            lambda t, y: self.slope(t, y, p, np),
            (0.0, self.end),
            self.begins if begins is None else begins,
            method="Radau" if self.stiff else "DOP853",
            t_eval=self.times,
            rtol=tolerance,
            atol=tolerance * 1e-2,
        )
        assert found.success
        return found.y.T


def jnp():
    import jax.numpy

    return jax.numpy


def robertson(t, y, p, xp=None):
    xp, (a, b, c) = xp or jnp(), y
    slow, fast = p[0] * a, p[1] * b * c
    return xp.stack([-slow + fast, slow - fast - p[2] * b * b, p[2] * b * b])


def van_der_pol(t, y, p, xp=None):
    return (xp or jnp()).stack([y[1], p[0] * ((1 - y[0] ** 2) * y[1]) - y[0]])


def signalling(t, y, p, xp=None):
    """A receptor, its dimer, and a chain of delays, as in models of JAK-STAT."""
    xp = xp or jnp()
    drive = 2.0 * xp.exp(-0.1 * t) * p[0]
    free, active, dimer, *delays = y
    back = p[3] * delays[-1]
    slopes = [-drive * free + 2 * back, drive * free - 2 * p[1] * active**2, p[1] * active**2 - p[2] * dimer]
    chain = [p[2] * dimer - p[3] * delays[0]]
    chain += [p[3] * (a - b) for a, b in itertools.pairwise(delays)]
    return xp.stack(slopes + chain)


def fitzhugh_nagumo(t, y, p, xp=None):
    v, w = y
    return (xp or jnp()).stack([p[2] * (v - v**3 / 3 + w), -(v - p[0] + p[1] * w) / p[2]])


def goodwin(t, y, p, xp=None):
    x, m, z = y
    return (xp or jnp()).stack([p[0] / (1 + z**10) - p[1] * x, x - p[1] * m, m - p[1] * z])


def lotka_volterra(t, y, p, xp=None):
    hare, lynx = y
    return (xp or jnp()).stack([hare * (p[0] - p[1] * lynx), lynx * (p[3] * hare - p[2])])


def pendulum(t, y, p, xp=None):
    xp = xp or jnp()
    return xp.stack([y[1], -p[0] * xp.sin(y[0]) - p[1] * y[1]])


def three_bodies(t, y, p, xp=None):
    xp = xp or jnp()
    pulls = []
    for i in range(3):
        pull = [0.0, 0.0]
        for j in range(3):
            if i != j:
                dx, dy = y[2 * j] - y[2 * i], y[2 * j + 1] - y[2 * i + 1]
                cube = p[0] * (dx**2 + dy**2) ** -1.5
                pull = [pull[0] + dx * cube, pull[1] + dy * cube]
        pulls += pull
    return xp.stack([*(y[k] for k in range(6, 12)), *pulls])


# Chenciner and Montgomery (2000), A remarkable periodic solution of the three-body problem, doi:10.2307/2661357
EIGHT = (
    *(0.97000436, -0.24308753, -0.97000436, 0.24308753, 0.0, 0.0),
    *(0.466203685, 0.43236573, 0.466203685, 0.43236573, -0.93240737, -0.86473146),
)

PROBLEMS = {
    "robertson": Problem(robertson, (1.0, 0.0, 0.0), (0.04, 1e4, 3e7), 1e5, True, logarithmic=True),
    "van der Pol, stiff": Problem(van_der_pol, (2.0, 0.0), (1000.0,), 500.0, True),
    "van der Pol": Problem(van_der_pol, (2.0, 0.0), (1.0,), 20.0, False),
    "signalling": Problem(signalling, (1.0, *[0.0] * 7), (0.7, 4.0, 0.2, 0.4), 60.0, True),
    "FitzHugh-Nagumo": Problem(fitzhugh_nagumo, (-1.0, 1.0), (0.2, 0.2, 3.0), 20.0, False),
    "Goodwin": Problem(goodwin, (0.1, 0.2, 2.5), (1.0, 0.1), 80.0, False),
    "Lotka-Volterra": Problem(lotka_volterra, (30.0, 4.0), (0.55, 0.028, 0.84, 0.026), 20.0, False),
    "pendulum": Problem(pendulum, (2.0, 0.0), (1.5, 0.1), 20.0, False),
    "three bodies": Problem(three_bodies, EIGHT, (1.0,), 3.0, False),
}
