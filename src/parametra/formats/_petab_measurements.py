"""The measurement table of a PEtab problem: which experiment each value is from, and what it puts into its formulas."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parametra.formats._petab_conditions import Experiment, override
from parametra.formats._petab_observables import Observable
from parametra.formats._petab_parameters import Parameters
from parametra.formats._petab_tables import Row
from parametra.nouns.errors import FileError, did_you_mean

WANTED = ("observableId", "simulationConditionId", "measurement", "time")


@dataclass(frozen=True)
class Measurement:
    """One measured value.

    Arguments:
        observable: its identifier.
        experiment: where it is from.
        time: when, 0 in a steady state.
        value: what was measured.
        overrides: placeholder to the number or the parameter that it stands for.
        place: where it is stated.
    """

    observable: str
    experiment: Experiment
    time: float
    value: float
    overrides: Mapping[str, float | str]
    place: str

    @property
    def group(self) -> tuple[str, ...]:
        """What it shares with those of its observable that one integration serves: parameters that it puts in."""
        held = self.overrides.items()
        return tuple(value if isinstance(value, str) else "" for name, value in held if name.startswith("observable"))


def measurements_of(
    rows: Iterable[Row], observables: Mapping[str, Observable], conditions: Mapping[str, Row], parameters: Parameters
) -> list[Measurement]:
    """The measured values; rows without one are left out.

    Raises:
        FileError: with the row: unknown identifiers, wrong numbers, too few or too many overrides.
    """
    found: list[Measurement] = []
    for row in rows:
        if not row.optional("measurement"):
            continue
        identifier = row.text("observableId")
        if identifier not in observables:
            known = did_you_mean(identifier, sorted(observables))
            raise FileError(f'{row.place}: "{identifier}" is not in the observable table; {known}')
        observable = observables[identifier]
        time, experiment = row.number("time"), _experiment(row, conditions)
        if math.isinf(time) and time > 0:
            time, experiment = 0.0, _in_steady_state(row, experiment)
        if not 0 <= time < math.inf:
            raise FileError(f"{row.place}: time is 0 or later, or inf; {row.text('time')} came.")
        value = row.number("measurement")
        if math.isinf(value) or (observable.scale != "lin" and value <= 0):
            wanted = "above zero for a logarithm" if observable.scale != "lin" else "finite"
            raise FileError(f"{row.place}: the measurement must be {wanted}; {row.text('measurement')} came.")
        overrides = {
            **_overrides(row, observable, "observable", parameters),
            **_overrides(row, observable, "noise", parameters),
        }
        found.append(Measurement(identifier, experiment, time, value, overrides, row.place))
    return found


def _experiment(row: Row, conditions: Mapping[str, Row]) -> Experiment:
    simulation, before = row.text("simulationConditionId"), row.optional("preequilibrationConditionId")
    for identifier in (simulation, *([before] if before else [])):
        if identifier not in conditions:
            known = did_you_mean(identifier, sorted(conditions))
            raise FileError(f'{row.place}: "{identifier}" is not in the condition table; {known}')
    return Experiment(simulation, before, steady=False)


def _in_steady_state(row: Row, experiment: Experiment) -> Experiment:
    if experiment.preequilibration:
        raise FileError(
            f"{row.place}: a measurement at infinite time after a preequilibration is not done here. Where the steady "
            "state does not depend on where it began, leave the preequilibration out."
        )
    return Experiment(experiment.simulation, "", steady=True)


def _overrides(row: Row, observable: Observable, kind: str, parameters: Parameters) -> dict[str, float | str]:
    column, names = f"{kind}Parameters", observable.placeholders[kind]
    parts = row.several(column)
    if not parts and all(name in parameters.stated for name in names):
        return {name: name for name in names}
    if len(parts) != len(names):
        raise FileError(
            f'{row.place}: {column} must hold {len(names)} for "{observable.name}", as its formulas in '
            f"{observable.place} do; {len(parts)} came. Put semicolons between them."
        )
    found: dict[str, float | str] = {}
    for name, part in zip(names, parts, strict=True):
        value = override(part, parameters, f'{row.place}: "{column}"')
        if value is None:
            raise FileError(f'{row.place}: a part of "{column}" is empty. Fill it in.')
        found[name] = value
    return found
