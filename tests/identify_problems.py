"""Textbook problems of identifiability, with the literature's answer for each parameter: `TEXTBOOK`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from textbook import (
    AT_A_BOUND,
    IDENTIFIABLE,
    INFINITE,
    PRACTICALLY,
    STRUCTURALLY,
    WEAKLY,
    Combination,
    Textbook,
    Values,
    by_formula,
    scaled,
)
from textbook_equations import FRAMEWORK, jak_stat, seir_early, seir_whole, sir_mass_action, sir_reporting

SCALING = "Castro & de Boer (2020), doi:10.1371/journal.pcbi.1008248"
COMPARTMENTS = "Cobelli & DiStefano (1980), doi:10.1152/ajpregu.1980.239.1.R7"
EXPONENTIALS = "Istratov & Vyvenko (1999), doi:10.1063/1.1149581"


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
        source="Yanez et al. (2011), doi:10.4155/tde.11.19",
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
        "V / (1 + (K / x)**n)",
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
        "V / (1 + (K / x)**n)",
        {"x": np.geomspace(6, 3000, 24)},
        title="Hill function, saturated",
        truth={"V": 1.0, "K": 1.0, "n": 2.0},
        bounds={"V": (1e-3, 1e4), "K": (1e-12, 1e4), "n": (0.3, 1e3)},
        sigma=0.02,
        verdicts={"V": IDENTIFIABLE, "K": PRACTICALLY, "n": PRACTICALLY},
        intervals={"K": (0.0, 5.98396), "V": (0.990856, 1.02182), "n": (0.0, INFINITE)},
        source=FRAMEWORK,
        lesson="Only the height is told; where and how steeply it is reached is not in the data.",
    )


def hill_below() -> Textbook:
    return by_formula(
        "V / (1 + (K / x)**n)",
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
        source=COMPARTMENTS,
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
        sigma=0.15,
        verdicts={"A": WEAKLY, "E": IDENTIFIABLE},
        combinations=(),
        intervals={"A": (5.6067e09, 1.68439e11), "E": (55.6428, 64.488)},
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
