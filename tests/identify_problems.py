"""Textbook problems of identifiability, with the literature's answer for each parameter. Nothing in them is random.

Data are the model at `truth` plus `sigma` times normal quantiles in a fixed order, without the part that the model could
follow: the truth is the estimate, and a verdict depends on the design alone. `intervals` are profiles by brute force (`brute_profiles.py`; the test that
makes them again is `test_identify_textbook.py::test_brute_force`); an infinite end is one that the profile does not reach
within the bounds. They are kept where the likelihood is not flat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import ndtri

import parametra as pm

IDENTIFIABLE = "identifiable"
WEAKLY = "weakly identifiable"
PRACTICALLY = "practically unidentifiable"
STRUCTURALLY = "structurally unidentifiable"
AT_A_BOUND = "at a bound"

Values = Mapping[str, float]
INFINITE = float("inf")
KNOWN = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "cosh")}


def scatter(n: int) -> np.ndarray:
    """(n,) normal quantiles of the golden section's sequence: as spread as noise, and always the same."""
    return ndtri(np.modf(0.5 + np.arange(1, n + 1) * (np.sqrt(5) - 1) / 2)[0])


@dataclass(frozen=True)
class Combination:
    """What the data do tell of some parameters that they do not tell singly.

    Arguments:
        determined: formulas of functions that every equally good set of values shares.
        along: values and a number to other values that are exactly as good; None where only nearly so.
    """

    determined: tuple[str, ...]
    names: frozenset[str]
    along: Callable[[Values, float], Values] | None = None


@dataclass(frozen=True)
class Textbook:
    """One problem and the answer.

    Arguments:
        title, lesson, source: for the page; the source with its DOI.
        truth: the values of which the data are made.
        sigma: the known scatter; None where it is estimated.
        bounds: of each parameter; the search is in its logarithm, except for those in `real`.
        inputs: name to values; `predict` takes them and the values by name.
        model: what `Problem` takes.
        verdicts: parameter to the literature's word.
        intervals: parameter to its profile interval at 95 %, by brute force.
        combinations: what is told of those that are not identifiable.
        real: parameters that are searched as they are.
        observed: the data where they are real ones.
        solutions: how many sets of values are equally good, where they are separate.
    """

    title: str
    truth: Values
    bounds: Mapping[str, tuple[float, float]]
    inputs: Mapping[str, np.ndarray]
    model: object
    predict: Callable[..., np.ndarray]
    sigma: float | None
    verdicts: Mapping[str, str]
    source: str
    lesson: str
    combinations: tuple[Combination, ...] = ()
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    real: frozenset[str] = frozenset()
    observed: np.ndarray | None = None
    solutions: int = 1

    @cached_property
    def y(self) -> np.ndarray:
        """(n,) the data."""
        if self.observed is not None:
            return self.observed
        clean = self.predict(self.truth)
        noise = scatter(clean.size)
        slopes = self.slopes(self.searched(self.truth))
        return clean + self.sigma * (noise - slopes @ np.linalg.lstsq(slopes, noise, rcond=1e-9)[0])

    def slopes(self, x: np.ndarray) -> np.ndarray:
        """(n, d) derivatives of the whitened predictions by the coordinates of the search: five-point differences."""
        h = 1e-3

        def moved(e: np.ndarray, times: int) -> np.ndarray:
            return self.predict(self.named(x + times * h * e)) / self.sigma

        columns = [8 * (moved(e, 1) - moved(e, -1)) - (moved(e, 2) - moved(e, -2)) for e in np.eye(x.size)]
        return np.stack(columns, axis=1) / (12 * h)

    @cached_property
    def problem(self) -> pm.Problem:
        """The same as a person states it."""
        table = {**self.inputs, "y": self.y}
        data = pm.Data(table, inputs=list(self.inputs), output="y", sigma=self.sigma)
        kinds = {name: pm.Real if name in self.real else pm.Log for name in self.bounds}
        guess = {n: min(max(self.truth[n], low), high) for n, (low, high) in self.bounds.items()}
        free = {name: kinds[name](*self.bounds[name], guess=guess[name]) for name in self.bounds}
        return pm.Problem(self.model, data, free, title=self.title)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted(self.bounds))

    def searched(self, values: Values) -> np.ndarray:
        """(d,) values in the coordinates of the search."""
        return np.array([values[n] if n in self.real else np.log(values[n]) for n in self.labels])

    def named(self, x: np.ndarray) -> dict[str, float]:
        """The way back."""
        pairs = zip(self.labels, x, strict=True)
        return {n: float(v) if n in self.real else float(np.exp(v)) for n, v in pairs}

    def residuals(self, x: np.ndarray) -> np.ndarray:
        """(n,) residuals by NumPy and SciPy alone, whitened where sigma is known."""
        found = (self.predict(self.named(x)) - self.y) / (self.sigma or 1.0)
        return np.where(np.isfinite(found), found, 1e6)

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """(d,) lower and (d,) upper bounds of the search."""
        lower = {n: low for n, (low, _) in self.bounds.items()}
        return self.searched(lower), self.searched({n: high for n, (_, high) in self.bounds.items()})


def by_formula(formula: str, inputs: Mapping[str, np.ndarray], **stated) -> Textbook:
    """A problem whose model is one line."""
    code = compile(formula, "formula", "eval")

    def predict(values: Values) -> np.ndarray:
        return eval(code, {**KNOWN, **inputs, **values})  # noqa: S307  text of this file

    return Textbook(inputs=inputs, model=formula, predict=predict, **stated)


def by_equations(model: pm.ODE, slope, first, observe, inputs: Mapping[str, np.ndarray], **stated) -> Textbook:
    """A problem whose model is an ODE, with the same slopes once more for SciPy."""
    times = inputs["t"]

    def predict(values: Values) -> np.ndarray:
        begin = first(values)
        found = solve_ivp(
            lambda t, s: slope(t, s, values), (0.0, times[-1]), begin, "LSODA", times, rtol=1e-9, atol=1e-12
        )
        return observe(found.y, values) if found.success else np.full(times.size, np.nan)

    return Textbook(inputs=inputs, model=model, predict=predict, **stated)


def scaling(up: str = "", down: str = "") -> Callable[[Values, float], Values]:
    """The transformation that multiplies some parameters and divides others by the same number."""
    multiplied, divided = up.split(), down.split()

    def along(values: Values, factor: float) -> Values:
        moved = {n: values[n] * factor for n in multiplied} | {n: values[n] / factor for n in divided}
        return {**values, **moved}

    return along


def scaled(determined: str, up: str = "", down: str = "") -> tuple[Combination, ...]:
    """A single combination with a scaling symmetry; formulas separated by semicolons."""
    formulas = tuple(text.strip() for text in determined.split(";"))
    return (Combination(formulas, frozenset({*up.split(), *down.split()}), scaling(up, down)),)


SCALING = "Castro & de Boer (2020), doi:10.1371/journal.pcbi.1008248"
COMPARTMENTS = "Cobelli & DiStefano (1980), doi:10.1152/ajpregu.1980.239.1.R7"
EXPONENTIALS = "Istratov & Vyvenko (1999), doi:10.1063/1.1149581"
FRAMEWORK = "Wang & Hao (2025), arXiv:2501.01283"


def product() -> Textbook:
    return by_formula(
        "a * b * x",
        {"x": np.linspace(0.5, 10, 20)},
        title="A product of two parameters",
        truth={"a": 2.0, "b": 3.0},
        bounds={"a": (1e-4, 1e4), "b": (1e-4, 1e4)},
        sigma=1.0,
        verdicts={"a": STRUCTURALLY, "b": STRUCTURALLY},
        combinations=scaled("a * b", "a", "b"),
        source="Bellman & Astrom (1970), doi:10.1016/0025-5564(70)90132-X",
        lesson="More or better data of this kind never help; only a * b can be had.",
    )


def clearance() -> Textbook:
    return by_formula(
        "infusion / (rate * volume)",
        {"infusion": np.linspace(5, 50, 12)},
        title="Steady state of an infusion",
        truth={"rate": 0.2, "volume": 30.0},
        bounds={"rate": (1e-4, 1e3), "volume": (1e-3, 1e5)},
        sigma=0.1,
        verdicts={"rate": STRUCTURALLY, "volume": STRUCTURALLY},
        combinations=scaled("rate * volume", "rate", "volume"),
        source=COMPARTMENTS,
        lesson="A plateau tells the clearance. A decay after the infusion would tell the rate.",
    )


def bioavailability() -> Textbook:
    return by_formula(
        "100 * F * ka / (V * (ka - ke)) * (exp(-ke * t) - exp(-ka * t))",
        {"t": np.array([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24.0])},
        title="An oral dose of unknown bioavailability",
        truth={"F": 0.6, "V": 30.0, "ka": 1.5, "ke": 0.15},
        bounds={"F": (1e-4, 1e3), "V": (1e-2, 1e5), "ka": (0.4, 10), "ke": (0.01, 0.39)},
        sigma=0.03,
        verdicts={"F": STRUCTURALLY, "V": STRUCTURALLY, "ka": IDENTIFIABLE, "ke": IDENTIFIABLE},
        combinations=scaled("F / V", "F V"),
        intervals={"ka": (1.38833, 1.62071), "ke": (0.141155, 0.159556)},
        source=COMPARTMENTS,
        lesson="The rates are told, and only the ratio F / V; a dose into a vein would tell V.",
    )


def flip_flop() -> Textbook:
    return by_formula(
        "100 * ka / (V * (ka - ke)) * (exp(-ke * t) - exp(-ka * t))",
        {"t": np.array([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 10, 12, 16, 20, 24.0])},
        title="Flip-flop kinetics",
        truth={"V": 30.0, "ka": 1.5, "ke": 0.15},
        bounds={"V": (0.1, 1e4), "ka": (0.01, 20), "ke": (0.01, 20)},
        sigma=0.03,
        verdicts={"V": IDENTIFIABLE, "ka": IDENTIFIABLE, "ke": IDENTIFIABLE},
        solutions=2,
        intervals={"V": (29.3686, 30.6311), "ka": (1.43163, 1.57167), "ke": (0.144613, 0.155642)},
        source="Godfrey & Chapman (1990), doi:10.1007/BF01062273; Yanez et al. (2011), doi:10.1080/00498254.2011.580379",
        lesson="Each solution is well told, and there are two: ka and ke may change places, with V times ke / ka.",
    )


def two_exponentials_apart() -> Textbook:
    return by_formula(
        "a1 * exp(-k1 * t) + a2 * exp(-k2 * t)",
        {"t": np.linspace(0, 8, 40)},
        title="Two exponentials, well apart",
        truth={"a1": 1.0, "k1": 0.3, "a2": 1.0, "k2": 3.0},
        bounds={"a1": (1e-3, 1e2), "k1": (1e-3, 0.9), "a2": (1e-3, 1e2), "k2": (0.91, 100)},
        sigma=0.01,
        verdicts=dict.fromkeys(("a1", "k1", "a2", "k2"), IDENTIFIABLE),
        intervals={
            "a1": (0.976815, 1.02285),
            "a2": (0.972332, 1.02761),
            "k1": (0.292722, 0.30725),
            "k2": (2.8379, 3.17323),
        },
        source=EXPONENTIALS,
        lesson="Rates that differ by ten are told; bounds that do not overlap keep the two terms from changing places.",
    )


def two_exponentials_near() -> Textbook:
    return by_formula(
        "a1 * exp(-k1 * t) + a2 * exp(-k2 * t)",
        {"t": np.linspace(0, 5, 30)},
        title="Two exponentials, nearly equal",
        truth={"a1": 1.0, "k1": 1.0, "a2": 0.8, "k2": 1.25},
        bounds={"a1": (1e-6, 1e2), "k1": (1e-4, 1e4), "a2": (1e-6, 1e2), "k2": (1e-4, 1e4)},
        sigma=0.02,
        verdicts=dict.fromkeys(("a1", "k1", "a2", "k2"), PRACTICALLY),
        intervals={"a1": (0.0, 1.82413), "a2": (0.0, 1.82413), "k1": (0.0, INFINITE), "k2": (0.0, INFINITE)},
        source=EXPONENTIALS,
        lesson="A perfect fit that tells none of its four parameters: one decay is as good.",
    )


def michaelis_menten_low() -> Textbook:
    return by_formula(
        "V * s / (K + s)",
        {"s": np.linspace(0.005, 0.1, 20)},
        title="Michaelis-Menten, too little substrate",
        truth={"V": 10.0, "K": 1.0},
        bounds={"V": (1e-3, 1e5), "K": (1e-4, 1e5)},
        sigma=0.05,
        verdicts={"V": PRACTICALLY, "K": PRACTICALLY},
        combinations=(Combination(("V / K",), frozenset({"V", "K"})),),
        intervals={"K": (0.27843, 11153.5), "V": (3.27782, INFINITE)},
        source="Holmberg (1982), doi:10.1016/0025-5564(82)90061-X",
        lesson="Far below saturation the curve is a line, and its slope is V / K.",
    )


def michaelis_menten_puromycin() -> Textbook:
    s = np.repeat([0.02, 0.06, 0.11, 0.22, 0.56, 1.10], 2)
    y = np.array([76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200.0])
    return by_formula(
        "V * s / (K + s)",
        {"s": s},
        title="Michaelis-Menten, across its range",
        truth={"V": 212.68, "K": 0.06412},
        bounds={"V": (1, 1e5), "K": (1e-4, 1e3)},
        sigma=None,
        observed=y,
        verdicts={"V": IDENTIFIABLE, "K": IDENTIFIABLE},
        intervals={"K": (0.0469203, 0.0861569), "V": (197.302, 229.289)},
        source="Bates & Watts (1988), doi:10.1002/9780470316757, Puromycin",
        lesson="The same formula with concentrations on both sides of K.",
    )


def hill_across() -> Textbook:
    return by_formula(
        "V * x**n / (K**n + x**n)",
        {"x": np.geomspace(0.05, 20, 24)},
        title="Hill function, across its range",
        truth={"V": 1.0, "K": 1.0, "n": 2.0},
        bounds={"V": (1e-3, 1e4), "K": (1e-4, 1e4), "n": (0.05, 50)},
        sigma=0.02,
        verdicts=dict.fromkeys(("V", "K", "n"), IDENTIFIABLE),
        intervals={"K": (0.957674, 1.04501), "V": (0.982793, 1.01779), "n": (1.85989, 2.1546)},
        source=FRAMEWORK,
        lesson="Data below, around and above K.",
    )


def hill_saturated() -> Textbook:
    return by_formula(
        "V * x**n / (K**n + x**n)",
        {"x": np.geomspace(6, 3000, 24)},
        title="Hill function, saturated",
        truth={"V": 1.0, "K": 1.0, "n": 2.0},
        bounds={"V": (1e-3, 1e4), "K": (1e-4, 1e4), "n": (0.2, 50)},
        sigma=0.02,
        verdicts={"V": IDENTIFIABLE, "K": PRACTICALLY, "n": PRACTICALLY},
        intervals={"K": (0.0, 5.68726), "V": (0.990856, 1.02351), "n": (0.269508, INFINITE)},
        source=FRAMEWORK,
        lesson="Only the height is told; where and how steeply it is reached is not in the data.",
    )


def hill_below() -> Textbook:
    return by_formula(
        "V * x**n / (K**n + x**n)",
        {"x": np.linspace(0.02, 0.25, 24)},
        title="Hill function, below saturation",
        truth={"V": 10.0, "K": 1.0, "n": 2.0},
        bounds={"V": (1e-3, 1e9), "K": (1e-4, 1e4), "n": (0.05, 50)},
        sigma=0.01,
        verdicts={"V": PRACTICALLY, "K": PRACTICALLY, "n": IDENTIFIABLE},
        intervals={"K": (0.410521, INFINITE), "V": (2.34054, 9.91147e08), "n": (1.8724, 2.25235)},
        source=FRAMEWORK,
        lesson="A power law: the exponent is told, and V / K^n, but neither V nor K.",
    )


def _sir(scale: str, source: str, determined: str, verdicts, up: str, down: str, bounds, truth, intervals) -> Textbook:
    t = np.arange(1.0, 41.0)
    infection = "beta * S * I" if scale == "mass" else "beta * S * I / N"
    model = pm.ODE(
        {"S": f"-{infection}", "I": f"{infection} - gamma * I"},
        initial={"S": "N * (1 - i0)", "I": "N * i0"},
        observe={"y": "rho * I"},
    )

    def slope(_, s, v):
        new = v["beta"] * s[0] * s[1] / (1.0 if scale == "mass" else v["N"])
        return [-new, new - v["gamma"] * s[1]]

    return by_equations(
        model,
        slope,
        lambda v: [v["N"] * (1 - v["i0"]), v["N"] * v["i0"]],
        lambda s, v: v["rho"] * s[1],
        {"t": t},
        title=f"SIR, unknown reporting rate, {'mass action' if scale == 'mass' else 'per head'}",
        truth=truth,
        bounds=bounds,
        sigma=2.0,
        verdicts=verdicts,
        combinations=scaled(determined, up, down),
        intervals=intervals,
        source=source,
        lesson="Cases that are reported cannot tell a large population from a high share of cases that are seen.",
    )


def sir_reporting() -> Textbook:
    return _sir(
        "head",
        "Tuncer & Le (2018), doi:10.1016/j.mbs.2018.02.004; Evans et al. (2005), doi:10.1016/j.mbs.2004.10.011",
        "N * rho",
        {
            "beta": IDENTIFIABLE,
            "gamma": IDENTIFIABLE,
            "i0": IDENTIFIABLE,
            "N": STRUCTURALLY,
            "rho": STRUCTURALLY,
        },
        "N",
        "rho",
        {"beta": (0.01, 20), "gamma": (0.01, 10), "i0": (1e-6, 0.1), "N": (10, 1e7), "rho": (1e-4, 100)},
        {"beta": 0.6, "gamma": 0.2, "i0": 1e-3, "N": 1000.0, "rho": 0.4},
        intervals={"beta": (0.589941, 0.610284), "gamma": (0.183435, 0.219975), "i0": (0.000836949, 0.00117464)},
    )


def sir_mass_action() -> Textbook:
    return _sir(
        "mass",
        "Evans et al. (2005), doi:10.1016/j.mbs.2004.10.011",
        "beta * N; N * rho",
        {"beta": STRUCTURALLY, "gamma": IDENTIFIABLE, "i0": IDENTIFIABLE, "N": STRUCTURALLY, "rho": STRUCTURALLY},
        "N",
        "beta rho",
        {"beta": (1e-9, 1), "gamma": (0.01, 10), "i0": (1e-6, 0.1), "N": (10, 1e7), "rho": (1e-4, 100)},
        {"beta": 6e-4, "gamma": 0.2, "i0": 1e-3, "N": 1000.0, "rho": 0.4},
        intervals={"gamma": (0.183435, 0.219975), "i0": (0.000836949, 0.00117464)},
    )


def _moved_rates(values: Values, factor: float) -> Values:
    """k12 times a factor; k21 and the two eliminations follow so that the plasma's curve stays as it is."""
    k12 = values["k12"] * factor
    k21 = values["k21"] / factor
    k10 = values["k10"] + values["k12"] - k12
    return {**values, "k12": k12, "k21": k21, "k10": k10, "k20": values["k20"] + values["k21"] - k21}


def two_compartments() -> Textbook:
    leave, back = "(k10 + k12)", "(k20 + k21)"
    root = f"sqrt(({leave} - {back})**2 + 4 * k12 * k21)"
    mean = f"({leave} + {back}) / 2"
    wave = f"(exp(({root} / 2 - {mean}) * t) * (1 + ({back} - {leave}) / {root}) / 2"
    formula = f"10 * {wave} + exp(-({root} / 2 + {mean}) * t) * (1 - ({back} - {leave}) / {root}) / 2)"
    names = ("k10", "k12", "k20", "k21")
    return by_formula(
        formula,
        {"t": np.concatenate([np.linspace(0.1, 2, 20), np.linspace(2.5, 20, 20)])},
        title="Two compartments, both eliminate, plasma observed",
        truth={"k10": 0.4, "k12": 0.6, "k20": 0.1, "k21": 0.3},
        bounds=dict.fromkeys(names, (1e-4, 50)),
        sigma=0.01,
        verdicts=dict.fromkeys(names, STRUCTURALLY),
        combinations=(Combination(("k10 + k12", "k20 + k21", "k12 * k21"), frozenset(names), _moved_rates),),
        source=f"{COMPARTMENTS}; DiStefano (1983), doi:10.1016/0025-5564(83)90063-X",
        lesson="Flat in the middle and steep at both ends, where another rate would have to be negative: a finite "
        "interval, and yet nothing is told within it.",
    )


def logistic_early() -> Textbook:
    return by_formula(
        "K * N0 / (N0 + (K - N0) * exp(-r * t))",
        {"t": np.linspace(0, 5, 20)},
        title="Logistic growth, early",
        truth={"K": 1000.0, "N0": 1.0, "r": 0.7},
        bounds={"K": (40, 1e8), "N0": (0.01, 30), "r": (0.01, 10)},
        sigma=0.5,
        verdicts={"K": PRACTICALLY, "N0": IDENTIFIABLE, "r": IDENTIFIABLE},
        intervals={"K": (143.932, INFINITE), "N0": (0.808676, 1.13692), "r": (0.665926, 0.778895)},
        source="Simpson et al. (2022), doi:10.1016/j.jtbi.2021.110998",
        lesson="An exponential so far: the growth is told, the capacity has only a lower limit.",
    )


def arrhenius() -> Textbook:
    return by_formula(
        "A * exp(-E / (0.0083145 * T))",
        {"T": np.linspace(298, 318, 21)},
        title="Arrhenius, a narrow range of temperatures",
        truth={"A": 3.0e10, "E": 60.0},
        bounds={"A": (1, 1e22), "E": (1, 200)},
        real=frozenset({"E"}),
        sigma=0.3,
        verdicts={"A": WEAKLY, "E": IDENTIFIABLE},
        combinations=(),
        intervals={"A": (1.07782e09, 1.01646e12), "E": (51.3645, 69.1692)},
        source="Schwaab & Pinto (2007), doi:10.1016/j.ces.2007.02.020",
        lesson="The factor is known to powers of ten only; written with the rate at the mean temperature it is sharp.",
    )


def oscillator() -> Textbook:
    return by_formula(
        "exp(-c * t / (2 * m)) * cos(sqrt(k / m - (c / (2 * m))**2) * t)",
        {"t": np.linspace(0, 10, 60)},
        title="A damped oscillator that is let go",
        truth={"m": 2.0, "c": 0.8, "k": 18.0},
        bounds={"m": (0.02, 200), "c": (0.008, 80), "k": (0.18, 1800)},
        sigma=0.03,
        verdicts=dict.fromkeys(("m", "c", "k"), STRUCTURALLY),
        combinations=scaled("c / m; k / m", "m c k"),
        source=SCALING,
        lesson="Positions tell times, not forces: one known force or mass is needed.",
    )


def jak_stat() -> Textbook:
    t = np.array([0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 25, 30, 35, 40, 45, 50, 60.0])
    which = np.concatenate([np.zeros(t.size), np.ones(t.size)])
    model = pm.ODE(
        {
            "free": "-k1 * drive * free + 2 * k4 * nuclear",
            "active": "k1 * drive * free - 2 * k2 * active**2",
            "dimer": "k2 * active**2 - k3 * dimer",
            "nuclear": "k3 * dimer - k4 * nuclear",
        },
        initial={"free": "stat", "active": 0, "dimer": 0, "nuclear": 0},
        let={"drive": "t * exp(-t / 8) / 3"},
        observe={"y": "(1 - total) * s1 * (active + 2 * dimer) + total * s2 * (free + active + 2 * dimer)"},
    )

    def slope(t, s, v):
        free, active, dimer, nuclear = s
        new, pairs = v["k1"] * t * np.exp(-t / 8) / 3 * free, v["k2"] * active**2
        out = v["k3"] * dimer
        back = v["k4"] * nuclear
        return [-new + 2 * back, new - 2 * pairs, pairs - out, out - back]

    def predict(v):
        found = solve_ivp(
            lambda t, s: slope(t, s, v), (0, t[-1]), [v["stat"], 0, 0, 0], "LSODA", t, rtol=1e-9, atol=1e-12
        )
        free, active, dimer, _ = found.y
        return np.concatenate([v["s1"] * (active + 2 * dimer), v["s2"] * (free + active + 2 * dimer)])

    flat = ("stat", "k2", "s1", "s2")
    return Textbook(
        title="STAT5 signalling with relative measurements",
        inputs={"t": np.concatenate([t, t]), "total": which},
        model=model,
        predict=predict,
        truth={"k1": 0.5, "k2": 1.0, "k3": 0.15, "k4": 0.1, "stat": 2.0, "s1": 0.4, "s2": 0.5},
        bounds={
            "k1": (1e-3, 1e3),
            "k2": (1e-3, 1e3),
            "k3": (1e-3, 1e2),
            "k4": (1e-3, 1e2),
            "stat": (1e-2, 1e3),
            "s1": (1e-3, 1e2),
            "s2": (1e-3, 1e2),
        },
        sigma=0.01,
        verdicts=dict.fromkeys(("k1", "k3", "k4"), IDENTIFIABLE) | dict.fromkeys(flat, STRUCTURALLY),
        combinations=scaled("k2 * stat; s1 * stat; s2 * stat", "stat", "k2 s1 s2"),
        source="Raue et al. (2009), doi:10.1093/bioinformatics/btp358",
        lesson="Blots in arbitrary units: amounts, their scales and the rate of pairing share one unknown unit.",
    )


def _seir(times: np.ndarray, people: float, **stated) -> Textbook:
    infection = "beta * S * I"
    model = pm.ODE(
        {"S": f"-{infection}", "E": f"{infection} - kappa * E", "I": "kappa * E - gamma * I"},
        initial={"S": 1 - 1 / people, "E": 0, "I": 1 / people},
        observe={"y": f"{people} * I"},
    )

    def slope(_, s, v):
        new = v["beta"] * s[0] * s[2]
        ill = v["kappa"] * s[1]
        return [-new, new - ill, ill - v["gamma"] * s[2]]

    return by_equations(
        model,
        slope,
        lambda v: [1 - 1 / people, 0.0, 1 / people],
        lambda s, v: people * s[2],
        {"t": times},
        truth={"beta": 0.8, "kappa": 0.4, "gamma": 0.2},
        bounds={"beta": (1e-2, 1e2), "kappa": (1e-2, 1e2), "gamma": (1e-3, 1e2)},
        **stated,
    )


def seir_whole() -> Textbook:
    return _seir(
        np.arange(1.0, 81.0),
        1e3,
        title="SEIR, the whole epidemic",
        sigma=1.0,
        verdicts=dict.fromkeys(("beta", "kappa", "gamma"), IDENTIFIABLE),
        source=FRAMEWORK,
        lesson="A known population and the infected through their peak tell all three rates.",
    )


def seir_early() -> Textbook:
    return _seir(
        np.arange(8.0, 17.0),
        1e5,
        title="SEIR, before the peak",
        sigma=5.0,
        verdicts=dict.fromkeys(("beta", "kappa", "gamma"), PRACTICALLY),
        source=f"Sauer et al. (2022), doi:10.1137/20M1353289; {FRAMEWORK}",
        lesson="An early epidemic shows a growth rate and a size; three rates share them.",
    )


def biochemical_oxygen_demand() -> Textbook:
    return by_formula(
        "A * (1 - exp(-k * t))",
        {"t": np.array([1, 2, 3, 4, 5, 7.0])},
        title="Biochemical oxygen demand",
        truth={"A": 19.14, "k": 0.531},
        bounds={"A": (1, 1e4), "k": (0, 100)},
        real=frozenset({"A", "k"}),
        sigma=None,
        observed=np.array([8.3, 10.3, 19.0, 16.0, 15.6, 19.8]),
        verdicts={"A": WEAKLY, "k": WEAKLY},
        intervals={"A": (14.0494, 38.4562), "k": (0.131398, 1.80817)},
        source="Bates & Watts (1988), doi:10.1002/9780470316757, BOD",
        lesson="Six points: finite intervals, three times longer on one side, which a standard error does not show.",
    )


def vanished_background() -> Textbook:
    return by_formula(
        "a * exp(-k * t) + c",
        {"t": np.linspace(0, 4, 30)},
        title="A background that may not be negative",
        truth={"a": 5.0, "k": 1.0, "c": -0.05},
        bounds={"a": (0.01, 1e3), "k": (0.01, 1e2), "c": (0, 10)},
        real=frozenset({"c"}),
        sigma=0.1,
        verdicts={"a": IDENTIFIABLE, "k": IDENTIFIABLE, "c": AT_A_BOUND},
        intervals={"a": (4.84956, 5.10711), "k": (0.993239, 1.08061)},
        source="Self & Liang (1987), doi:10.1080/01621459.1987.10478472",
        lesson="The estimate is the bound itself: there is an upper limit and no standard error.",
    )


TEXTBOOK: dict[str, Callable[[], Textbook]] = {
    f.__name__: f
    for f in (
        product,
        clearance,
        bioavailability,
        flip_flop,
        two_exponentials_apart,
        two_exponentials_near,
        michaelis_menten_low,
        michaelis_menten_puromycin,
        hill_across,
        hill_saturated,
        hill_below,
        sir_reporting,
        sir_mass_action,
        two_compartments,
        logistic_early,
        arrhenius,
        oscillator,
        jak_stat,
        seir_whole,
        seir_early,
        biochemical_oxygen_demand,
        vanished_background,
    )
}
