"""Writes small PEtab problems and SBML models for tests, from a few words each."""

from __future__ import annotations

import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parent.parent / "examples" / "petab_decay"
YAML = """format_version: 1
parameter_file: parameters.tsv
problems:
  - sbml_files: [model.xml]
    condition_files: [conditions.tsv]
    observable_files: [observables.tsv]
    measurement_files: [measurements.tsv]
"""


def example(folder):
    """A copy of the example, to be spoilt."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    return folder / "problem.yaml"


def table(path, rows):
    """A table of dicts, with the columns of all of them."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = ["\t".join(columns), *("\t".join(str(row.get(column, "")) for column in columns) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def problem(folder, *, observables, measurements, parameters=(), conditions=({"conditionId": "c"},), model=None):
    """A whole problem. Rows of tables are dicts, in which what is usual may be left out.

    Arguments:
        observables: identifier to formula, or rows.
        measurements: rows, in which c is the condition and 1 the measurement.
        model: the arguments of `sbml`.
    """
    if isinstance(observables, dict):
        observables = [{"observableId": k, "observableFormula": v} for k, v in observables.items()]
    table(folder / "observables.tsv", [{"noiseFormula": "1", **row} for row in observables])
    usual = {"simulationConditionId": "c", "time": 0, "measurement": 1}
    table(folder / "measurements.tsv", [{**usual, **row} for row in measurements])
    usual = {"parameterScale": "lin", "lowerBound": 0, "upperBound": 100, "nominalValue": 1, "estimate": 1}
    rows = [{"parameterId": "nothing", **usual, "estimate": 0}, *({**usual, **row} for row in parameters)]
    table(folder / "parameters.tsv", rows)
    table(folder / "conditions.tsv", list(conditions))
    (folder / "problem.yaml").write_text(YAML, encoding="utf-8")
    if model is not None:
        sbml(folder / "model.xml", **model)
    return folder / "problem.yaml"


def sbml(path, **stated):
    """An SBML file, from a few words.

    Arguments:
        species, compartments: identifier to its attributes; species are in the first compartment unless stated.
        parameters: identifier to value, None for none.
        reactions: identifier to (reactants, products, rate), the first two species to stoichiometry.
        assign, rates, initial, functions: identifier to formula.
        events: (trigger, {variable: formula}).
        local: reaction to its local parameters.
        conversion: the conversion factor of the model.
        fast: whether reactions are.
        level: (level, version).
    """
    import libsbml

    made = _Sbml(libsbml, stated)
    path.write_text(libsbml.writeSBMLToString(made.document), encoding="utf-8")
    return path


def _create(make, identifier=None, **attributes):
    made = make()
    for name, value in {"id": identifier, **attributes}.items():
        if value is not None:
            getattr(made, f"set{name[0].upper()}{name[1:]}")(value)
    return made


class _Sbml:
    """Builds a model, part by part."""

    def __init__(self, libsbml, stated):
        self.libsbml, self.stated = libsbml, stated
        self.level = stated.get("level", (3, 2))
        self.document = libsbml.SBMLDocument(*self.level)
        self.model = _create(self.document.createModel, "model", conversionFactor=stated.get("conversion"))
        changed = (name for _, changes in stated.get("events", ()) for name in changes)
        self.changing = {*stated.get("assign", {}), *stated.get("rates", {}), *changed}
        for part in (self.things, self.rules, self.reactions, self.events):
            part()

    def read(self, text):
        tree = self.libsbml.parseL3Formula(text)
        assert tree is not None, self.libsbml.getLastParseL3Error()
        return tree

    def each(self, kind):
        return self.stated.get(kind, {}).items()

    def things(self):
        model, compartments = self.model, self.stated.setdefault("compartments", {"box": {}})
        for name, formula in self.each("functions"):
            _create(model.createFunctionDefinition, name, math=self.read(formula))
        for name, stated in compartments.items():
            attributes = {"spatialDimensions": 3, "size": 1.0, "constant": name not in self.changing, **stated}
            _create(model.createCompartment, name, **attributes)
        usual = {"compartment": next(iter(compartments)), "hasOnlySubstanceUnits": False}
        for name, stated in self.each("species"):
            _create(model.createSpecies, name, **{**usual, "boundaryCondition": False, "constant": False, **stated})
        for name, value in self.each("parameters"):
            _create(model.createParameter, name, value=value, constant=name not in self.changing)

    def rules(self):
        for name, formula in self.each("initial"):
            _create(self.model.createInitialAssignment, symbol=name, math=self.read(formula))
        for name, formula in self.each("assign"):
            _create(self.model.createAssignmentRule, variable=name, math=self.read(formula))
        for name, formula in self.each("rates"):
            _create(self.model.createRateRule, variable=name, math=self.read(formula))

    def reactions(self):
        fast = self.stated.get("fast", False) if self.level < (3, 2) else None
        for name, (reactants, products, rate) in self.each("reactions"):
            reaction = _create(self.model.createReaction, name, reversible=False, fast=fast)
            for make, stated in ((reaction.createReactant, reactants), (reaction.createProduct, products)):
                for species, stoichiometry in stated.items():
                    self.reference(_create(make, species=species), stoichiometry)
            law = _create(reaction.createKineticLaw, math=self.read(rate))
            for key, value in self.stated.get("local", {}).get(name, {}).items():
                _create(law.createLocalParameter if self.level[0] > 2 else law.createParameter, key, value=value)

    def reference(self, reference, stoichiometry):
        if self.level[0] > 2:
            reference.setConstant(stoichiometry not in self.changing)
        if not isinstance(stoichiometry, str):
            reference.setStoichiometry(stoichiometry)
        elif self.level[0] > 2:
            reference.setId(stoichiometry)
        else:
            reference.createStoichiometryMath().setMath(self.read(stoichiometry))

    def events(self):
        for trigger, changes in self.stated.get("events", ()):
            event = _create(self.model.createEvent, useValuesFromTriggerTime=True)
            _create(event.createTrigger, math=self.read(trigger), persistent=True, initialValue=True)
            for name, formula in changes.items():
                _create(event.createEventAssignment, variable=name, math=self.read(formula))
