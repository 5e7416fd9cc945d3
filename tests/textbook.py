"""What a textbook problem of identifiability is: a design, the literature's answer, and data that are not random.

Data are the model at `truth` plus `sigma` times normal quantiles in a fixed order, without the part that the model
could follow: the truth is the estimate, and a verdict depends on the design alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
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
        intervals: parameter to its profile interval at 95 % by brute force (`brute_profiles.py`), infinite where the
            profile does not get so high within the bounds; made again by a slow test.
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
        with np.errstate(all="ignore"):
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
