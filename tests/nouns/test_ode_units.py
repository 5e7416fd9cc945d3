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


DOSED = {
    "states": {"blood": "-(out + there) * blood + back * tissue", "tissue": "there * blood - back * tissue"},
    "initial": {"blood": 0, "tissue": 0},
    "observe": {"c": "blood / V"},
    "events": Event(0, add={"blood": "dose"}),
}
OF_DOSED = {"out": "1/h", "there": "1/h", "back": "1/h", "V": "L", "t": "h", "dose": "mg"}
SQUARE = {"blood": DOSED["states"]["blood"], "tissue": "there * blood - back * tissue * tissue"}


def dosed(changed, units, output="mg/L"):
    units = {k: parse_unit(u) for k, u in {**OF_DOSED, **units}.items()}
    return ODE(**{**DOSED, **changed}).check_units(units, {"c": parse_unit(output)})


@pytest.mark.parametrize(
    ("changed", "units", "output", "message"),
    [
        ({}, {}, "mg/L", ""),
        ({}, {"dose": None}, "mg/L", ""),  # told by what is observed
        ({"observe": {"c": "1000 * blood / V"}}, {}, "ug/L", ""),
        ({}, {"t": "min"}, "mg/L", 'the slope of "blood"'),
        ({}, {}, "ug/L", 'the output "c" is stated in ug/L; multiply the formula by 1000'),
        ({}, {"dose": "mmol"}, "mg/L", "the formula gives mmol/L"),
        ({"states": SQUARE}, {}, "mg/L", "cannot subtract mg/h and mg**2/h"),
        ({"states": SQUARE, "events": ()}, {}, "mg/L", "blood in mg, by observe; tissue in mg, by the slope of"),
        ({"events": Event(0, set={"blood": "dose / V"})}, {}, "mg/L", "the formula gives mg/L**2"),
    ],
)
def test_states_that_begin_at_zero_have_the_units_that_formulas_tell(changed, units, output, message):
    if not message:
        assert "the slope of tissue is in mg/h" in dosed(changed, units, output)
        return
    with pytest.raises(UnitError) as error:
        dosed(changed, units, output)
    assert message in str(error.value)
    assert "Units of states were told by formulas: blood in" in str(error.value)


def test_a_half_saturation_tells_the_unit_of_its_state():
    ode = ODE({"A": "-v * A / (K + A)", "B": "v * expit(A / K) - k * B"}, {"A": 1, "B": 0})
    units = {"v": parse_unit("mM/h"), "K": parse_unit("mM"), "k": parse_unit("1/h"), "t": parse_unit("h")}
    assert ode.check_units(units, {}) == ["the slope of A is in mM/h", "the slope of B is in mM/h"]
    with pytest.raises(UnitError, match="the slope of"):
        ode.check_units({**units, "t": parse_unit("s")}, {})


def test_a_state_that_is_observed_as_it_is_has_the_unit_of_its_output():
    ode = ODE({"A": "-k * A"}, {"A": 1})
    units = {"k": parse_unit("1/h"), "t": parse_unit("h")}
    assert ode.check_units(units, {"A": parse_unit("mg")}) == ["the slope of A is in mg/h"]
    with pytest.raises(UnitError, match="the slope of"):
        ode.check_units({**units, "t": parse_unit("s")}, {"A": parse_unit("mg")})
