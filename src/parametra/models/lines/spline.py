"""A cubic spline through values at evenly spaced knots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from parametra.maths.distributions import Normal
from parametra.maths.first_look import extent, tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError
from parametra.nouns.parameter import Parameter, Real
from parametra.nouns.ready_made import Form, Known, Option, ReadyMade

_DE_BOOR = Source("C. de Boor", 1978, "A Practical Guide to Splines", "isbn:9780387903569")
_LEAST, _MOST = 4, 20


def _checked(knots: int) -> int:
    if not _LEAST <= knots <= _MOST:
        raise ModelError(f'the option "knots" is a whole number from {_LEAST} to {_MOST}; {knots!r} came.')
    return knots


def _powers(u: Any, knots: int) -> list[Any]:
    """Powers of u, and of what u is beyond each inner knot but the first and the last of them: no bend is there."""
    joints = np.linspace(0.0, 1.0, knots)[2 : knots - 2]
    return [1 + 0 * u, u, u**2, u**3, *(np.maximum(u - joint, 0.0) ** 3 for joint in joints)]


def _factors(knots: int) -> Any:
    """From the values at the knots to the factors of the powers."""
    return np.linalg.inv(np.stack(_powers(np.linspace(0.0, 1.0, knots), knots), axis=-1))


def _range(data: Sequence[Data] | None) -> tuple[float, float]:
    """The first knot, and the distance of the last one from it."""
    middle, wide = extent(*(each.inputs.get("x", np.zeros(0)) for each in data or ()))
    return middle - 0.5 * wide, wide


def _model(knots: int, first: float, wide: float) -> Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]:
    factors = _factors(knots).tolist()

    def predict(parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        powers = _powers((inputs["x"] - first) / wide, knots)
        y = 0.0
        for k in range(knots):
            column = sum(factors[i][k] * power for i, power in enumerate(powers))
            y = y + parameters[f"value_{k + 1}"] * column
        return {"y": y}

    return predict


def calibration() -> Data:
    """A simulated calibration curve that bends: a cubic spline through 0, 2, 3, 3.2, 5 and 9 at x = 0, 2, ..., 10."""
    from scipy.interpolate import CubicSpline

    x = np.linspace(0.0, 10.0, 81)
    y = CubicSpline(np.linspace(0.0, 10.0, 6), [0.0, 2.0, 3.0, 3.2, 5.0, 9.0])(x)
    return Data({"x": x, "y": y + 0.05 * np.random.default_rng(1978).standard_normal(x.size)}, inputs=["x"], output="y")


def _form(data: Sequence[Data] | None, knots: int) -> Form:
    first, wide = _range(data)
    middle, tall = extent(*(each.outputs.get("y", np.zeros(0)) for each in data or ()))
    places = first + wide * np.linspace(0.0, 1.0, _checked(knots))
    parameters: dict[str, Parameter] = {
        f"value_{k}": Real(guess=0.0, unit="{y}", description=f"the value at x = {place:.6g}")
        for k, place in enumerate(places, start=1)
    }
    return Form(
        model=_model(knots, first, wide),
        parameters=parameters,
        inputs={"x": "1"},
        outputs={"y": "1"},
        priors={name: Normal(middle, 2.0 * tall) for name in parameters},
    )


def guess(data: Data, knots: int) -> dict[str, float]:
    """Least squares, bent as little as the data leave open."""
    x, y = tidy(data.inputs["x"], data.outputs["y"], 10_000)
    first, wide = _range((data,))
    table = np.stack(_powers((x - first) / wide, _checked(knots)), axis=-1) @ _factors(knots)
    bend = 1e-4 * np.diff(np.eye(knots), n=2, axis=0)
    values = np.linalg.lstsq(np.vstack([table, bend]), np.concatenate([y, np.zeros(knots - 2)]), rcond=None)[0]
    return {f"value_{k}": float(value) for k, value in enumerate(values, start=1)}


READY = ReadyMade(
    name="lines.spline",
    summary="A cubic spline through values at evenly spaced knots, from the first x to the last",
    formula="y = sum value_k S_k(x), where S_k is the cubic spline that is 1 at knot k and 0 at the others",
    good_for="smooth curves of no known form: calibrations, baselines, sensitivities; each parameter is a value of the "
    "curve, with its error",
    prefer_instead="lines.polynomial up to a degree of about 4; a model with a meaning wherever there is one",
    form=_form,
    guess=guess,
    options={"knots": Option(6, "how many, the first and the last among them")},
    known=(
        Known(
            data=calibration,
            about="a calibration curve, simulated",
            estimate={f"value_{k}": value for k, value in enumerate((0.0, 2.0, 3.0, 3.2, 5.0, 9.0), start=1)},
            second_start={"value_1": 3.0, "value_3": 0.0, "value_6": 2.0},
            source=_DE_BOOR,
        ),
    ),
    sources=(_DE_BOOR,),
)
