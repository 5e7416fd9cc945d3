"""Two spheres that eclipse each other: areas by two routes, conformance, random starts, a published system."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.models.eclipsing_binary._spheres import darkened, formula, overlap, seen
from parametra.models.eclipsing_binary.spheres import _DETACHED, _DRAWN_OUT, READY, _curve, detached, drawn_out, guess
from parametra.nouns.errors import ModelError
from parametra.nouns.formula import Formula
from parametra.testing.check_model import check_model

GEOMETRY = ("radius_1", "radius_2", "inclination", "surface_brightness_ratio")
TOTAL = {**_DETACHED, "radius_1": 0.18, "radius_2": 0.12, "inclination": 88.0, "surface_brightness_ratio": 0.42}
BOX = {
    "radius_1": pm.Real(0.05, 0.4),
    "radius_2": pm.Real(0.05, 0.4),
    "inclination": pm.Real(70, 90),
    "surface_brightness_ratio": pm.Real(0.05, 2),
    "level": pm.Real(0.8, 1.2),
}


def by_counting(distance, first, second, cells=2001):
    """The common area by midpoints of a square of cells about the second disc."""
    side = np.linspace(-second, second, cells)
    x, y = np.meshgrid(0.5 * (side[1:] + side[:-1]), 0.5 * (side[1:] + side[:-1]))
    inside = (x**2 + y**2 < second**2) & ((x + distance) ** 2 + y**2 < first**2)
    return inside.sum() * (side[1] - side[0]) ** 2


@pytest.mark.parametrize(
    ("distance", "first", "second"),
    [(0.2, 0.2, 0.1), (0.05, 0.2, 0.1), (0.11, 0.2, 0.1), (0.29, 0.2, 0.1), (0.4, 0.2, 0.1), (0.05, 0.1, 0.3)],
)
def test_the_overlap_is_the_area(distance, first, second):
    assert overlap(distance, first, second) == pytest.approx(by_counting(distance, first, second), abs=3e-5)


def test_the_overlap_goes_on_at_contacts():
    assert overlap(0.3, 0.2, 0.1) == pytest.approx(0, abs=1e-12)
    assert overlap(0.1, 0.2, 0.1) == pytest.approx(np.pi * 0.01, rel=1e-9)
    assert overlap(1e-9, 0.2, 0.2) == pytest.approx(np.pi * 0.04, rel=1e-7)


def test_the_formula_is_the_light_of_what_is_seen():
    time = np.linspace(0, 2.8613, 500)
    first, second = seen((time - TOTAL["time_of_minimum"]) / TOTAL["period"], 0.18, 0.12, 88.0)
    light_1, light_2 = 0.18**2, 0.42 * 0.12**2
    assert _curve(time, TOTAL) == pytest.approx((light_1 * first + light_2 * second) / (light_1 + light_2), abs=1e-9)


def test_an_exposure_is_the_mean_of_its_moments():
    middle = TOTAL["time_of_minimum"] + np.linspace(-0.2, 0.2, 9)
    moments = np.linspace(-0.025, 0.025, 2001)
    mean = np.stack([np.mean(_curve(each + moments, TOTAL)) for each in middle])
    assert _curve(middle, TOTAL, exposure=0.05) == pytest.approx(mean, abs=1e-3)
    assert np.abs(_curve(middle, TOTAL) - mean).max() > 3e-3


def test_third_light_and_magnitudes():
    values = {**TOTAL, "third_light": 0.25, "time": np.array([0.3, TOTAL["time_of_minimum"]])}
    plain = _curve(values["time"], TOTAL)
    diluted = Formula.parse(formula("flux", True, 0.0, 1)).evaluate(values, np)
    assert diluted == pytest.approx(0.25 + 0.75 * plain)
    magnitude = Formula.parse(formula("magnitude", False, 0.0, 1)).evaluate(
        {**values, "level": 12.0, "pogson": 2.5}, np
    )
    assert magnitude == pytest.approx(12 - 2.5 * np.log10(plain))


def by_rings(distance, first, second, u, rings=20000):
    """The share of a limb-darkened disc of radius `first` behind another one, by the arcs of thin rings."""
    radius = (np.arange(rings) + 0.5) / rings * first
    cosine = (radius**2 + distance**2 - second**2) / (2 * radius * distance)
    brightness = 1 - u * (1 - np.sqrt(1 - (radius / first) ** 2))
    hidden = np.sum(2 * radius * np.arccos(np.clip(cosine, -1, 1)) * brightness) * first / rings
    return hidden / (np.pi * first**2 * (1 - u / 3))


@pytest.mark.parametrize("cycle", [0.0, 0.02, 0.04, 0.06, 0.3])
def test_limb_darkened_light_by_two_routes(cycle):
    dark = {"limb_darkening_1": 0.6, "limb_darkening_2": 0.3}
    for half, first, second, u, share in ((0.0, 0.25, 0.15, 0.6, 1.0), (0.5, 0.15, 0.25, 0.3, 0.3)):
        time = np.array([_DETACHED["time_of_minimum"] + (cycle + half) * _DETACHED["period"]])
        distance = np.sqrt(1 - (np.sin(np.radians(84)) * np.cos(2 * np.pi * cycle)) ** 2)
        lost = share * first**2 * by_rings(distance, first, second, u) / (0.25**2 + 0.3 * 0.15**2)
        assert darkened("flux", 0.0, 1)(time, **_DETACHED, **dark)[0] == pytest.approx(1 - lost, abs=2e-5)


def test_a_coefficient_of_zero_is_the_uniform_disc_with_all_else():
    time = np.linspace(0, 3, 300)
    values = {**_DRAWN_OUT, "limb_darkening_1": 0.0, "limb_darkening_2": 0.0, "third_light": 0.1, "pogson": 2.5}
    text = formula("magnitude", third_light=True, exposure=0.02, samples=3, waves=True)
    uniform = Formula.parse(text).evaluate({**values, "time": time}, np)
    assert darkened("magnitude", 0.02, 3)(time, **values) == pytest.approx(uniform, abs=1e-9)


def test_limb_darkening_that_is_left_free_comes_back():
    fit = pm.fit(READY.problem(drawn_out(), limb_darkening="free", waves=True, period=1.7321), starts=1)
    assert fit.status.ok
    for name, truth in {**_DRAWN_OUT, "limb_darkening_1": 0.5, "limb_darkening_2": 0.5}.items():
        assert abs(fit.estimate[name] - truth) < 4 * fit.standard_error[name]


@pytest.mark.parametrize("value", [-0.1, 1.5, "square root", True])
def test_limb_darkening_that_is_none_is_refused(value):
    with pytest.raises(ModelError, match="limb_darkening"):
        READY.problem(detached(), limb_darkening=value)


def test_the_picture_has_the_eclipses_at_phases_0_and_a_half():
    problem = READY.problem(detached())
    fit = pm.fit(problem, starts=1)
    drawn = fit.views[0].folded()
    assert abs(drawn.x[np.argmin(drawn.observed)]) < 0.05
    assert not fit.plot().axes[0].yaxis_inverted()
    points = READY.plot(fit, problem).axes[0].lines[0]
    faintest = points.get_xdata()[np.argmin(points.get_ydata())]
    assert abs(faintest - round(faintest)) < 0.05


@pytest.mark.slow
def test_it_conforms():
    assert check_model(READY) == []


def observed(truth, seed=90, error=0.004):
    generator = np.random.default_rng(seed)
    time = np.sort(generator.uniform(0, 30, 400))
    light = _curve(time, truth) + error * generator.standard_normal(400)
    return pm.Data({"time": time, "light": light}, inputs=["time"], output="light", sigma=error)


def recovered(fit, truth):
    return fit.status.ok and all(
        fit.standard_error[name] and abs(fit.estimate[name] - truth[name]) < 3 * fit.standard_error[name]
        for name in GEOMETRY
    )


def folded(truth):
    """The problem with period and epoch known, as of a phase curve."""
    fixed = {name: pm.Fixed(truth[name]) for name in ("period", "time_of_minimum")}
    return READY.problem(observed(truth), period=truth["period"], parameters={**fixed, **BOX})


def random_start(generator):
    return {name: generator.uniform(box.lower, box.upper) for name, box in BOX.items()}


@pytest.mark.parametrize("count", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_partial_eclipses_from_random_starts(count):
    truth = {**_DETACHED, "radius_1": 0.2, "inclination": 82.0, "surface_brightness_ratio": 0.6}
    problem, generator = folded(truth), np.random.default_rng(0)
    fits = [pm.fit(READY.from_start(problem, random_start(generator)), starts=1) for _ in range(count)]
    assert sum(recovered(fit, truth) for fit in fits) >= 0.95 * count


@pytest.mark.slow
def test_nearly_total_eclipses_from_50_random_starts_for_a_tenth_of_monte_carlo():
    # a larger star in front, partially eclipsing, is a second valley, wider than the right one
    problem, generator = folded(TOTAL), np.random.default_rng(0)
    fits = [pm.fit(READY.from_start(problem, random_start(generator)), starts=60, seed=seed) for seed in range(50)]
    assert sum(recovered(fit, TOTAL) for fit in fits) >= 48
    drawn = [pm.fit(problem, starts=1, method="monte_carlo", seed=seed) for seed in range(3)]
    most = max(fit.receipt.evaluations for fit in fits)
    assert min(fit.receipt.evaluations for fit in drawn) > 10 * most


def test_the_guess_finds_the_narrow_valley_from_the_data_alone():
    data = observed(TOTAL)
    fit = pm.fit(READY, data, starts=1)
    assert recovered(fit, TOTAL)
    assert abs(fit.estimate["period"] - TOTAL["period"]) < 4 * fit.standard_error["period"]


@pytest.mark.parametrize(
    "light", [[1.0, 1.0, 1.0], [1.0], list(np.sin(np.arange(9.0))), [1.0, np.nan, 0.5, 0.8, 1.0, 1.0]]
)
def test_the_guess_of_ugly_data_lies_within_the_bounds(light):
    time = np.arange(float(len(light)))[::-1]
    data = pm.Data({"time": time, "light": light}, inputs=["time"], output="light", sigma=0.1, missing="mask")
    guessed, form = guess(data), READY.form_of(data)
    for name, value in guessed.items():
        parameter = form.parameters[name]
        assert np.isfinite(value)
        assert (
            (parameter.lower is None or value >= parameter.lower) if name != "surface_brightness_ratio" else value > 0
        )
        assert getattr(parameter, "upper", None) is None or value <= parameter.upper


def test_a_period_that_is_known_is_kept():
    assert guess(detached(), period=2.862)["period"] == pytest.approx(_DETACHED["period"], rel=1e-3)
    assert guess(detached(), period=5.724)["period"] == pytest.approx(2 * _DETACHED["period"], rel=1e-2)


@pytest.mark.parametrize("options", [{"samples": 6}, {"exposure": -1.0}, {"period": -2.0}])
def test_options_that_cannot_be_are_refused(options):
    with pytest.raises(ModelError, match="samples from 1 to 5"):
        READY.problem(detached(), **options)
    with pytest.raises(ModelError, match="is one of"):
        READY.problem(detached(), measured="colour")


@pytest.mark.external
def test_hd_23642_with_the_light_ratio_of_its_spectra(external_data):
    table = np.loadtxt(external_data / "eclipsing_binaries/hd23642_k2/HD23642.dat")
    table = table[table[:, 3] >= 0]
    data = pm.Data(
        {"time": table[:, 0] - 7119, "magnitude": table[:, 1], "error": table[:, 2]},
        inputs=["time"],
        output="magnitude",
        sigma="error",
        units={"time": "d", "magnitude": "mag"},
    )
    light_ratio = {"surface_brightness_ratio": pm.Tied("0.354 * (radius_1 / radius_2)**2")}
    settings = {"measured": "magnitude", "exposure": 1766 / 86400, "parameters": light_ratio, "period": 2.46}
    round_stars = pm.fit(READY.problem(data, **settings), starts=1)
    assert any("does not describe the data" in each for each in round_stars.doubts)
    # published with limb darkening, tides and reflection: 0.1450(23), 0.1262(37), 78.21(11), 0.4859(68)
    for darkening in (0.0, 0.5):
        fit = pm.fit(READY.problem(data, waves=True, limb_darkening=darkening, **settings), starts=1)
        assert fit.chi_square < 0.1 * round_stars.chi_square
        assert fit.estimate["period"] == pytest.approx(2.4611357, abs=1e-5)
        assert fit.estimate["radius_1"] == pytest.approx(0.1450, abs=0.0023)
        assert fit.estimate["radius_2"] == pytest.approx(0.1262, abs=0.0037)
        assert fit.estimate["inclination"] == pytest.approx(78.21, abs=0.11)
        assert fit.row("surface_brightness_ratio").value == pytest.approx(0.4859, abs=0.014)


def test_magnitudes_are_no_fluxes_and_fluxes_no_magnitudes():
    data = detached()
    flux = data.outputs["light"]
    for light, measured, words in (
        (13 - 2.5 * np.log10(flux), "flux", "are these magnitudes"),
        (flux, "magnitude", "are these fluxes"),
    ):
        seen = pm.Data({"time": data.inputs["time"], "light": light}, inputs=["time"], output="light")
        with pytest.raises(pm.ParametraError, match=words):
            READY.problem(seen, measured=measured)
