"""What the survival models read off their data: which times are limits, the covariates, and first guesses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from parametra.models.survival._lifetimes import effect
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.noise import Noise, Scatter
from parametra.nouns.noise_censored import Censored
from parametra.nouns.parameter import Log, Parameter, Real
from parametra.nouns.ready_made import Option

STATUS = "status"
_REACH = 30.0
"""The logarithm of the factor that a covariate may make, at its largest value: e^30."""
_REACH_SD = 10.0
"""The same for a standard deviation of the covariate, where that is more."""
_LARGEST = 1e130
"""Of a scale, whatever its unit: nothing overflows."""

OPTIONS: dict[str, Option] = {
    "status": Option(None, 'the column that tells times from limits; None takes "status" where there is one'),
    "event": Option(
        None, "the code of an event in it; all others are right-censored. None reads the codes of R's Surv"
    ),
    "meaning": Option(None, 'all codes, in place of event: {"exact": 1, "right": 0, "left": 2, "interval": 3}'),
    "upper": Option("", "the column of the upper ends of intervals; the time holds the lower ones"),
    "end": Option(
        "", "in place of a status column: that of when watching ends, for everybody; then data can be simulated"
    ),
}

TIME = "time"


def outputs(data: Sequence[Data] | None) -> dict[str, str]:
    """The output, which the data may call what they like, and its unit."""
    names = list(data[0].outputs) if data else [TIME]
    if len(names) != 1:
        raise ModelError(
            f"a survival model wants one output, the time; the data have {', '.join(names)}. Give Data(..., "
            'output="time") and leave the other columns as they are.'
        )
    return {names[0]: "day"}


def covariates(data: Sequence[Data] | None, stated: Any, option: str, *, every: bool = False) -> tuple[str, ...]:
    """The covariates that an option names.

    Arguments:
        data: whose inputs they are.
        stated: a name, several, or None.
        option: what it is called, for messages.
        every: True takes all inputs for None.

    Raises:
        ModelError: a name that is no input of the data.
    """
    known = list(data[0].inputs) if data else []
    if stated is None:
        return tuple(known) if every else ()
    names = (stated,) if isinstance(stated, str) else tuple(stated)
    for name in names:
        if data and name not in known:
            raise ModelError(
                f'{option} names "{name}", which is no input of the data "{data[0].name}"; {did_you_mean(name, known)} '
                "State it among the inputs: Data(..., inputs=[...])."
            )
    return names


def effects(data: Sequence[Data] | None, part: str, names: Iterable[str], about: str) -> dict[str, Parameter]:
    """A coefficient for each covariate, bounded where exponentials would overflow."""
    made: dict[str, Parameter] = {}
    for name in names:
        values = (
            np.concatenate([np.ravel(one.inputs[name]) for one in data if name in one.inputs]) if data else np.ones(1)
        )
        largest, spread = float(np.abs(values).max(initial=0.0)), float(np.std(values))
        reach = max(_REACH / largest if largest else _REACH, _REACH_SD / spread if spread else 0.0)
        made[effect(part, name)] = Real(
            -reach, reach, guess=0.0, unit=f"1/{{{name}}}", description=f"{about} per unit of {name}"
        )
    return made


def censored(
    noise: Any, data: Sequence[Data] | None, *, status: str | None, event: Any, meaning: Any, upper: str, end: str = ""
) -> Noise:
    """The noise, with limits read off a status column where there is one, or off the ends of watching.

    Raises:
        ModelError: codes that look like another coding than R's, or an end beside a status.
    """
    if end:
        if status or event is not None or meaning is not None or upper:
            raise ModelError(
                f'end="{end}" says that times from there on are right-censored and all others are events, in place of '
                "status, event, meaning and upper; leave these out, or end."
            )
        return Censored(noise, above=end)
    having = bool(data) and all(STATUS in {*one.columns, *one.texts} for one in data or ())
    column = status if status is not None else (STATUS if having else "")
    if not column:
        return Noise.of(noise)
    if event is None and meaning is None and data:
        _refuse_doubtful_codes(data, column)
    return Censored(noise, status=column, event=event, meaning=meaning, upper=upper)


def _refuse_doubtful_codes(data: Sequence[Data], column: str) -> None:
    """1 and 2 alone are as a rule alive and dead, and would be read as an event and a left-censored time."""
    held = np.concatenate([one.columns.get(column, np.empty(0)) for one in data])
    if set(np.unique(held[np.isfinite(held)]).tolist()) == {1.0, 2.0}:
        raise ModelError(
            f'the status column "{column}" holds 1 and 2 only, which may mean alive and dead, or an event and a '
            'left-censored time. Say which: event=2, or meaning={"exact": 1, "left": 2}.'
        )


def limits(noise: Noise, data: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes (0 event, 1 right, 2 left, 3 interval), lower and upper ends of the times of a data set, (n,) each."""
    (output,) = data.outputs
    observed, _ = data.observations(output)
    settled = noise.settle([data], output)
    scatter = Scatter(output, True, observed, observed, None, {}, np, settled.columns_of(data, output))
    codes, upper = settled.censoring(scatter) or (np.zeros(len(observed)), observed)
    return codes, np.asarray(observed), upper


def scale(output: str) -> Parameter:
    """The scale of lifetimes where all covariates are 0."""
    return Log(
        1 / _LARGEST, _LARGEST, guess=1.0, unit=f"{{{output}}}", description="scale of time where all covariates are 0"
    )


def stretched_scale(names: Sequence[str]) -> str:
    """The formula of the scale of each person."""
    return f"scale * exp({' + '.join(f'time_{name} * {name}' for name in names)})" if names else "scale"


def scale_guess(data: Data, options: Mapping[str, Any]) -> float:
    """The time at risk per event."""
    codes, lower, upper = limits(censored("exponential", [data], **options), data)
    middle = np.where(codes == 3, 0.5 * (lower + upper), np.where(codes == 2, 0.5 * upper, lower))
    events = max(float(np.sum(codes != 1)), 1.0)
    total = float(np.sum(middle))
    return float(np.clip(total / events, 1 / _LARGEST, _LARGEST)) if total > 0 else 1.0
