"""What models of peaks share: the sum of several of them, backgrounds, guesses and priors."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import extent, lifted, tidy
from parametra.maths.peak_search import find_peaks
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.interchange import Interchange
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Option, around_guess

if TYPE_CHECKING:
    Count = int
else:
    # What comes is checked by `endings`, whose message says what to do.
    Count = Any

NIST = Source(
    "NIST/ITL",
    2003,
    "Statistical Reference Datasets: nonlinear least squares regression",
    "https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml",
)
OPTIONS = {
    "peaks": Option(1, "how many peaks; their parameters are height_1, height_2, ... where there are several"),
    "background": Option("constant", "what is beneath them", ("none", "constant", "linear", "exponential")),
}
_BACKGROUNDS = {
    "none": "",
    "constant": " + background",
    "linear": " + background + background_slope * x",
    "exponential": " + background * exp(-background_rate * x)",
}
_MOST = 30


def gaussian(distance: Any) -> Any:
    """A Gaussian of height 1 by the distance from its centre in full widths at half maximum."""
    return np.exp(-4 * np.log(2) * distance**2)


def lorentzian(distance: Any) -> Any:
    """A Lorentzian of height 1, likewise."""
    return 1 / (1 + 4 * distance**2)


@dataclass(frozen=True)
class Profile:
    """A profile of one peak, from which models of several are put together.

    Arguments:
        formula: a formula of x and of the parameters in braces, or None where `Form.model` is a function.
        parameters: name to parameter; "center" is one of them.
        priors: name to prior, for those other than the centre and the height.
        derived: name to formula of the parameters in braces.
        shape: the profile that is looked for in the data.
        read: from the centre, width and height that were found to the parameters; None for just these.
    """

    formula: str
    parameters: Mapping[str, Parameter]
    priors: Mapping[str, Any]
    derived: Mapping[str, str]
    shape: Callable[[Any], Any] = gaussian
    read: Callable[[float, float, float], dict[str, float]] | None = None

    def form(self, data: Sequence[Data] | None, peaks: Count, background: str, model: Any = None) -> Form:
        """So many peaks on a background."""
        formulas: list[str] = []
        parameters: dict[str, Parameter] = {}
        priors: dict[str, Any] = {}
        derived: dict[str, object] = {}
        middle, width = extent(*(each.inputs.get("x", np.zeros(0)) for each in data or ()))
        _, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()), np.zeros(1))
        place = Normal(middle, width)
        anywhere = {"center": place, "location": place, "height": Normal(0.0, 5.0 * height), **self.priors}
        for end in endings(peaks):
            called = {name: f"{name}{end}" for name in self.parameters}
            formulas.append(self.formula.format(**called))
            parameters |= {called[name]: each for name, each in self.parameters.items()}
            priors |= {called[name]: anywhere[name] for name in self.parameters}
            derived |= {f"{name}{end}": each.format(**called) for name, each in self.derived.items()}
        more, also = _background(background, middle, width, height)
        return Form(
            model={"signal": " + ".join(formulas) + _BACKGROUNDS[background]} if model is None else model,
            parameters={**parameters, **more},
            inputs={"x": "1"},
            outputs={"signal": "1"},
            priors={**priors, **also},
            derived=derived,
            interchangeable=self._alike(endings(peaks)),
        )

    def _alike(self, ends: Sequence[str]) -> Interchange:
        """The peaks, which come from the left to the right."""
        place = "center" if "center" in self.parameters else "location"
        names = (place, *(name for name in self.parameters if name != place))
        return Interchange(tuple(tuple(f"{name}{end}" for name in names) for end in ends))

    def guess(self, data: Data, peaks: Count, background: str) -> dict[str, float]:
        """Peaks where they explain most of the data, on the background that is fitted with them."""
        x, signal = tidy(data.inputs["x"], data.outputs["signal"], 600)
        _, width = extent(x)
        _, height = extent(signal)
        rates = np.geomspace(0.1, 30.0, 10) / width
        columns: list[list[Any]] = {
            "none": [[]],
            "constant": [[np.ones(x.size)]],
            "linear": [[np.ones(x.size), x - x[0]]],
            "exponential": [[np.exp(-rate * (x - x[0]))] for rate in rates],
        }[background]
        found = find_peaks(x, signal, peaks, self.shape, columns)
        guessed: dict[str, float] = {}
        for k, end in enumerate(endings(peaks)):
            # one that explains nothing still gets a height that the fit can move
            tall = float(found.heights[k]) or 1e-3 * height
            at = float(found.centers[k]), lifted(float(found.widths[k]), width, 1e-6), tall
            read = {"center": at[0], "fwhm": at[1], "height": at[2]} if self.read is None else self.read(*at)
            guessed |= {f"{name}{end}": value for name, value in read.items()}
        return guessed | _guessed_background(background, found.background, float(x[0]), float(rates[found.chosen]))


def endings(peaks: Count) -> list[str]:
    """What stands behind the names of each peak's parameters."""
    given: Any = peaks
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= peaks <= _MOST:
        raise ModelError(f'the option "peaks" is a whole number from 1 to {_MOST}; {peaks!r} came.')
    return [""] if peaks == 1 else [f"_{k}" for k in range(1, peaks + 1)]


def background_columns(background: str, x: Any, found: Mapping[str, float]) -> list[Any]:
    """What backgrounds are made of, for a second look beside the first guess."""
    if background == "exponential":
        return [np.exp(-found["background_rate"] * (x - x[0]))]
    return {"none": [], "constant": [np.ones(1)], "linear": [np.ones(1), x - x[0]]}[background]


def background_of(background: str, parameters: Mapping[str, Any], x: Any, xp: Any) -> Any:
    """The background for models that are functions."""
    if background == "none":
        return xp.zeros_like(x)
    if background == "exponential":
        return parameters["background"] * xp.exp(-parameters["background_rate"] * x)
    level = parameters["background"] + 0 * x
    return level + parameters["background_slope"] * x if background == "linear" else level


def nist(name: str) -> Data:
    """A set of peaks of NIST, from the folder of published data."""
    import json

    entry = json.loads((Path(os.environ["PARAMETRA_DATA"]) / "nist_strd" / "nist_strd.json").read_text())[name]
    return Data({"x": np.ravel(entry["x"]), "signal": np.ravel(entry["y"])}, inputs=["x"], output="signal")


def _background(
    background: str, middle: float, width: float, height: float
) -> tuple[dict[str, Parameter], dict[str, Any]]:
    if background == "none":
        return {}, {}
    parameters: dict[str, Parameter] = {
        "background": Real(guess=0.0, unit="{signal}", description="the background, at x = 0")
    }
    far = 1 + abs(middle) / width
    priors: dict[str, Any] = {"background": Normal(0.0, 5.0 * far * height)}
    if background == "linear":
        parameters["background_slope"] = Real(guess=0.0, unit="{signal}/{x}", description="how the background rises")
        priors["background_slope"] = Normal(0.0, 5.0 * height / width)
    elif background == "exponential":
        parameters["background_rate"] = Positive(guess=1.0, unit="1/{x}", description="how fast the background falls")
        priors["background_rate"] = around_guess(1.5)
    return parameters, priors


def _guessed_background(background: str, factors: Any, first: float, rate: float) -> dict[str, float]:
    if background == "none":
        return {}
    level = float(factors[0])
    if background == "linear":
        slope = float(factors[1])
        return {"background": level - slope * first, "background_slope": slope}
    if background == "exponential":
        return {"background": level * float(np.exp(np.clip(rate * first, -50, 50))), "background_rate": rate}
    return {"background": level}
