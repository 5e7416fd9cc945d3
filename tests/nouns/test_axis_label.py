"""What an axis says: the unit once."""

import pytest

from parametra.nouns.axis_label import axis_label


@pytest.mark.parametrize(
    ("name", "unit", "label"),
    [
        ("time", "s", "time (s)"),
        ("time", "", "time"),
        ("share", "1", "share"),
        ("time [month]", "month", "time (month)"),
        ("counts [1/s]", "1/s", "counts (1/s)"),
        ("heat [J/(mol*K)]", "J/(mol*K)", "heat (J/(mol*K))"),
        ("heat (J/(mol*K))", "J/(mol*K)", "heat (J/(mol*K))"),
        ("temp ( °C )", "°C", "temp (°C)"),
        ("time [month]", "d", "time [month] (d)"),
        ("[s]", "s", "[s] (s)"),
        ("flux (band)", "Jy", "flux (band) (Jy)"),
    ],
)
def test_the_unit_stands_once(name, unit, label):
    assert axis_label(name, unit) == label
