"""Period and epoch of what repeats, from the values of a model's parameters."""

import math

import pytest

from parametra.nouns.folding import Folding

STATED = {"period": 2.5, "epoch": 7.0, "P": 0.3}


@pytest.mark.parametrize(
    ("folding", "values", "wanted"),
    [
        (Folding(), STATED, (2.5, 7.0)),
        (Folding(period="P"), STATED, (0.3, 7.0)),
        (Folding(epoch=""), STATED, (2.5, 0.0)),
        (Folding(period=""), STATED, (1.0, 7.0)),
        (Folding("phase", "", ""), {}, (1.0, 0.0)),  # a phase already
        (Folding(), {"period": 0.25, "epoch": -3.0}, (0.25, -3.0)),
        (Folding(), {"period": 0.0, "epoch": 7.0}, None),
        (Folding(), {"period": -2.5, "epoch": 7.0}, None),
        (Folding(), {"period": math.inf, "epoch": 7.0}, None),
        (Folding(), {"period": 2.5, "epoch": math.inf}, None),
        (Folding(), {"period": 2.5}, None),
        (Folding(), {"epoch": 7.0}, None),
    ],
)
def test_the_ephemeris(folding, values, wanted):
    assert folding.ephemeris(values) == wanted
