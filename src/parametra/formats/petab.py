"""PEtab 1 problems (tables and an SBML model) as problems of this package.

A condition becomes a data set, an observable an output, a row of the parameter table a parameter of the same name.
Formulas are read by libSBML and written as ours; nothing in a file is run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parametra.formats import _petab_conditions as conditions_table
from parametra.formats import _petab_measurements as measurements_table
from parametra.formats import _petab_observables as observables_table
from parametra.formats import _petab_parameters as parameters_table
from parametra.formats._petab_data import SETTLED, Assembly
from parametra.formats._petab_model import Chosen, ode_of
from parametra.formats._petab_observables import Observable
from parametra.formats._petab_scatter import scattering_of
from parametra.formats._petab_statement import Column, Composer, columns_of, names_in
from parametra.formats._petab_tables import Row, by_identifier, read_rows, read_yaml
from parametra.formats._sbml_math import libsbml
from parametra.formats._sbml_model import SbmlModel, read_sbml
from parametra.nouns.errors import FileError, ParametraError, did_you_mean
from parametra.nouns.problem import Problem


def read_petab(path: str | os.PathLike[str], *, fixed: bool = False, **settings: Any) -> Problem:
    """Read a PEtab problem.

    Good for models of systems biology, which are exchanged in this form. Nominal values become guesses, so the first
    start of a fit is there.

    Arguments:
        path: the YAML file of a problem in PEtab version 1, with an SBML model of level 2 or 3.
        fixed: True fixes every parameter at its nominal value, to look at what was published.
        settings: of the `ODE`: solver, relative_tolerance, absolute_tolerance, most_steps.

    Returns:
        The problem: parameters by their PEtab names, logarithmic ones as `Log`; a data set for each condition, with
        outputs named by observables; titled as its SBML model. A name that formulas refuse, such as lambda, has a _
        behind.

    Raises:
        FileError: what is wrong with a file, with its row, and what is not done here: events that states trigger,
            algebraic rules, delays.
        MissingExtraError: libSBML is not installed.
    """
    file = Path(path)
    files = read_yaml(file)
    parameter_rows = by_identifier(read_rows(files.parameters, parameters_table.WANTED), "parameterId")
    condition_rows = by_identifier(read_rows(files.conditions, ("conditionId",)), "conditionId")
    observable_rows = by_identifier(read_rows(files.observables, observables_table.WANTED), "observableId")
    measurement_rows = read_rows(files.measurements, measurements_table.WANTED)
    replaced = conditions_table.overriding(condition_rows.values())
    placeholders = observables_table.placeholders_in(observable_rows.values())
    others = [*parameter_rows, *replaced, *observable_rows, *placeholders, SETTLED]

    model = read_sbml(files.sbml, others)
    names = model.names
    parameters = parameters_table.parameters_of(parameter_rows, names, fixed=fixed)
    known = {*model.identifiers, *parameter_rows, *replaced}
    observables = observables_table.observables_of(observable_rows, names, known, model.time)
    measurements = measurements_table.measurements_of(measurement_rows, observables, condition_rows, parameters)
    if not measurements:
        raise FileError(f"{file.name}: no measurement has a value.")
    measured = {key: [m for m in measurements if m.observable == key] for key in observables}
    observed = {key: each for key, each in observables.items() if measured[key]}
    experiments = list(dict.fromkeys(each.experiment for each in measurements))
    gaps = conditions_table.gaps_of(replaced, condition_rows, experiments)
    by_name = columns_of({names(column): gap for column, gap in gaps.items()}, model, frozenset(parameters.stated))
    _refuse_columns(by_name, model, observables)
    conditions = conditions_table.Conditions(condition_rows, parameters, {key: by_name[names(key)] for key in replaced})
    outputs = {each.name: each.formula for each in observed.values()}
    composer = Composer(model, by_name, frozenset(parameters.stated), outputs)
    scattering = {key: scattering_of(each, measured[key], conditions, composer) for key, each in observed.items()}
    wanted = sorted({each.settled for each in experiments})
    try:
        equations = [ode_of(composer.statement(settled), settings) for settled in wanted]
        names_used = frozenset(name for each in equations for name in each.names)
        assembly = Assembly(observed, scattering, conditions, model.time, len(wanted) > 1, files.sbml.name, names_used)
        data = assembly.data_sets(measurements)
        noise = {each.name: scattering[key].noise for key, each in observed.items()}
        used = {name for each in noise.values() for name in each.reads or ()}
        used |= names_used
        used |= {name for each in data for name in each.parameters.values()}
        _refuse_unused(used, parameters, parameter_rows)
        return Problem(
            Chosen(SETTLED, *equations) if len(wanted) > 1 else equations[0],
            data,
            parameters.stated,
            noise=noise,
            title=_title(files.sbml, file.stem),
        )
    except FileError:
        raise
    except ParametraError as error:
        raise FileError(f"{file.name}: {error}") from error.__cause__


def _title(sbml: Path, otherwise: str) -> str:
    """What the SBML file calls its model."""
    model = libsbml().readSBMLFromFile(str(sbml)).getModel()
    return str(model.getName() or model.getId() or otherwise)


def _refuse_columns(columns: Mapping[str, Column], model: SbmlModel, observables: Mapping[str, Observable]) -> None:
    """Raises FileError for a column of the condition table that nothing knows."""
    texts = [text for each in observables.values() for text in (each.formula, each.width)]
    known = {*model.values, *model.symbols, *(name for text in texts for name in names_in(text))}
    for name in columns:
        if name not in known:
            raise FileError(
                f'the condition table has a column "{name}", which is neither in the SBML model nor in a formula of '
                f"the observable table; {did_you_mean(name, sorted(known - set(columns)))}"
            )


def _refuse_unused(used: set[str], parameters: parameters_table.Parameters, rows: Mapping[str, Row]) -> None:
    """Raises FileError for a parameter that is to be estimated and that nothing depends on."""
    for identifier, name in parameters.identifiers.items():
        if name not in used and name not in parameters.fixed:
            raise FileError(
                f'{rows[identifier].place}: nothing depends on "{identifier}", so nothing can be learnt about it. Set '
                "estimate to 0, or correct its name."
            )
