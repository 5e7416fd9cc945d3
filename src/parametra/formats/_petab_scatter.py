"""How every observable of a PEtab problem scatters: standard deviations that are known, or a width with parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from parametra.formats._petab_conditions import Conditions
from parametra.formats._petab_measurements import Measurement
from parametra.formats._petab_noise import PREDICTED, ByRow, Width
from parametra.formats._petab_observables import Observable
from parametra.formats._petab_priors import LN10
from parametra.formats._petab_statement import Composer, names_in, put_in
from parametra.nouns.errors import FileError
from parametra.nouns.formula import Formula
from parametra.nouns.noise import LogNormal, Noise, Normal


@dataclass(frozen=True)
class Scattering:
    """How one observable scatters.

    Arguments:
        noise: its noise.
        sigma: the known standard deviation of each of its measurements, in their order; None where there are none.
        columns: for a width: column to the value of each of its measurements.
    """

    noise: Noise
    sigma: np.ndarray | None = None
    columns: Mapping[str, np.ndarray] = field(default_factory=dict[str, np.ndarray])


def scattering_of(
    observable: Observable, measured: Sequence[Measurement], conditions: Conditions, composer: Composer
) -> Scattering:
    """How the measurements of one observable scatter.

    Raises:
        FileError: a noise formula that names what is not known to a noise, or that is not above zero.
    """
    text = observable.width
    by_row: dict[str, list[float | str]] = {}
    for name in sorted(names_in(text) - {observable.name}):
        if name in observable.placeholders["observable"] or name in observable.placeholders["noise"]:
            by_row[name] = [each.overrides[name] for each in measured]
        elif name in conditions.columns and not conditions.columns[name].state:
            by_row[name] = [_stated(conditions, each, name, observable) for each in measured]
        elif name not in composer.given:
            text = put_in(text, {name: _start(composer, name, observable)})
    fixed = conditions.parameters.fixed
    for name, values in by_row.items():
        if len(set(values)) == 1:
            (only,) = set(values)
            text = put_in(text, {name: only if isinstance(only, str) else f"({only!r})"})
    by_row = {name: values for name, values in by_row.items() if len(set(values)) > 1}
    text = put_in(text, {observable.name: PREDICTED})
    text = put_in(text, {name: f"({value!r})" for name, value in fixed.items()})
    known = {
        name: [fixed.get(value, value) if isinstance(value, str) else value for value in values]
        for name, values in by_row.items()
    }
    numbers = all(isinstance(value, float) for values in known.values() for value in values)
    if observable.family == "normal" and numbers and names_in(text) <= set(known):
        return _known(observable, text, known, measured)
    return _width(observable, text, known)


def _known(
    observable: Observable, text: str, known: Mapping[str, Sequence[float | str]], measured: Sequence[Measurement]
) -> Scattering:
    formula = Formula.parse(text, where=observable.place)
    values = {name: np.asarray(each, dtype=float) for name, each in known.items()}
    sigma = np.array(np.broadcast_to(np.real(formula.evaluate(values)), (len(measured),)), dtype=float)
    wrong = ~((sigma > 0) & np.isfinite(sigma))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise FileError(
            f'{measured[first].place}: the noise of "{observable.name}" is {sigma[first]:g} there; give one above zero.'
        )
    if observable.scale == "lin":
        return Scattering(Normal(), sigma)
    return Scattering(LogNormal(guess=1.0), sigma * (LN10 if observable.scale == "log10" else 1.0))


def _width(observable: Observable, text: str, known: Mapping[str, Sequence[float | str]]) -> Scattering:
    columns: dict[str, np.ndarray] = {}
    by_row: list[ByRow] = []
    for name, values in known.items():
        parameters = tuple(sorted({value for value in values if isinstance(value, str)}))
        each = ByRow(name, parameters, observable.name)
        columns[each.numbers] = np.array([1.0 if isinstance(value, str) else value for value in values])
        which = [parameters.index(value) + 1.0 if isinstance(value, str) else 0.0 for value in values]
        columns[each.which] = np.array(which)
        by_row.append(each)
    return Scattering(Width(text, observable.family, observable.scale, tuple(by_row)), None, columns)


def _stated(conditions: Conditions, measurement: Measurement, name: str, observable: Observable) -> float | str:
    value = conditions.value(measurement.experiment.simulation, name)
    column = conditions.columns[name]
    if value is None:
        value = column.name if column.optional else column.default
    if value is None:
        raise FileError(
            f'{observable.place}: the noise of "{observable.name}" names "{name}", which the condition '
            f'"{measurement.experiment.simulation}" leaves to a formula of the model. State it in the condition table.'
        )
    return value


def _start(composer: Composer, name: str, observable: Observable) -> str:
    """The formula of what does not change in time. Raises FileError for what does."""
    text = composer.constant(name)
    if text is None or not names_in(text) <= composer.given:
        raise FileError(
            f'{observable.place}: the noise of "{observable.name}" names "{name}", which changes from time to time; a '
            "noise here may depend on its own observable, parameters and conditions. Write it with the observable."
        )
    return text
