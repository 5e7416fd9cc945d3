"""The problem of the profile benchmark: three peaks on a level, 10 parameters, 200 points, known scatter."""

import numpy as np

NAMES = ("c1", "c2", "c3", "h1", "h2", "h3", "level", "w1", "w2", "w3")
TRUTH = np.array([2.5, 4.6, 7.2, 3.0, 1.6, 2.2, 1.0, 0.4, 0.6, 0.8])
LOWER = np.array([1.0, 3.5, 6.0, 0.1, 0.1, 0.1, -3.0, 0.1, 0.1, 0.1])
UPPER = np.array([3.5, 6.0, 9.0, 9.0, 9.0, 9.0, 5.0, 2.0, 2.0, 2.0])
SIGMA = 0.1
RISE = 3.841458820694124
"""The 95 % point of chi-square with one degree of freedom."""


def model(x, c1, c2, c3, h1, h2, h3, level, w1, w2, w3):
    peaks = h1 * np.exp(-0.5 * ((x - c1) / w1) ** 2) + h2 * np.exp(-0.5 * ((x - c2) / w2) ** 2)
    return level + peaks + h3 * np.exp(-0.5 * ((x - c3) / w3) ** 2)


def data(seed=0, n=200):
    """Positions and heights, with normal scatter of SIGMA."""
    x = np.linspace(0, 10, n)
    return x, model(x, *TRUTH) + SIGMA * np.random.default_rng(seed).normal(size=n)


class Counted:
    """Residuals, their Jacobian, chi-square and its gradient, all exact, and how often each was asked for."""

    def __init__(self, x, y):
        self.x, self.y = x, y
        self.values = self.slopes = 0

    def residuals(self, p):
        self.values += 1
        return (model(self.x, *p) - self.y) / SIGMA

    def jacobian(self, p):
        self.slopes += 1
        centre, height, width = p[:3], p[3:6], p[7:]
        u = (self.x[:, None] - centre) / width
        bell = np.exp(-0.5 * u * u)
        by_centre = height * bell * u / width
        return np.concatenate([by_centre, bell, np.ones((self.x.size, 1)), by_centre * u], axis=1) / SIGMA

    def chi_square(self, p):
        return float(np.sum(self.residuals(p) ** 2))

    def gradient(self, p):
        return 2 * self.jacobian(p).T @ ((model(self.x, *p) - self.y) / SIGMA)


def estimate(counted):
    """(d,) the minimum, to rounding."""
    from scipy.optimize import least_squares

    settings = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
    return least_squares(counted.residuals, TRUTH, counted.jacobian, **settings).x


def exact_intervals(x, y):
    """(d, 2) profile intervals at 95 % by a root finder around a least-squares fit of the other nine."""
    from scipy.optimize import brentq, least_squares

    counted = Counted(x, y)
    best = estimate(counted)
    least = counted.chi_square(best)
    found = np.empty((best.size, 2))
    spread = np.sqrt(RISE * np.diag(np.linalg.inv(counted.jacobian(best).T @ counted.jacobian(best))))
    for i in range(best.size):
        rest = np.arange(best.size) != i

        def rise(value, i=i, rest=rest):
            def whole(q):
                return np.insert(q, i, value)

            fit = least_squares(
                lambda q: counted.residuals(whole(q)),
                best[rest],
                lambda q: counted.jacobian(whole(q))[:, rest],
                ftol=1e-15,
                xtol=1e-15,
                gtol=1e-15,
            )
            return 2 * fit.cost - least - RISE

        for j, sign in enumerate((-1, 1)):
            ends = best[i] + sign * 0.5 * spread[i], best[i] + sign * 2 * spread[i]
            found[i, j] = brentq(rise, *ends, xtol=1e-13)
    return best, found


def error(found, exact):
    """The largest distance between two sets of intervals, in lengths of the interval's side."""
    best, ends = exact
    return float(np.max(np.abs(np.asarray(found) - ends) / np.abs(ends - best[:, None])))
