"""Data of a planned survey: what a model predicts at the truth, with errors, exact or scattered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.models.cosmology._background import Number
from parametra.models.cosmology._wanted import known_names, number
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, ModelError, did_you_mean
from parametra.nouns.parameter import Fixed
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import Form, ReadyMade


def survey(
    ready: ReadyMade,
    truth: Mapping[str, Number],
    inputs: Mapping[str, Any],
    *,
    sigma: object = None,
    relative: object = None,
    seed: int | None = None,
    name: str = "survey",
    **options: Any,
) -> Data:
    """The data that a planned survey would bring, of any ready-made model with one output.

    Without a seed they are the prediction itself, so that the fit ends at the truth and its standard errors are the
    forecast of the Fisher information: `pm.fit(ready.problem(survey(...)))`, `pm.identify`, `pm.design`.

    Arguments:
        ready: the model, such as `pm.model("cosmology.redshift_drift")`.
        truth: parameter to value, all that the model has with these options.
        inputs: input to values (n,), or to one number for all.
        sigma: standard deviations of the output, (n,) or one number, in its unit.
        relative: instead of sigma, (n,) or one number, as shares of the prediction.
        seed: of normal scatter; None for none.
        name: how results call the data.
        options: of the model.

    Raises:
        DataError: neither or both of sigma and relative, one that is not above 0 or has another length, or inputs
            that are missing or of different lengths.
        ModelError: a truth that lacks a parameter, or that has one, or an input, that the model has not.
    """
    return at_truth(ready.bare_form(**options), truth, inputs, sigma=sigma, relative=relative, seed=seed, name=name)


def at_truth(
    form: Form,
    truth: Mapping[str, Number],
    inputs: Mapping[str, Any],
    *,
    sigma: object = None,
    relative: object = None,
    seed: int | None = None,
    name: str = "survey",
) -> Data:
    """As `survey`, for the form of a model."""
    if (sigma is None) == (relative is None):
        raise DataError(
            "a survey has sigma=, the standard deviations, or relative=, their shares of the prediction: one of them; "
            f"sigma={sigma!r} and relative={relative!r} came."
        )
    for kind, wanted, given in (("parameter", form.parameters, truth), ("input", form.inputs, inputs)):
        for each in wanted:
            if each not in given:
                raise (ModelError if kind == "parameter" else DataError)(
                    f'a survey needs the {kind} "{each}"; ' + did_you_mean(each, given)
                )
        known_names(f"the {kind}", given, wanted)
    truth = {k: number(f'the truth of "{k}"', value) for k, value in truth.items()}
    table = {k: np.asarray(inputs[k], dtype=float) for k in form.inputs}
    try:
        rows = np.broadcast_shapes(*(column.shape for column in table.values())) or (1,)
    except ValueError:
        listed = ", ".join(f"{k}: {column.size}" for k, column in table.items())
        raise DataError(f"the inputs of a survey have one length, or are one number for all; {listed} came.") from None
    table = {k: np.broadcast_to(column, rows) for k, column in table.items()}
    output, *others = form.outputs
    if others:
        raise ModelError(f"a survey measures one output; this model gives {', '.join(form.outputs)}.")
    predicted = _predicted(form, truth, table, output)
    deviations = _deviations(predicted, sigma, relative)
    scattered = predicted if seed is None else np.random.default_rng(seed).normal(predicted, deviations)
    units = {**form.inputs, **form.outputs}
    columns = {**table, output: scattered, "sigma": deviations}
    return Data(columns, inputs=list(table), output=output, sigma="sigma", units=units, name=name, source="simulated")


def _predicted(form: Form, truth: Mapping[str, Number], table: Mapping[str, Any], output: str) -> np.ndarray:
    nothing = {**table, output: np.zeros_like(next(iter(table.values())))}
    fixed: dict[str, object] = {name: Fixed(float(truth[name])) for name in form.parameters}
    data = Data(nothing, inputs=list(table), output=output, sigma=1.0)
    problem = Problem(form.model, data, fixed)
    (predictions,) = problem.predictions({name: float(truth[name]) for name in form.parameters}, problem.arrays)
    (values,) = predictions.values()
    return np.array(values, dtype=float)


def _deviations(predicted: np.ndarray, sigma: Any, relative: Any) -> np.ndarray:
    name, given = ("sigma", sigma) if relative is None else ("relative", relative)
    try:
        found = np.broadcast_to(np.asarray(given, dtype=float), predicted.shape)
    except (TypeError, ValueError):
        raise DataError(f"{name} is one number, or {predicted.size} of them as rows; {given!r} came.") from None
    if not np.all(np.isfinite(found) & (found > 0)):
        raise DataError(f"{name} is above 0 in every row; {given!r} came.")
    return found if relative is None else np.abs(predicted) * found
