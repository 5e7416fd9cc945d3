"""How accurate new measurements would be, and what each would cost: numbers, or formulas of the inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.data import Data
from parametra.nouns.errors import MethodError, NoiseError, did_you_mean
from parametra.nouns.formula import Formula
from parametra.nouns.noise import Noise
from parametra.nouns.problem import Problem
from parametra.nouns.statement import is_number, shown
from parametra.verbs.design_candidates import Candidates

Predicted = Callable[[Data, Mapping[str, np.ndarray]], Mapping[str, np.ndarray]]
"""From a data set and inputs to predictions by output."""


@dataclass(frozen=True)
class Accuracy:
    """Standard deviations (n,) of new measurements, and what was taken for granted, "" for nothing."""

    values: Float[np.ndarray, " n"]
    note: str = ""


def sigma_of(
    noise: Noise, stated: Any, data: Data, output: str, chosen: Candidates, predicted: Predicted
) -> Accuracy | None:
    """How accurate an output is measured at candidates; None where its noise needs no standard deviations.

    Arguments:
        noise: of the output.
        stated: None, a number, a formula, or a mapping of output to these.
        data: the data set.
        output: whose.
        chosen: the candidates.
        predicted: gives predictions, for formulas that name outputs.

    Raises:
        NoiseError: what is stated is neither, is not above zero, or is stated for noise that needs none.
    """
    mine = stated.get(output) if isinstance(stated, Mapping) else stated
    given = noise.standard_errors(data, output)
    if given is None:
        if mine is not None:
            raise NoiseError(
                f'sigma is stated for new measurements of "{output}", whose noise ({noise.describe()}) takes none. '
                "Leave it out."
            )
        return None
    if mine is None:
        middle = float(np.median(given))
        same = np.ptp(given) <= 1e-9 * middle
        note = (
            f'new measurements of "{output}" are taken to be as accurate as the median of the data, sigma = '
            f'{middle:.4g}; state another with sigma, a number or a formula such as "0.05 * {output}".'
        )
        return Accuracy(np.full(chosen.size, middle), "" if same else note)
    if is_number(mine):
        values = np.full(chosen.size, float(mine))
    elif isinstance(mine, str):
        values = _by_formula(mine, data, chosen, predicted)
    else:
        raise NoiseError(
            f'sigma of new measurements of "{output}" is a number or a formula in quotes; {shown(mine)} came.'
        )
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        raise NoiseError(
            f'sigma of new measurements of "{output}" must be above zero; it is {values[wrong][0]:g} at a candidate.'
        )
    return Accuracy(values)


def _by_formula(text: str, data: Data, chosen: Candidates, predicted: Predicted) -> np.ndarray:
    formula = Formula.parse(text, where="sigma")
    formula.check_names([*chosen.inputs, *chosen.columns, *data.outputs, *data.constants], where="sigma")
    values: dict[str, Any] = {**chosen.columns, **chosen.inputs, **data.constants}
    if formula.names & set(data.outputs):
        values |= predicted(data, chosen.inputs)
    return np.array(np.broadcast_to(formula.evaluate(values), (chosen.size,)), dtype=np.float64)


def costs_of(cost: object, data: Data, chosen: Candidates) -> Float[np.ndarray, " n"]:
    """What a measurement at each candidate costs.

    Arguments:
        cost: a number, or a formula of the inputs (and of the columns of a table of candidates).
        data: the data set.
        chosen: its candidates.

    Raises:
        MethodError: a cost that is not above zero, or neither of both.
    """
    if is_number(cost):
        values = np.full(chosen.size, float(cost))
    elif isinstance(cost, str):
        formula = Formula.parse(cost, where="cost")
        formula.check_names([*chosen.inputs, *chosen.columns, *data.constants], where="cost")
        values = np.array(
            np.broadcast_to(formula.evaluate({**chosen.columns, **chosen.inputs, **data.constants}), (chosen.size,)),
            dtype=np.float64,
        )
    else:
        raise MethodError(f"cost is a number, or a formula of the inputs in quotes; {shown(cost)} came.")
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        raise MethodError(f"cost must be above zero; it is {values[wrong][0]:g} at a candidate.")
    return values


def unknown_output(problem: Problem, sigma: object) -> None:
    """Refuses standard deviations of outputs that are not there."""
    if isinstance(sigma, Mapping):
        for name in sigma:
            if name not in problem.outputs:
                raise NoiseError(
                    f'sigma is stated for "{name}", which is no output; {did_you_mean(str(name), problem.outputs)}'
                )
