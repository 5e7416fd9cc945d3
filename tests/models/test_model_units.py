"""Every formula of a ready-made model holds together in units that nobody thought of when it was written."""

import copy

import pytest

import parametra as pm
from parametra import catalogue
from parametra.nouns.data import as_data_sets
from parametra.nouns.units import parse_unit
from parametra.nouns.units_check import check_fits, check_units

INVENTED = ("T", "kg", "A", "cd", "mol", "V")
FIELDS = ("decay", "ecology", "growth", "kinetics", "lines", "peaks", "pharmacokinetics", "scaling_law", "steps")
COUNTED = ("kinetics.stochastic_degradation", "scaling_law.adoption", "scaling_law.loss_trajectory")
"""Their output is a number of molecules or of papers, or nats that no parameter scales."""


def in_units(data, units):
    """The same data, whose columns are stated in these units."""
    other = copy.copy(data)
    columns = {**data.inputs, **data.outputs, **data.constants}
    object.__setattr__(other, "units", {k: v for k, v in units.items() if k in columns})
    return other


def invented(form):
    """A unit of its own for every column whose unit a free parameter follows, and for what is measured alike."""
    followed = " ".join(str(each.unit) for each in form.parameters.values() if each.free)
    taken = iter(INVENTED)
    columns = {**form.inputs, **form.outputs}
    found = {name: next(taken) for name in columns if f"{{{name}}}" in followed}
    like = {columns[name]: unit for name, unit in found.items() if columns[name] != "1"}
    return {name: found.get(name, like.get(unit, unit)) for name, unit in columns.items()}


def cases():
    for name in catalogue.models():
        ready = catalogue.model(name)
        for i, known in enumerate(ready.known):
            if name.split(".")[0] in FIELDS and not known.external:
                yield pytest.param(ready, known, id=f"{name}-{i}")


@pytest.mark.parametrize(("ready", "known"), [*cases()])
def test_formulas_hold_together_in_units_of_any_kind(ready, known):
    data = as_data_sets(known.data())
    columns = invented(ready.bare_form(data, **known.options))
    form = ready.form_of([in_units(each, columns) for each in data], **known.options)
    units = {k: parse_unit(v) for k, v in columns.items()}
    units |= {k: parse_unit(getattr(each, "unit", "")) for k, each in form.parameters.items()}
    for name, formula in pm.Model.of(form.model).formulas:
        check_fits(formula, units, units[name], name)
        assert formula.unit(units) is not None, "nothing was checked"
    usual = ready.bare_form(data, **known.options).outputs
    followed = all(columns[name] != unit for name, unit in usual.items())
    assert followed is (ready.name not in COUNTED), "no parameter follows the unit of the output"


@pytest.mark.parametrize("compartments", ["one", "two"])
def test_the_duration_of_an_infusion_is_in_the_unit_of_the_times(compartments):
    ready = catalogue.model(f"pharmacokinetics.{compartments}_compartment")
    table = {"time": [30.0, 60, 90, 120, 200, 300, 500], "concentration": [2.0, 4, 6, 5.5, 5, 4, 2.5]}

    def stated(time, duration):
        units = {"time": time, "concentration": "mg/L", "dose": "mg", "duration": duration}
        given = {"dose": 100.0, "duration": 100.0}
        return pm.Data(table, inputs="time", output="concentration", constants=given, units=units)

    problem = ready.problem(stated("min", "min"), route="infusion")
    assert check_units(problem)
    assert problem.space["clearance"].unit == "mg/(mg/L)/min"
    for time, duration, wanted, factor in (("min", "h", "min", "60"), ("h", "min", "h", r"0\.0166666")):
        with pytest.raises(pm.ParametraError, match=rf'takes "duration" in {wanted}, .* by {factor}.*, and state'):
            ready.problem(stated(time, duration), route="infusion")


def test_papers_counted_by_intervals_of_years():
    since, time = [0.0, 1, 2, 3, 4], [1.0, 2, 3, 4, 5]
    table = {"since": since, "time": time, "count": [4.0, 9, 12, 7, 5]}
    units = {"since": "year", "time": "year", "count": "1"}
    problem = catalogue.model("scaling_law.adoption").problem(
        pm.Data(table, inputs=["since", "time"], output="count", units=units), counts="new"
    )
    assert problem.space["immediacy"].unit == "year"
