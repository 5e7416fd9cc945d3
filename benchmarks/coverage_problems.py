"""The four problems of the coverage benchmark: their truth, their data sets, and what identify should say of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Simulated:
    """A model with a truth, from which data sets are drawn.

    Arguments:
        formula: the model, for parametra; `predict` is the same in NumPy.
        inputs: name to values.
        truth: of the parameters.
        bounds: of each; searched as they are.
        sigma: the scatter of which data are made; told to the fit where `known`.
        what: the parameter whose interval is looked at.
        guess: where a fit begins, where that is not the truth.
        seed: of the data sets.
    """

    name: str
    formula: str
    predict: Callable[..., np.ndarray]
    inputs: Mapping[str, np.ndarray]
    truth: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    sigma: float
    what: str
    known: bool = True
    guess: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0

    def data(self, number: int) -> np.ndarray:
        """(n,) data set of this number, the same at every call."""
        clean = self.predict(**self.inputs, **self.truth)
        return clean + self.sigma * np.random.default_rng([self.seed, number]).standard_normal(clean.size)

    def problem(self, y: np.ndarray):
        """As a person states it."""
        import parametra as pm

        table = {**self.inputs, "y": y}
        data = pm.Data(table, inputs=list(self.inputs), output="y", sigma=self.sigma if self.known else None)
        start = {**self.truth, **self.guess}
        free = {name: pm.Real(low, high, guess=start[name]) for name, (low, high) in self.bounds.items()}
        return pm.Problem(self.formula, data, free, title=self.name)


DECAY = Simulated(
    "a decay, nearly linear",
    "a * exp(-k * t)",
    lambda t, a, k: a * np.exp(-k * t),
    {"t": np.linspace(0, 3, 30)},
    {"a": 2.0, "k": 0.8},
    {"a": (-50, 50), "k": (-10, 10)},
    0.1,
    "k",
    seed=1,
)
EIGHT = Simulated(
    "eight points, sigma unknown",
    "V * s / (K + s)",
    lambda s, V, K: V * s / (K + s),
    {"s": np.array([0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 12.0])},
    {"V": 10.0, "K": 1.0},
    {"V": (-1e3, 1e3), "K": (0.01, 1e3)},
    0.3,
    "K",
    known=False,
    seed=2,
)
FIELLER = Simulated(
    "strongly nonlinear: where a weak slope meets zero",
    "slope * (x - origin)",
    lambda x, slope, origin: slope * (x - origin),
    {"x": np.linspace(3, 9, 12)},
    {"slope": 0.4, "origin": 1.0},
    {"slope": (-50, 50), "origin": (-1e4, 1e4)},
    0.6,
    "origin",
    seed=3,
)
BOUND = Simulated(
    "at a bound: a line that is not there",
    "a * exp(-0.5 * ((t - 5) / 0.8)**2) + b",
    lambda t, a, b: a * np.exp(-0.5 * ((t - 5) / 0.8) ** 2) + b,
    {"t": np.linspace(0, 10, 40)},
    {"a": 0.0, "b": 1.0},
    {"a": (0, 50), "b": (-50, 50)},
    0.3,
    "a",
    guess={"a": 0.3},
    seed=4,
)
PROBLEMS = (DECAY, EIGHT, FIELLER, BOUND)
