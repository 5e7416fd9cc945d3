"""Ordinary differential equations as a model: slopes, first values, events and outputs, differentiated exactly."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from parametra.nouns._ode_call import Caller
from parametra.nouns._ode_equations import equations_of
from parametra.nouns._ode_inputs import check_times, lone_rows
from parametra.nouns._ode_memory import Memory
from parametra.nouns._ode_pull import Pulled, Weigh, pull_back
from parametra.nouns._ode_solver import SOLVERS, Tolerances
from parametra.nouns._ode_statement import Statement, statement_of
from parametra.nouns._ode_units import check_ode_units
from parametra.nouns.equation import Equation
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.evaluation import EvaluationFailed
from parametra.nouns.statement import is_number, shown

if TYPE_CHECKING:
    Value = str | float
    States = Mapping[str, Value] | Callable[..., Any]
    Table = Mapping[str, Value] | None
    Outputs = Mapping[str, Value] | str | Callable[..., Any] | None
    When = Value | Sequence[Value] | np.ndarray
    from typing import TypeAlias

    Events: TypeAlias = "Event | Sequence[Event]"
    Name = str
    Number = float
    Count = int
else:
    # What comes is checked where it is kept, and refused with a message that says what to do.
    Value = States = Table = Outputs = When = Events = Name = Number = Count = Any

_FINEST, _COARSEST = 1e-14, 0.1
"""Relative tolerances: numbers carry no more digits than the one, and the other tells nothing of a solution."""

_OPEN: Any = None
_TOLERANCES = ("relative_tolerance", "absolute_tolerance")
_RELATIVE = 1e-8
"""The tolerance that serves where none is stated."""


@dataclass(frozen=True)
class Event:
    """States that change at a time: a dose, a dilution, a stimulus.

        Event([0, 24, 48], add={"gut": "dose"})
        Event("lag", set={"gut": "dose"})

    Formulas of one event all see the states before it. An observation at that very time sees the states after it.

    Arguments:
        time: a number, a formula of parameters and inputs, or several of them. One before the ODE begins does not
            happen.
        set: state to its new value, a number or a formula.
        add: state to what is added to it.
    """

    time: When
    set: Table = None
    add: Table = None


@dataclass(frozen=True, eq=False, repr=False)
class ODE:
    """A model whose states follow slopes: dS/dt = f(t, S, parameters).

        decay = ODE({"A": "-k * A"}, initial={"A": "dose"}, observe={"y": "A / V"})
        fit(decay, data, {"k": (0, 10), "dose": 100, "V": (0, 50)})

    Formulas may use states, time, quantities of `let`, parameters, and inputs of the data. A row of the data is
    predicted with its own inputs from the begin on, so one table may hold many experiments. A function instead of
    formulas is called for one lane at one time: every argument is a number, and an array for a parameter that is one.
    Written with JAX or NumPy it is traced and differentiated where that can be done; otherwise SciPy integrates it, and
    derivatives are differences.

    Good for kinetics, pharmacology, epidemics, ecology. Prefer a formula where the solution is known.

    Arguments:
        states: state to the formula of its slope, or def rhs(t, S, I, beta) that returns them by name or in the order
            of `initial`.
        initial: state to its first value: a number, or a formula of parameters, inputs, and other first values.
        observe: output to formula; one formula for a single output; a function of named numbers that returns numbers by
            output; None: the states themselves.
        let: quantities by name that formulas may use, in any order.
        time: the input of the data that is time.
        begin: where it begins, a number or a formula of parameters and inputs.
        events: an `Event`, or several.
        settle: names of parameters and inputs to what they are before the ODE begins: it begins at the steady state
            that it runs into with these. {} replaces none.
        solver: "auto", "explicit" for what is not stiff, "rosenbrock" for what is, "lsoda" for SciPy's.
        relative_tolerance, absolute_tolerance: the error of each step is below absolute + relative * |state|; the
            relative one is between 1e-14 and 0.1, None takes 1e-8. For the absolute one None takes a hundredth of the
            relative one of the largest that each state was at the begin and at events, or has been since the last of
            them, so that units do not matter; LSODA, which cannot change it on the way, takes no account of the latter.
            A fit whose answer moves with them may tighten both where neither is stated. A state that begins at nothing
            counts as a millionth of the largest until it grows, for LSODA until the next event: write states that
            differ by more in units that suit them.
        most_steps: a point that takes more has failed.

    Raises:
        ModelError: what is stated wrongly.
        FormulaError: a formula that cannot be read.
    """

    states: States
    initial: Table = None
    observe: Outputs = None
    let: Table = None
    time: Name = "t"
    begin: Value = 0.0
    events: Events = ()
    settle: Table = None
    solver: Name = "auto"
    relative_tolerance: Number = _OPEN
    absolute_tolerance: Number | None = None
    most_steps: Count = 10_000
    _left_open: tuple[str, ...] = field(init=False)
    _statement: Statement = field(init=False)
    _caller: Caller = field(init=False)
    _failures: Counter[str] = field(init=False)
    _memory: Memory = field(init=False)

    def __post_init__(self) -> None:
        events: Any = (self.events,) if isinstance(self.events, Event) else self.events
        if not isinstance(events, (list, tuple)) or not all(isinstance(each, Event) for each in events):
            raise ModelError('events are written Event(time, add={"A": "dose"}), one or a list of them.')
        left_open = tuple(name for name in _TOLERANCES if getattr(self, name) is None)
        if "relative_tolerance" in left_open:
            object.__setattr__(self, "relative_tolerance", _RELATIVE)
        for name in _TOLERANCES:
            if getattr(self, name) is not None:
                _check_positive(getattr(self, name), name)
        if not _FINEST <= self.relative_tolerance <= _COARSEST:
            raise ModelError(
                f"relative_tolerance is between {_FINEST:g} and {_COARSEST:g}, and 1e-8 serves fits well; "
                f"{shown(self.relative_tolerance)} came."
            )
        steps: Any = self.most_steps
        if not isinstance(steps, int) or isinstance(steps, bool) or steps < 1:
            raise ModelError(f"most_steps is a whole number above zero; {shown(self.most_steps)} came.")
        if self.solver not in SOLVERS:
            raise ModelError(f'solver = "{self.solver}": {did_you_mean(str(self.solver), SOLVERS)}')
        statement = statement_of(
            self.states, self.initial, self.observe, self.let, self.time, self.begin, events, self.settle
        )
        tolerances = Tolerances(float(self.relative_tolerance), self._absolute, self.most_steps)
        made = {
            "events": tuple(events),
            "_left_open": left_open,
            "_statement": statement,
            "_caller": Caller(statement, tolerances, self.solver),
            "_failures": Counter[str](),
            "_memory": Memory(statement.names, statement.time),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def __getstate__(self) -> dict[str, Any]:
        stated = {name: value for name, value in self.__dict__.items() if not name.startswith("_")}
        return stated | dict.fromkeys(self._left_open)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ODE) and self.content_hash == other.content_hash

    def __hash__(self) -> int:
        return hash(self.content_hash)

    def __repr__(self) -> str:
        return f"<{self.__name__}: {', '.join(self._statement.states)}>"

    @property
    def __name__(self) -> str:
        function: Any = self.states if callable(self.states) else None
        return str(getattr(function, "__name__", "ODE"))

    @property
    def names(self) -> frozenset[str]:
        """The parameters and inputs that it uses: what else changes is nothing to it."""
        return self._statement.names

    @property
    def optional(self) -> frozenset[str]:
        """Those of them that may be missing, because a function has a default."""
        return self._statement.optional

    @property
    def derivative(self) -> str:
        """How it is differentiated; of functions this is known once they were called."""
        return "forward sensitivities" if self._traced else "central differences"

    @property
    def batched(self) -> bool:
        """Whether many points at once take little longer than one; of functions this is known once they were called."""
        return self.solver != "lsoda" and self._traced

    @property
    def _traced(self) -> bool:
        functions = [sheet.function for sheet in (self._statement.slopes, self._statement.observe) if sheet is not None]
        return all(function is None or function.traceable for function in functions)

    @property
    def _absolute(self) -> float | None:
        return None if self.absolute_tolerance is None else float(self.absolute_tolerance)

    @property
    def tolerances_open(self) -> bool:
        """Whether nobody stated tolerances, so that a fit may choose tighter ones."""
        return len(self._left_open) == len(_TOLERANCES)

    @property
    def integrated(self) -> str:
        """By which solver and how accurately, for people; of functions this is known once they were called."""
        steps = {"auto": "explicit steps, Rosenbrock steps where stiff", "rosenbrock": "Rosenbrock steps"}
        how = steps.get(self.solver, "explicit steps") if self.batched else "SciPy's LSODA"
        return f"integrated by {how} to {self.relative_tolerance:g}"

    @property
    def equations(self) -> tuple[Equation, ...]:
        """It as people read it, line by line."""
        return equations_of(self)

    @property
    def untraced(self) -> str:
        """What JAX cannot trace, and what that costs, in a sentence; "" for nothing, or where it was not called yet."""
        sheets = (self._statement.slopes, self._statement.observe)
        return " ".join(sheet.function.untraced for sheet in sheets if sheet is not None and sheet.function is not None)

    @property
    def own_names(self) -> dict[str, str]:
        """What parameters and inputs cannot be called: name to what it is."""
        s = self._statement
        return {
            **dict.fromkeys(s.let, "a quantity of let"),
            s.time: "the time",
            **dict.fromkeys(s.states, "a state"),
        }

    def advice(self, name: Name) -> str:
        """What else may be wrong where a name of it has no value, a sentence with a blank before it, or ""."""
        return self._statement.advice(name)

    @property
    def precision(self) -> float:
        """Relative error of its results, which steps of differences follow."""
        return 10.0 * float(self.relative_tolerance)

    @property
    def content_hash(self) -> str:
        """What tells this model from another one: its formulas, the instructions of its functions, its tolerances."""
        if "_hash" not in self.__dict__:
            stated = ["ode 1", self._statement.text, self.solver, self.most_steps]
            stated += [float(self.relative_tolerance), self._absolute]
            digest = hashlib.sha256(json.dumps(stated).encode()).hexdigest()
            self.__dict__["_hash"] = digest
        return self.__dict__["_hash"]

    def check_units(self, units: Mapping[str, Any], outputs: Mapping[str, Any]) -> list[str]:
        """Check that all formulas hold together: a slope is in the unit of its state by that of time, and so on.

        Arguments:
            units: unit of each parameter and input, None where it is not stated.
            outputs: unit of each output of the data; "" is the only one.

        Returns:
            What was found to fit, in clauses.

        Raises:
            UnitError: what does not fit.
        """
        return check_ode_units(self._statement, units, outputs)

    def check_inputs(self, inputs: Mapping[str, Any]) -> None:
        """Refuse inputs of a data set, by name, that no parameters can be fitted to.

        Raises:
            DataError: a time before the ODE begins, where that is a plain number.
        """
        check_times(self._statement, inputs)

    def doubts(self, inputs: Mapping[str, Any]) -> list[str]:
        """What looks unlike what was meant in the inputs of a data set, by name: each row an experiment of its own."""
        return lone_rows(self._statement, inputs)

    def begins(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> float:
        """When it begins, for the parameters of one point and the inputs of one experiment."""
        with np.errstate(all="ignore"):
            return float(self._statement.begin.values({**parameters, **inputs}, ())[0])

    def tightened(self, factor: Number = 0.01) -> ODE:
        """The same ODE with tolerances multiplied by `factor`, which are stated then, and steps to reach them.

        A result that it moves was one of the tolerances.
        """
        _check_positive(factor, "factor")
        return replace(
            self,
            relative_tolerance=max(self.relative_tolerance * factor, 1e-13),
            absolute_tolerance=None if self._absolute is None else self._absolute * factor,
            most_steps=self.most_steps * 10,
        )

    def take_failures(self) -> Counter[str]:
        """Why points of batches failed since this was last asked."""
        taken = Counter(self._failures)
        self._failures.clear()
        return taken

    def __call__(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Integrate.

        Arguments:
            parameters: numbers by name, or columns (N, 1) of many points; arrays (k,) or (k, N, 1) where formulas take
                elements. Complex numbers p + i e v carry a direction v. Names that are not used are left aside.
            inputs: the inputs and constants of the data set by name; they win over parameters.

        Returns:
            Output to its values (T,), or (N, T) for many points, with rows of NaN for those that failed, whose reasons
            `take_failures` gives. Complex where parameters are: the derivative in the direction is in the imaginary
            part.

        Raises:
            ModelError: a name without a value, or a value that is no number.
            EvaluationFailed: a single point that cannot be integrated.
        """
        known = self._memory.find(parameters, inputs)
        if known is None:
            found = self._caller.call(parameters, inputs)
            if any(np.ndim(value) > 1 for value in found.outputs.values()):
                self._failures.update(found.failures)
                return found.outputs
            known = (found.outputs, str(found.failed[0]))
        outputs, failed = known
        if failed:
            raise EvaluationFailed(failed)
        return {name: value.copy() for name, value in outputs.items()}

    def pull_back(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any], weigh: Weigh) -> Pulled | None:
        """Integrate, and differentiate one number a point by all parameters at once, backwards.

        Good for many parameters: the effort does not grow with their number. Prefer complex numbers in a call for few,
        and for the derivatives of each output.

        Arguments:
            parameters, inputs: as in a call; real.
            weigh: gets the outputs (N, T) of some points and their numbers, and gives the derivatives of what is
                differentiated by them, output to (N, T).

        Returns:
            Outputs, reasons of points that failed, and for each parameter that is used its derivative, (N,) or
            (elements, N). None where there is no way back: through steady states, and with LSODA.

        Raises:
            ModelError: as a call does.
        """
        return pull_back(self._caller, parameters, inputs, weigh)

    def prepare(self, points: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]) -> None:
        """Integrate many points together, so that single calls find their answers.

        Arguments:
            points: the parameters of each, by name; where any but single numbers are among them nothing is done.
            inputs: as in a call.
        """
        used = [name for name in points[0] if name in self.names and name not in inputs] if points else []
        if not used or any(np.ndim(point[name]) for point in points for name in used):
            return
        points = [point for point in points if self._memory.find(point, inputs) is None]
        moved = [any(np.iscomplexobj(point[name]) for name in used) for point in points]
        for kind in (False, True):
            some = [point for point, complex_ in zip(points, moved, strict=True) if complex_ is kind]
            if some:
                self._prepare({name: np.array([[point[name]] for point in some]) for name in used}, some, inputs)

    def _prepare(
        self, columns: Mapping[str, np.ndarray], points: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]
    ) -> None:
        found = self._caller.call(columns, inputs)
        answers = [
            ({name: value[i] for name, value in found.outputs.items()}, str(why)) for i, why in enumerate(found.failed)
        ]
        self._memory.keep(points, inputs, answers)


def _check_positive(value: object, name: str) -> None:
    if not is_number(value) or not 0.0 < float(value) < np.inf:
        raise ModelError(f"{name} is a number above zero; {shown(value)} came.")
