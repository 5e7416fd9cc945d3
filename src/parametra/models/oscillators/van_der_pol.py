"""Van der Pol's oscillator: it is driven where it swings little, and damped where it swings far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal
from parametra.maths.first_look import extent, lifted
from parametra.maths.trajectory_search import System
from parametra.models.oscillators._trajectories import BEGIN, rows_of, search_or_middle, simulated
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.ode import ODE
from parametra.nouns.parameter import Log, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import begin_of

_VAN_DER_POL = Source("B. van der Pol", 1926, "On relaxation-oscillations", "doi:10.1080/14786442608564127")
_STROGATZ = Source("S. H. Strogatz", 2015, "Nonlinear Dynamics and Chaos, 2nd edition", "isbn:9780813349107")
_TRUTH = {"angular_frequency": 1.5, "damping": 2.0, "scale": 3.0, "first_position": 0.5, "first_velocity": 0.0}


def triode(seed: int = 1926) -> Data:
    """Some five cycles of a relaxation oscillation, 120 points with errors of a twentieth, simulated."""
    time = np.linspace(0.0, 25.0, 120)
    return simulated(_form(None, 0.0).model, _TRUTH, time, {"displacement": 0.3}, seed, {"time": "s"})


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    _, width = extent(*(each.inputs.get("time", np.zeros(0)) for each in data or ()))
    largest = _largest(*(each.outputs.get("displacement", np.zeros(0)) for each in data or ()))
    return Form(
        model=ODE(
            {"x": "angular_frequency * v", "v": "angular_frequency * (damping * (1 - x**2) * v - x)"},
            initial={"x": "first_position", "v": "first_velocity"},
            observe={"displacement": "scale * x"},
            time="time",
            begin=begin_of(data, begin),
        ),
        parameters={
            "angular_frequency": Log(
                1.0 / width, 250.0 / width, guess=20.0 / width, unit="1/{time}", description="that of small damping"
            ),
            "damping": Log(0.01, 10.0, guess=1.0, unit="1", description="how hard it is driven and damped, mu"),
            "scale": Log(
                0.05 * largest,
                20.0 * largest,
                guess=0.5 * largest,
                unit="{displacement}",
                description="half of the swing, nearly",
            ),
            "first_position": Real(-4.0, 4.0, guess=0.5, unit="1", description="where it begins, in units of scale"),
            "first_velocity": Real(-8.0, 8.0, guess=0.0, unit="1", description="how fast it moves then, likewise"),
        },
        inputs={"time": "s"},
        outputs={"displacement": "1"},
        priors={
            "angular_frequency": around_guess(1.0),
            "damping": LogNormal(0.0, 1.0),
            "scale": around_guess(0.7),
            "first_position": Normal(0.0, 1.5),
            "first_velocity": Normal(0.0, 2.0),
        },
    )


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """A search on the first part of the data, carried on to all of them."""
    time, rows = rows_of(data, ("displacement",), begin)
    _, width = extent(time)
    largest = _largest(*rows.values())

    def slopes(at: Mapping[str, Any], states: Any) -> tuple[Any, Any]:
        x, v = states
        speed = at["angular_frequency"]
        return speed * v, speed * (at["damping"] * (1 - x**2) * v - x)

    system = System(
        slopes,
        lambda at: (at["first_position"], at["first_velocity"]),
        lambda at, states: {"displacement": at["scale"] * states[0]},
        {
            "angular_frequency": (4.0 / width, 150.0 / width),
            "damping": (0.03, 8.0),
            "scale": (0.3 * largest, 1.0 * largest),
            "first_position": (-2.2, 2.2),
            "first_velocity": (-3.0, 3.0),
        },
    )
    return search_or_middle(system, time, rows, points=1500)


def _largest(*columns: np.ndarray) -> float:
    """The largest of all values without sign, above zero; 1 where there is none."""
    values = np.abs(np.concatenate([np.zeros(0), *columns]))
    return lifted(float(np.max(values[np.isfinite(values)], initial=0.0)) or 1.0, 1.0, 1e-9)


READY = ReadyMade(
    name="oscillators.van_der_pol",
    summary="Van der Pol's oscillator: driven where it swings little, damped where it swings far",
    formula="""d2x/dt2 = angular_frequency damping (1 - x^2) dx/dt - angular_frequency^2 x
displacement = scale x""",
    good_for="oscillations about zero that come to an amplitude of their own, from nearly a sine (damping near 0) to "
    "sudden jumps (above 3); the cycle lasts 2 pi / angular_frequency and longer",
    prefer_instead="oscillators.fitzhugh_nagumo where it rests off the middle or has two outputs; oscillators.harmonic "
    "where it dies out",
    form=_form,
    guess=guess,
    options={"begin": BEGIN},
    known=(
        Known(
            data=triode,
            about="a relaxation oscillation, simulated",
            estimate=_TRUTH,
            second_start={"damping": 1.6, "scale": 2.5, "first_position": 0.8},
            source=_STROGATZ,
        ),
    ),
    sources=(_VAN_DER_POL, _STROGATZ),
)
