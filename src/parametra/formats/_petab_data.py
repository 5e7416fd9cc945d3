"""Measurements of a PEtab problem as data sets: one for each experiment, or several where their parameters differ."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from parametra.formats._petab_conditions import Conditions, Experiment
from parametra.formats._petab_measurements import Measurement
from parametra.formats._petab_observables import Observable
from parametra.formats._petab_scatter import Scattering
from parametra.nouns.data import Data

SETTLED = "begins_settled"
"""The constant of a data set that tells whether it begins in a steady state, where some do and some do not."""


@dataclass(frozen=True)
class Stated:
    """One measurement with the number that it has among those of its observable."""

    measurement: Measurement
    number: int


@dataclass
class Assembly:
    """Builds the data sets of a problem.

    Arguments:
        observables, scattering: by identifier.
        conditions: the conditions.
        time: what time is called.
        mixed: whether some data sets begin in a steady state and some do not.
        source: where the data come from.
        used: the names that the equations use: others are given another parameter by the noise alone.
    """

    observables: Mapping[str, Observable]
    scattering: Mapping[str, Scattering]
    conditions: Conditions
    time: str
    mixed: bool
    source: str
    used: frozenset[str]

    def data_sets(self, measurements: Sequence[Measurement]) -> list[Data]:
        """The data sets, in the order of the table.

        Raises:
            FileError: a condition that leaves out what nothing else gives.
        """
        counts: Counter[str] = Counter()
        sets: dict[tuple[Experiment, int], dict[str, list[Stated]]] = {}
        groups: dict[tuple[Experiment, str], list[tuple[str, ...]]] = {}
        for each in measurements:
            known = groups.setdefault((each.experiment, each.observable), [])
            if each.group not in known:
                known.append(each.group)
            here = sets.setdefault((each.experiment, known.index(each.group)), {})
            here.setdefault(each.observable, []).append(Stated(each, counts[each.observable]))
            counts[each.observable] += 1
        several = {experiment for experiment, number in sets if number}
        names = {key: key[0].name + (f" ({key[1] + 1})" if key[0] in several else "") for key in sets}
        return [self._data(names[key], key[0], stated) for key, stated in sets.items()]

    def _data(self, name: str, experiment: Experiment, stated: Mapping[str, list[Stated]]) -> Data:
        rows = _Rows.of(stated)
        constants, renamed = self.conditions.arguments(experiment)
        if self.mixed:
            constants[SETTLED] = float(experiment.settled)
        table: dict[str, np.ndarray] = {self.time: rows.times}
        inputs, sigma, outputs = [self.time], dict[str, str](), list[str]()
        for identifier, observable in self.observables.items():
            measured = stated.get(identifier, [])
            for placeholder in observable.placeholders["observable"]:
                values = [each.measurement.overrides[placeholder] for each in measured]
                if len({*values}) > 1:  # numbers, for parameters make data sets of their own
                    table[placeholder] = rows.column(identifier, [float(value) for value in values], 1.0)
                    inputs.append(placeholder)
                elif values and isinstance(values[0], str):
                    renamed |= {placeholder: values[0]} if values[0] != placeholder else {}
                elif values or placeholder not in self.conditions.parameters.stated:
                    constants[placeholder] = float(values[0]) if values else 1.0  # where nothing is observed
            if not measured:
                continue
            outputs.append(observable.name)
            table[observable.name] = rows.column(identifier, [each.measurement.value for each in measured], math.nan)
            scattering, numbers = self.scattering[identifier], [each.number for each in measured]
            if scattering.sigma is not None:
                sigma[observable.name] = f"noise of {observable.name}"
                table[sigma[observable.name]] = rows.column(identifier, scattering.sigma[numbers].tolist(), math.nan)
            for column, values in scattering.columns.items():
                table[column] = rows.column(identifier, values[numbers].tolist(), 0.0)
        return Data(
            table,
            inputs=inputs,
            output=outputs,
            sigma=sigma or None,
            name=name,
            missing="mask",
            parameters={name: each for name, each in renamed.items() if name in self.used},
            constants=constants,
            source=self.source,
        )


@dataclass(frozen=True)
class _Rows:
    """The rows of a data set: a time each, more than one for replicates.

    Arguments:
        times: ascending.
        places: observable to the row of each of its measurements.
    """

    times: np.ndarray
    places: Mapping[str, list[int]]

    @staticmethod
    def of(stated: Mapping[str, list[Stated]]) -> _Rows:
        keys: dict[str, list[tuple[float, int]]] = {}
        for identifier, measured in stated.items():
            count: Counter[float] = Counter()
            for each in measured:
                time = each.measurement.time
                keys.setdefault(identifier, []).append((time, count[time]))
                count[time] += 1
        ordered = sorted({key for listed in keys.values() for key in listed})
        row = {key: i for i, key in enumerate(ordered)}
        places = {identifier: [row[key] for key in listed] for identifier, listed in keys.items()}
        return _Rows(np.array([time for time, _ in ordered]), places)

    def column(self, identifier: str, values: Sequence[float], elsewhere: float) -> np.ndarray:
        """Values of an observable's measurements, and another one where it was not measured."""
        column = np.full(len(self.times), elsewhere)
        column[self.places[identifier]] = values
        return column
