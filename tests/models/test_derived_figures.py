"""Derived figures of the classic models, each found on the curve itself by what its name says."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

import parametra as pm
from parametra import catalogue


class Curve:
    """A model of one input with values for its parameters."""

    def __init__(self, name, values, **options):
        ready = catalogue.model(name)
        if "background" in ready.options:
            options = {"background": "none", **options}
        self.form, self.values = ready.form_of(None, **options), values
        (self.input,) = self.form.inputs
        self.model = pm.Model.of(self.form.model)

    def __call__(self, x):
        (value,) = self.model.predict(self.values, {self.input: np.atleast_1d(np.asarray(x, dtype=float))}).values()
        return float(value[0])

    def told(self, name):
        return float(pm.Model.of(self.form.derived[name]).predict(self.values, {})[""])

    def where(self, level, low, high):
        return brentq(lambda x: self(x) - level, low, high, xtol=1e-13)

    def top(self, low, high):
        return minimize_scalar(lambda x: -self(x), bounds=(low, high), method="bounded", options={"xatol": 1e-10}).x

    def moment(self, power, low, high, about=0.0):
        whole = quad(self, low, high, limit=400)[0]
        return quad(lambda x: (x - about) ** power * self(x), low, high, limit=400)[0] / whole


def test_widths_of_a_gaussian():
    peak = Curve("peaks.gaussian", {"height": 3.0, "center": 1.0, "fwhm": 0.8})
    assert peak.told("standard_deviation") ** 2 == pytest.approx(peak.moment(2, -4, 6, about=1.0), rel=1e-9)


def test_a_lorentzian_is_as_sharp_as_its_quality_says():
    peak = Curve("peaks.lorentzian", {"height": 3.0, "center": -5.0, "fwhm": 0.8})
    half = peak.where(1.5, -5, 0) - peak.where(1.5, -10, -5)
    assert peak.told("quality") == pytest.approx(5.0 / half, rel=1e-9)


@pytest.mark.parametrize("profile", ["gaussian", "lorentzian"])
def test_both_sides_of_a_split_peak(profile):
    values = {"height": 3.0, "center": 1.0, "left": 0.4, "right": 0.9}
    peak = Curve("peaks.split", values, profile=profile)
    left, right = 1.0 - peak.where(1.5, -9, 1), peak.where(1.5, 1, 9) - 1.0
    assert (left, right) == pytest.approx((0.4, 0.9), rel=1e-9)
    assert peak.told("fwhm") == pytest.approx(left + right, rel=1e-9)
    assert peak.told("ratio") == pytest.approx(right / left, rel=1e-9)
    area = quad(peak, -np.inf, 1)[0] + quad(peak, 1, np.inf)[0]
    assert peak.told("area") == pytest.approx(area, rel=1e-7)


def test_a_moffat_peak_is_a_t_distribution():
    values = {"height": 3.0, "center": 1.0, "fwhm": 0.8, "exponent": 2.5}
    peak = Curve("peaks.moffat", values)
    assert peak.where(1.5, 1, 9) - peak.where(1.5, -9, 1) == pytest.approx(0.8, rel=1e-9)
    # at one core from its centre the bracket of the formula is 2, whatever the exponent
    assert peak(1.0 + peak.told("core")) == pytest.approx(3.0 * 2**-2.5, rel=1e-12)
    freedom = peak.told("degrees_of_freedom")
    # (1 + t^2 / nu)^(-(nu + 1) / 2), t = (x - center) sqrt(nu) / core
    assert freedom == pytest.approx(4.0)
    spread = peak.moment(2, -np.inf, np.inf, about=1.0) / peak.told("core") ** 2
    assert spread == pytest.approx(1 / (freedom - 2), rel=1e-6)


def test_moments_of_a_skewed_gaussian():
    peak = Curve("peaks.skewed_gaussian", {"area": 3.0, "location": 1.0, "scale": 0.7, "skew": -2.0})
    mean = peak.moment(1, -8, 10)
    assert peak.told("mean") == pytest.approx(mean, rel=1e-8)
    assert peak.told("standard_deviation") ** 2 == pytest.approx(peak.moment(2, -8, 10, about=mean), rel=1e-8)


def test_moments_of_an_exponential_gaussian():
    values = {"area": 3.0, "location": 1.0, "standard_deviation": 0.5, "tail": 0.8}
    peak = Curve("peaks.exponential_gaussian", values)
    assert quad(peak, -5, 40, limit=400)[0] == pytest.approx(3.0, rel=1e-8)
    mean = peak.moment(1, -5, 40)
    assert peak.told("mean") == pytest.approx(mean, rel=1e-8)
    assert peak.told("variance") == pytest.approx(peak.moment(2, -5, 40, about=mean), rel=1e-7)


def test_sizes_of_a_lognormal():
    peak = Curve("peaks.lognormal", {"area": 3.0, "median": 2.0, "log_deviation": 0.4})
    assert quad(peak, 0, 60, limit=400)[0] == pytest.approx(3.0, rel=1e-8)
    assert quad(peak, 0, 2.0)[0] == pytest.approx(1.5, rel=1e-8)
    assert peak.told("mode") == pytest.approx(peak.top(0.5, 4.0), rel=1e-6)
    assert peak.told("mean") == pytest.approx(peak.moment(1, 0, 60), rel=1e-8)
    # one geometric deviation above the median lie 15.87 %
    assert quad(peak, 0, 2.0 * peak.told("geometric_deviation"))[0] / 3 == pytest.approx(0.8413447, rel=1e-6)


def test_the_top_of_a_driven_oscillator():
    peak = Curve("peaks.driven_oscillator", {"static": 3.0, "center": 4.0, "damping": 0.2})
    assert peak(0.0) == pytest.approx(3.0)
    assert peak.told("top") == pytest.approx(peak.top(2.0, 6.0), rel=1e-6)
    # at its natural frequency it answers by its quality times the deflection at rest
    assert peak(4.0) / peak(0.0) == pytest.approx(peak.told("quality"), rel=1e-12)
    sharp = Curve("peaks.driven_oscillator", {"static": 3.0, "center": 4.0, "damping": 1e-4})
    power = sharp(4.0) / np.sqrt(2)
    half = sharp.where(power, 4.0, 4.1) - sharp.where(power, 3.9, 4.0)
    assert sharp.told("fwhm") == pytest.approx(half, rel=1e-3)


def test_volumes_of_gaussians_in_two_dimensions():
    values = {"height": 3.0, "center_x": 1.0, "center_y": -2.0, "fwhm_x": 0.8, "fwhm_y": 1.7}
    form = catalogue.model("peaks.gaussian_2d").form_of(None, background="none")
    x, y = np.meshgrid(np.linspace(-4, 6, 501), np.linspace(-12, 8, 501))
    signal = pm.Model.of(form.model).predict(values, {"x": x.ravel(), "y": y.ravel()})["signal"]
    volume = pm.Model.of(form.derived["volume"]).predict(values, {})[""]
    assert volume == pytest.approx(np.sum(signal) * (10 / 500) * (20 / 500), rel=1e-9)


@pytest.mark.parametrize("edge", ["linear", "arctan", "erf", "logistic"])
def test_a_rectangle_is_as_long_as_it_says(edge):
    values = {"height": 2.0, "rise": 3.0, "rise_width": 0.01, "fall": 8.0, "fall_width": 0.02}
    step = Curve("steps.rectangle", values, edge=edge)
    up, down = step.where(1.0, 0, 5.5), step.where(1.0, 5.5, 11)
    assert step.told("length") == pytest.approx(down - up, abs=1e-4)
    assert step.told("middle") == pytest.approx((down + up) / 2, abs=1e-4)
    if edge != "arctan":  # whose tails never end
        rises = step.where(1.8, 0, 5.5) - step.where(0.2, 0, 5.5), step.where(0.2, 5.5, 11) - step.where(1.8, 5.5, 11)
        assert (step.told("rise_10_90"), step.told("fall_10_90")) == pytest.approx(rises, rel=1e-4)


def test_times_of_reactions():
    first = Curve("kinetics.first_order", {"initial": 3.0, "rate": 0.7})
    assert first(first.told("half_life")) == pytest.approx(1.5)
    second = Curve("kinetics.second_order", {"initial": 3.0, "rate": 0.7})
    assert second(second.told("first_half_life")) == pytest.approx(1.5)
    decay = Curve("decay.exponential", {"amplitude": 3.0, "rate": 0.7})
    assert decay(decay.told("half_life")) == pytest.approx(1.5)
    assert decay(decay.told("lifetime")) == pytest.approx(3.0 / np.e)
    growth = Curve("growth.asymptotic_regression", {"asymptote": 5.0, "rate": 0.7, "size_at_zero": 1.0}, start="size")
    assert growth(growth.told("half_time")) == pytest.approx(3.0)
    assert np.exp(growth.told("log_rate")) == pytest.approx(0.7)


def test_a_hill_curve_from_a_tenth_to_nine_tenths():
    hill = Curve("kinetics.hill", {"V": 2.0, "K": 3.0, "n": 2.7})
    assert hill(3.0) == pytest.approx(1.0)
    assert hill.told("ninety_to_ten") == pytest.approx(hill.where(1.8, 0.1, 90) / hill.where(0.2, 0.1, 90), rel=1e-9)


@pytest.mark.parametrize("form", ["arrhenius", "modified"])
def test_the_prefactor_of_arrhenius_is_that_of_the_plain_equation(form):
    values = {"rate_at_reference": 2.0, "activation_energy": 40.0, "reference": 320.0, "gas_constant": 8.31446e-3}
    power = 1.7 if form == "modified" else 0.0
    rate = Curve("kinetics.arrhenius", values | ({"power": power} if form == "modified" else {}), form=form)
    plain = rate(450.0) / (450.0**power * np.exp(-40.0 / (8.31446e-3 * 450.0)))
    assert rate.told("prefactor") == pytest.approx(plain, rel=1e-12)
    assert rate.told("log_prefactor") == pytest.approx(np.log(plain), rel=1e-12)
    assert rate(320.0) == pytest.approx(2.0, rel=1e-12)


def test_vogel_and_fulcher_without_a_middle():
    data = pm.Data({"temperature": [300.0, 400.0], "response": [1.0, 2.0]}, inputs="temperature", output="response")
    form = catalogue.model("kinetics.vogel_fulcher").form_of(data)
    values = {"response_at_middle": 2.0, "strength": 900.0, "zero": 120.0}
    model = pm.Model.of(form.model)
    told = {k: pm.Model.of(each).predict(values, {})[""] for k, each in form.derived.items()}
    response = model.predict(values, {"temperature": np.array([310.0, 350.0])})["response"]
    assert response[1] == pytest.approx(2.0)
    assert response[0] == pytest.approx(told["prefactor"] * np.exp(900.0 / (310.0 - 120.0)), rel=1e-12)
    assert told["fragility"] == pytest.approx(7.5)


@pytest.mark.parametrize("name", ["logistic", "gompertz", "richards"])
def test_growth_is_fastest_at_its_midpoint(name):
    values = {"asymptote": 6.0, "midpoint": 3.0, "scale": 1.4} | ({"shape": 0.6} if name == "richards" else {})
    curve = Curve(f"growth.{name}", values)
    grid = np.linspace(2.9, 3.1, 2001)
    slopes = np.gradient([curve(x) for x in grid], grid)
    assert grid[np.argmax(slopes)] == pytest.approx(3.0, abs=2e-3)
    assert curve.told("rate") == pytest.approx(1 / 1.4)
    # what is missing dies out at this rate in the end
    missing = np.log([6.0 - curve(x) for x in (20.0, 21.0)])
    assert missing[0] - missing[1] == pytest.approx(curve.told("rate"), rel=1e-4)
    if name == "logistic":
        assert curve.told("size_at_zero") == pytest.approx(curve(0.0), rel=1e-12)
    elif name == "richards":
        assert curve.told("size_at_midpoint") == pytest.approx(curve(3.0), rel=1e-12)
    else:
        assert curve(2.0) == pytest.approx(6 * np.exp(-curve.told("b2") * curve.told("b3") ** 2.0), rel=1e-12)


def test_other_growth():
    weibull = Curve("growth.weibull_growth", {"asymptote": 6.0, "gain": 4.0, "scale": 3.0, "shape": 1.7})
    assert weibull.told("size_at_zero") == pytest.approx(weibull(0.0)) == pytest.approx(2.0)
    assert weibull(2.0) == pytest.approx(6 - 4 * np.exp(-np.exp(weibull.told("log_rate")) * 2.0**1.7), rel=1e-12)
    fish = Curve("growth.bertalanffy", {"asymptote": 60.0, "rate": 0.3, "age_at_zero": -0.5})
    assert fish(-0.5) == pytest.approx(0.0, abs=1e-12)
    # Pauly and Munro's phi prime of a fish with L infinity = 100 cm and K = 0.1 a year is 3
    whale = Curve("growth.bertalanffy", {"asymptote": 100.0, "rate": 0.1, "age_at_zero": 0.0})
    assert whale.told("growth_performance") == pytest.approx(3.0)
    dose = Curve("growth.four_parameter_logistic", {"at_zero": 1.0, "at_infinity": 4.0, "half": 2.0, "slope": 1.5})
    assert dose(np.exp(dose.told("log_half"))) == pytest.approx(2.5)
    # half the effect and one scale of the logarithm are 1 / (1 + 1 / e) of it
    beyond = dose(np.exp(dose.told("log_half") + dose.told("scale_of_log")))
    assert (beyond - 1) / 3 == pytest.approx(1 / (1 + np.exp(-1)), rel=1e-12)
    linear = {"at_zero": 1.0, "at_infinity": 4.0, "half": 2.0, "scale": 0.6}
    assert Curve("growth.four_parameter_logistic", linear, axis="linear").told("effect") == 3.0


def test_waves_and_damped_oscillations():
    wave = Curve("oscillators.sine", {"amplitude": 2.0, "frequency": 0.4, "phase": 0.3, "offset": 1.0})
    assert wave(0.7 + wave.told("period")) == pytest.approx(wave(0.7), rel=1e-12)
    assert wave(0.7 + wave.told("period") / 2) - 1 == pytest.approx(1 - wave(0.7), rel=1e-12)
    assert wave.told("angular_frequency") * wave.told("period") == pytest.approx(2 * np.pi)
    line = Curve("lines.polynomial", {"c0": 3.0, "c1": -2.0})
    assert line(line.told("root")) == pytest.approx(0.0, abs=1e-12)


def test_two_compartments_settle_as_their_volumes_say():
    values = {"clearance": 3.0, "central_volume": 10.0, "exchange": 5.0, "peripheral_volume": 25.0}
    form = catalogue.model("pharmacokinetics.two_compartment").form_of(None, route="bolus")
    told = {k: float(pm.Model.of(each).predict(values, {})[""]) for k, each in form.derived.items()}
    rates = np.linalg.eigvals([[-(3.0 + 5.0) / 10, 5.0 / 25], [5.0 / 10, -5.0 / 25]])
    assert sorted((told["slow_rate"], told["fast_rate"])) == pytest.approx(sorted(-rates), rel=1e-12)
    assert told["terminal_half_life"] == pytest.approx(np.log(2) / min(-rates), rel=1e-12)
    # at once a dose fills the central volume alone; the area below the curve is what the clearance leaves
    assert told["fast_by_dose"] + told["slow_by_dose"] == pytest.approx(1 / 10.0, rel=1e-12)
    area = told["fast_by_dose"] / told["fast_rate"] + told["slow_by_dose"] / told["slow_rate"]
    assert area == pytest.approx(1 / 3.0, rel=1e-12)
    assert told["steady_volume"] == 35.0
    one = catalogue.model("pharmacokinetics.one_compartment").form_of(None, route="oral")
    values = {"clearance": 3.0, "volume": 20.0, "absorption_rate": 1.1}
    told = {k: float(pm.Model.of(each).predict(values, {})[""]) for k, each in one.derived.items()}
    assert told["elimination_rate"] == pytest.approx(0.15)
    assert told["half_life"] == pytest.approx(np.log(2) / 0.15)
    logs = [told[f"log_{name}"] for name in ("clearance", "elimination_rate", "absorption_rate")]
    assert np.exp(logs) == pytest.approx([3.0, 0.15, 1.1])
