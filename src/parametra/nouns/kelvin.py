"""Temperatures that are not in kelvin, as far as their numbers tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError


def refuse_celsius(data: Sequence[Data] | None, coldest: float = 0.0) -> None:
    """Raises ModelError for temperatures at or below zero, and for those that look like degrees Celsius.

    Arguments:
        data: with an input "temperature", a column or one number; None where none are at hand.
        coldest: data that state no unit and lie below it wholly are taken for degrees Celsius.
    """
    for each in data or ():
        given = each.inputs.get("temperature", each.constants.get("temperature"))
        values = np.ravel(np.asarray([] if given is None else given, dtype=float))
        if not values.size:
            continue
        below = np.flatnonzero(values <= 0)
        if below.size:
            where = f"row {int(below[0]) + 1}" if "temperature" in each.inputs else "the constant"
            raise ModelError(
                f'temperatures are in kelvin, above zero; {where} of the data "{each.name}" has '
                f"{values[below[0]]:g}. From degrees Celsius, give T + 273.15."
            )
        if not each.units.get("temperature") and float(values.max()) < coldest:
            raise ModelError(
                f'all temperatures of the data "{each.name}" are below {coldest:g}, and no unit is stated: they look '
                "like degrees Celsius. Give kelvin, T + 273.15, or state the unit K."
            )
