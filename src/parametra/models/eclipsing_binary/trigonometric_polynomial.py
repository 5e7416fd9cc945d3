"""A trigonometric polynomial: a periodic curve as its first harmonics, as many as the data ask for."""

from __future__ import annotations

import numpy as np

from parametra.maths.distributions import Distribution, LogNormal, Normal, Uniform
from parametra.models.eclipsing_binary._degree import MOST, optimal_degree, terms
from parametra.models.eclipsing_binary._fold import fold
from parametra.models.eclipsing_binary._picture import FOLDED, folded_picture
from parametra.models.eclipsing_binary._polynomial_data import KNOWN
from parametra.models.eclipsing_binary._profiles import PROFILES
from parametra.models.eclipsing_binary._sources import ANDRONOV, REVIEW
from parametra.models.eclipsing_binary._start import checked_period, observed, start
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.folding import Folding
from parametra.nouns.parameter import Fixed, Parameter, Real
from parametra.nouns.ready_made import Form, Option, ReadyMade

_WAVES = {"cos": "cosine", "sin": "sine"}
_NO_DATA = 4
"""The degree that is shown where no data are at hand to choose one."""


def form(data: tuple[Data, ...] | None, degree: object = "auto", period: object = None) -> Form:
    """Mean and 2 x degree coefficients; for data with times also the period, phases counting from a fixed epoch."""
    near = checked_period(period)
    folded = data is not None and "phase" in data[0].inputs
    number = _degree(data, degree, near)
    scale = 1.0 if data is None else max(float(np.ptp(each.observations(k)[0])) for each in data for k in each.outputs)
    size = 2 * (scale or 1.0)
    parameters: dict[str, Parameter] = {"mean": Real(guess=10.0, unit="{magnitude}", description="mean over a cycle")}
    priors: dict[str, Distribution] = {"mean": Uniform(-30.0, 40.0)}
    for name in coefficients(number):
        text = f"coefficient of the {_WAVES[name[:3]]} with {name[3:]} waves a cycle"
        parameters[name] = Real(-size, size, guess=0.0, unit="{magnitude}", description=text)
        priors[name] = Normal(0.0, 0.5)
    if not folded:
        parameters |= _ephemeris(data, near)
        priors["period"] = LogNormal(0.7, 1.5)
    return Form(
        model={"magnitude": formula(number, "phase" if folded else "(time - epoch) / period")},
        parameters=parameters,
        inputs={"phase": "1"} if folded else {"time": "d"},
        outputs={"magnitude": "mag"},
        priors=priors,
        derived={f"amplitude{k}": f"hypot(cos{k}, sin{k})" for k in range(1, min(number, 2) + 1)},
        folding=FOLDED if folded else Folding(upside_down=True),
    )


def coefficients(degree: int) -> list[str]:
    """cos1, sin1, cos2, sin2, ..."""
    return [f"{wave}{k}" for k in range(1, degree + 1) for wave in ("cos", "sin")]


def formula(degree: int, cycles: str) -> str:
    """The curve as a formula of `cycles`, themselves one."""
    angle = f"2 * pi * ({cycles})"
    waves = [f"cos{k} * cos({k} * ({angle})) + sin{k} * sin({k} * ({angle}))" for k in range(1, degree + 1)]
    return " + ".join(["mean", *waves])


def guess(data: Data, degree: object = "auto", period: object = None) -> dict[str, float]:
    """The coefficients by linear least squares, at the period that a search finds."""
    near = checked_period(period)
    number = _degree((data,), degree, near)
    phase, magnitude, root, _ = _folded(data, near)
    coefficient = np.linalg.lstsq(terms(phase, number) * root[:, None], magnitude * root, rcond=1e-10)[0]
    limit = 2 * (float(np.ptp(magnitude)) or 1.0)
    values = [float(coefficient[0]), *np.clip(coefficient[1:], -limit, limit).tolist()]
    return dict(zip(["mean", *coefficients(number)], values, strict=True))


def _folded(data: Data, period: float | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[float, float]]:
    at = "phase" if "phase" in data.inputs else "time"
    where, magnitude, root = observed(data, at)
    if at == "phase":
        return where, magnitude, root, (1.0, 0.0)
    began = start(data, PROFILES["nav"], period)
    return fold(where, began.period, began.epoch), magnitude, root, (began.period, began.epoch)


def _degree(data: tuple[Data, ...] | None, degree: object, period: float | None) -> int:
    if degree == "auto":
        if data is None or not {"phase", "time"} & set(data[0].inputs):
            return _NO_DATA
        phase, magnitude, root, _ = _folded(data[0], period)
        return max(1, optimal_degree(phase, magnitude, 1 / root).best) if magnitude.size > 2 else 1
    if isinstance(degree, bool) or not isinstance(degree, int) or not 1 <= degree <= MOST:
        raise ModelError(f'the option degree wants a whole number from 1 to {MOST}, or "auto"; {degree!r} came.')
    return degree


def _ephemeris(data: tuple[Data, ...] | None, period: float | None) -> dict[str, Parameter]:
    near, epoch, width = period or 1.0, 0.0, 0.25 * (period or 1.0)
    if data is not None and "time" in data[0].inputs:
        _, _, _, (near, epoch) = _folded(data[0], period)
        span = float(np.ptp(data[0].inputs["time"]))
        width = 0.2 * near * (min(1.0, near / span) if span > 0 else 1.0)
    return {
        "period": Real(near - width, near + width, guess=near, unit="{time}", description="the period"),
        "epoch": Fixed(epoch, unit="{time}", description="where the phases begin"),
    }


READY = ReadyMade(
    name="eclipsing_binary.trigonometric_polynomial",
    summary="Trigonometric polynomial: a periodic light curve as its first harmonics, of the degree that data ask for",
    formula=(
        "magnitude = mean + sum over k = 1 .. degree of cos_k cos(2 pi k f) + sin_k sin(2 pi k f)\n"
        "f = (time - epoch) / period, or the phase"
    ),
    good_for="smooth periodic light curves: ellipsoidal, overcontact (EW) and pulsating stars; periods and amplitudes",
    prefer_instead="eclipsing_binary.nav where there are eclipses: it needs 10 or 12 parameters instead of up to 100",
    form=form,
    guess=guess,
    known=KNOWN,
    sources=(ANDRONOV, REVIEW),
    options={
        "degree": Option("auto", 'a whole number, or "auto", which takes the one of the least error of the curve'),
        "period": Option(None, "a period that is roughly known, for data with times; None searches for it"),
    },
    picture=folded_picture,
)
