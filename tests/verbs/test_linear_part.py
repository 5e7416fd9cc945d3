import numpy as np
import pytest

import parametra as pm
from parametra import catalogue
from parametra.nouns.card import Ability
from parametra.nouns.noise import Normal
from parametra.verbs.linear_part import linear_coordinates, offers_for

T = np.linspace(0.1, 4, 30)


def problem(model, parameters):
    data = pm.Data({"t": T, "y": np.cos(T)}, inputs=["t"], output="y", sigma=0.1)
    return pm.Problem(model, data, parameters)


def names(stated):
    found = linear_coordinates(stated)
    return {label for label, one in zip(stated.fit_space.labels, found, strict=True) if one}


@pytest.mark.parametrize(
    ("model", "parameters", "linear"),
    [
        ("a * exp(-k * t) + c", {"a": 2.0, "k": 0.5, "c": 0.1}, {"a", "c"}),
        ("a * exp(-k * t) + a * b * t + c", {"a": 2.0, "k": 0.5, "c": 0.1, "b": 1.0}, {"a", "c"}),  # or b, c
        ("a * cos(t) + b * sin(t)", {"a": 1.0, "b": 0.0}, {"a", "b"}),
        ("exp(-k * t)", {"k": 1.0}, set()),
        ("a**2 * t", {"a": pm.Log(0.1, 10, guess=1)}, set()),
        ("a * t + abs(b - 1) * t**2", {"a": 1.0, "b": 1.01}, {"a"}),  # b is linear on either side of 1 only
        ("sqrt(a) * t + b", {"a": pm.Real(0, 4, guess=0.5), "b": 1.0}, {"b"}),
        ("a * t + b", {"a": pm.Real(0.999, 1.001, guess=1), "b": pm.Real(0, 1, guess=1)}, {"a", "b"}),
    ],
)
def test_formulas(model, parameters, linear):
    assert names(problem(model, parameters)) == linear


LOG = pm.Log(1e-3, 1e3, guess=2)


@pytest.mark.parametrize(
    ("model", "parameters", "linear", "exponential"),
    [
        ("a * t", {"a": LOG}, {"a"}, {"a"}),
        ("a * exp(-k * t) + c", {"a": LOG, "k": LOG, "c": 1.0}, {"a", "c"}, {"a"}),
        ("a * exp(-k * t) + c * t", {"a": LOG, "k": LOG, "c": pm.Log(guess=1)}, {"a", "c"}, {"a", "c"}),
        ("log(a) * t + b", {"a": LOG, "b": LOG}, {"a", "b"}, {"b"}),  # a logarithm of what is observed
        ("a * b * t", {"a": LOG, "b": LOG}, {"a"}, {"a"}),  # or b
        ("a**2 * t + sqrt(b)", {"a": LOG, "b": LOG}, set(), set()),
        ("a * t / (a + t)", {"a": LOG}, set(), set()),
    ],
)
def test_factors_on_logarithmic_scales(model, parameters, linear, exponential):
    stated = problem(model, parameters)
    assert names(stated) == linear
    mask = stated.search_space().exponential
    assert {label for label, one in zip(stated.fit_space.labels, mask, strict=True) if one} == exponential


def test_functions_with_arrays():
    def model(t, weights, rates):
        return sum(weights[i] * np.exp(-rates[i] * t) for i in range(2))

    parameters = {
        "weights": pm.Real(guess=[1.0, 2.0], shape=(2,)),
        "rates": pm.Real(0, 9, guess=[1.0, 3.0], shape=(2,)),
    }
    assert names(problem(model, parameters)) == {"weights[0]", "weights[1]"}


def test_functions_that_only_differences_can_differentiate():
    def model(t, a, k):
        return np.array([a * float(np.exp(-k * v)) for v in t])

    assert names(problem(model, {"a": 2.0, "k": 0.5})) == {"a"}


def test_found_once_and_told_to_methods():
    stated = problem("a * exp(-k * t)", {"a": 2.0, "k": 0.5})
    assert stated.search_space().linear is None
    assert linear_coordinates(stated) is linear_coordinates(stated)
    assert stated.search_space().linear.tolist() == [True, False]


def test_only_methods_that_need_it_look():
    stated = problem("a * exp(-k * t)", {"a": 2.0, "k": 0.5})
    assert Ability.LINEAR not in offers_for(stated, catalogue.card("fit", "levenberg_marquardt"))
    assert stated.search_space().linear is None
    assert Ability.LINEAR in offers_for(stated, catalogue.card("fit", "variable_projection"))


def test_a_likelihood_without_residuals_is_refused_for_that():
    data = pm.Data({"t": T, "y": 2 + T}, inputs=["t"], output="y")
    noise = Normal(sigma="estimated", proportional=True)
    stated = pm.Problem("a * exp(-k * t) + 3", data, {"a": 2.0, "k": 0.5}, noise=noise)
    with pytest.raises(pm.ParametraError, match=r"^`variable_projection` needs residuals; this problem offers "):
        pm.fit(stated, method="variable_projection")


def test_what_is_solved_for_is_marked():
    t = np.linspace(0, 3, 12)
    data = pm.Data({"t": t, "y": 2 * np.exp(-t) + 0.5 + 0.01 * np.sin(9 * t)}, inputs="t", output="y")
    box = {"a": 1.0, "c": (0.0, 5.0), "k": (0.1, 5.0)}
    fit = pm.fit("a * exp(-k * t) + c", data, box, method="variable_projection", starts=3)
    assert fit.notes == {"a": "solved for", "c": "solved for"}
    assert "a and c, in which the model is linear, are solved for at each step" in fit.choice
    one = pm.fit("a * exp(-k * t)", data, {"a": 1.0, "k": 1.0}, method="variable_projection", starts=1)
    assert "a, in which the model is linear, is solved for at each step" in one.choice
    searched = pm.fit("a * exp(-k * t) + c", data, box, starts=3)
    assert not searched.notes
    assert abs(searched.estimate["k"] - fit.estimate["k"]) < 1e-6
    named = pm.fit("a * exp(-k * t) + c", data, box, method="variable_projection", options={"linear": ["c"]}, starts=3)
    assert named.notes == {"c": "solved for"}
    bound = pm.fit("a * exp(-k * t) + c", data, {**box, "c": (1.0, 5.0)}, method="variable_projection", starts=3)
    assert "bound" in bound.notes["c"]
    assert bound.notes["a"] == "solved for"
