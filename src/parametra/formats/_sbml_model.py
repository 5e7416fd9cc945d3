"""An SBML file (level 2 or 3) as a statement of an ordinary differential equation, in texts of our formulas.

What a species is called by (its symbol) is its amount where hasOnlySubstanceUnits is true, and its concentration
otherwise. A state is the symbol itself, but for species whose compartment changes its size: there the state is the
amount, and the symbol a rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parametra.formats._sbml_events import SbmlEvent, events_of
from parametra.formats._sbml_math import Names, Writer, libsbml
from parametra.formats._sbml_reactions import changes_of, rates_of
from parametra.nouns.errors import FileError, FormulaError, ParametraError, did_you_mean

_HARMLESS = frozenset({"layout", "render", "groups", "l3v2extendedmath"})
"""Packages of SBML that change nothing of the mathematics, or that are read like the core."""


@dataclass(frozen=True)
class State:
    """One state.

    Arguments:
        slope: its slope, a formula.
        start: what its symbol begins with, "" where the file does not say.
        symbol: what files call it.
        size: the compartment that its symbol is to be multiplied with, "" for none.
    """

    slope: str
    start: str
    symbol: str
    size: str = ""


@dataclass
class SbmlModel:
    """What an SBML file states, all by our names.

    Arguments:
        names: identifiers as our names.
        time: what time is called.
        identifiers: every identifier of the file.
        values: what does not change in time: name to number or formula at the start, "" where the file gives none.
        rules: what follows from the rest at any time: assignment rules and rates of reactions.
        states: what has a slope.
        events: changes at stated times.
    """

    names: Names
    time: str
    identifiers: frozenset[str]
    values: dict[str, str] = field(default_factory=dict[str, str])
    rules: dict[str, str] = field(default_factory=dict[str, str])
    states: dict[str, State] = field(default_factory=dict[str, State])
    events: tuple[SbmlEvent, ...] = ()

    @property
    def symbols(self) -> dict[str, str]:
        """What files call a state, to the state."""
        return {state.symbol: name for name, state in self.states.items()}


def read_sbml(path: Path, others: Iterable[str] = ()) -> SbmlModel:
    """Read an SBML file.

    Arguments:
        path: the file; libSBML alone reads it, and nothing in it is evaluated.
        others: identifiers that are used beside it, which new names must not take.

    Raises:
        FileError: no such file, no SBML, or what is not done here: algebraic rules, delays, events that states trigger.
    """
    library = libsbml()
    if not path.is_file():
        raise FileError(f"there is no file {path}, which the problem names as its SBML model.")
    document = library.readSBMLFromFile(str(path))
    try:
        _refuse_document(document, library)
        return _Reading(document.getModel(), others).model
    except ParametraError as error:
        raise FileError(f"{path.name}: {error}") from None


def _refuse_document(document: Any, library: Any) -> None:
    for i in range(document.getNumErrors()):
        error = document.getError(i)
        if error.getSeverity() >= library.LIBSBML_SEV_ERROR:
            said = " ".join(error.getMessage().split())
            raise FileError(f"line {error.getLine()} is no valid SBML: {said[:300]}")
    if document.getModel() is None:
        raise FileError("it holds no model.")
    if document.getLevel() < 2:
        raise FileError("it is SBML level 1; convert it to level 2 or 3, for example with COPASI.")
    for i in range(document.getNumPlugins()):
        package = document.getPlugin(i).getPackageName()
        if package not in _HARMLESS and document.getPackageRequired(package):
            raise FileError(f'it needs the SBML package "{package}", which is not read here; flatten the model first.')


class _Reading:
    """One pass over a model of libSBML."""

    def __init__(self, source: Any, others: Iterable[str]) -> None:
        self.source = source
        lists = (source.getListOfCompartments(), source.getListOfSpecies(), source.getListOfParameters())
        self.references = [
            reference
            for reaction in source.getListOfReactions()
            for listed in (reaction.getListOfReactants(), reaction.getListOfProducts())
            for reference in listed
            if reference.getId()
        ]
        known = {each.getId() for listed in (*lists, source.getListOfReactions()) for each in listed}
        known |= {each.getId() for each in self.references}
        self.known: set[str] = known
        names = Names([*known, *others])
        self.model = SbmlModel(names, names.fresh("time"), frozenset(known))
        functions = {each.getId(): each.getMath() for each in source.getListOfFunctionDefinitions()}
        self.writer = Writer(self._name, self.model.time, functions, "")
        self.assigned = {
            each.getSymbol(): self._written(each, f'the initial assignment of "{each.getSymbol()}"')
            for each in source.getListOfInitialAssignments()
        }
        self.slopes: dict[str, str] = {}
        self._read_rules()
        self.ruled = {names(each) for each in known}.intersection(self.model.rules)
        self.model.events = events_of(source, self.writer, names)
        self.moved = {target for event in self.model.events for target, _ in event.assignments}
        self._read_all()
        self._check_events()

    def _name(self, identifier: str) -> str:
        if identifier not in self.known:
            raise FormulaError(f'"{identifier}" is not in the model; {did_you_mean(identifier, sorted(self.known))}')
        return self.model.names(identifier)

    def _written(self, element: Any, where: str) -> str:
        if element.getMath() is None:
            raise FileError(f"{where} holds no formula.")
        return replace(self.writer, where=where).number(element.getMath())

    def _read_rules(self) -> None:
        for rule in self.source.getListOfRules():
            variable: str = rule.getVariable()
            if rule.isAlgebraic():
                raise FileError("it has an algebraic rule, 0 = ..., which is not solved here; solve it for a variable.")
            text = self._written(rule, f'the rule of "{variable}"')
            (self.slopes if rule.isRate() else self.model.rules)[self.model.names(variable)] = text

    def _read_all(self) -> None:
        model, names = self.model, self.model.names
        for compartment in self.source.getListOfCompartments():
            size = self._number(compartment.getSize() if compartment.isSetSize() else None)
            self._quantity(compartment.getId(), size if compartment.getSpatialDimensions() else size or "1")
        for parameter in self.source.getListOfParameters():
            self._quantity(parameter.getId(), self._number(parameter.getValue() if parameter.isSetValue() else None))
        for reference in self.references:
            stated = float(reference.getStoichiometry())
            self._quantity(reference.getId(), self._number(stated if stated == stated else None))  # noqa: PLR0124
        ruled = {each for each in self.known if names(each) in model.rules or each in self.assigned}
        changes = changes_of(self.source, self.writer, names, ruled.__contains__)
        for species in self.source.getListOfSpecies():
            self._species(species, changes.get(species.getId()))
        model.rules.update(rates_of(self.source, self.writer, names))

    @staticmethod
    def _number(value: float | None) -> str:
        return "" if value is None or value != value else f"({value!r})" if value < 0 else repr(float(value))  # noqa: PLR0124

    def _quantity(self, identifier: str, stated: str) -> None:
        """A compartment, a parameter or a stoichiometry."""
        name = self.model.names(identifier)
        start = self.assigned.get(identifier, stated)
        if name in self.ruled:
            return
        if name in self.slopes or name in self.moved:
            self.model.states[name] = State(self.slopes.get(name, "0"), start, name)
        else:
            self.model.values[name] = start

    def _species(self, species: Any, change: str | None) -> None:
        model, identifier = self.model, species.getId()
        name, size = model.names(identifier), model.names(species.getCompartment())
        only_amount = species.getHasOnlySubstanceUnits() or not self._dimensions(species.getCompartment())
        start = self.assigned.get(identifier, self._species_start(species, size, only_amount))
        if name in self.ruled:
            return
        if name in self.slopes:  # a rate rule states the slope of the symbol itself
            model.states[name] = State(self.slopes[name], start, name)
            return
        factor = self._conversion(species)
        slope = "0" if change is None else f"({change}){factor}"
        changing = size in model.states or size in self.ruled
        if changing and not only_amount:
            amount = model.names.fresh(f"amount_{name}")
            model.states[amount] = State(slope, start, name, size)
            model.rules[name] = f"{amount} / {size}"
        elif change is not None or name in self.moved:
            slope = slope if only_amount or change is None else f"{slope} / {size}"
            model.states[name] = State(slope, start, name)
        else:
            model.values[name] = start

    def _dimensions(self, compartment: str) -> bool:
        found = self.source.getCompartment(compartment)
        if found is None:
            raise FileError(f'a species is in the compartment "{compartment}", which the model does not have.')
        return found.getSpatialDimensions() != 0

    def _species_start(self, species: Any, size: str, only_amount: bool) -> str:
        if species.isSetInitialAmount():
            amount = self._number(species.getInitialAmount())
            return amount if only_amount or not amount else f"({amount} / {size})"
        if species.isSetInitialConcentration():
            concentration = self._number(species.getInitialConcentration())
            return f"({concentration} * {size})" if only_amount and concentration else concentration
        return ""

    def _conversion(self, species: Any) -> str:
        """What a rate is multiplied with to be in the units of the species."""
        if self.source.getLevel() < 3:
            return ""
        own = species.getConversionFactor() if species.isSetConversionFactor() else ""
        whole = self.source.getConversionFactor() if self.source.isSetConversionFactor() else ""
        return f" * {self._name(own or whole)}" if own or whole else ""

    def _check_events(self) -> None:
        for event in self.model.events:
            changing = sorted(event.time_names & {*self.model.states, *self.model.rules})
            if changing:
                raise FileError(
                    f'the event "{event.name}" is triggered by "{changing[0]}", which changes in time; only events at '
                    "times that are known beforehand are done here, such as time >= t1."
                )
