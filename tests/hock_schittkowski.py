"""Problems of Hock and Schittkowski (1981), Test Examples for Nonlinear Programming, doi:10.1007/978-3-642-48320-2.

Objective, constraints, bounds, start and printed optimum of each; `squares` are the residuals where the objective is a
sum of squares (without the half). The statements are formulas of parametra, which its parser and its derivatives read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from parametra.nouns.asker import Answers
from parametra.nouns.constraint import constraints_of, limits_of
from parametra.nouns.formula import Formula
from parametra.nouns.parameter import Real
from parametra.nouns.search_space import SearchSpace
from parametra.nouns.space import Space

INF = np.inf
ROSENBROCK = "100 * (x2 - x1**2)**2 + (1 - x1)**2"


@dataclass(frozen=True)
class Stated:
    """One problem; `digits` is the relative precision to which its optimum is printed."""

    objective: str
    constraints: tuple[str, ...]
    start: tuple[float, ...]
    optimum: float
    bounds: tuple[tuple[float, float], ...] = ()
    squares: tuple[str, ...] = ()
    precision: float = 2e-9

    @cached_property
    def space(self):
        bounds = self.bounds or ((-INF, INF),) * len(self.start)
        both = zip(bounds, self.start, strict=True)
        parts = [Real(*b, guess=float(np.clip(s, *b))) for b, s in both]
        return Space({f"x{i + 1:02d}" if len(self.start) > 9 else f"x{i + 1}": p for i, p in enumerate(parts)})

    @cached_property
    def limits(self):
        return limits_of(constraints_of([self.named(c) for c in self.constraints], self.space), self.space)

    @cached_property
    def formula(self):
        return Formula.parse(self.named(self.objective))

    def named(self, text):
        """With ten variables, x1 is x01, so that sorted names are in the order of the book."""
        import re

        return re.sub(r"\bx(\d)\b", r"x0\1", text) if len(self.start) > 9 else text

    @property
    def search_space(self):
        return SearchSpace(np.asarray(self.space.lower), np.asarray(self.space.upper), limits=self.limits)

    def value(self, points):
        """Objective (B,) and gradient (B, d)."""
        points = np.atleast_2d(points)
        named, tangents = self.space.to_named(points.T), self.space.tangents(points.T)
        value, slopes = self.formula.evaluate_with_tangents(named, tangents)
        gradient = np.zeros(points.shape)
        for c, slope in slopes.items():
            gradient[:, c] = slope
        return np.broadcast_to(value, len(points)).astype(float), gradient

    def evaluate(self, request):
        """An evaluator of the contract: cost and gradient, no residuals."""
        with np.errstate(all="ignore"):
            cost, gradient = self.value(request.points)
        ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient)


def each(low, high, count):
    return ((low, high),) * count


EQUAL_FIVE = ("x1**2 + x2**2 + x3**2 + x4**2 + x5**2 == 10", "x2 * x3 - 5 * x4 * x5 == 0", "x1**3 + x2**3 == -1")
BOUNDS_FIVE = (*each(-2.3, 2.3, 2), *each(-3.2, 3.2, 3))
LINES = ("x3 + x4 - 2 * x5 == 0", "x2 - x5 == 0")
A, B = float(np.arcsin(np.sqrt(1 / 4.2))), float(np.arcsin(np.sqrt(5 / 7.2)))
ROOT = float(np.sqrt(2))

PROBLEMS = {
    "HS6": Stated("(1 - x1)**2", ("10 * (x2 - x1**2) == 0",), (-1.2, 1), 0.0, squares=("1 - x1",)),
    "HS7": Stated("log(1 + x1**2) - x2", ("(1 + x1**2)**2 + x2**2 == 4",), (2, 2), -float(np.sqrt(3))),
    "HS8": Stated("-1 + 0 * x1", ("x1**2 + x2**2 == 25", "x1 * x2 == 9"), (2, 1), -1.0),
    "HS9": Stated("sin(pi * x1 / 12) * cos(pi * x2 / 16)", ("4 * x1 - 3 * x2 == 0",), (0, 0), -0.5),
    "HS10": Stated("x1 - x2", ("-3 * x1**2 + 2 * x1 * x2 - x2**2 + 1 >= 0",), (-10, 10), -1.0),
    "HS11": Stated("(x1 - 5)**2 + x2**2 - 25", ("x2 >= x1**2",), (4.9, 0.1), -8.498464223),
    "HS12": Stated("x1**2 / 2 + x2**2 - x1 * x2 - 7 * x1 - 7 * x2", ("4 * x1**2 + x2**2 <= 25",), (0, 0), -30.0),
    "HS14": Stated(
        "(x1 - 2)**2 + (x2 - 1)**2",
        ("1 - x1**2 / 4 - x2**2 >= 0", "x1 - 2 * x2 + 1 == 0"),
        (2, 2),
        9 - 2.875 * float(np.sqrt(7)),
        squares=("x1 - 2", "x2 - 1"),
    ),
    "HS15": Stated(ROSENBROCK, ("x1 * x2 >= 1", "x1 + x2**2 >= 0"), (-2, 1), 306.5, ((-INF, 0.5), (-INF, INF))),
    "HS16": Stated(ROSENBROCK, ("x1 + x2**2 >= 0", "x1**2 + x2 >= 0"), (-2, 1), 0.25, ((-0.5, 0.5), (-INF, 1))),
    "HS18": Stated("0.01 * x1**2 + x2**2", ("x1 * x2 >= 25", "x1**2 + x2**2 >= 25"), (2, 2), 5.0, ((2, 50), (0, 50))),
    "HS19": Stated(
        "(x1 - 10)**3 + (x2 - 20)**3",
        ("(x1 - 5)**2 + (x2 - 5)**2 >= 100", "(x2 - 5)**2 + (x1 - 6)**2 <= 82.81"),
        (20.1, 5.84),
        -6961.81381,
        ((13, 100), (0, 100)),
        precision=1e-8,
    ),
    "HS20": Stated(
        ROSENBROCK,
        ("x1 + x2**2 >= 0", "x1**2 + x2 >= 0", "x1**2 + x2**2 >= 1"),
        (-2, 1),
        81.5 - 25 * float(np.sqrt(3)),
        ((-0.5, 0.5), (-INF, INF)),
    ),
    "HS21": Stated("0.01 * x1**2 + x2**2 - 100", ("10 * x1 - x2 >= 10",), (-1, -1), -99.96, ((2, 50), (-50, 50))),
    "HS22": Stated("(x1 - 2)**2 + (x2 - 1)**2", ("x1 + x2 <= 2", "x2 >= x1**2"), (2, 2), 1.0),
    "HS23": Stated(
        "x1**2 + x2**2",
        ("x1 + x2 >= 1", "x1**2 + x2**2 >= 1", "9 * x1**2 + x2**2 >= 9", "x1**2 >= x2", "x2**2 >= x1"),
        (3, 1),
        2.0,
        each(-50, 50, 2),
    ),
    "HS24": Stated(
        "((x1 - 3)**2 - 9) * x2**3 / (27 * sqrt(3))",
        ("x1 / sqrt(3) - x2 >= 0", "0 <= x1 + sqrt(3) * x2 <= 6"),
        (1, 0.5),
        -1.0,
        each(0, INF, 2),
    ),
    "HS26": Stated(
        "(x1 - x2)**2 + (x2 - x3)**4",
        ("(1 + x2**2) * x1 + x3**4 == 3",),
        (-2.6, 2, 2),
        0.0,
        squares=("x1 - x2", "(x2 - x3)**2"),
    ),
    "HS27": Stated(
        "0.01 * (x1 - 1)**2 + (x2 - x1**2)**2",
        ("x1 + x3**2 == -1",),
        (2, 2, 2),
        0.04,
        squares=("0.1 * (x1 - 1)", "x2 - x1**2"),
    ),
    "HS28": Stated(
        "(x1 + x2)**2 + (x2 + x3)**2",
        ("x1 + 2 * x2 + 3 * x3 == 1",),
        (-4, 1, 1),
        0.0,
        squares=("x1 + x2", "x2 + x3"),
    ),
    "HS29": Stated("-x1 * x2 * x3", ("x1**2 + 2 * x2**2 + 4 * x3**2 <= 48",), (1, 1, 1), -16 * ROOT),
    "HS30": Stated("x1**2 + x2**2 + x3**2", ("x1**2 + x2**2 >= 1",), (1, 1, 1), 1.0, ((1, 10), (-10, 10), (-10, 10))),
    "HS31": Stated("9 * x1**2 + x2**2 + 9 * x3**2", ("x1 * x2 >= 1",), (1, 1, 1), 6.0, ((-10, 10), (1, 10), (-10, 1))),
    "HS32": Stated(
        "(x1 + 3 * x2 + x3)**2 + 4 * (x1 - x2)**2",
        ("6 * x2 + 4 * x3 - x1**3 >= 3", "x1 + x2 + x3 == 1"),
        (0.1, 0.7, 0.2),
        1.0,
        each(0, INF, 3),
    ),
    "HS34": Stated(
        "-x1",
        ("x2 >= exp(x1)", "x3 >= exp(x2)"),
        (0, 1.05, 2.9),
        -0.834032445,
        ((0, 100), (0, 100), (0, 10)),
    ),
    "HS35": Stated(
        "9 - 8*x1 - 6*x2 - 4*x3 + 2*x1**2 + 2*x2**2 + x3**2 + 2*x1*x2 + 2*x1*x3",
        ("x1 + x2 + 2 * x3 <= 3",),
        (0.5, 0.5, 0.5),
        1 / 9,
        each(0, INF, 3),
    ),
    "HS36": Stated(
        "-x1 * x2 * x3", ("x1 + 2 * x2 + 2 * x3 <= 72",), (10, 10, 10), -3300.0, ((0, 20), (0, 11), (0, 42))
    ),
    "HS37": Stated("-x1 * x2 * x3", ("0 <= x1 + 2*x2 + 2*x3 <= 72",), (10, 10, 10), -3456.0, each(0, 42, 3)),
    "HS39": Stated("-x1", ("x2 - x1**3 - x3**2 == 0", "x1**2 - x2 - x4**2 == 0"), (2, 2, 2, 2), -1.0),
    "HS40": Stated(
        "-x1 * x2 * x3 * x4", ("x1**3 + x2**2 == 1", "x1**2 * x4 - x3 == 0", "x4**2 == x2"), (0.8,) * 4, -0.25
    ),
    "HS42": Stated(
        "(x1 - 1)**2 + (x2 - 2)**2 + (x3 - 3)**2 + (x4 - 4)**2",
        ("x1 == 2", "x3**2 + x4**2 == 2"),
        (1, 1, 1, 1),
        28 - 10 * ROOT,
        squares=("x1 - 1", "x2 - 2", "x3 - 3", "x4 - 4"),
    ),
    "HS43": Stated(
        "x1**2 + x2**2 + 2*x3**2 + x4**2 - 5*x1 - 5*x2 - 21*x3 + 7*x4",
        (
            "8 - x1**2 - x2**2 - x3**2 - x4**2 - x1 + x2 - x3 + x4 >= 0",
            "10 - x1**2 - 2*x2**2 - x3**2 - 2*x4**2 + x1 + x4 >= 0",
            "5 - 2*x1**2 - x2**2 - x3**2 - 2*x1 + x2 + x4 >= 0",
        ),
        (0, 0, 0, 0),
        -44.0,
    ),
    "HS46": Stated(
        "(x1 - x2)**2 + (x3 - 1)**2 + (x4 - 1)**4 + (x5 - 1)**6",
        ("x1**2 * x4 + sin(x4 - x5) == 1", "x2 + x3**4 * x4**2 == 2"),
        (ROOT / 2, 1.75, 0.5, 2, 2),
        0.0,
        squares=("x1 - x2", "x3 - 1", "(x4 - 1)**2", "(x5 - 1)**3"),
    ),
    "HS48": Stated(
        "(x1 - 1)**2 + (x2 - x3)**2 + (x4 - x5)**2",
        ("x1 + x2 + x3 + x4 + x5 == 5", "x3 - 2 * (x4 + x5) == -3"),
        (3, 5, -3, 2, -2),
        0.0,
        squares=("x1 - 1", "x2 - x3", "x4 - x5"),
    ),
    "HS49": Stated(
        "(x1 - x2)**2 + (x3 - 1)**2 + (x4 - 1)**4 + (x5 - 1)**6",
        ("x1 + x2 + x3 + 4 * x4 == 7", "x3 + 5 * x5 == 6"),
        (10, 7, 2, -3, 0.8),
        0.0,
        squares=("x1 - x2", "x3 - 1", "(x4 - 1)**2", "(x5 - 1)**3"),
    ),
    "HS50": Stated(
        "(x1 - x2)**2 + (x2 - x3)**2 + (x3 - x4)**4 + (x4 - x5)**2",
        ("x1 + 2 * x2 + 3 * x3 == 6", "x2 + 2 * x3 + 3 * x4 == 6", "x3 + 2 * x4 + 3 * x5 == 6"),
        (35, -31, 11, 5, -5),
        0.0,
        squares=("x1 - x2", "x2 - x3", "(x3 - x4)**2", "x4 - x5"),
    ),
    "HS51": Stated(
        "(x1 - x2)**2 + (x2 + x3 - 2)**2 + (x4 - 1)**2 + (x5 - 1)**2",
        ("x1 + 3 * x2 == 4", *LINES),
        (2.5, 0.5, 2, -1, 0.5),
        0.0,
        squares=("x1 - x2", "x2 + x3 - 2", "x4 - 1", "x5 - 1"),
    ),
    "HS52": Stated(
        "(4 * x1 - x2)**2 + (x2 + x3 - 2)**2 + (x4 - 1)**2 + (x5 - 1)**2",
        ("x1 + 3 * x2 == 0", *LINES),
        (2, 2, 2, 2, 2),
        1859 / 349,
        squares=("4 * x1 - x2", "x2 + x3 - 2", "x4 - 1", "x5 - 1"),
    ),
    "HS53": Stated(
        "(x1 - x2)**2 + (x2 + x3 - 2)**2 + (x4 - 1)**2 + (x5 - 1)**2",
        ("x1 + 3 * x2 == 0", *LINES),
        (2, 2, 2, 2, 2),
        176 / 43,
        each(-10, 10, 5),
        squares=("x1 - x2", "x2 + x3 - 2", "x4 - 1", "x5 - 1"),
    ),
    "HS56": Stated(
        "-x1 * x2 * x3",
        (
            "x1 - 4.2 * sin(x4)**2 == 0",
            "x2 - 4.2 * sin(x5)**2 == 0",
            "x3 - 4.2 * sin(x6)**2 == 0",
            "x1 + 2 * x2 + 2 * x3 - 7.2 * sin(x7)**2 == 0",
        ),
        (1, 1, 1, A, A, A, B),
        -3.456,
    ),
    "HS60": Stated(
        "(x1 - 1)**2 + (x1 - x2)**2 + (x2 - x3)**4",
        ("x1 * (1 + x2**2) + x3**4 == 4 + 3 * sqrt(2)",),
        (2, 2, 2),
        0.03256820025,
        each(-10, 10, 3),
        squares=("x1 - 1", "x1 - x2", "(x2 - x3)**2"),
    ),
    "HS61": Stated(
        "4*x1**2 + 2*x2**2 + 2*x3**2 - 33*x1 + 16*x2 - 24*x3",
        ("3*x1 - 2*x2**2 == 7", "4*x1 - x3**2 == 11"),
        (0, 0, 0),
        -143.6461422,
    ),
    "HS63": Stated(
        "1000 - x1**2 - 2*x2**2 - x3**2 - x1*x2 - x1*x3",
        ("8*x1 + 14*x2 + 7*x3 == 56", "x1**2 + x2**2 + x3**2 == 25"),
        (2, 2, 2),
        961.7151721,
        each(0, INF, 3),
    ),
    "HS64": Stated(
        "5*x1 + 50000/x1 + 20*x2 + 72000/x2 + 10*x3 + 144000/x3",
        ("4/x1 + 32/x2 + 120/x3 <= 1",),
        (1, 1, 1),
        6299.842428,
        each(1e-5, INF, 3),
    ),
    "HS65": Stated(
        "(x1 - x2)**2 + (x1 + x2 - 10)**2 / 9 + (x3 - 5)**2",
        ("x1**2 + x2**2 + x3**2 <= 48",),
        (-5, 5, 0),
        0.9535288567,
        ((-4.5, 4.5), (-4.5, 4.5), (-5, 5)),
        squares=("x1 - x2", "(x1 + x2 - 10) / 3", "x3 - 5"),
    ),
    "HS66": Stated(
        "0.2 * x3 - 0.8 * x1",
        ("x2 >= exp(x1)", "x3 >= exp(x2)"),
        (0, 1.05, 2.9),
        0.5181632741,
        ((0, 100), (0, 100), (0, 10)),
    ),
    "HS71": Stated(
        "x1 * x4 * (x1 + x2 + x3) + x3",
        ("x1 * x2 * x3 * x4 >= 25", "x1**2 + x2**2 + x3**2 + x4**2 == 40"),
        (1, 5, 5, 1),
        17.0140173,
        each(1, 5, 4),
        precision=1e-8,
    ),
    "HS72": Stated(
        "1 + x1 + x2 + x3 + x4",
        ("4/x1 + 2.25/x2 + 1/x3 + 0.25/x4 <= 0.0401", "0.16/x1 + 0.36/x2 + 0.64/x3 + 0.64/x4 <= 0.010085"),
        (1, 1, 1, 1),
        727.67937,
        ((0.001, 4e5), (0.001, 3e5), (0.001, 2e5), (0.001, 1e5)),
        precision=2e-6,
    ),
    "HS73": Stated(
        "24.55*x1 + 26.75*x2 + 39*x3 + 40.5*x4",
        (
            "2.3*x1 + 5.6*x2 + 11.1*x3 + 1.3*x4 >= 5",
            "12*x1 + 11.9*x2 + 41.8*x3 + 52.1*x4 >= 21 + 1.645*sqrt(0.28*x1**2 + 0.19*x2**2 + 20.5*x3**2 + 0.62*x4**2)",
            "x1 + x2 + x3 + x4 == 1",
        ),
        (1, 1, 1, 1),
        29.894378,
        each(0, INF, 4),
        precision=2e-7,
    ),
    "HS76": Stated(
        "x1**2 + 0.5*x2**2 + x3**2 + 0.5*x4**2 - x1*x3 + x3*x4 - x1 - 3*x2 + x3 - x4",
        ("x1 + 2*x2 + x3 + x4 <= 5", "3*x1 + x2 + 2*x3 - x4 <= 4", "x2 + 4*x3 >= 1.5"),
        (0.5, 0.5, 0.5, 0.5),
        -4.681818181,
        each(0, INF, 4),
    ),
    "HS77": Stated(
        "(x1 - 1)**2 + (x1 - x2)**2 + (x3 - 1)**2 + (x4 - 1)**4 + (x5 - 1)**6",
        ("x1**2 * x4 + sin(x4 - x5) == 2 * sqrt(2)", "x2 + x3**4 * x4**2 == 8 + sqrt(2)"),
        (2, 2, 2, 2, 2),
        0.24150513,
        squares=("x1 - 1", "x1 - x2", "x3 - 1", "(x4 - 1)**2", "(x5 - 1)**3"),
        precision=5e-8,
    ),
    "HS78": Stated("x1*x2*x3*x4*x5", EQUAL_FIVE, (-2, 1.5, 2, -1, -1), -2.91970041, precision=5e-9),
    "HS79": Stated(
        "(x1 - 1)**2 + (x1 - x2)**2 + (x2 - x3)**2 + (x3 - x4)**4 + (x4 - x5)**4",
        ("x1 + x2**2 + x3**3 == 2 + 3 * sqrt(2)", "x2 - x3**2 + x4 == -2 + 2 * sqrt(2)", "x1 * x5 == 2"),
        (2, 2, 2, 2, 2),
        0.0787768209,
        squares=("x1 - 1", "x1 - x2", "x2 - x3", "(x3 - x4)**2", "(x4 - x5)**2"),
    ),
    "HS80": Stated("exp(x1*x2*x3*x4*x5)", EQUAL_FIVE, (-2, 2, 2, -1, -1), 0.0539498478, BOUNDS_FIVE),
    "HS81": Stated(
        "exp(x1*x2*x3*x4*x5) - 0.5 * (x1**3 + x2**3 + 1)**2",
        EQUAL_FIVE,
        (-2, 2, 2, -1, -1),
        0.0539498478,
        BOUNDS_FIVE,
    ),
    "HS100": Stated(
        "(x1 - 10)**2 + 5*(x2 - 12)**2 + x3**4 + 3*(x4 - 11)**2 + 10*x5**6 + 7*x6**2 + x7**4 - 4*x6*x7 - 10*x6 - 8*x7",
        (
            "2*x1**2 + 3*x2**4 + x3 + 4*x4**2 + 5*x5 <= 127",
            "7*x1 + 3*x2 + 10*x3**2 + x4 - x5 <= 282",
            "23*x1 + x2**2 + 6*x6**2 - 8*x7 <= 196",
            "-4*x1**2 - x2**2 + 3*x1*x2 - 2*x3**2 - 5*x6 + 11*x7 >= 0",
        ),
        (1, 2, 0, 4, 0, 1, 1),
        680.6300573,
    ),
    "HS113": Stated(
        "x1**2 + x2**2 + x1*x2 - 14*x1 - 16*x2 + (x3 - 10)**2 + 4*(x4 - 5)**2 + (x5 - 3)**2 + 2*(x6 - 1)**2"
        " + 5*x7**2 + 7*(x8 - 11)**2 + 2*(x9 - 10)**2 + (x10 - 7)**2 + 45",
        (
            "4*x1 + 5*x2 - 3*x7 + 9*x8 <= 105",
            "10*x1 - 8*x2 - 17*x7 + 2*x8 <= 0",
            "-8*x1 + 2*x2 + 5*x9 - 2*x10 <= 12",
            "3*(x1 - 2)**2 + 4*(x2 - 3)**2 + 2*x3**2 - 7*x4 <= 120",
            "5*x1**2 + 8*x2 + (x3 - 6)**2 - 2*x4 <= 40",
            "0.5*(x1 - 8)**2 + 2*(x2 - 4)**2 + 3*x5**2 - x6 <= 30",
            "x1**2 + 2*(x2 - 2)**2 - 2*x1*x2 + 14*x5 - 6*x6 <= 0",
            "-3*x1 + 6*x2 + 12*(x9 - 8)**2 - 7*x10 <= 0",
        ),
        (2, 3, 5, 5, 1, 2, 7, 3, 6, 10),
        24.3062091,
        precision=5e-9,
    ),
}
