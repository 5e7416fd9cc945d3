"""What pharmacokinetic models share: concentrations by dose, units, sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.maths.first_look import tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError

GABRIELSSON = Source(
    "J. Gabrielsson and D. Weiner",
    2016,
    "Pharmacokinetic and Pharmacodynamic Data Analysis: Concepts and Applications, 5th edition",
    "isbn:9789198299106",
)
PINHEIRO_BATES = Source(
    "J. C. Pinheiro and D. M. Bates", 2000, "Mixed-Effects Models in S and S-PLUS", "doi:10.1007/b98882"
)
CLEARANCE = "{dose}/{concentration}/{time}"
VOLUME = "{dose}/{concentration}"


def inputs_of(infusion: bool) -> dict[str, Any]:
    """The inputs and outputs of a form."""
    inputs = {"time": "h", "dose": "mg"} | ({"duration": "h"} if infusion else {})
    return {"inputs": inputs, "outputs": {"concentration": "mg/L"}}


def refuse_impossible(data: Sequence[Data] | None) -> None:
    """Raises ModelError for a dose or a duration that is not above zero, and for samples before the dose."""
    for each in data or ():
        for name, wanted, remedy in (
            ("dose", "above zero", "Leave out who had none."),
            ("duration", "above zero", 'Take route="bolus" for an injection at once.'),
            ("time", "counted from the dose, at zero", "Subtract the time of the dose, and leave out samples before."),
        ):
            if name not in each.inputs and name not in each.constants:
                continue
            values = np.ravel(column(each, name))
            wrong = np.flatnonzero(values < 0 if name == "time" else values <= 0)
            if wrong.size:
                where = f"row {int(wrong[0]) + 1}" if name in each.inputs else "the constant"
                raise ModelError(
                    f'{name} is {wanted}; {where} of the data "{each.name}" has {values[wrong[0]]:g}. {remedy}'
                )


def column(data: Data, name: str) -> np.ndarray:
    """An input by row, whether it is a column or one number."""
    return data.inputs[name] if name in data.inputs else np.full(data.rows, data.constants[name])


def by_dose(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Times, and concentrations divided by the dose; a dose that is not above zero counts as one."""
    dose = column(data, "dose")
    return tidy(column(data, "time"), data.outputs["concentration"] / np.where(dose > 0, dose, 1.0))


def duration_of(data: Data) -> float:
    """The duration of the infusion, that of the first row."""
    first = float(column(data, "duration")[0])
    return first if first > 0 else 1e-6
