"""Textbook problems of identifiability whose models are differential equations: epidemics and signalling."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.integrate import solve_ivp

import parametra as pm
from textbook import IDENTIFIABLE, INFINITE, PRACTICALLY, STRUCTURALLY, Textbook, Values, scaled

FRAMEWORK = "Wang & Hao (2025), arXiv:2501.01283"


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
        intervals={"beta": (0.741416, 0.845496), "gamma": (0.198328, 0.200933), "kappa": (0.357612, 0.472653)},
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
        intervals={"beta": (0.231225, INFINITE), "gamma": (0.0, 84.4483), "kappa": (0.0, INFINITE)},
        source=f"Sauer et al. (2022), doi:10.1137/20M1353289; {FRAMEWORK}",
        lesson="An early epidemic shows a growth rate and a size; three rates share them.",
    )
