"""The model of a PEtab problem: one differential equation, or two where only some data sets begin in a steady state."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from parametra.formats._petab_statement import Statement
from parametra.nouns.equation import Equation
from parametra.nouns.ode import ODE, Event


def ode_of(statement: Statement, settings: Mapping[str, Any]) -> ODE:
    """The ODE that a statement states, with settings of its solver."""
    return ODE(
        statement.states,
        initial=statement.initial,
        observe=statement.observe,
        let=statement.let or None,
        time=statement.time,
        events=[Event(time, set=values) for time, values in statement.events],
        settle=statement.settle,
        **settings,
    )


@dataclass(frozen=True, eq=False)
class Chosen:
    """Two equations, and a constant of the data set that says which of them is meant.

    Arguments:
        by: the constant: above zero for the second one.
        plain, settled: the equations.
    """

    by: str
    plain: ODE
    settled: ODE

    @property
    def __name__(self) -> str:
        return self.plain.__name__

    @property
    def names(self) -> frozenset[str]:
        """The parameters and inputs that they use."""
        return self.plain.names | self.settled.names | {self.by}

    @property
    def precision(self) -> float:
        """The relative error of their results."""
        return max(self.plain.precision, self.settled.precision)

    @property
    def tolerances_open(self) -> bool:
        """Whether nobody stated tolerances."""
        return self.plain.tolerances_open and self.settled.tolerances_open

    @property
    def relative_tolerance(self) -> float:
        """How accurately they are integrated."""
        return float(self.plain.relative_tolerance)

    @property
    def equations(self) -> tuple[Equation, ...]:
        """They as people read them: the first one, and where the second one differs."""
        plain = self.plain.equations
        differs = [each for each in self.settled.equations if each not in plain]
        return (*plain, *(replace(each, kind=f"{each.kind}, where it begins at rest") for each in differs))

    def begins(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> float:
        """When the one that is meant begins."""
        return self._meant(inputs).begins(parameters, inputs)

    @property
    def integrated(self) -> str:
        """By which solver and how accurately."""
        return self.plain.integrated

    @property
    def content_hash(self) -> str:
        """What tells this model from another one."""
        return hashlib.sha256(f"{self.by} {self.plain.content_hash} {self.settled.content_hash}".encode()).hexdigest()

    @property
    def time(self) -> str:
        """The name of time."""
        return self.plain.time

    @property
    def settle(self) -> Any:
        """What the second one begins with: both know steady states."""
        return self.settled.settle

    @property
    def own_names(self) -> dict[str, str]:
        """What parameters and inputs cannot be called."""
        return {**self.plain.own_names, **self.settled.own_names}

    @property
    def derivative(self) -> str:
        """How they are differentiated."""
        return self.plain.derivative

    @property
    def batched(self) -> bool:
        """Whether many points at once take little longer than one."""
        return self.plain.batched

    def prepare(self, points: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]) -> None:
        """Integrate many points together, so that single calls find their answers."""
        self._meant(inputs).prepare(points, inputs)

    def take_failures(self) -> Counter[str]:
        """Why lanes failed since this was asked last."""
        return self.plain.take_failures() + self.settled.take_failures()

    def tightened(self, factor: float) -> Chosen:
        """The same with tighter tolerances."""
        return Chosen(self.by, self.plain.tightened(factor), self.settled.tightened(factor))

    def __call__(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs for parameters and inputs, as an ODE gives them."""
        return self._meant(inputs)(parameters, inputs)

    def _meant(self, inputs: Mapping[str, Any]) -> ODE:
        return self.settled if inputs[self.by] > 0 else self.plain
