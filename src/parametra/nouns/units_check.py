"""Whether the units that a problem states fit one another."""

from __future__ import annotations

from collections.abc import Mapping

from parametra.nouns._unit_registry import OWN, nearest
from parametra.nouns.errors import UnitError
from parametra.nouns.model import ONLY
from parametra.nouns.problem import Problem
from parametra.nouns.units import Unit, check_fits, parse_unit


def check_units(problem: Problem) -> str:
    """Check every unit of a problem, and say in a sentence what was checked.

    Every stated unit must be known, sigma's unit must be its output's, and a formula must give the unit of its output.

    Raises:
        UnitError: what does not fit.
    """
    parameters = {name: parse_unit(getattr(problem.space[name], "unit", "")) for name in problem.stated_space.names}
    told: list[str] = []
    stated = any(u is not None for u in parameters.values())
    for data, binding in zip(problem.data_sets, problem.bindings, strict=True):
        columns = {name: parse_unit(unit) for name, unit in data.units.items()}
        stated = stated or bool(columns)
        _check_sigma(columns, data.sigma_columns)
        units: dict[str, Unit | None] = {
            argument: parameters.get(name) for argument, name in binding.parameters.items()
        }
        units.update({name: columns.get(name) for name in data.inputs})
        units.update({name: columns.get(name) for name in data.constants})
        for name, formula in problem.model.formulas:
            output = binding.output if name == ONLY else name
            if output in data.outputs:
                wanted = columns.get(output)
                check_fits(formula, units, wanted, f'the output "{output}"')
                if wanted is not None and formula.unit(units) is not None:
                    told.append(f"the formula gives {output} in {wanted}")
        own_check = getattr(problem.model.function, "check_units", None)
        if own_check is not None:
            outputs = {output: columns.get(output) for output in data.outputs}
            told += own_check(units, {**outputs, ONLY: columns.get(binding.output)})
    if own := _own_units(problem):
        told.append(f"taken as units of their own: {', '.join(own)}")
    if not stated:
        return "no units are stated"
    if told:
        return "; ".join(dict.fromkeys(told))
    function = problem.model.function
    if function is not None and (not hasattr(function, "check_units") or callable(getattr(function, "states", None))):
        return "the stated units are known; through a function they cannot be followed"
    whose = "the formula's own" if function is None else "those of the states"
    return f"the stated units are known; not all are stated, so {whose} cannot be told"


def mistyped_units(problem: Problem) -> str:
    """Which units are known to nobody but are spelt almost like a known one, in a sentence; "" when none is."""
    near = [(name, close) for name in _own_units(problem) if (close := nearest(name))]
    if not near:
        return ""
    asked = "; ".join(f'"{name}" is no known unit: did you mean "{close}"?' for name, close in near)
    return f"{asked} As it stands it fits only itself."


def _own_units(problem: Problem) -> list[str]:
    """Names of units that are not known, which may be meant or mistyped."""
    texts = [getattr(problem.space[name], "unit", "") for name in problem.stated_space.names]
    texts += [unit for data in problem.data_sets for unit in data.units.values()]
    found = [name for text in texts if (unit := parse_unit(text)) for name, _ in unit.dimension if name.startswith(OWN)]
    return list(dict.fromkeys(name.removeprefix(OWN) for name in found))


def _check_sigma(columns: Mapping[str, Unit | None], sigma_columns: Mapping[str, str]) -> None:
    for output, column in sigma_columns.items():
        wanted, found = columns.get(output), columns.get(column)
        if wanted is not None and found is not None and not wanted.same_scale(found):
            raise UnitError(
                f'sigma "{column}" is stated in {found} and its output "{output}" in {wanted}. They must be the same.'
            )


def any_unit(problem: Problem) -> bool:
    """Whether any unit is stated, so that checking, which loads pint, is worth it."""
    parameters = problem.stated_space
    return any(getattr(parameters[n], "unit", "") for n in parameters.names) or any(d.units for d in problem.data_sets)
