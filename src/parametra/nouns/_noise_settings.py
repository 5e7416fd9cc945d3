"""What noises with a shape, a dispersion or trials share: the setting, the parameter that it becomes, the refusals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns._noise_contract import Scatter, data_sets_with, parameter_name
from parametra.nouns._noise_spread import positive
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.parameter import Log, Parameter


def number_or_estimated(name: str, value: Any) -> float | str:
    """The setting as it is kept. Raises NoiseError for anything but "estimated" and a finite number above zero."""
    if isinstance(value, str) and value == "estimated":
        return value
    number = positive(value)
    if number is None:
        raise NoiseError(f'{name} is a number above zero or "estimated"; came {value!r}.')
    return number


def checked_guess(name: str, guess: Any) -> float | None:
    """The guess of an estimated setting. Raises NoiseError when it is not above zero."""
    if guess is not None and positive(guess) is None:
        raise NoiseError(f"the guess of {name} is a number above zero; came {guess!r}.")
    return None if guess is None else positive(guess)


def setting(role: str, stated: float | str, scatter: Scatter) -> Any:
    """The number that was stated, or the parameter of that role, shaped to go with (*batch, n)."""
    return stated if isinstance(stated, float) else scatter.value(role)


NEXT_TO_NOTHING = 1e-6
"""Where a limit that a logarithm never reaches is cut off, in standard errors: the likelihood is the limit's there."""


def estimated(
    role: str,
    stated: Any,
    guess: Any,
    *,
    output: str,
    alone: bool,
    lower: float | None = None,
    upper: float | None = None,
) -> dict[str, Parameter]:
    """The parameter of an estimated setting, by name; nothing when a number was stated.

    Arguments:
        role, stated, guess: the setting.
        output, alone: of which the noise is.
        lower, upper: limits at which the noise is a simpler one (see `Edge`); a guess beyond them moves them.
    """
    if stated != "estimated":
        return {}
    guess = 1.0 if guess is None else float(guess)
    lower = None if lower is None else min(lower, 0.1 * guess)
    upper = None if upper is None else max(upper, 10 * guess)
    return {
        parameter_name(role, output, alone): Log(lower, upper, guess=guess, description=f"noise of {output}: {role}")
    }


def settled_guess(guess: Any, data_sets: Sequence[Data], output: str, moments: Callable[[np.ndarray], float]) -> float:
    """The stated guess, or the one that the observed values of all data sets suggest, kept within 1e-3 and 1e3."""
    if guess is not None:
        return float(guess)
    observed = np.concatenate([data.observations(output)[0] for data in data_sets_with(data_sets, output)])
    with np.errstate(all="ignore"):
        value = moments(observed)
    return float(np.clip(value, 1e-3, 1e3)) if np.isfinite(value) else 1.0


def refuse_values(
    data_sets: Sequence[Data],
    output: str,
    kind: str,
    *,
    wrong: Callable[[Float[np.ndarray, " n"]], Bool[np.ndarray, " n"]],
    wanted: str,
) -> None:
    """Raises NoiseError when an observed value cannot be, with the row."""
    for data in data_sets_with(data_sets, output):
        observed, _ = data.observations(output)
        bad = wrong(observed)
        if bad.any():
            first = int(np.argmax(bad))
            raise NoiseError(
                f'the noise "{kind}" of "{output}" wants {wanted}; the data set "{data.name}" has '
                f"{observed[first]:g} in row {row_of(data, output, first)}. Correct the data, or choose another noise."
            )


def column_of(data: Data, output: str, name: str, asked: str) -> Float[np.ndarray, " n"]:
    """A column of numbers where there is an observation. Raises NoiseError when there is none of that name."""
    known = {**data.columns, **{key: one for key, one in data.inputs.items() if one.shape == (data.rows,)}}
    if name not in known:
        raise NoiseError(
            f'{asked} of the noise of "{output}": the data set "{data.name}" has no such column of numbers; '
            + did_you_mean(name, known)
        )
    index = data.observed[output]
    return np.asarray(known[name] if index is None else known[name][index], dtype=np.float64)


def row_of(data: Data, output: str, i: int) -> int:
    """The row, counted from 1, of the i-th observed value."""
    index = data.observed[output]
    return i + 1 if index is None else int(index[i]) + 1


def refuse_to_simulate(kind: str, scatter: Scatter, possible: Any, wanted: str) -> None:
    """Raises NoiseError when a prediction is impossible, so that there is nothing to draw from."""
    bad = np.flatnonzero(~np.asarray(possible).reshape(-1))
    if bad.size:
        value = np.asarray(scatter.predicted).reshape(-1)[bad[0]]
        raise NoiseError(
            f'data for "{scatter.output}" cannot be simulated: the noise "{kind}" wants predictions {wanted}, and one '
            f"of them is {value:g}. Choose other parameters, or a model that stays there, such as exp(...)."
        )


def told(name: str, stated: Any) -> str:
    """A phrase for reports: "shape 2", "estimated shape"."""
    return f"{name} {stated:g}" if isinstance(stated, float) else f"estimated {name}"
