"""What New Algol Variable doubts of a period, and how it is drawn: by phase."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.models.eclipsing_binary._colours import colours
from parametra.models.eclipsing_binary._nav_data import ALGOL, W_URSAE_MAJORIS, Truth, curve
from parametra.nouns.data import Data
from parametra.nouns.fit_result import Fit

NAV = pm.model("eclipsing_binary.nav")
ZERO = 2450000.0
ALIKE = {**W_URSAE_MAJORIS, "depth2": W_URSAE_MAJORIS["depth1"], "shape2": W_URSAE_MAJORIS["shape1"], "cos1": 0.0,
         "sin1": 0.0}  # fmt: skip
INVISIBLE = {**ALGOL, "depth2": 0.0, "cos1": 0.0, "sin1": 0.0}


def star(truth: Truth, period: float) -> Data:
    generator = np.random.default_rng(1)
    time = ZERO + np.sort(generator.uniform(0, 40, 500))
    magnitude = curve((time - ZERO - 0.12345) / period, truth) + 0.01 * generator.normal(size=500)
    return Data({"time": time, "magnitude": magnitude}, inputs=["time"], output="magnitude", sigma=0.01)


def fitted(truth: Truth, period: float, given: float) -> Fit:
    return pm.fit(NAV.problem(star(truth, period), period=given), starts=1)


def told(fit: Fit) -> str:
    return " ".join(doubt for doubt in fit.doubts if "period" in doubt)


@pytest.mark.parametrize("truth", [W_URSAE_MAJORIS, ALGOL])
def test_a_period_that_is_right_is_not_doubted(truth: Truth) -> None:
    assert not told(fitted(truth, 0.4 if truth is W_URSAE_MAJORIS else 2.8673, truth.get("period", 0.4)))


def test_half_the_period_of_a_star_whose_minima_differ_shows_in_odd_and_even_cycles() -> None:
    said = told(fitted(W_URSAE_MAJORIS, 0.4, 0.2))
    assert "odd and even cycles differ: the period of the star may be twice" in said
    assert "such as by spots" in said
    assert "(period=0.3999" in said or "(period=0.4000" in said


@pytest.mark.parametrize(("amplitude", "ratio"), [(0.004, 0.93), (0.02, 1.0)])
def test_spots_that_turn_at_nearly_half_the_rate_of_the_orbit_are_no_eclipses(amplitude: float, ratio: float) -> None:
    generator, period = np.random.default_rng(2), 1.7
    time = np.sort(generator.uniform(0, 8, 500))
    truth = {**ALGOL, "depth1": 0.5, "depth2": 0.2}
    spots = amplitude * np.sin(2 * np.pi * time / (2 * ratio * period) + 1)
    magnitude = curve(time / period, truth) + spots + 0.003 * generator.normal(size=500)
    data = Data({"time": time, "magnitude": magnitude}, inputs=["time"], output="magnitude", sigma=0.003)
    assert not told(pm.fit(NAV.problem(data, period=period), starts=1))


def test_half_the_period_of_a_star_whose_minima_are_alike_leaves_one_eclipse() -> None:
    said = told(fitted(ALIKE, 0.4, 0.2))
    assert "only the primary eclipse is seen" in said
    assert "(period=0.3999" in said or "(period=0.4000" in said


def test_twice_the_period_of_an_algol_with_an_invisible_secondary_has_two_halves_alike() -> None:
    said = told(fitted(INVISIBLE, 2.8673, 2 * 2.8673))
    assert "both halves of the cycle are alike (p = 0." in said
    assert "(period=2.867" in said


def test_data_with_phases_and_colours_are_doubted_too() -> None:
    generator = np.random.default_rng(2)
    tables: dict[str, dict[str, np.ndarray]] = {}
    for colour, deep in (("V", 0.6), ("R", 0.5)):
        phase = generator.uniform(0, 1, 250)
        truth = {"mean": 12.0, "depth1": deep, "depth2": deep, "half_width": 0.06, "shape1": 1.6, "shape2": 1.6}
        tables[colour] = {"phase": phase, "magnitude": curve(phase, truth) + 0.01 * generator.normal(size=250)}
    fit = pm.fit(NAV, colours(tables, at="phase", sigma=0.01), starts=1)
    assert "one eclipse at half the period, whose other one" in told(fit)


def test_the_picture_of_times_is_folded_and_the_view_is_not() -> None:
    fit = fitted(ALGOL, 2.8673, 2.8673)
    view = fit.views[0]
    assert view.x.min() >= ZERO
    assert view.period == fit.estimate["period"]
    drawn = view.folded()
    assert (drawn.input, drawn.period, drawn.upside_down) == ("phase", None, True)
    assert drawn.x.min() >= -0.25
    assert drawn.x.max() < 0.75
    assert abs(drawn.x[np.argmax(drawn.observed)]) < 0.02
    assert drawn.curve_x[[0, -1]] == pytest.approx([-0.25, 0.75])
    above, beneath = fit.plot().axes
    assert beneath.get_xlabel() == "phase"
    assert above.yaxis_inverted()


def test_phases_are_folded_where_they_lie_too() -> None:
    phase = np.linspace(0, 3, 200)
    data = Data({"phase": phase, "magnitude": curve(phase, W_URSAE_MAJORIS)}, inputs=["phase"], output="magnitude",
                sigma=0.01)  # fmt: skip
    drawn = pm.fit(NAV, data, starts=1).views[0].folded()
    assert drawn.x.min() >= -0.25
    assert drawn.x.max() < 0.75


def test_the_interval_of_an_epoch_has_the_digits_of_its_error() -> None:
    row = next(line for line in str(fitted(ALGOL, 2.8673, 2.8673)).splitlines() if line.startswith("epoch"))
    low, high = (float(row.split()[i]) for i in (4, 6)) if " .. " not in row else map(float, row.split()[4:7:2])
    assert 0 < high - low < 0.01
    assert "e+06" not in row


def test_the_page_shows_the_picture_of_the_model_before_that_of_the_fit() -> None:
    from parametra.report.page import page

    problem = NAV.problem(star(ALGOL, 2.8673), period=2.8673)
    text = page(pm.fit(problem, starts=1), (NAV, problem))
    assert text.index("<h2>eclipsing_binary.nav</h2>") < text.index("<h2>Data and fit</h2>")


@pytest.mark.parametrize("given", [0.4112, 0.8224])
def test_a_pulsating_star_shows_no_eclipses_whatever_the_period(given: float) -> None:
    generator = np.random.default_rng(3)
    time = np.sort(generator.uniform(0, 40, 400))
    magnitude = 12 + 0.2 * np.sin(2 * np.pi * time / 0.4112) + 0.01 * generator.normal(size=400)
    data = Data({"time": time, "magnitude": magnitude}, inputs=["time"], output="magnitude", sigma=0.01)
    said = told(pm.fit(NAV.problem(data, period=given), starts=1))
    assert "this star shows no eclipses: a smooth wave of 1 harmonic of " in said
    assert ("half the period (period=0.411" in said) == (given > 0.5)
    assert "prefer oscillators.harmonic" in said


def test_a_star_whose_depths_are_errors_shows_no_eclipses() -> None:
    generator = np.random.default_rng(4)
    phase = generator.uniform(0, 1, 120)
    table = {"phase": phase, "magnitude": 12 + 0.05 * generator.normal(size=120)}
    data = Data(table, inputs=["phase"], output="magnitude", sigma=0.05)
    assert "this star shows no eclipses" in told(pm.fit(NAV, data, starts=1))
