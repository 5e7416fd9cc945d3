"""Running the tape of a formula: its value, and its value with derivatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.nouns._formula_functions import computes, whole_power
from parametra.nouns._formula_tangents import FLAT, RULES, SLOPES, Tangents, scaled, whole_power_slope
from parametra.nouns._formula_tape import Step
from parametra.nouns.errors import FormulaError, did_you_mean

Looked = Mapping[str, Any]


def value_of(steps: tuple[Step, ...], values: Looked, xp: Any, text: str) -> Any:
    """The result of the last step, in NumPy or in JAX."""
    for_jax = xp is not np
    done: list[Any] = []
    with np.errstate(all="ignore"):
        for step in steps:
            done.append(_one(step, done, values, xp, for_jax, text))
    return done[-1]


def value_and_tangents(
    steps: tuple[Step, ...], values: Looked, tangents: Mapping[str, Tangents], text: str
) -> tuple[Any, Tangents]:
    """The result of the last step and its derivatives, in NumPy."""
    done: list[Any] = []
    slopes: list[Tangents] = []
    with np.errstate(all="ignore"):
        for step in steps:
            result = _one(step, done, values, np, False, text)
            slopes.append(_tangents(step, result, done, slopes, tangents))
            done.append(result)
    return done[-1], slopes[-1]


def _one(step: Step, done: list[Any], values: Looked, xp: Any, for_jax: bool, text: str) -> Any:
    operation, operands, number, name, _ = step
    if operation == "constant":
        return number
    if name:
        return _looked_up(step, values, xp, text)
    if operation == "whole_power":
        return whole_power(done[operands[0]], int(number))
    function = computes(operation, for_jax)
    if len(operands) == 1:
        return function(done[operands[0]])
    return function(*[done[k] for k in operands])


def _looked_up(step: Step, values: Looked, xp: Any, text: str) -> Any:
    if step.name not in values:
        raise FormulaError(f'the formula "{text}" needs a value for "{step.name}"; ' + did_you_mean(step.name, values))
    value = values[step.name]
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc":
        value = xp.asarray(value)
        if value.dtype.kind in "biu":  # whole numbers would overflow, and not have negative powers
            value = xp.asarray(value, dtype=float)
    if step.operation == "name":
        return value
    if value.ndim == 0:
        raise FormulaError(f'"{step.name}" is a single number; write {step.name}, not {step.name}[{step.element}].')
    if step.element >= value.shape[0]:
        raise FormulaError(
            f'the formula "{text}" uses {step.name}[{step.element}], but {step.name} has {value.shape[0]} elements, '
            f"{step.name}[0] to {step.name}[{value.shape[0] - 1}]."
        )
    return value[step.element]


def _tangents(
    step: Step, result: Any, done: list[Any], slopes: list[Tangents], tangents: Mapping[str, Tangents]
) -> Tangents:
    operation, operands, number, name, element = step
    if name:
        stated = tangents.get(name, {})
        if operation == "name":
            return stated
        # an array's tangents are mostly one-hot along its first axis
        return {k: t[element] for k, t in stated.items() if np.any(t[element])}
    if not any(slopes[k] for k in operands) or operation in FLAT:
        return {}
    if operation in RULES:
        return RULES[operation](result, [done[k] for k in operands], [slopes[k] for k in operands])
    x = done[operands[0]]
    if operation == "whole_power":
        return scaled(whole_power_slope(x, result, int(number)), slopes[operands[0]])
    if operation in SLOPES:
        return scaled(SLOPES[operation](x, result), slopes[operands[0]])
    return {}  # conditions
