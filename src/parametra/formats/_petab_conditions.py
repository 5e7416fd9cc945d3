"""The condition table of a PEtab problem: what each condition puts in place of the model's own values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parametra.formats._petab_parameters import Parameters
from parametra.formats._petab_statement import Argument, Column
from parametra.formats._petab_tables import Row, as_number
from parametra.nouns.errors import FileError, did_you_mean

_WORDS = frozenset({"conditionId", "conditionName"})


@dataclass(frozen=True)
class Experiment:
    """How a stretch of measurements was made: one integration.

    Arguments:
        simulation, preequilibration: identifiers of conditions; the latter "" for none.
        steady: whether it was measured in the steady state of the simulation condition, at infinite time.
    """

    simulation: str
    preequilibration: str
    steady: bool

    @property
    def settled(self) -> bool:
        """Whether it begins in a steady state."""
        return self.steady or bool(self.preequilibration)

    @property
    def name(self) -> str:
        """What its data set is called."""
        if self.steady:
            return f"{self.simulation} in steady state"
        return f"{self.simulation} after {self.preequilibration}" if self.preequilibration else self.simulation


def overriding(rows: Iterable[Row]) -> list[str]:
    """The identifiers of the columns that replace something."""
    return list(dict.fromkeys(column for row in rows for column in row.cells if column and column not in _WORDS))


def gaps_of(replaced: Iterable[str], rows: Mapping[str, Row], experiments: Iterable[Experiment]) -> dict[str, bool]:
    """For each identifier whether some experiment says nothing of it."""
    listed = list(experiments)
    used = [rows[condition] for each in listed for condition in (each.simulation, each.preequilibration) if condition]
    steady = any(each.steady for each in listed)  # in which a simulation sets nothing
    return {column: steady or any(not row.optional(column) for row in used) for column in replaced}


@dataclass(frozen=True)
class Conditions:
    """The conditions.

    Arguments:
        rows: by identifier.
        parameters: the parameter table.
        columns: what each column replaces, by identifier.
    """

    rows: Mapping[str, Row]
    parameters: Parameters
    columns: Mapping[str, Column]

    def value(self, condition: str, column: str) -> float | str | None:
        """A number, the name of a parameter, or None where the model's own value stands."""
        row = self.rows[condition]
        return override(row.optional(column), self.parameters, f'{row.place}: "{column}"')

    def arguments(self, experiment: Experiment) -> tuple[dict[str, float], dict[str, str]]:
        """The constants and the renamed parameters of a data set. Raises FileError for what has no value."""
        constants: dict[str, float] = {}
        renamed: dict[str, str] = {}
        first = experiment.preequilibration or experiment.simulation
        for identifier, column in self.columns.items():
            now, before = (self.value(condition, identifier) for condition in (experiment.simulation, first))
            pairs = [(column.now, now)]
            if experiment.settled:
                pairs = [(column.before, before), *([] if column.state else pairs)]
                if column.reset is not None:
                    pairs.append((column.reset, None if experiment.steady else now))
            for argument, value in pairs:
                stated = self._stated(column, argument, value, experiment)
                if argument.given:
                    constants[argument.given] = float(value is not None)
                if isinstance(stated, str):
                    renamed |= {argument.value: stated} if stated != argument.value else {}
                else:
                    constants[argument.value] = stated
        return constants, renamed

    def _stated(
        self, column: Column, argument: Argument, value: float | str | None, experiment: Experiment
    ) -> float | str:
        """What an argument takes, also where a condition says nothing."""
        if value is not None:
            return value
        if argument.given:
            return 1.0  # which is not taken
        if column.optional:
            return column.name
        if column.default is None:
            raise FileError(
                f'the condition table leaves "{column.name}" empty for "{experiment.name}", and neither the SBML model '
                "nor the parameter table gives a value. Fill it in."
            )
        return column.default


def override(text: str, parameters: Parameters, where: str) -> float | str | None:
    """What a cell puts in place of something: a number, a parameter by our name, None for nothing.

    Raises:
        FileError: a text that is no parameter.
    """
    if not text:
        return None
    number = as_number(text)
    if number is not None:
        return number
    if text not in parameters.identifiers:
        known = did_you_mean(text, sorted(parameters.identifiers))
        raise FileError(f'{where}: "{text}" is neither a number nor in the parameter table; {known}')
    return parameters.identifiers[text]
