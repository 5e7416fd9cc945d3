"""Known problems that every method of `fit` is held to: their optimum away from zero, inside the bounds and on one.

Data are computed from stated parameters plus a fixed wave instead of noise, so that nothing here is random.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.noise import Normal, StudentT
from parametra.nouns.parameter import Log, Positive, Real
from parametra.nouns.problem import Problem


@dataclass(frozen=True)
class Known:
    """A problem and its answer.

    Arguments:
        name: what it is called in messages.
        build: makes the problem.
        answer: the parameters at the optimum, from a search at high precision by other means, or None where only
            agreement between methods is asked for.
    """

    name: str
    build: Callable[[], Problem]


def _wave(n: int, size: float) -> np.ndarray:
    """A fixed zigzag with mean near zero, in place of noise."""
    i = np.arange(n)
    return size * np.sin(2.7 * i + 0.3 * i * i)


def decay() -> Problem:
    """A exp(-k t) + c at a = 5, k = 0.7, c = 2."""
    t = np.linspace(0, 6, 30)
    data = Data({"t": t, "y": 5 * np.exp(-0.7 * t) + 2 + _wave(30, 0.05)}, inputs=["t"], output="y", sigma=0.05)
    return Problem("a * exp(-k * t) + c", data, {"a": Real(0, 20, guess=3), "k": Log(0.01, 10, guess=1), "c": 1.0})


def peak() -> Problem:
    """A Gaussian peak on a slope, sigma estimated."""
    x = np.linspace(10, 20, 60)
    y = 40 * np.exp(-0.5 * ((x - 14.2) / 0.8) ** 2) + 3 + 0.5 * x + _wave(60, 0.3)
    data = Data({"x": x, "y": y}, inputs=["x"], output="y")
    parameters = {
        "height": Positive(guess=30),
        "centre": Real(10, 20, guess=14),
        "width": Real(0.1, 5, guess=1),
        "level": 1.0,
        "slope": 0.1,
    }
    formula = "height * exp(-0.5 * ((x - centre) / width)**2) + level + slope * x"
    return Problem(formula, data, parameters, noise=Normal(sigma="estimated"))


def at_a_bound() -> Problem:
    """A straight line whose best slope lies outside its bounds."""
    x = np.linspace(1, 9, 20)
    data = Data({"x": x, "y": 4 + 2.5 * x + _wave(20, 0.1)}, inputs=["x"], output="y", sigma=0.1)
    return Problem("level + slope * x", data, {"level": 1.0, "slope": Real(0, 2, guess=1)})


def wild_points() -> Problem:
    """A saturating curve with two wild points under Student's t."""
    x = np.linspace(0.5, 8, 24)
    y = 9 * x / (2.5 + x) + _wave(24, 0.1)
    y[[5, 17]] += [4.0, -3.0]
    data = Data({"x": x, "y": y}, inputs=["x"], output="y")
    parameters = {"top": Real(1, 50, guess=6), "half": Real(0.1, 30, guess=1)}
    return Problem("top * x / (half + x)", data, parameters, noise=StudentT(4, sigma=0.1))


def relative_scatter() -> Problem:
    """A power law whose scatter grows with it: a likelihood without residuals."""
    x = np.linspace(1, 12, 40)
    y = 3 * x**1.4 * (1 + _wave(40, 0.06))
    data = Data({"x": x, "y": y}, inputs=["x"], output="y")
    parameters = {"factor": Log(0.1, 100, guess=1), "power": Real(0.2, 4, guess=1)}
    return Problem("factor * x**power", data, parameters, noise=Normal(sigma="estimated", proportional=True))


def one_rate() -> Problem:
    """A decay from a known level: a single parameter."""
    t = np.linspace(0.2, 5, 25)
    data = Data({"t": t, "y": 8 * np.exp(-0.6 * t) + _wave(25, 0.05)}, inputs=["t"], output="y", sigma=0.05)
    return Problem("8 * exp(-k * t)", data, {"k": Real(0.01, 4, guess=1)})


def mixture() -> Problem:
    """Three overlapping lines whose fractions sum to one; the third is best left out, and centres keep their order."""
    x = np.linspace(0, 10, 60)
    y = 0.6 * np.exp(-0.5 * (x - 3.0) ** 2) + 0.4 * np.exp(-0.5 * (x - 6.2) ** 2) + _wave(60, 0.01)
    data = Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=0.01)
    lines = " + ".join(f"w{i} * exp(-0.5 * (x - c{i})**2)" for i in (1, 2)) + " + w3 * exp(-0.5 * (x - 8.5)**2)"
    weights = {f"w{i}": Real(0, 2, guess=0.5) for i in (1, 2, 3)}
    centres = {"c1": Real(0, 10, guess=4), "c2": Real(0, 10, guess=5)}
    return Problem(lines, data, {**weights, **centres}, constraints=["w1 + w2 + w3 == 1", "c1 <= c2"])


KNOWN = tuple(Known(f.__name__, f) for f in (decay, peak, at_a_bound, wild_points, relative_scatter, one_rate, mixture))
