"""Lotka and Volterra's equations of a predator and its prey."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.noise_positive import LogNormal
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Log
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade, around_guess

_LOTKA = Source(
    "A. J. Lotka", 1920, "Undamped oscillations derived from the law of mass action", "doi:10.1021/ja01453a010"
)
_VOLTERRA = Source(
    "V. Volterra",
    1926,
    "Fluctuations in the abundance of a species considered mathematically",
    "doi:10.1038/118558a0",
)
_CARPENTER = Source(
    "B. Carpenter",
    2018,
    "Predator-Prey Population Dynamics: the Lotka-Volterra model in Stan",
    "https://mc-stan.org/users/documentation/case-studies/lotka-volterra-predator-prey.html",
)
_FACTOR = 10.0
"""Bounds about the first look: far outside, populations explode within a cycle and no solver follows."""
_DEFAULT = {"birth": 0.5, "predation": 0.03, "gain": 0.03, "death": 0.8, "first_prey": 30.0, "first_predator": 5.0}
_PARAMETERS = {
    "birth": ("1/{time}", "growth of the prey without predators"),
    "predation": ("1/{predator}/{time}", "loss of prey to each predator"),
    "gain": ("1/{prey}/{time}", "growth of the predators by each prey"),
    "death": ("1/{time}", "loss of predators without prey"),
    "first_prey": ("{prey}", "the prey when it begins"),
    "first_predator": ("{predator}", "the predators when it begins"),
}


def hares_and_lynxes() -> Data:
    """Pelts of hares and lynxes in thousands, Hudson's Bay Company, 1900 to 1920 (Carpenter 2018)."""
    hares = [
        30,
        47.2,
        70.2,
        77.4,
        36.3,
        20.6,
        18.1,
        21.4,
        22,
        25.4,
        27.1,
        40.3,
        57,
        76.6,
        52.3,
        19.5,
        11.2,
        7.6,
        14.6,
        16.2,
        24.7,
    ]
    lynxes = [
        4,
        6.1,
        9.8,
        35.2,
        59.4,
        41.7,
        19,
        13,
        8.3,
        9.1,
        7.4,
        8,
        12.3,
        19.5,
        45.7,
        51.1,
        29.7,
        15.8,
        9.7,
        10.1,
        8.6,
    ]
    table = {"time": np.arange(1900.0, 1921.0), "prey": hares, "predator": lynxes}
    units = {"time": "year", "prey": "thousand", "predator": "thousand"}
    return Data(table, inputs=["time"], output=["prey", "predator"], units=units)


def _form(data: Sequence[Data] | None, begin: float | None, scatter: str = "common") -> Form:
    first = (
        begin
        if begin is not None
        else min((float(np.min(each.inputs["time"])) for each in data or () if "time" in each.inputs), default=0.0)
    )
    near = _DEFAULT | (guess(data[0]) if data else {})
    return Form(
        model=ODE(
            {"x": "(birth - predation * y) * x", "y": "(gain * x - death) * y"},
            initial={"x": "first_prey", "y": "first_predator"},
            # a population that has died out has a logarithm all the same
            observe={"prey": "maximum(x, 1e-200)", "predator": "maximum(y, 1e-200)"},
            time="time",
            begin=first,
        ),
        parameters={
            name: Log(near[name] / _FACTOR, near[name] * _FACTOR, guess=near[name], unit=unit, description=about)
            for name, (unit, about) in _PARAMETERS.items()
        },
        inputs={"time": "year"},
        outputs={"prey": "1", "predator": "1"},
        noise=LogNormal(common=scatter == "common"),
        priors=dict.fromkeys(_PARAMETERS, around_guess(1.0)),
        derived={"prey_at_rest": "death / gain", "predator_at_rest": "birth / predation"},
    )


def guess(data: Data) -> dict[str, float]:
    """The logarithms of both grow linearly with the integral of the other, which the trapezoidal rule gives."""
    time, prey, predator = data.inputs.get("time"), data.outputs.get("prey"), data.outputs.get("predator")
    found: dict[str, float] = {}
    if time is None or prey is None or predator is None:
        return found
    known = np.isfinite(prey) & np.isfinite(predator) & (prey > 0) & (predator > 0)
    order = np.argsort(time[known], kind="stable")
    time, prey, predator = time[known][order], prey[known][order], predator[known][order]
    if not time.size:
        return found
    gap = np.diff(time)
    pairs = (("birth", "predation", prey, predator, 1.0), ("death", "gain", predator, prey, -1.0))
    for rate, coupling, own, other, sign in pairs:
        integral = 0.5 * (other[1:] + other[:-1]) * gap
        table = np.stack([sign * gap, -sign * integral], axis=-1)
        solved = np.linalg.lstsq(table, np.diff(np.log(own)), rcond=None)[0] if gap.size else np.zeros(2)
        found[rate] = float(solved[0]) if solved[0] > 0 else 0.5
        found[coupling] = float(solved[1]) if solved[1] > 0 else found[rate] / float(np.mean(other))
    return {**found, "first_prey": float(prey[0]), "first_predator": float(predator[0])}


READY = ReadyMade(
    name="ecology.lotka_volterra",
    summary="A predator and its prey: both go round without end",
    formula="""d prey/dt = (birth - predation predator) prey
d predator/dt = (gain prey - death) predator""",
    good_for="a first look at populations that cycle; scatter is taken as relative, one for both. Either population "
    "may be all that is seen",
    prefer_instead="an ODE of your own with a capacity or a saturating predator, where cycles settle to a size of "
    "their own",
    form=_form,
    guess=guess,
    options={
        "begin": Option(None, "when it begins; None is the first time of the data"),
        "scatter": Option(
            "common", "whether both populations have one relative scatter, or each its own", ("common", "each")
        ),
    },
    known=(
        Known(
            data=hares_and_lynxes,
            about="hares and lynxes in Canada",
            estimate={"birth": "0.5", "predation": "0.03", "gain": "0.02", "death": "0.8"},
            second_start={
                "birth": 0.8,
                "predation": 0.04,
                "gain": 0.02,
                "death": 0.6,
                "first_prey": 40.0,
                "first_predator": 7.0,
            },
            source=_CARPENTER,
        ),
    ),
    sources=(_LOTKA, _VOLTERRA, _CARPENTER),
)
