"""What models of kinetics share: how their data are read."""

from __future__ import annotations

import numpy as np

from parametra.maths.first_look import tidy
from parametra.nouns.card import Source
from parametra.nouns.data import Data

CORNISH_BOWDEN = Source("A. Cornish-Bowden", 2012, "Fundamentals of Enzyme Kinetics, 4th edition", "isbn:9783527330744")


def curve(data: Data, x: str, y: str) -> tuple[np.ndarray, np.ndarray]:
    """An input and an output in order; an input that is one number for all rows is spread over them."""
    values = data.inputs[x] if x in data.inputs else np.full(data.rows, data.constants[x])
    return tidy(values, data.outputs[y])
