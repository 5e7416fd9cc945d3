"""Units within an ODE."""

from __future__ import annotations

import pytest

from parametra.nouns.errors import UnitError
from parametra.nouns.ode import ODE, Event
from parametra.nouns.units import parse_unit

UNITS = {"ka": "1/h", "k": "1/h", "dose": "mg", "V": "L", "t": "h", "lag": "h", "rate": "mg/h"}
STATED = {
    "states": {"gut": "-uptake", "blood": "uptake - k * blood + where(t < lag, rate, 0)"},
    "initial": {"gut": "dose", "blood": "gut - dose"},
    "let": {"uptake": "ka * gut"},
    "observe": {"c": "blood / V"},
    "events": Event("lag", add={"gut": "dose"}),
    "begin": "0 * lag",
}


def checked(changed=None, units=None, output="mg/L"):
    ode = ODE(**{**STATED, **(changed or {})})
    return ode.check_units({k: parse_unit(u) for k, u in {**UNITS, **(units or {})}.items()}, {"c": parse_unit(output)})


def test_what_fits_is_told():
    assert checked() == [
        "the slope of gut is in mg/h",
        "the slope of blood is in mg/h",
        "the formula gives c in mg/L",
    ]
    assert checked(units=dict.fromkeys(UNITS)) == []


@pytest.mark.parametrize(
    ("changed", "units", "output", "message"),
    [
        ({}, {"k": "L/h"}, "mg/L", "cannot subtract"),
        ({"let": {"uptake": "gut"}}, {}, "mg/L", 'formula gives mg but the slope of "gut" is stated in mg/h'),
        ({}, {"t": "min"}, "mg/L", "the slope of"),
        ({}, {}, "g/L", 'the output "c" is stated in g/L; multiply the formula by 0.001'),
        ({}, {}, "mg", 'the output "c"'),
        ({"events": Event("lag", set={"gut": "rate"})}, {}, "mg/L", 'the state "gut" is stated in mg'),
        ({"events": Event("dose", set={"gut": "dose"})}, {}, "mg/L", "the time of an event"),
        ({"begin": "dose"}, {}, "mg/L", "the time at which"),
        ({"initial": {"gut": "dose", "blood": "dose / V"}}, {}, "mg/L", "cannot"),
    ],
)
def test_what_does_not_fit_is_refused(changed, units, output, message):
    with pytest.raises(UnitError) as error:
        checked(changed, units, output)
    assert message in str(error.value)


def test_a_state_that_is_observed_as_it_is_has_the_unit_of_its_output():
    ode = ODE({"A": "-k * A"}, {"A": 1})
    units = {"k": parse_unit("1/h"), "t": parse_unit("h")}
    assert ode.check_units(units, {"A": parse_unit("mg")}) == ["the slope of A is in mg/h"]
    with pytest.raises(UnitError, match="the slope of"):
        ode.check_units({**units, "t": parse_unit("s")}, {"A": parse_unit("mg")})
