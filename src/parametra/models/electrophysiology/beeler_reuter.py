"""Beeler and Reuter's action potential of the heart's ventricle: a membrane potential, and calcium within."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.box_search import box_search
from parametra.maths.distributions import LogNormal
from parametra.models.electrophysiology._ventricle import Grid, action_potential
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Fixed, Log, Parameter
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade
from parametra.nouns.zero_of_time import begin_of

_BEELER = Source(
    "G. W. Beeler and H. Reuter",
    1977,
    "Reconstruction of the action potential of ventricular myocardial fibres",
    "doi:10.1113/jphysiol.1977.sp011853",
)
_TRUTH = {
    "sodium_conductance": 4.0,
    "background_sodium_conductance": 0.003,
    "slow_inward_conductance": 0.09,
    "inward_rectifier_current": 0.35,
    "delayed_outward_current": 0.8,
}
_ABOUT = {
    "sodium_conductance": "of the fast sodium current, all its gates open",
    "background_sodium_conductance": "of sodium at rest",
    "slow_inward_conductance": "of the slow inward current, which calcium carries, all its gates open",
    "inward_rectifier_current": "factor of the potassium current that depends on the voltage alone",
    "delayed_outward_current": "factor of the outward current that the gate x1 opens",
}
_HELD = {"capacitance": 1.0, "stimulus_current": 25.0, "first_voltage": -84.622, "first_calcium": 0.2}
_OUTPUTS = {"voltage": "mV", "calcium": "umol/L"}
_REACH, _SEARCHED = 30.0, 4.0
"""Factors about the constants of 1977 that a fit may go to, and that a guess is searched in."""
_MOST_ROWS, _POINTS = 200, 150


def fibre(seed: int = 1977) -> Data:
    """A stimulated fibre: 280 potentials with errors of 1 mV, and calcium with errors of 0.05 umol/L, simulated."""
    time = np.concatenate([np.arange(0.0, 10.0, 0.25), np.arange(10.0, 490.0, 2.0)])
    nodes, stimulated = Grid(0.0, 0.0, 2.0).nodes(490.0)
    exact = action_potential({**_TRUTH, **_HELD}, time, nodes, stimulated)
    sigma = dict(zip(_OUTPUTS, (1.0, 0.05), strict=True))
    generator = np.random.default_rng(seed)
    seen = {
        name: values + width * generator.standard_normal(time.size)
        for (name, width), values in zip(sigma.items(), exact, strict=True)
    }
    units = {"time": "ms", **_OUTPUTS}
    return Data({"time": time, **seen}, inputs=["time"], output=[*seen], sigma=sigma, units=units)


def _model(grid: Grid, horizon: float) -> Callable[..., Any]:
    def fibre_of_the_ventricle(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        time = inputs["time"]
        nodes, stimulated = grid.nodes(max(horizon, float(np.max(time, initial=0.0))))
        known = {name: parameters[name] if name in parameters else inputs[name] for name in (*_TRUTH, *_HELD)}
        return dict(zip(_OUTPUTS, action_potential(known, time, nodes, stimulated), strict=True))

    return fibre_of_the_ventricle


def _grid(data: Sequence[Data] | None, onset: float, duration: float, **steps: float) -> Grid:
    if not (math.isfinite(onset) and math.isfinite(duration) and duration > 0):
        raise ModelError(
            f"the stimulus has an onset, a time in ms, and a duration above zero; onset={onset}, duration={duration} "
            "came."
        )
    return Grid(min(begin_of(data), onset), onset, duration, **steps)


def _form(data: Sequence[Data] | None, onset: float, duration: float) -> Form:
    times = [each.inputs["time"] for each in data or () if "time" in each.inputs]
    horizon = float(max((np.max(each, initial=onset) for each in times), default=onset + 500.0))
    parameters: dict[str, Parameter] = {
        name: Log(
            value / _REACH,
            value * _REACH,
            guess=value,
            unit="mS/cm**2" if name.endswith("conductance") else "uA/cm**2",
            description=_ABOUT[name],
        )
        for name, value in _TRUTH.items()
    }
    parameters |= {
        "capacitance": Fixed(1.0, unit="uF/cm**2", description="of the membrane"),
        "stimulus_current": Fixed(25.0, unit="uA/cm**2", description="inwards, from the onset for the duration"),
        "first_voltage": Fixed(-84.622, unit="mV", description="the potential when it begins, with all gates at rest"),
        "first_calcium": Fixed(0.2, unit="umol/L", description="calcium when it begins"),
    }
    return Form(
        model=_model(_grid(data, onset, duration), horizon),
        parameters=parameters,
        inputs={"time": "ms"},
        outputs=dict(_OUTPUTS),
        priors={name: LogNormal(math.log(value), 0.7) for name, value in _TRUTH.items()},
    )


def guess(data: Data, onset: float, duration: float) -> dict[str, float]:
    """A search of all five within a factor of four of the constants of 1977, in steps of up to a millisecond."""
    time = data.inputs.get("time", np.zeros(0))
    rows = np.flatnonzero(np.isfinite(time))
    if rows.size > _MOST_ROWS:
        rows = rows[np.linspace(0, rows.size - 1, _MOST_ROWS).astype(int)]
    observed: list[tuple[int, np.ndarray, np.ndarray, float]] = []
    for k, name in enumerate(_OUTPUTS):
        values = data.outputs.get(name, np.full(time.size, np.nan))[rows]
        known = np.flatnonzero(np.isfinite(values))
        if known.size and (spread := float(np.std(values[known]))) > 0:
            observed.append((k, known, values[known], spread))
    if sum(known.size for _, known, _, _ in observed) < 2 * len(_TRUTH):
        return {}
    nodes, stimulated = _grid((data,), onset, duration, fine=0.1, coarse=1.0).nodes(float(time[rows].max()))

    def residuals(at: Mapping[str, Any]) -> Any:
        there = action_potential({**at, **_HELD}, time[rows], nodes, stimulated)
        return np.concatenate([(there[k][:, known] - y) / spread for k, known, y, spread in observed], axis=1)

    box = {name: (value / _SEARCHED, value * _SEARCHED) for name, value in _TRUTH.items()}
    return box_search(residuals, box, points=_POINTS)


def _draw(fit: Any, problem: Any, axes: Any) -> None:
    """The potential, and calcium on an axis of its own at the right."""
    beside = None
    for i, data in enumerate(problem.data_sets):
        time = data.inputs["time"]
        fine = np.union1d(np.linspace(time.min(), time.max(), 600), time)
        curves = problem.model.predict(problem.bindings[i].parameters_of(fit.values), {**data.constants, "time": fine})
        for name, colour in (("voltage", "C0"), ("calcium", "C1")):
            if name not in data.outputs:
                continue
            if name == "calcium" and beside is None:
                beside = axes.twinx()
                beside.set_ylabel("calcium (umol/L)", color=colour)
            here: Any = axes if name == "voltage" else beside
            here.plot(time, data.outputs[name], ".", color=colour, markersize=3, alpha=0.4)
            here.plot(fine, curves[name], color=colour, linewidth=1.2)
    axes.set(xlabel="time (ms)", ylabel="voltage (mV)")


READY = ReadyMade(
    name="electrophysiology.beeler_reuter",
    summary="Beeler and Reuter's action potential of the heart's ventricle, and its calcium",
    formula="""C dV/dt = stimulus - i_K1 - i_x1 - i_Na - i_s
i_Na = (sodium_conductance m^3 h j + background_sodium_conductance) (V - 50)
i_s = slow_inward_conductance d f (V + 82.3 + 13.0287 log(Ca)), dCa/dt = 0.07 (1e-7 - Ca) - 1e-7 i_s, Ca in mol/L
i_K1 = inward_rectifier_current (4 (exp(0.04 (V + 85)) - 1) / (exp(0.08 (V + 53)) + exp(0.04 (V + 53)))
       + 0.2 (V + 23) / (1 - exp(-0.04 (V + 23))))
i_x1 = delayed_outward_current x1 (exp(0.04 (V + 77)) - 1) / exp(0.04 (V + 35))
six gates x1, m, h, j, d, f with rates of V""",
    good_for="action potentials of ventricular cells after one stimulus, and how much of each current is behind them; "
    "voltage or calcium may be all that is seen. Times are in ms, voltages in mV",
    prefer_instead="electrophysiology.hodgkin_huxley_potassium for a current in voltage clamp; an ODE of your own for "
    "other currents, or trains of stimuli",
    form=_form,
    guess=guess,
    options={
        "onset": Option(0.0, "when the stimulus begins, in ms"),
        "duration": Option(2.0, "how long the stimulus lasts, in ms"),
    },
    known=(
        Known(
            data=fibre,
            about="a stimulated fibre, simulated with the constants of 1977",
            estimate=_TRUTH,
            second_start={
                "sodium_conductance": 6.0,
                "background_sodium_conductance": 0.004,
                "slow_inward_conductance": 0.07,
                "inward_rectifier_current": 0.45,
                "delayed_outward_current": 0.6,
            },
            source=_BEELER,
        ),
    ),
    sources=(_BEELER,),
    picture=_draw,
)
