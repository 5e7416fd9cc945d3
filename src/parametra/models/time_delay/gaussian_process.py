"""The delay between two curves that are one Gaussian process, seen twice through independent errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.distributions import LogNormal, Normal, Uniform
from parametra.models.time_delay._delay_scan import Scan
from parametra.models.time_delay._delayed_process import DelayedProcess
from parametra.models.time_delay._simulated import process_seen_twice
from parametra.models.time_delay._sources import HOJJATI, KUNDIC, RATHNAKUMAR, TAK
from parametra.models.time_delay._two_curves import Curves
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Fixed, Log, Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_TWIN = {"delay": 419.6, "offset": 0.12, "amplitude": 0.12, "timescale": 150.0}
_J1001 = {"delay": 119.3, "offset": 0.45, "amplitude": 0.06, "timescale": 90.0}


def _form(
    sets: tuple[Data, ...] | None,
    kernel: str = "matern32",
    microlensing: int = 0,
    errors: str = "stated",
    longest: float = 0.0,
) -> Form:
    if not (0 <= microlensing <= 8 and longest >= 0):
        raise ModelError(
            "time_delay.gaussian_process wants a degree of microlensing from 0 to 8 and a longest delay above zero, or "
            f"0 for half the span; microlensing={microlensing!r} and longest={longest!r} came."
        )
    curves = None if sets is None else Curves.of(sets[0])
    limit = longest or (1.0 if curves is None else 0.5 * curves.span)
    span, middle = (1.0, 0.0) if curves is None else (curves.span, curves.middle)
    mean, spread = (0.0, 1.0) if curves is None else (float(np.mean(curves.value)), float(np.std(curves.value)) or 1.0)
    shortest = span / 100 if curves is None else curves.spacing
    parameters: dict[str, Parameter] = {
        "delay": Real(-limit, limit, guess=0.0, unit="{time}", description="by how much B lags A"),
        "mean": Real(guess=mean, unit="{magnitude}", description="of curve A"),
        "offset": Real(guess=0.0, unit="{magnitude}", description="of curve B from A"),
        "amplitude": Log(
            1e-4 * spread,
            1e3 * spread,
            guess=spread,
            unit="{magnitude}",
            description="standard deviation of the source",
        ),
        "timescale": Log(
            0.1 * shortest,
            100 * span,
            guess=0.2 * span,
            unit="{time}",
            description="over which the source forgets its brightness",
        ),
    }
    priors: dict[str, Any] = {
        "delay": Uniform(-limit, limit),
        "mean": Normal(mean, 5 * spread),
        "offset": Normal(0.0, max(10 * spread, 1.0)),
        "amplitude": LogNormal(float(np.log(spread)), 1.5),
        "timescale": LogNormal(float(np.log(0.1 * span)), 1.5),
    }
    text = "mean + offset * image"
    if microlensing:
        parameters["middle"] = Fixed(middle, unit="{time}", description="half way between first and last observation")
        parameters["half_span"] = Fixed(0.5 * span, unit="{time}", description="from there to either of them")
    for power in range(1, microlensing + 1):
        name = f"microlensing_{power}"
        text += f" + {name} * image * ((time - middle) / half_span)**{power}"
        parameters[name] = Real(
            guess=0.0, unit="{magnitude}", description=f"power {power} of the time in B, -1 to 1 over the data"
        )
        priors[name] = Normal(0.0, 3 * spread)
    return Form(
        model={"magnitude": text},
        parameters=parameters,
        inputs={"time": "d", "image": "1"},
        outputs={"magnitude": "mag"},
        noise=DelayedProcess(kernel, scale="estimated" if errors == "scaled" else "known"),
        priors=priors,
    )


def guess(data: Data, kernel: str = "matern32", microlensing: int = 0, longest: float = 0.0) -> Mapping[str, float]:
    """The best optimum of the likelihood over a grid of delays, the means solved for."""
    curves = Curves.of(data)
    limit = longest or 0.5 * curves.span
    scan = Scan(curves, kernel, microlensing)
    best = max(scan.peaks(scan.grid(-limit, limit), 3), key=lambda peak: peak.height)
    means = scan.means(best)
    spread = float(np.std(curves.value)) or 1.0
    guesses = {
        "delay": float(np.clip(best.delay, -0.999 * limit, 0.999 * limit)),
        "mean": means[0],
        "offset": means[1],
        "amplitude": float(np.clip(best.amplitude, 2e-4 * spread, 500 * spread)),
        "timescale": float(np.clip(best.timescale, 0.11 * curves.spacing, 99 * curves.span)),
    }
    return guesses | {f"microlensing_{k}": means[k + 1] for k in range(1, microlensing + 1)}


def twin_quasar() -> Data:
    """70 epochs of 1800 days, errors of 0.01 mag, of a quasar whose images are 419.6 days apart."""
    return process_seen_twice(145, _TWIN, error=0.01, span=1800.0, epochs=70)


def like_j1001() -> Data:
    """100 epochs of six seasons, errors of 0.006 mag, of a quasar whose images are 119.3 days apart."""
    return process_seen_twice(1001, _J1001, error=0.006, span=2200.0, epochs=100, season=0.35)


def _draw(fit: Any, problem: Any, axes: Any) -> None:
    """Both curves with B moved on A by the delay, the offset and the slow difference."""
    (data,) = problem.data_sets[:1]
    curves = Curves.of(data)
    values = fit.values
    scaled = (curves.time - curves.middle) / (0.5 * curves.span)
    moved = values["offset"] + sum(
        values[name] * scaled ** int(name.rpartition("_")[2]) for name in values if name.startswith("microlensing_")
    )
    for which, letter in ((0, "A"), (1, "B")):
        mine = curves.image == which
        shift = which * float(values["delay"])
        value = curves.value - which * moved
        axes.errorbar(
            curves.time[mine] - shift, value[mine], yerr=curves.error[mine], fmt=".", linewidth=0.7, label=letter
        )
    axes.invert_yaxis()
    axes.set_xlabel("time - delay of B")
    axes.set_ylabel("magnitude - offset of B")
    axes.legend()


READY = ReadyMade(
    name="time_delay.gaussian_process",
    summary="the delay between two curves that are one Gaussian process seen twice",
    formula=(
        "A(t) = mean + x(t),  B(t) = mean + offset + microlensing polynomial(t) + x(t - delay)\n"
        "x a Gaussian process of variance amplitude^2 and correlation k(|t - t'| / timescale)\n"
        "matern32: k(d) = (1 + sqrt(3) d) exp(-sqrt(3) d);  damped_random_walk: k(d) = exp(-d)"
    ),
    good_for="two irregularly sampled noisy curves of one source: lensed quasars, reverberation, sensors along a flow",
    prefer_instead=(
        "delay_profile first, which shows every delay that is possible; time_delay.kernel where the source is no "
        "random process; more than this polynomial where the images differ by fast microlensing. Errors of a delay "
        "hold for data that obey the model, so compare kernels and degrees before quoting one. Over few timescales "
        "the amplitude comes out too small, 10 % over fifteen of them: prefer its profile interval. Under "
        "damped_random_walk the likelihood has an edge wherever observations of both curves coincide, and the error "
        "of the delay is that of delay_profile"
    ),
    form=_form,
    guess=guess,
    known=(
        Known(
            data=twin_quasar,
            about="70 epochs of a quasar whose images are 419.6 days apart, simulated",
            estimate=_TWIN,
            second_start={"delay": 390.0, "amplitude": 0.3, "timescale": 60.0},
            source=KUNDIC,
        ),
        Known(
            data=like_j1001,
            about="100 epochs of six seasons, with a slope between the images and errors to be scaled, simulated",
            estimate={"delay": 119.3, "microlensing_1": 0.0, "scale": 1.0},
            second_start={"amplitude": 0.15, "timescale": 60.0},
            options={"microlensing": 1, "errors": "scaled"},
            source=RATHNAKUMAR,
        ),
    ),
    sources=(TAK, HOJJATI),
    options={
        "kernel": Option("matern32", "how smooth the source is", ("matern32", "damped_random_walk")),
        "microlensing": Option(0, "degree of the polynomial in time by which B differs from A beside its offset"),
        "errors": Option(
            "stated", "whether the standard errors are right, or right up to one factor", ("stated", "scaled")
        ),
        "longest": Option(0.0, "the longest delay that is looked for, to both sides; 0 for half the span"),
    },
    picture=_draw,
)
