"""Units: what fits, what does not, and how it is said."""

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.errors import UnitError
from parametra.nouns.formula import Formula
from parametra.nouns.units import check_fits, parse_unit
from parametra.nouns.units_check import check_units

FITS = [
    ("a * x + b", {"a": "km/s", "x": "s", "b": "km"}, "km"),
    ("a * exp(-k * t)", {"a": "V", "k": "1/s", "t": "s"}, "V"),
    ("T + 273.15", {"T": "kelvin"}, "kelvin"),
    ("sqrt(a**2 + b * b)", {"a": "m", "b": "m"}, "m"),
    ("a**3 / b", {"a": "m", "b": "m"}, "m**2"),
    ("a**0.5", {"a": "m**2"}, "m"),
    ("where(a > b, a, b)", {"a": "m", "b": "m"}, "m"),
    ("max(a, 0)", {"a": "m"}, "m"),
    ("2 * pi * f * t", {"f": "Hz", "t": "s"}, "1"),
    ("H0 * sqrt(Om * (1 + z)**3 + 1 - Om)", {"H0": "km/s/Mpc", "Om": "1", "z": "1"}, "km/s/Mpc"),
    ("a * x", {"a": "", "x": "s"}, "km"),
    ("a**b", {"a": "1", "b": "1"}, "1"),
    ("v * t / 60", {"v": "m/min", "t": "s"}, "m"),
    ("a + b / 1000", {"a": "km", "b": "m"}, "km"),
    ("a * b[0]", {"a": "m", "b": "m"}, "m*m"),
]


@pytest.mark.parametrize(("text", "units", "wanted"), FITS)
def test_what_fits(text, units, wanted):
    stated_units = {k: parse_unit(u) for k, u in units.items()}
    check_fits(Formula.parse(text), stated_units, parse_unit(wanted), "y")
    found = Formula.parse(text).unit(stated_units)
    assert found is None or found.same_scale(parse_unit(wanted))


REFUSED = [
    ("a * x + b", {"a": "km/s", "x": "s", "b": "m"}, "km", "write the conversion factor, 1 m is 0.001 km"),
    ("a + b", {"a": "km", "b": "s"}, "km", 'cannot add km and s in "a . b"'),
    ("a - b", {"a": "km", "b": "s"}, "km", "cannot subtract km and s"),
    ("where(a > b, 1, 2)", {"a": "km", "b": "s"}, "1", "cannot compare km and s"),
    ("where(1 > 2, a, b)", {"a": "km", "b": "s"}, "1", "cannot choose between km and s"),
    ("exp(x)", {"x": "s"}, "1", r'the argument of "exp\(x\)" is in s, but must be a pure number'),
    ("a**b", {"a": "m", "b": "s"}, "m", "the exponent in .* is in s, but must be a pure number"),
    ("a", {"a": "V"}, "mV", "multiply the formula by 1000"),
    ("a * x", {"a": "m", "x": "s"}, "m", r"the formula gives m.s but y is stated in m"),
]


@pytest.mark.parametrize(("text", "units", "wanted", "message"), REFUSED)
def test_what_does_not(text, units, wanted, message):
    with pytest.raises(UnitError, match=message):
        check_fits(Formula.parse(text), {k: parse_unit(u) for k, u in units.items()}, parse_unit(wanted), "y")


def test_an_unknown_unit():
    assert parse_unit("cells/mL").same_scale(parse_unit("cells/mL"))
    assert not parse_unit("kmm/s").same_scale(parse_unit("km/s"))
    with pytest.raises(UnitError, match=r"brackets|unit"):
        parse_unit("km/")
    assert parse_unit("") is None
    assert parse_unit("1").dimension == ()


def stated(units, rate="1/s"):
    t = np.linspace(0, 1, 5)
    table = {"t": t, "y": np.exp(-t), "e": np.full(5, 0.1)}
    data = pm.Data(table, inputs=["t"], output="y", sigma="e", units=units)
    return pm.Problem("a * exp(-k * t)", data, {"a": pm.Real(guess=1, unit="V"), "k": pm.Real(guess=1, unit=rate)})


def test_a_problem():
    assert "gives y in V" in check_units(stated({"t": "s", "y": "V", "e": "V"}))
    with pytest.raises(UnitError, match='sigma "e" is stated in mV and its output "y" in V'):
        check_units(stated({"t": "s", "y": "V", "e": "mV"}))
    with pytest.raises(UnitError, match='the output "y" is stated in A'):
        pm.fit(stated({"t": "s", "y": "A"}))
    with pytest.raises(UnitError, match="must be a pure number"):
        pm.fit(stated({"t": "min", "y": "V"}, rate="1/s**2"))
    t = np.linspace(0, 1, 5)
    assert "units of their own: kV" not in check_units(stated({"t": "s", "y": "V"}))
    mistyped = stated({"t": "s", "e": "Vlt"})
    assert "units of their own: Vlt" in check_units(mistyped)
    plain = pm.Problem("a * t", pm.Data({"t": t, "y": t}, inputs=["t"], output="y"), {"a": 1.0})
    assert check_units(plain) == "no units are stated"
