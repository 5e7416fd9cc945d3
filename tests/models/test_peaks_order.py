"""What is interchangeable comes in one order, with its errors, and is no other solution."""

import numpy as np
import pytest

import parametra as pm
from parametra.models.decay.exponential import silver
from parametra.models.peaks.gaussian import three

GAUSSIAN = pm.model("peaks.gaussian")
PEAKS = ((30.0, 25.0, 6.0), (12.0, 60.0, 9.0))
SHAPE = "height_{k} * exp(-((x - center_{k}) / width_{k})**2)"


def spectrum(peaks=PEAKS, seed=1):
    x = np.linspace(0, 100, 251)
    signal = 5 + sum(h * np.exp(-4 * np.log(2) * ((x - c) / w) ** 2) for h, c, w in peaks)
    noise = 0.5 * np.random.default_rng(seed).standard_normal(x.size)
    return pm.Data({"x": x, "signal": signal + noise}, inputs="x", output="signal")


def twins(fit):
    return [basin for basin in fit.starts.basins if basin.same_as_best]


def test_peaks_of_many_starts_are_one_solution():
    fit = pm.fit(GAUSSIAN.problem(spectrum(), peaks=2))
    assert fit.starts.basins[0].count > 3 and not twins(fit)
    assert not any("more solution" in doubt for doubt in fit.doubts)
    for basin in fit.starts.basins:
        assert basin.estimate["center_1"] <= basin.estimate["center_2"]


def test_a_start_out_of_order_gives_the_same_result_with_its_errors():
    guessed = pm.fit(GAUSSIAN.problem(three(), peaks=3, background="linear"), starts=1)
    wanted = {f"center_{k}": c for k, c in ((1, 70.0), (2, 25.0), (3, 33.0))}
    wanted |= {f"height_{k}": h for k, h in ((1, 12.0), (2, 30.0), (3, 18.0))}
    stated = GAUSSIAN.problem(three(), peaks=3, background="linear", parameters=wanted)
    fit = pm.fit(stated, starts=1)
    assert fit.estimate["center_1"] < fit.estimate["center_2"] < fit.estimate["center_3"]
    for row in guessed.rows:
        assert fit.row(row.label).value == pytest.approx(row.value, rel=1e-5)
        if row.standard_error:
            assert fit.row(row.label).standard_error == pytest.approx(row.standard_error, rel=1e-4)
    order = [fit.covariance_labels.index(label) for label in guessed.covariance_labels]
    scale = np.sqrt(np.diag(guessed.covariance))
    np.testing.assert_allclose(
        fit.covariance[np.ix_(order, order)] / np.outer(scale, scale),
        guessed.covariance / np.outer(scale, scale),
        atol=1e-3,
    )


@pytest.mark.parametrize("name", ["gaussian", "voigt", "skewed_gaussian"])
def test_priors_do_not_tell_peaks_apart(name):
    ready = pm.model(f"peaks.{name}")
    problem = ready.problem(spectrum(), peaks=2, priors=True)
    priors = {label: repr(problem.space[label].prior) for label in problem.space.explicit_priors}
    for label, prior in priors.items():
        if label.endswith("_1"):
            assert prior == priors[f"{label[:-1]}2"]


def test_with_priors_there_is_one_solution_still():
    fit = pm.fit(GAUSSIAN.problem(spectrum(), peaks=2, priors=True), starts=8)
    assert fit.estimate["center_1"] < fit.estimate["center_2"]
    assert not any("hardly less likely" in doubt for doubt in fit.doubts) and not twins(fit)


def test_exponentials_come_fastest_first():
    decay = pm.model("decay.exponential")
    slow_first = {"rate_1": 0.004, "rate_2": 0.03}
    fit = pm.fit(decay.problem(silver(), terms=2, parameters=slow_first), starts=1)
    assert fit.estimate["rate_1"] > fit.estimate["rate_2"]
    assert round(fit.estimate["amplitude_1"], 1) == 957.8
    many = pm.fit(decay.problem(silver(), terms=2))
    assert not twins(many) and many.starts.best_share > 0.8


@pytest.mark.parametrize(
    "name", ["lorentzian", "voigt", "pseudo_voigt", "moffat", "skewed_gaussian", "exponential_gaussian"]
)
def test_every_profile_is_put_in_order(name):
    ready = pm.model(f"peaks.{name}")
    place = "location" if name in ("skewed_gaussian", "exponential_gaussian") else "center"
    right = ready.problem(spectrum(), peaks=2)
    guess = right.stated_space.guess_named
    crossed = {f"{k[:-1]}{3 - int(k[-1])}": float(v) for k, v in guess.items() if k[-2:] in ("_1", "_2")}
    fit = pm.fit(ready.problem(spectrum(), peaks=2, parameters=crossed), starts=1)
    assert fit.estimate[f"{place}_1"] < 40 < fit.estimate[f"{place}_2"]


def test_what_is_stated_apart_stays_where_it_was_put():
    apart = {"center_1": pm.Real(50, 70, guess=60), "center_2": pm.Real(10, 40, guess=25)}
    fit = pm.fit(GAUSSIAN.problem(spectrum(), peaks=2, parameters=apart), starts=1)
    assert fit.estimate["center_1"] > fit.estimate["center_2"]
    known = {"fwhm_1": pm.Fixed(9.0), "center_1": 60.0, "center_2": 25.0, "height_1": 12.0}
    fit = pm.fit(GAUSSIAN.problem(spectrum(), peaks=2, parameters=known), starts=1)
    assert fit.estimate["center_1"] == pytest.approx(60, abs=0.5)
    twice = {"height_2": pm.Tied("2.5 * height_1"), "center_1": 60.0, "center_2": 25.0}
    fit = pm.fit(GAUSSIAN.problem(spectrum(), peaks=2, parameters=twice), starts=1)
    assert fit.estimate["center_1"] == pytest.approx(60, abs=0.5)


def test_two_of_three_are_alike():
    three_peaks = spectrum((*PEAKS, (20.0, 85.0, 4.0)))
    start = {"center_1": 60.0, "height_1": 12.0, "center_2": 25.0, "height_2": 30.0, "fwhm_3": pm.Fixed(4.0)}
    start |= {"center_3": 85.0, "height_3": 20.0}
    fit = pm.fit(GAUSSIAN.problem(three_peaks, peaks=3, parameters=start), starts=1)
    assert [round(fit.estimate[f"center_{k}"]) for k in (1, 2, 3)] == [25, 60, 85]
    start |= {"fwhm_3": 4.0, "fwhm_2": pm.Fixed(6.0)}
    swapped = start | {"center_1": 85.0, "height_1": 20.0, "center_3": 60.0, "height_3": 12.0}
    fit = pm.fit(GAUSSIAN.problem(three_peaks, peaks=3, parameters=swapped), starts=1)
    assert [round(fit.estimate[f"center_{k}"]) for k in (1, 2, 3)] == [60, 25, 85]


def test_peaks_of_one_width_are_alike_still():
    crossed = {"fwhm_2": pm.Tied("fwhm_1"), "center_1": 60.0, "center_2": 25.0, "height_1": 12.0, "height_2": 30.0}
    fit = pm.fit(GAUSSIAN.problem(spectrum(), peaks=2, parameters=crossed), starts=1)
    assert fit.estimate["center_1"] < fit.estimate["center_2"]
    assert fit.estimate["height_1"] > fit.estimate["height_2"]


def test_heights_of_two_data_sets_go_with_their_peak():
    sets = [
        pm.Data(
            {"x": d.inputs["x"], "signal": d.outputs["signal"]},
            inputs="x",
            output="signal",
            name=name,
            parameters={f"height_{k}": f"height_{k}_{name}" for k in (1, 2)},
        )
        for name, d in (("A", spectrum()), ("B", spectrum(((6.0, 25.0, 6.0), (24.0, 60.0, 9.0)), seed=2)))
    ]
    crossed = {"center_1": 60.0, "center_2": 25.0, "fwhm_1": 9.0, "fwhm_2": 6.0}
    fit = pm.fit(GAUSSIAN.problem(sets, peaks=2, parameters=crossed), starts=1)
    assert fit.estimate["center_1"] == pytest.approx(25, abs=0.5)
    assert fit.estimate["height_1_A"] == pytest.approx(30, abs=1)
    assert fit.estimate["height_1_B"] == pytest.approx(6, abs=1)


def test_a_model_of_ones_own_may_say_so():
    names = ("center", "height", "width")
    formula = " + ".join(SHAPE.format(k=k) for k in (1, 2)) + " + level"
    start = {"center_1": 60.0, "center_2": 25.0, "level": 5.0}
    start |= {f"{n}_{k}": pm.Positive(guess=8.0) for n in ("height", "width") for k in (1, 2)}
    groups = [[f"{n}_{k}" for n in names] for k in (1, 2)]
    fit = pm.fit(pm.Problem(formula, spectrum(), start, interchangeable=groups), starts=1)
    assert fit.estimate["center_1"] < fit.estimate["center_2"]
    assert fit.estimate["height_1"] > fit.estimate["height_2"]
    left = pm.fit(pm.Problem(formula, spectrum(), start), starts=1)
    assert left.estimate["center_1"] > left.estimate["center_2"]


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ("a", "two groups of names or more are wanted"),
        ([["a", "b"]], "two groups of names or more"),
        ([["a"], ["b", "c"]], "all of one length"),
        ([["a"], [1]], "groups of names"),
        ([["a"], ["z"]], '"z" is no parameter'),
        ([["a", "b"], ["c", "b"]], '"b" comes twice'),
    ],
)
def test_what_cannot_be_interchanged_is_told(groups, words):
    data = pm.Data({"x": [0.0, 1, 2, 3], "y": [1.0, 2, 4, 3]}, inputs="x", output="y")
    with pytest.raises(pm.ParametraError, match=words):
        pm.Problem("a + b * x + c * x**2", data, {"a": 1.0, "b": 1.0, "c": 1.0}, interchangeable=groups)
