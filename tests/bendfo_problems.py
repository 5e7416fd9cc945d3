"""The problems of More and Wild's derivative-free benchmark, restated from the literature, as parametra problems.

More, Garbow and Hillstrom (1981, doi:10.1145/355934.355936) for the first 18; Toint's CUBE, BDQRTIC and MANCINO and the
heart dipole of Nelson and Hodgkin as More and Wild (2009, doi:10.1137/080724083) use them. Each is a function of the
parameters x (n,) and of the number of residuals m that gives the residuals (m,); indices i, j count from 1 as printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import parametra as pm


def _numbers(text: str) -> np.ndarray:
    return np.array([float(word) for word in text.split()])


BARD_Y = _numbers(".14 .18 .22 .25 .29 .32 .35 .39 .37 .58 .73 .96 1.34 2.10 4.39")
KOWALIK_U = _numbers("4 2 1 .5 .25 .167 .125 .1 .0833 .0714 .0625")
KOWALIK_Y = _numbers(".1957 .1947 .1735 .16 .0844 .0627 .0456 .0342 .0323 .0235 .0246")
MEYER_Y = _numbers("34780 28610 23650 19630 16370 13720 11540 9744 8261 7030 6005 5147 4427 3820 3307 2872")
OSBORNE1_Y = _numbers(
    ".844 .908 .932 .936 .925 .908 .881 .85 .818 .784 .751 .718 .685 .658 .628 .603 .58 .558 .538 .522 .506 .49 .478 "
    ".467 .457 .448 .438 .431 .424 .42 .414 .411 .406"
)
OSBORNE2_Y = _numbers(
    "1.366 1.191 1.112 1.013 .991 .885 .831 .847 .786 .725 .746 .679 .608 .655 .616 .606 .602 .626 .651 .724 .649 "
    ".649 .694 .644 .624 .661 .612 .558 .533 .495 .5 .423 .395 .375 .372 .391 .396 .405 .428 .429 .523 .562 .607 .653 "
    ".672 .708 .633 .668 .645 .632 .591 .559 .597 .625 .739 .71 .729 .72 .636 .581 .428 .292 .162 .098 .054"
)
HEART = _numbers("-.69 -.044 -1.57 -1.31 -2.65 2 -12.6 9.48")


def _count(n: int) -> np.ndarray:
    return np.arange(1.0, n + 1)


def linear_full_rank(x, m):
    rest = -2 * np.sum(x) / m - 1
    return np.concatenate([x + rest, np.zeros(m - x.size) + rest])


def linear_rank1(x, m):
    return _count(m) * np.sum(_count(x.size) * x) - 1


def linear_rank1_zero(x, m):
    rising = np.concatenate([[0.0], _count(m - 2), [0.0]])  # the first and the last residual see no parameter
    return rising * np.sum((_count(x.size) * x)[1:-1]) - 1


def rosenbrock(x, m):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def helical_valley(x, m):
    turn = np.arctan(x[1] / x[0]) / (2 * np.pi) + (0.5 if x[0].real < 0 else 0.0)
    return np.array([10 * (x[2] - 10 * turn), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


def powell_singular(x, m):
    a, b, c, d = x
    return np.array([a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2])


def freudenstein_roth(x, m):
    a, b = x
    return np.array([-13 + a + ((5 - b) * b - 2) * b, -29 + a + ((b + 1) * b - 14) * b])


def bard(x, m):
    u = _count(15)
    return BARD_Y - (x[0] + u / ((16 - u) * x[1] + np.minimum(u, 16 - u) * x[2]))


def kowalik_osborne(x, m):
    u = KOWALIK_U
    return KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def meyer(x, m):
    return x[0] * np.exp(x[1] / (45 + 5 * _count(16) + x[2])) - MEYER_Y


def watson(x, m):
    t = _count(29)[:, None] / 29
    power = np.arange(x.size)
    slope = np.sum(power[1:] * x[1:] * t ** (power[1:] - 1), axis=1)
    return np.concatenate([slope - np.sum(x * t**power, axis=1) ** 2 - 1, [x[0], x[1] - x[0] ** 2 - 1]])


def box_3d(x, m):
    t = 0.1 * _count(m)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def jennrich_sampson(x, m):
    i = _count(m)
    return 2 + 2 * i - np.exp(i * x[0]) - np.exp(i * x[1])


def brown_dennis(x, m):
    t = _count(m) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def chebyquad(x, m):
    """Means of the shifted Chebyshev polynomials T_i over the points x, less their integrals over [0, 1]."""
    before, now, rows = np.ones_like(x), 2 * x - 1, []
    for i in range(1, m + 1):
        rows.append(np.mean(now) + (1 / (i**2 - 1) if i % 2 == 0 else 0.0))
        before, now = now, 2 * (2 * x - 1) * now - before
    return np.array(rows)


def brown_almost_linear(x, m):
    return np.concatenate([x[:-1] + np.sum(x) - (x.size + 1), [np.prod(x) - 1]])


def osborne1(x, m):
    t = 10 * (_count(33) - 1)
    return OSBORNE1_Y - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def osborne2(x, m):
    t = (_count(65) - 1) / 10
    peaks = sum(x[k] * np.exp(-((t - x[7 + k]) ** 2) * x[4 + k]) for k in (1, 2, 3))
    return OSBORNE2_Y - x[0] * np.exp(-t * x[4]) - peaks


def bdqrtic(x, m):
    k = x.size - 4
    square = x**2
    sums = square[:k] + 2 * square[1 : k + 1] + 3 * square[2 : k + 2] + 4 * square[3 : k + 3] + 5 * square[-1]
    return np.concatenate([3 - 4 * x[:k], sums])


def cube(x, m):
    return np.concatenate([x[:1] - 1, 10 * (x[1:] - x[:-1] ** 3)])


def mancino(x, m):
    i = _count(x.size)
    v = np.sqrt(x[:, None] ** 2 + i[:, None] / i)
    waves = np.sum(v * (np.sin(np.log(v)) ** 5 + np.cos(np.log(v)) ** 5), axis=1)
    return 1400 * x + (i - 50) ** 3 + waves


def heart8(x, m):
    """The real and imaginary parts of sum_k (a_k + i c_k)(t_k + i v_k)^p, p = 0 to 3: two dipoles of a heart."""
    a, c, t, v = x[0:2], x[2:4], x[4:6], x[6:8]
    real, imaginary, rows = a, c, []
    for _ in range(4):
        rows += [np.sum(real), np.sum(imaginary)]
        real, imaginary = real * t - imaginary * v, real * v + imaginary * t
    return np.array(rows) - HEART


PROBLEMS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    f.__name__.upper(): f
    for f in (
        *(linear_full_rank, linear_rank1, linear_rank1_zero, rosenbrock, helical_valley, powell_singular),
        *(freudenstein_roth, bard, kowalik_osborne, meyer, watson, box_3d, jennrich_sampson, brown_dennis, chebyquad),
        *(brown_almost_linear, osborne1, osborne2, bdqrtic, cube, mancino, heart8),
    )
}


@dataclass(frozen=True)
class Row:
    """One row of the benchmark.

    Arguments:
        number, name, n, m: as the benchmark has them.
        start: (n,) where the search begins.
        first: the sum of squares there, as its authors print it.
        reached: the sum of squares that SciPy's Levenberg-Marquardt reaches from there.
        best: the lowest sum of squares known.
    """

    number: int
    name: str
    n: int
    m: int
    start: np.ndarray
    first: float
    reached: float
    best: float

    def residuals(self, x: np.ndarray) -> np.ndarray:
        return PROBLEMS[self.name](x, self.m)

    def problem(self, lower: float = -np.inf, upper: float = np.inf) -> pm.Problem:
        """Zeros as data, with standard deviation 1, so that chi-square is the sum of squares."""
        function, m = PROBLEMS[self.name], self.m

        def model(x):
            return function(x, m)

        data = pm.Data({"y": np.zeros(m)}, output="y", sigma=1.0)
        x = pm.Real(lower, upper, shape=self.n, guess=self.start)
        return pm.Problem(model, data, {"x": x}, title=self.name)


def rows(folder: Path) -> list[Row]:
    """All rows, from the file of published values."""
    entries = json.loads((folder / "bendfo" / "bendfo_problems.json").read_text())
    return [
        Row(e["row"], e["name"], e["n"], e["m"], np.array(e["x0"]), e["f0"], e["f_lm_from_x0"], e["f_best_known"])
        for e in entries
    ]
