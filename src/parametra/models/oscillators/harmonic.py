"""A damped harmonic oscillator: a spring with friction, in closed form through all of its regimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import Shape, best_shape, extent, lifted, tidy
from parametra.maths.periodogram import harmonic_power
from parametra.models.oscillators._aliases import highest_frequency
from parametra.models.oscillators._trajectories import BEGIN
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.parameter import Log, Positive, Real
from parametra.nouns.ready_made import Form, Known, ReadyMade, around_guess
from parametra.nouns.zero_of_time import begin_of

_LANDAU = Source("L. D. Landau and E. M. Lifshitz", 1976, "Mechanics, 3rd edition", "isbn:9780750628969")
_PINTS = Source(
    "M. Clerx, M. Robinson, B. Lambert, C. L. Lei, S. Ghosh, G. R. Mirams and D. J. Gavaghan",
    2019,
    "Probabilistic Inference on Noisy Time Series (PINTS)",
    "doi:10.5334/jors.252",
)
_NEAR = 1e-3
"""How close to critical damping a series takes the place of roots: its first term left out is below 1e-16 there."""
_SPRING = {"angular_frequency": 1.0, "friction": 0.15, "rest": 0.0, "first_position": 1.0, "first_velocity": 0.0}
_DOOR = {"angular_frequency": 2.0, "friction": 9.0, "rest": 0.5, "first_position": 3.0, "first_velocity": 4.0}


def spring(seed: int = 0) -> Data:
    """Fifty units of time of a spring that swings out, 100 points with a standard deviation of 0.05, simulated."""
    return _simulated(_SPRING, np.linspace(0.0, 50.0, 100), 0.05, seed)


def door(seed: int = 1) -> Data:
    """A door that closes without swinging, 80 points, simulated."""
    return _simulated(_DOOR, np.linspace(0.0, 8.0, 80), 0.02, seed)


def _simulated(truth: dict[str, float], time: np.ndarray, sigma: float, seed: int) -> Data:
    cosine, sine = motions(time, truth["angular_frequency"], truth["friction"])
    away = truth["first_position"] - truth["rest"]
    exact = truth["rest"] + away * cosine + (truth["first_velocity"] + truth["friction"] / 2 * away) * sine
    noisy = exact + sigma * np.random.default_rng(seed).standard_normal(time.size)
    return Data({"time": time, "position": noisy}, inputs=["time"], output="position")


def motions(elapsed: Any, angular_frequency: Any, friction: Any) -> tuple[Any, Any]:
    """The two motions of which all others are made: from 1 at rest, and from 0 at speed 1, less damping by g = c / 2.

    exp(-g t) cos(w t),  exp(-g t) sin(w t) / w,  w^2 = angular_frequency^2 - g^2, hyperbolic where that is below 0
    """
    half = 0.5 * friction
    root = np.sqrt(angular_frequency**2 - half**2 + 0j)
    root = np.where(np.abs(root) < 1e-12, 1e-6, root)
    # both exponents are below zero, so nothing overflows
    one, other = np.exp((-half + 1j * root) * elapsed), np.exp((-half - 1j * root) * elapsed)
    return np.real(0.5 * (one + other)), np.real((one - other) / (2j * root))


def _formula(begin: float) -> str:
    """The motion; near critical damping by series in z = (w t)^2, so that its derivatives stay exact."""
    t = f"(time - {begin!r})" if begin >= 0 else f"(time + {-begin!r})"
    half = f"(friction * {t} / 2)"
    z = f"((angular_frequency**2 - friction**2 / 4) * {t}**2)"
    under, over = f"sqrt(maximum({z}, {_NEAR}))", f"sqrt(maximum(-{z}, {_NEAR}))"
    rise, fall = f"exp({over} - {half})", f"exp(-{over} - {half})"

    def chosen(waves: str, creeps: str, series: str) -> str:
        return f"where({z} > {_NEAR}, exp(-{half}) * {waves}, where({z} < -{_NEAR}, {creeps}, exp(-{half}) * {series}))"

    cosine = chosen(
        f"cos({under})", f"({rise} + {fall}) / 2", f"(1 - {z} / 2 * (1 - {z} / 12 * (1 - {z} / 30 * (1 - {z} / 56))))"
    )
    sine = chosen(
        f"sin({under}) / {under}",
        f"({rise} - {fall}) / (2 * {over})",
        f"(1 - {z} / 6 * (1 - {z} / 20 * (1 - {z} / 42 * (1 - {z} / 72))))",
    )
    away = "(first_position - rest)"
    return f"rest + {away} * {cosine} + (first_velocity + friction / 2 * {away}) * {t} * {sine}"


def _form(data: Sequence[Data] | None, begin: Any) -> Form:
    middle, height = extent(*(each.outputs.get("position", np.zeros(0)) for each in data or ()))
    _, width = extent(*(each.inputs.get("time", np.zeros(0)) for each in data or ()))
    place = Normal(middle, 2.0 * height)
    return Form(
        model={"position": _formula(begin_of(data, begin))},
        parameters={
            "angular_frequency": Log(
                1e-4 / width,
                _fastest(data),
                guess=1.0 / width,
                unit="1/{time}",
                description="that of the spring without friction, the root of its stiffness over its mass",
            ),
            "friction": Positive(guess=0.1, unit="1/{time}", description="the friction over the mass"),
            "rest": Real(guess=0.0, unit="{position}", description="where it comes to rest"),
            "first_position": Real(guess=1.0, unit="{position}", description="where it is when it begins"),
            "first_velocity": Real(guess=0.0, unit="{position}/{time}", description="how fast it moves then"),
        },
        inputs={"time": "s"},
        outputs={"position": "m"},
        priors={
            "angular_frequency": around_guess(1.0),
            "friction": around_guess(1.5),
            "rest": place,
            "first_position": place,
            "first_velocity": Normal(0.0, 100.0 * height / width),
        },
        derived={
            "damping_ratio": "friction / (2 * angular_frequency)",
            "period": "2 * pi / angular_frequency",
            "quality_factor": "angular_frequency / friction",
        },
    )


def guess(data: Data, begin: Any = None) -> dict[str, float]:
    """The best of two grids, of waves that die out and of ways to creep back; all else is linear."""
    time, position = tidy(data.inputs["time"], data.outputs["position"], 200)
    elapsed = time - min(begin_of((data,), begin), float(time[0]))
    middle, _ = extent(position)
    _, width = extent(elapsed)
    if np.unique(elapsed).size < 3:
        still = {"rest": middle, "first_position": middle, "first_velocity": 0.0}
        return {"angular_frequency": 1.0 / width, "friction": 1.0 / width, **still}
    grids = (_waves(elapsed, position), _creeps(width))
    shapes = [
        best_shape(lambda **at: [np.ones(1), *motions(elapsed, *_constants(**at))], grid, position) for grid in grids
    ]
    best: Shape = min(shapes, key=lambda each: each.residual)
    frequency, friction = (float(each) for each in _constants(**best.values))
    rest, away, speed = (float(each) for each in best.factors)
    return {
        "angular_frequency": min(lifted(frequency, 1.0 / width), 0.99 * _fastest((data,))),
        "friction": lifted(friction, 1.0 / width),
        "rest": rest,
        "first_position": rest + away,
        "first_velocity": speed - 0.5 * friction * away,
    }


def _fastest(data: Sequence[Data] | None) -> float:
    """The highest angular frequency that is not an alias of a lower one at the times of the data."""
    columns = [each.inputs["time"] for each in data or () if "time" in each.inputs]
    times = [np.unique(each[np.isfinite(each)]) for each in columns]
    many = [highest_frequency(each) for each in times if each.size > 2]
    return 2 * np.pi * max(many, default=1e6 / extent(*times)[1])


def _constants(friction: Any, wave: Any = None, ratio: Any = None) -> tuple[Any, Any]:
    """Angular frequency and friction: of the wave that is seen, or of a damping ratio."""
    if ratio is not None:
        return friction / (2 * ratio), friction
    return np.sqrt(wave**2 + 0.25 * friction**2), friction


def _waves(elapsed: np.ndarray, position: np.ndarray) -> dict[str, np.ndarray]:
    """Half a cycle to three, and what the periodogram tells, each with little friction up to much."""
    width = extent(elapsed)[1]
    step = 0.1 / width
    count = int(np.clip(highest_frequency(np.unique(elapsed)) / step, 10, 100_000))
    power = harmonic_power(elapsed, position, np.ones(elapsed.size), (3 * step, step, count))
    peak = 3 * step + step * int(np.argmax(power))
    cycles = np.concatenate([np.linspace(0.2, 3.0, 15) / width, peak + np.linspace(-1.0, 1.0, 21) / width])
    return {"friction": np.append(0.0, np.geomspace(0.1, 60.0, 17)) / width, "wave": 2 * np.pi * cycles[cycles > 0]}


def _creeps(width: float) -> dict[str, np.ndarray]:
    """Critical damping and beyond."""
    return {"friction": np.geomspace(0.3, 300.0, 30) / width, "ratio": np.geomspace(1.0, 20.0, 16)}


READY = ReadyMade(
    name="oscillators.harmonic",
    summary="A damped harmonic oscillator: a spring with friction",
    formula="d2y/dt2 = -angular_frequency^2 (y - rest) - friction dy/dt",
    good_for="springs, circuits, ring-downs and step responses, whether they swing out, are critically damped or creep "
    "back; the solution is closed",
    prefer_instead="oscillators.sine where nothing dies out; oscillators.van_der_pol where the amplitude keeps itself",
    form=_form,
    guess=guess,
    options={"begin": BEGIN},
    known=(
        Known(
            data=spring,
            about="a spring that swings out, simulated with the values of PINTS",
            estimate=_SPRING,
            second_start={"angular_frequency": 1.06, "friction": 0.4, "rest": 0.3, "first_position": 0.5},
            source=_PINTS,
        ),
        Known(
            data=door,
            about="a door that closes without swinging, simulated",
            estimate=_DOOR,
            second_start={"angular_frequency": 1.0, "friction": 4.0, "rest": 0.0, "first_position": 2.0},
            source=_LANDAU,
        ),
    ),
    sources=(_LANDAU, _PINTS),
)
