"""The models of lmfit and of R under our names: the same numbers, and every row of the table on the page true."""

import re
from pathlib import Path

import numpy as np
import pytest

import parametra as pm
from parametra import catalogue

lineshapes = pytest.importorskip("lmfit.lineshapes")
PAGE = (Path(__file__).parents[2] / "docs" / "models" / "peaks.md").read_text()
X = np.linspace(0.5, 9.0, 86)
TWO = 2 * np.sqrt(2 * np.log(2))


def ours(name, x, options=None, **values):
    ready = catalogue.model(name)
    chosen = {"background": "none", **(options or {})} if "background" in ready.options else (options or {})
    form = ready.form_of(None, **chosen)
    inputs = dict(x) if isinstance(x, dict) else {next(iter(form.inputs)): x}
    predicted = pm.Model.of(form.model).predict(values, inputs)
    return np.broadcast_to(next(iter(predicted.values())), np.shape(next(iter(inputs.values()))))


def same(mine, theirs, rtol=1e-10):
    np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=1e-12 * np.abs(theirs).max())


def test_symmetric_peaks():
    area, center, sigma = 3.0, 4.2, 0.7
    height = area / (sigma * np.sqrt(2 * np.pi))
    same(
        ours("peaks.gaussian", X, height=height, center=center, fwhm=TWO * sigma),
        lineshapes.gaussian(X, area, center, sigma),
    )
    height = area / (np.pi * sigma)
    same(
        ours("peaks.lorentzian", X, height=height, center=center, fwhm=2 * sigma),
        lineshapes.lorentzian(X, area, center, sigma),
    )
    theirs = lineshapes.pvoigt(X, area, center, sigma, 0.3)
    top = lineshapes.pvoigt(np.array([center]), area, center, sigma, 0.3)[0]
    # lmfit's fraction is that of the area, ours that of the height
    share = 0.3 * area / (np.pi * sigma) / top
    same(ours("peaks.pseudo_voigt", X, height=top, center=center, fwhm=2 * sigma, fraction=share), theirs)
    width = 2 * sigma * np.sqrt(2 ** (1 / 2.5) - 1)
    same(
        ours("peaks.moffat", X, height=area, center=center, fwhm=width, exponent=2.5),
        lineshapes.moffat(X, area, center, sigma, 2.5),
    )
    freedom = 4.0
    theirs = lineshapes.students_t(X, area, center, freedom)
    exponent = (freedom + 1) / 2
    width = 2 * np.sqrt(freedom * (2 ** (1 / exponent) - 1))
    top = lineshapes.students_t(np.array([center]), area, center, freedom)[0]
    same(ours("peaks.moffat", X, height=top, center=center, fwhm=width, exponent=exponent), theirs)


def test_asymmetric_peaks():
    area, center, sigma = 3.0, 4.2, 0.7
    theirs = lineshapes.split_lorentzian(X, area, center, sigma, 1.4)
    top = 2 * area / (np.pi * (sigma + 1.4))
    same(ours("peaks.split", X, height=top, center=center, left=sigma, right=1.4), theirs)
    exponent, skew = 2.3, -1.7
    top = center - sigma * skew / (2 * exponent)
    height = lineshapes.pearson4(np.array([top]), area, center, sigma, exponent, skew)[0]
    width = 2 * sigma * np.sqrt(2 ** (1 / exponent) - 1)
    values = {"height": height, "center": top, "width": width, "exponent": exponent, "skew": skew}
    theirs = lineshapes.pearson4(X, area, center, sigma, exponent, skew)
    same(ours("peaks.pearson4", X, **values), theirs, rtol=1e-9)
    derived = catalogue.model("peaks.pearson4").form_of(None).derived
    assert pm.Model.of(derived["location"]).predict(values, {})[""] == pytest.approx(center, rel=1e-12)
    assert pm.Model.of(derived["core"]).predict(values, {})[""] == pytest.approx(sigma, rel=1e-12)
    same(
        ours(
            "peaks.voigt", X, {"skewed": True}, area=area, center=center, gaussian_sigma=0.7, lorentzian_gamma=0.4,
            skew=-1.1,
        ),
        lineshapes.skewed_voigt(X, area, center, 0.7, 0.4, -1.1),
    )  # fmt: skip


@pytest.mark.parametrize("tail", ["left", "right"])
def test_lines_of_metals(tail):
    center, sigma, asymmetry = 4.2, 0.7, 0.23
    x = X if tail == "left" else 2 * center - X
    theirs = lineshapes.doniach(x, 3.0, center, sigma, asymmetry)
    fine = np.linspace(3.0, 6.0, 300_001)
    curve = lineshapes.doniach(fine, 3.0, center, sigma, asymmetry)
    values = {"height": curve.max(), "center": center, "width": 2 * sigma, "asymmetry": asymmetry}
    same(ours("peaks.doniach", X, {"tail": tail}, **values), theirs, rtol=1e-9)
    form = catalogue.model("peaks.doniach").form_of(None, tail=tail)
    top = fine[np.argmax(curve)] if tail == "left" else 2 * center - fine[np.argmax(curve)]
    assert pm.Model.of(form.derived["top"]).predict(values, {})[""] == pytest.approx(top, abs=2e-5)


def test_sizes_and_oscillators():
    same(
        ours("peaks.lognormal", X, area=3.0, median=np.exp(1.3), log_deviation=0.4),
        lineshapes.lognormal(X.copy(), 3.0, 1.3, 0.4),
    )
    assert ours("peaks.lognormal", np.array([0.0, -1.0]), area=3.0, median=2.0, log_deviation=5.0).max() < 1e-200
    same(
        ours("peaks.driven_oscillator", X, static=3.0, center=4.2, damping=0.07),
        lineshapes.damped_oscillator(X, 3.0, 4.2, 0.07),
    )
    both = np.linspace(-9.0, 9.0, 182)
    values = {"amplitude": 3.0, "center": 4.2, "width": 0.7, "thermal_energy": 2.5}
    same(ours("peaks.damped_harmonic_oscillator", both, **values), lineshapes.dho(both, 3.0, 4.2, 0.7, 2.5), rtol=1e-8)
    # lmfit's own value at zero lacks a factor: the limit from both sides is ours
    near = ours("peaks.damped_harmonic_oscillator", np.array([-1e-5, 0.0, 1e-5]), **values)
    assert near[1] == pytest.approx((near[0] + near[2]) / 2, rel=1e-8)


def test_two_dimensions():
    x, y = np.meshgrid(np.linspace(0, 8, 17), np.linspace(0, 6, 13))
    theirs = lineshapes.gaussian2d(x.ravel(), y.ravel(), 3.0, 4.2, 2.5, 0.7, 1.1)
    height = 3.0 / (2 * np.pi * 0.7 * 1.1)
    values = {"height": height, "center_x": 4.2, "center_y": 2.5, "fwhm_x": TWO * 0.7, "fwhm_y": TWO * 1.1}
    same(ours("peaks.gaussian_2d", {"x": x.ravel(), "y": y.ravel()}, **values), theirs)


@pytest.mark.parametrize("edge", ["linear", "arctan", "erf", "logistic"])
def test_edges(edge):
    same(
        ours("steps.step", X, {"edge": edge}, height=3.0, center=4.2, width=0.7),
        lineshapes.step(X, 3.0, 4.2, 0.7, form=edge),
    )
    factor = 2.0 if edge == "linear" else 1.0  # a linear edge of lmfit's rectangle is twice as long as that of its step
    values = {"rise": 3.0, "rise_width": factor * 0.4, "fall": 6.0, "fall_width": factor * 0.9}
    same(
        ours("steps.rectangle", X, {"edge": edge}, height=3.0, **values),
        lineshapes.rectangle(X, 3.0, 3.0, 0.4, 6.0, 0.9, form=edge),
    )


def test_thermal_distributions():
    values = {"amplitude": 3.0, "thermal_energy": 0.8}
    same(ours("steps.thermal", X, {"kind": "fermi"}, center=4.2, **values), lineshapes.fermi(X, 3.0, 4.2, 0.8))
    same(ours("steps.thermal", X, {"kind": "bose"}, center=0.1, **values), lineshapes.bose(X, 3.0, 0.1, 0.8))
    same(
        ours("steps.thermal", X, {"kind": "maxwell"}, **values),
        lineshapes.thermal_distribution(X, 1 / 3.0, 0.0, 0.8, form="maxwell"),
    )


def test_lines_and_laws():
    same(ours("lines.polynomial", X, c0=1.5, c1=-0.4), lineshapes.linear(X, -0.4, 1.5))
    same(ours("lines.polynomial", X, {"degree": 2}, c0=1.5, c1=-0.4, c2=0.2), lineshapes.parabolic(X, 0.2, -0.4, 1.5))
    same(ours("decay.exponential", X, amplitude=3.0, rate=1 / 0.7), lineshapes.exponential(X, 3.0, 0.7))
    from lmfit.models import SplineModel

    knots, factors = np.linspace(0.5, 9.0, 7), np.array([1.0, 3.0, 2.0, -1.0, 0.5, 2.5, 4.0])
    spline = SplineModel(xknots=knots)
    # lmfit's parameters are factors of B-splines, ours the values at the knots of the same curve
    theirs, values = (
        spline.eval(spline.make_params(**{f"s{k}": v for k, v in enumerate(factors)}), x=at) for at in (X, knots)
    )
    data = pm.Data({"x": X, "y": theirs}, inputs="x", output="y")
    form = catalogue.model("lines.spline").form_of(data, knots=7)
    mine = pm.Model.of(form.model).predict({f"value_{k + 1}": v for k, v in enumerate(values)}, {"x": X})["y"]
    same(mine, theirs)


def rows(heading):
    """First and second column of the table below a heading."""
    part = PAGE.split(heading)[1].split("\n## ")[0]
    cells = [line.split("|")[1:3] for line in part.splitlines() if line.startswith("| `")]
    return [(re.findall(r"`([^`]+)`", left), re.findall(r"`([^`]+)`", right)) for left, right in cells]


def test_every_model_of_lmfit_has_its_row_and_every_row_a_model():
    from lmfit import models

    told = {name for left, _ in rows("## Coming from lmfit") for name in left}
    assert told >= {each.__name__ for each in models.lmfit_models.values()}
    told |= {name for left, _ in rows("## Coming from R") for name in left}
    assert told >= {f"SS{name}" for name in (
        "asymp", "asympOff", "asympOrig", "biexp", "fol", "fpl", "gompertz", "logis", "micmen", "weibull",
    )}  # fmt: skip
    for left, right in [*rows("## Coming from lmfit"), *rows("## Coming from R")]:
        named = [text for text in right if re.fullmatch(r"[a-z_0-9]+\.[a-z_0-9]+", text)]
        assert named or left == ["ExpressionModel"], left
        for text in named:
            ready = catalogue.model(text)
            for option, value in re.findall(r"(\w+)=([\w\"]+)", " ".join(right)):
                if option in ready.options:
                    ready.form_of(None, **{option: eval(value)})  # noqa: S307  the words of our own page


def test_the_self_starting_models_of_r():
    from scipy.special import expit

    time = np.linspace(0.0, 9.0, 31)
    level, first, log_rate = 5.0, 1.2, -0.6
    curve = level + (first - level) * np.exp(-np.exp(log_rate) * time)
    values = {"asymptote": level, "rate": np.exp(log_rate)}
    name = "growth.asymptotic_regression"
    same(ours(name, time, {"start": "size"}, size_at_zero=first, **values), curve)
    curve = level * (1 - np.exp(-np.exp(log_rate) * (time - 0.4)))
    same(ours(name, time, {"start": "time"}, onset=0.4, **values), curve)
    same(ours(name, time, {"start": "origin"}, **values), level * (1 - np.exp(-np.exp(log_rate) * time)))
    ends = {"at_zero": 2.0, "at_infinity": 7.0, "half": 4.0, "scale": 0.8}
    same(
        ours("growth.four_parameter_logistic", time, {"axis": "linear"}, **ends), 2.0 + 5.0 * expit((time - 4.0) / 0.8)
    )
    same(ours("growth.logistic", time, asymptote=5.0, midpoint=4.0, scale=0.8), 5.0 / (1 + np.exp((4.0 - time) / 0.8)))
    # SSgompertz(x, Asym, b2, b3) = Asym exp(-b2 b3^x)
    scale, midpoint = -1 / np.log(0.6), np.log(3.0) * -1 / np.log(0.6)
    same(
        ours("growth.gompertz", time, asymptote=5.0, midpoint=midpoint, scale=scale),
        5.0 * np.exp(-3.0 * 0.6**time),
    )
    # SSweibull(x, Asym, Drop, lrc, pwr) = Asym - Drop exp(-exp(lrc) x^pwr)
    same(
        ours("growth.weibull_growth", time, asymptote=5.0, gain=3.0, scale=np.exp(2.0 / 1.5), shape=1.5),
        5.0 - 3.0 * np.exp(-np.exp(-2.0) * time**1.5),
    )
    same(
        ours("decay.exponential", time, {"terms": 2}, amplitude_1=3.0, rate_1=np.exp(0.5), amplitude_2=1.0, rate_2=0.2),
        3.0 * np.exp(-np.exp(0.5) * time) + np.exp(-0.2 * time),
    )
    same(ours("kinetics.michaelis_menten", time, V=2.0, K=0.7), 2.0 * time / (0.7 + time))
    # SSfol(Dose, input, lKe, lKa, lCl)
    dose, elimination, absorption, clearance = 4.0, np.exp(-2.5), np.exp(0.7), np.exp(-3.0)
    theirs = dose * elimination * absorption / clearance / (absorption - elimination)
    theirs = theirs * (np.exp(-elimination * time) - np.exp(-absorption * time))
    values = {"clearance": clearance, "volume": clearance / elimination, "absorption_rate": absorption}
    table = {"time": time, "dose": np.full(time.size, dose)}
    same(ours("pharmacokinetics.one_compartment", table, {"route": "oral"}, **values), theirs)
