"""Functions f(x, y) with known minimax points, and plain descent and ascent to compare with."""

import numpy as np

from parametra.nouns.asker import Answers
from parametra.nouns.search_space import SearchSpace


def saddle_of_concave(z):
    """-3 x^2 + 4 x y - y^2: (0, 0) is a local minimax point, and no minimum in x (Jin et al. 2020)."""
    x, y = z.T
    return -3 * x**2 + 4 * x * y - y**2, np.stack([-6 * x + 4 * y, 4 * x - 2 * y], axis=1)


def ridge(z):
    """(4 x^2 - (y - 3 x + x^3 / 20)^2 - y^4 / 10) exp(-(x^2 + y^2) / 100): minimax at (0, 0) (Wang et al. 2020)."""
    x, y = z.T
    inner = y - 3 * x + x**3 / 20
    g, e = 4 * x**2 - inner**2 - y**4 / 10, np.exp(-(x**2 + y**2) / 100)
    by_x = 8 * x - 2 * inner * (-3 + 3 * x**2 / 20) - g * x / 50
    by_y = -2 * inner - 0.4 * y**3 - g * y / 50
    return g * e, np.stack([by_x * e, by_y * e], axis=1)


def bilinear(z):
    """X y: the Hessian in y is zero."""
    x, y = z.T
    return x * y, np.stack([y, x], axis=1)


def degenerate(z):
    """X1 y1 - 3 x2^2 + 4 x2 y2 - y2^2, ordered x1, x2, y1, y2: the Hessian in y is singular, not zero."""
    a, b = bilinear(z[:, [0, 2]]), saddle_of_concave(z[:, [1, 3]])
    return a[0] + b[0], np.stack([a[1][:, 0], b[1][:, 0], a[1][:, 1], b[1][:, 1]], axis=1)


def two_wells(z):
    """X^4 / 4 - x^2 / 2 + x y / 2 - y^2 / 2: (0, 0) is stationary and no minimax point; x = +-sqrt(3) / 2 are."""
    x, y = z.T
    return x**4 / 4 - x**2 / 2 + x * y / 2 - y**2 / 2, np.stack([x**3 - x + y / 2, x / 2 - y], axis=1)


def false_saddle(z):
    """3 x^2 + 4 x y + y^2: (0, 0) attracts plain descent and ascent, and is a minimum over y, not a maximum."""
    x, y = z.T
    return 3 * x**2 + 4 * x * y + y**2, np.stack([6 * x + 4 * y, 4 * x + 2 * y], axis=1)


def run(method, function, starts, against, half_width=10.0):
    """Drive a method over a function in a box; the solutions and the number of evaluations."""
    d = starts.shape[1]
    space = SearchSpace(np.full(d, -half_width), np.full(d, half_width), adversary=np.array(against))
    state, used = method.start(space, starts), 0
    while not method.halted(state):
        request = method.ask(state)
        assert np.all(np.abs(request.points) <= half_width)
        cost, gradient = function(request.points)
        state = method.tell(state, Answers(cost=cost, ok=np.isfinite(cost), gradient=gradient))
        used += len(cost)
    return method.solutions(state), used


def descent_ascent(function, starts, against, rate=0.03, steps=3000):
    """Simultaneous gradient descent and ascent without bounds; where each start is at the end."""
    sign = np.where(against, 1.0, -1.0)
    z = starts.copy()
    for _ in range(steps):
        with np.errstate(all="ignore"):
            z = z + rate * sign * function(z)[1]
    return z
