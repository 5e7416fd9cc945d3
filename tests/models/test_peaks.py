"""Peaks: profiles against SciPy's and lmfit's, areas by quadrature, guesses in crowded spectra, misuse."""

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import trapezoid

import parametra as pm
from parametra import catalogue
from parametra.models.peaks.exponential_gaussian import exponential_gaussian
from parametra.nouns.errors import ModelError

NAMES = (
    "gaussian",
    "lorentzian",
    "voigt",
    "pseudo_voigt",
    "moffat",
    "fano",
    "skewed_gaussian",
    "exponential_gaussian",
)


def curve(name, x, **values):
    model = catalogue.model(f"peaks.{name}").form_of(None, background="none").model
    return pm.Model.of(model).predict(values, {"x": x})["signal"]


def spectrum(x, peaks, noise=0.2, seed=1, background=2.0):
    signal = background + sum(h * np.exp(-4 * np.log(2) * ((x - c) / w) ** 2) for h, c, w in peaks)
    signal = signal + noise * np.random.default_rng(seed).standard_normal(x.size)
    return pm.Data({"x": x, "signal": signal}, inputs=["x"], output="signal")


def test_profiles_are_those_of_lmfit():
    lmfit = pytest.importorskip("lmfit.lineshapes")
    x = np.linspace(-6, 9, 301)
    np.testing.assert_allclose(
        curve("voigt", x, area=3.0, center=1.0, gaussian_sigma=0.7, lorentzian_gamma=0.4),
        lmfit.voigt(x, 3.0, 1.0, 0.7, 0.4),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        curve("skewed_gaussian", x, area=3.0, location=1.0, scale=0.7, skew=2.0),
        lmfit.skewed_gaussian(x, 3.0, 1.0, 0.7, 2.0),
        rtol=1e-9,
        atol=1e-14,
    )
    peak = lmfit.pearson7(x, 1.0, 1.0, 0.8, 2.5)
    width = 2 * 0.8 * np.sqrt(2 ** (1 / 2.5) - 1)
    np.testing.assert_allclose(
        curve("moffat", x, height=peak.max(), center=1.0, fwhm=width, exponent=2.5), peak, rtol=1e-12
    )
    half = 0.4
    np.testing.assert_allclose(
        curve("fano", x, amplitude=2.0, center=1.0, fwhm=2 * half, asymmetry=-1.5) + 2.0,
        lmfit.breit_wigner(x, 2.0, 1.0, 2 * half, -1.5),
        rtol=1e-12,
        atol=1e-14,
    )


def test_the_exponential_gaussian_is_scipys():
    x = np.linspace(-3, 12, 151)
    for tail in (0.01, 0.3, 2.0):
        wanted = stats.exponnorm.pdf(x, tail / 0.5, loc=1.0, scale=0.5)
        np.testing.assert_allclose(exponential_gaussian(x - 1.0, 0.5, tail, np), wanted, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("name", ["gaussian", "lorentzian", "pseudo_voigt"])
def test_areas_and_widths(name):
    values = {"height": 3.0, "center": 1.0, "fwhm": 0.8} | ({"fraction": 0.4} if name == "pseudo_voigt" else {})
    x = np.linspace(-4000, 4000, 4_000_001)
    signal = curve(name, x, **values)
    form = catalogue.model(f"peaks.{name}").form_of(None, background="none")
    area = pm.Model.of(form.derived["area"]).predict(values, {})[""]
    assert trapezoid(signal, x) == pytest.approx(area, rel=2e-4)
    half = x[signal >= 1.5]
    assert half[-1] - half[0] == pytest.approx(0.8, abs=5e-3)


def test_mixed_widths_of_voigt():
    x = np.linspace(-10, 10, 400_001)
    form = catalogue.model("peaks.voigt").form_of(None, background="none")
    for sigma, gamma in ((1.0, 1e-6), (1e-3, 1.0), (0.8, 0.8)):
        values = {"area": 1.0, "center": 0.0, "gaussian_sigma": sigma, "lorentzian_gamma": gamma}
        signal = curve("voigt", x, **values)
        half = x[signal >= signal.max() / 2]
        assert pm.Model.of(form.derived["fwhm"]).predict(values, {})[""] == pytest.approx(half[-1] - half[0], rel=5e-4)


@pytest.mark.parametrize("seed", range(4))
def test_crowded_spectra_are_guessed(seed):
    rng = np.random.default_rng(seed)
    x = np.linspace(0, 100, 500)
    centers = np.sort(rng.choice(np.arange(8, 93, 7), 5, replace=False)) + rng.uniform(-1, 1, 5)
    peaks = [(rng.uniform(5, 20), c, rng.uniform(2.5, 5)) for c in centers]
    fit = pm.fit(catalogue.model("peaks.gaussian").problem(spectrum(x, peaks), peaks=5, background="linear"), starts=1)
    for k, (height, center, width) in enumerate(peaks, start=1):
        assert fit.estimate[f"center_{k}"] == pytest.approx(center, abs=0.2)
        assert fit.estimate[f"height_{k}"] == pytest.approx(height, rel=0.1)
        assert fit.estimate[f"fwhm_{k}"] == pytest.approx(width, rel=0.1)


def test_a_sharp_line_among_many_points():
    x = np.linspace(0, 1000, 4000)
    data = spectrum(x, [(30.0, 712.3, 2.0)], noise=0.5)
    fit = pm.fit(catalogue.model("peaks.gaussian").problem(data, background="constant"), starts=1)
    assert fit.estimate["center"] == pytest.approx(712.3, abs=0.1)


def test_dips_are_peaks_below_zero():
    x = np.linspace(0, 10, 200)
    data = spectrum(x, [(-4.0, 3.0, 0.8), (-2.0, 7.0, 1.0)], noise=0.05, background=10.0)
    fit = pm.fit(catalogue.model("peaks.lorentzian").problem(data, peaks=2, background="constant"), starts=1)
    assert fit.estimate["height_1"] < 0 > fit.estimate["height_2"]
    assert fit.estimate["center_2"] == pytest.approx(7.0, abs=0.05)


def test_peaks_of_one_width():
    x = np.linspace(0, 40, 300)
    data = spectrum(x, [(10.0, 12.0, 3.0), (6.0, 25.0, 3.0)])
    problem = catalogue.model("peaks.gaussian").problem(
        data, peaks=2, background="constant", parameters={"fwhm_2": pm.Tied("fwhm_1")}
    )
    fit = pm.fit(problem, starts=1)
    assert abs(fit.estimate["fwhm_1"] - 3) < 4 * fit.standard_error["fwhm_1"]
    assert fit.row("fwhm_2").role == "tied"


@pytest.mark.parametrize("peaks", [0, 31, 1.5, "two", True])
def test_a_number_of_peaks_is_wanted(peaks):
    data = spectrum(np.linspace(0, 1, 20), [(1.0, 0.5, 0.2)])
    for name in NAMES:
        with pytest.raises(ModelError, match=r'"peaks".* is a whole number'):
            catalogue.model(f"peaks.{name}").problem(data, peaks=peaks)


def test_a_level_beneath_a_peak_is_fitted_unless_it_is_said_that_there_is_none():
    data = spectrum(np.linspace(0, 50, 200), [(3.0, 20.0, 5.0)], noise=0.05, background=1.0)
    fit = pm.fit(catalogue.model("peaks.gaussian"), data, starts=1)
    assert abs(fit.estimate["fwhm"] - 5) < 4 * fit.standard_error["fwhm"]
    assert "background" not in catalogue.model("peaks.gaussian").form_of(data, background="none").parameters
