"""Six problems of different character on which the methods of fit are compared. Nothing in them is random."""

from __future__ import annotations

import numpy as np

import parametra as pm


def _wave(n: int, size: float) -> np.ndarray:
    """A fixed zigzag with mean near zero, in place of noise."""
    i = np.arange(n)
    return size * np.sin(2.7 * i + 0.3 * i * i)


def light_curve(phase, level, reflection, ellipsoid, primary, secondary, width, power, shift):
    """Magnitude of an eclipsing binary, phenomenologically: two waves and two dips of one shape (Andronov 2012).

    dip(z) = (1 - |z / width|^power)^(3/2) inside the eclipse, 0 outside; doi:10.1007/s10511-012-9259-0.
    """
    angle = 2 * np.pi * (phase - shift)
    found = level + reflection * np.cos(angle) + ellipsoid * np.cos(2 * angle)
    for depth, centre in ((primary, shift), (secondary, shift + 0.5)):
        z = phase - centre
        z = z - np.round(z)
        found = found + depth * np.clip(1 - np.abs(z / width) ** power, 0, None) ** 1.5
    return found


def eclipsing_binary() -> pm.Problem:
    phase = np.linspace(0, 1, 120, endpoint=False)
    truth = {"level": 10.0, "reflection": 0.03, "ellipsoid": -0.05, "primary": 0.7, "secondary": 0.3}
    truth |= {"width": 0.11, "power": 1.8, "shift": 0.04}
    data = pm.Data(
        {"phase": phase, "magnitude": light_curve(phase, **truth) + _wave(120, 0.01)},
        inputs=["phase"],
        output="magnitude",
        sigma=0.01,
    )
    parameters = {
        "level": pm.Real(9, 11, guess=10.1),
        "reflection": pm.Real(-0.3, 0.3, guess=0),
        "ellipsoid": pm.Real(-0.3, 0.3, guess=0),
        "primary": pm.Real(0, 1.5, guess=0.5),
        "secondary": pm.Real(0, 1.5, guess=0.5),
        "width": pm.Real(0.05, 0.25, guess=0.15),
        "power": pm.Real(1, 4, guess=2),
        "shift": pm.Real(-0.2, 0.2, guess=0),
    }
    return pm.Problem(light_curve, data, parameters, title="An eclipsing binary")


def rosenbrock() -> pm.Problem:
    data = pm.Data({"bend": [0.0], "way": [0.0]}, output=["bend", "way"], sigma=1.0)
    formulas = {"bend": "10 * (y - x**2)", "way": "1 - x"}
    parameters = {"x": pm.Real(-2, 2, guess=-1.2), "y": pm.Real(-1, 3, guess=1)}
    return pm.Problem(formulas, data, parameters, title="Rosenbrock's valley")


def two_exponentials() -> pm.Problem:
    t = np.linspace(0, 8, 40)
    y = 3 * np.exp(-0.4 * t) + 5 * np.exp(-2.5 * t) + 0.5 + _wave(40, 0.02)
    data = pm.Data({"t": t, "y": y}, inputs=["t"], output="y", sigma=0.02)
    parameters = {
        "slow": pm.Real(0, 10, guess=2),
        "fast": pm.Real(0, 10, guess=2),
        "k": pm.Log(0.05, 1, guess=0.2),
        "K": pm.Log(1, 20, guess=4),
        "base": pm.Real(-2, 2, guess=0),
    }
    return pm.Problem("slow * exp(-k * t) + fast * exp(-K * t) + base", data, parameters, title="Two exponentials")


def peak_on_slope() -> pm.Problem:
    x = np.linspace(10, 20, 60)
    y = 40 * np.exp(-0.5 * ((x - 14.2) / 0.8) ** 2) + 3 + 0.5 * x + _wave(60, 0.3)
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y")
    parameters = {
        "height": pm.Real(0, 100, guess=30),
        "centre": pm.Real(10, 20, guess=15),
        "width": pm.Real(0.2, 5, guess=1),
        "level": pm.Real(-20, 20, guess=0),
        "slope": pm.Real(-5, 5, guess=0),
    }
    formula = "height * exp(-0.5 * ((x - centre) / width)**2) + level + slope * x"
    return pm.Problem(formula, data, parameters, title="A peak on a slope")


def counts() -> pm.Problem:
    t = np.linspace(0, 10, 50)
    rate = 60 * np.exp(-0.8 * t) + 4
    counted = np.clip(np.round(rate + np.sqrt(rate) * _wave(50, 1.2)), 0, None)
    data = pm.Data({"t": t, "n": counted}, inputs=["t"], output="n")
    parameters = {"a": pm.Log(1, 1000, guess=20), "k": pm.Log(0.05, 10, guess=0.4), "b": pm.Log(0.1, 100, guess=2)}
    return pm.Problem("a * exp(-k * t) + b", data, parameters, noise=pm.Poisson(), title="Counts that decay")


def five_peaks() -> pm.Problem:
    x = np.linspace(0, 50, 200)
    centres, heights, widths = (8, 15, 24, 31, 42), (5, 9, 4, 7, 6), (1.2, 1.6, 2.0, 1.4, 2.2)
    y = 2 + 0.05 * x - 0.001 * x**2 + _wave(200, 0.1)
    terms, parameters = ["level", "slope * x", "bend * x**2"], {}
    parameters |= {"level": pm.Real(-5, 10, guess=0), "slope": pm.Real(-1, 1, guess=0), "bend": pm.Real(-0.02, 0.02)}
    for i, (c, h, w) in enumerate(zip(centres, heights, widths, strict=True), 1):
        y = y + h * np.exp(-0.5 * ((x - c) / w) ** 2)
        terms.append(f"h{i} * exp(-0.5 * ((x - c{i}) / w{i})**2)")
        parameters |= {f"h{i}": pm.Real(0, 20, guess=5), f"w{i}": pm.Real(0.5, 5, guess=1.5)}
        parameters[f"c{i}"] = pm.Real(c - 3, c + 3, guess=c + 0.7)
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=0.1)
    return pm.Problem(" + ".join(terms), data, parameters, title="Five peaks")


COMPARED = {f.__name__: f for f in (eclipsing_binary, rosenbrock, two_exponentials, peak_on_slope, counts, five_peaks)}
