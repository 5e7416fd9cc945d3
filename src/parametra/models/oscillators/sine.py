"""A sine wave about a level."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal, Uniform
from parametra.maths.first_look import extent, lifted
from parametra.maths.periodogram import harmonic_power
from parametra.models.oscillators._aliases import highest_frequency
from parametra.models.oscillators._sine_doubts import sine_doubts
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Parameter, Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import refuse_far_zero

_NIST = Source(
    "NIST/SEMATECH",
    2012,
    "e-Handbook of Statistical Methods, 1.4.2.5, Beam Deflections",
    "doi:10.18434/M32189",
)
_ZECHMEISTER = Source(
    "M. Zechmeister and M. Kuerster",
    2009,
    "The generalised Lomb-Scargle periodogram",
    "doi:10.1051/0004-6361:200811296",
)
_FINE = 10
"""Frequencies of the search for each 1 / span, the width of a peak."""
_MOST = 200_000
# fmt: off
_LEW = [
    -213, -564, -35, -15, 141, 115, -420, -360, 203, -338, -431, 194, -220, -513, 154, -125, -559, 92, -21, -579, -52,
    99, -543, -175, 162, -457, -346, 204, -300, -474, 164, -107, -572, -8, 83, -541, -224, 180, -420, -374, 201, -236,
    -531, 83, 27, -564, -112, 131, -507, -254, 199, -311, -495, 143, -46, -579, -90, 136, -472, -338, 202, -287, -477,
    169, -124, -568, 17, 48, -568, -135, 162, -430, -422, 172, -74, -577, -13, 92, -534, -243, 194, -355, -465, 156,
    -81, -578, -64, 139, -449, -384, 193, -198, -538, 110, -44, -577, -6, 66, -552, -164, 161, -460, -344, 205, -281,
    -504, 134, -28, -576, -118, 156, -437, -381, 200, -220, -540, 83, 11, -568, -160, 172, -414, -408, 188, -125, -572,
    -32, 139, -492, -321, 205, -262, -504, 142, -83, -574, 0, 48, -571, -106, 137, -501, -266, 190, -391, -406, 194,
    -186, -553, 83, -13, -577, -49, 103, -515, -280, 201, 300, -506, 131, -45, -578, -80, 138, -462, -361, 201, -211,
    -554, 32, 74, -533, -235, 187, -372, -442, 182, -147, -566, 25, 68, -535, -244, 194, -351, -463, 174, -125, -570,
    15, 72, -550, -190, 172, -424, -385, 198, -218, -536, 96,
]
# fmt: on


def beam() -> Data:
    """Deflections of a beam of steel and concrete, one after the other (Lew 1969, in the NIST/SEMATECH handbook)."""
    table = {"time": np.arange(1.0, 201.0), "signal": np.array(_LEW, dtype=float)}
    return Data(table, inputs=["time"], output="signal")


def uneven_times() -> Data:
    """Sixty uneven points of a slow wave, simulated."""
    generator = np.random.default_rng(11)
    time = np.sort(generator.uniform(0.0, 30.0, 60))
    signal = 10.0 + 2.0 * np.sin(2 * np.pi * 0.23 * time + 1.0) + 0.4 * generator.standard_normal(60)
    return Data({"time": time, "signal": signal}, inputs=["time"], output="signal", units={"time": "d"})


def _form(data: Sequence[Data] | None) -> Form:
    refuse_far_zero(data, "phase is where the wave is at time zero")
    middle, height = extent(*(each.outputs.get("signal", np.zeros(0)) for each in data or ()))
    near = guess(data[0]) if data else {"frequency": 1.0, "phase": 0.0}
    return Form(
        model={"signal": "offset + amplitude * sin(2 * pi * frequency * time + phase)"},
        parameters={
            "amplitude": Positive(guess=1.0, unit="{signal}", description="half of the swing from trough to crest"),
            "frequency": _frequency(near["frequency"], data),
            "phase": Real(
                near["phase"] - np.pi,
                near["phase"] + np.pi,
                guess=near["phase"],
                unit="rad",
                description="the angle at time zero",
            ),
            "offset": Real(guess=0.0, unit="{signal}", description="the level in the middle"),
        },
        inputs={"time": "s"},
        outputs={"signal": "1"},
        priors={
            "amplitude": around_guess(1.0),
            "frequency": around_guess(0.5),
            "phase": Uniform(near["phase"] - np.pi, near["phase"] + np.pi),
            "offset": Normal(middle, 2.0 * height),
        },
        derived={"period": "1 / frequency", "angular_frequency": "2 * pi * frequency"},
    )


def _frequency(near: float, data: Sequence[Data] | None) -> Parameter:
    """Within the highest peak: the periodogram has tried all others, and each has a basin of its own."""
    settings: dict[str, Any] = {"unit": "1/{time}", "description": "cycles in a unit of time"}
    if not data:
        return Positive(guess=near, **settings)
    times = np.concatenate([np.ravel(each.inputs["time"]) for each in data if "time" in each.inputs] or [np.zeros(1)])
    width = 1.0 / extent(times)[1]
    return Real(max(near - width, 0.0), near + width, guess=near, **settings)


def guess(data: Data) -> dict[str, float]:
    """The highest peak of the periodogram up to the Nyquist frequency; level, amplitude and phase are linear there."""
    time, signal = data.inputs["time"], data.outputs["signal"]
    known = np.isfinite(time) & np.isfinite(signal)
    time, signal = time[known], signal[known]
    span = float(np.ptp(time)) if time.size else 0.0
    middle, height = extent(signal)
    if np.unique(time).size < 3 or span <= 0:
        frequency = 1.0 / (span or extent(time)[1])
        return {"amplitude": 0.5 * height, "frequency": frequency, "phase": 0.0, "offset": middle}
    step = 1.0 / (_FINE * span)
    count = int(min(max(highest_frequency(np.unique(time)) / step, _FINE), _MOST))
    first = 3.0 * step
    power = harmonic_power(time, signal, np.ones(time.size), (first, step, max(count - 2, 1)))
    near = first + step * int(np.argmax(power))
    fine = np.linspace(near - step, near + step, 41)
    angle = 2 * np.pi * fine[:, None] * time
    columns = np.stack([np.ones_like(angle), np.sin(angle), np.cos(angle)], axis=-1)
    factors = np.stack([np.linalg.lstsq(each, signal, rcond=None)[0] for each in columns])
    wrong = ((signal - (columns @ factors[..., None])[..., 0]) ** 2).sum(axis=1)
    best = int(np.argmin(wrong))
    level, sine, cosine = (float(each) for each in factors[best])
    return {
        "amplitude": lifted(float(np.hypot(sine, cosine)), height),
        "frequency": float(fine[best]),
        "phase": float(np.arctan2(cosine, sine)),
        "offset": level,
    }


READY = ReadyMade(
    name="oscillators.sine",
    summary="A sine wave about a level",
    formula="signal = offset + amplitude sin(2 pi frequency time + phase)",
    good_for="one period in evenly or unevenly sampled data, from less than a cycle to thousands; "
    "pm.models.oscillators.aliases(time, frequency) tells which other frequencies these times cannot exclude",
    prefer_instead="oscillators.harmonic where it dies out; eclipsing_binary.trigonometric_polynomial for a period "
    "whose shape is no sine. Even times never tell a frequency above half their own from its alias below",
    form=_form,
    guess=guess,
    known=(
        Known(
            data=beam,
            about="deflections of a beam, by linear least squares at every frequency of a fine grid; the "
            "handbook's own fit, at 0.302596, leaves a residual standard deviation of 155.8 and not 134.1",
            estimate={"offset": "-178.768", "amplitude": "343.289", "frequency": "0.301807", "phase": "-1.314"},
            second_start={"amplitude": 200.0, "phase": -2.3, "offset": -100.0},
            source=_NIST,
        ),
        Known(
            data=uneven_times,
            about="a slow wave at uneven times, simulated",
            estimate={"amplitude": 2.0, "frequency": 0.23, "phase": 1.0, "offset": 10.0},
            second_start={"amplitude": 1.0, "frequency": 0.21, "phase": 0.2, "offset": 9.0},
            source=_ZECHMEISTER,
        ),
    ),
    sources=(_NIST, _ZECHMEISTER),
    doubts=sine_doubts,
)
