"""Penalty: what it is put on, what it refuses, and its units."""

import numpy as np
import pytest

import parametra as pm
from parametra.maths.distributions import Normal
from parametra.nouns.errors import DataError, ParameterError
from parametra.nouns.penalty import Penalty

SPACE = pm.Space(
    {
        "b": pm.Real(shape=(3,)),
        "c": 1.0,
        "half": pm.Real(0, 2),
        "far": pm.Real(1, 2),
        "rate": pm.Log(0.1, 10),
        "up": pm.Positive(guess=1),
        "known": pm.Fixed(2.0),
    }
)

BAD = [
    (lambda: Penalty("laso", 1), r'there is no penalty "laso"; did you mean "lasso"\?'),
    (lambda: Penalty("lasso", -1), "strength=-1: a penalty's strength is a number of 0 or more"),
    (lambda: Penalty("lasso", True), "strength=True: a penalty's strength is a number of 0 or more"),
    (lambda: Penalty("lasso", float("nan")), "strength=nan: a penalty's strength is a number"),
    (lambda: Penalty("lasso", "bicc"), r'a number, or the way to choose it; "bicc" came: did you mean "bic"\?'),
    (lambda: Penalty("lasso", 1, shape=3), "the lasso has no shape; 3 came. Leave it out"),
    (lambda: Penalty("scad", 1, shape=2), "shape=2: the shape of scad is a number above 2"),
    (lambda: Penalty("mcp", 1, shape="x"), 'shape="x": the shape of mcp is a number above 1'),
    (lambda: Penalty("mcp", 1, scale="rows"), r'scale="rows": a penalty measures terms as they are \("none"\)'),
    (lambda: Penalty("mcp", 1, folds=1), "folds=1: a whole number, 2 or more, is wanted"),
    (lambda: Penalty("mcp", 1, path=1.5), "path=1.5: a whole number, 2 or more, is wanted"),
    (lambda: Penalty("mcp", 1, parameters=3), "parameters of a penalty are names of parameters, such as"),
    (lambda: Penalty("mcp", 1, parameters="b", unpenalised="c"), "not both"),
    (lambda: Penalty.of(3), r'a penalty is stated as Penalty\("lasso", 0.1\), or as a table with a kind; 3 came'),
    (lambda: Penalty.of({"strength": 1}), 'a penalty has no kind. Write kind = one of "lasso", "scad", "mcp"'),
    (lambda: Penalty.of({"kind": "mcp", "gama": 3}), 'a penalty has no key "gama"; '),
    (lambda: Penalty("lasso", 1, parameters="B").on_which(SPACE), 'names "B", which is no parameter; '),
    (lambda: Penalty("lasso", 1, unpenalised="bb").on_which(SPACE), 'names "bb", which is no parameter; '),
    (lambda: Penalty("lasso", 1, parameters="rate").on_which(SPACE), '"rate" cannot be penalised: a Log parameter is'),
    (lambda: Penalty("lasso", 1, parameters="up").on_which(SPACE), '"up" cannot be penalised: a Positive parameter is'),
    (lambda: Penalty("lasso", 1, parameters="far").on_which(SPACE), '"far" cannot be penalised: its bounds leave out'),
    (lambda: Penalty("lasso", 1).on_which(pm.Space({"r": pm.Log(1, 2)})), "the lasso penalty has nothing to act on"),
    (lambda: Penalty("lasso").on(SPACE, 10), "is to be chosen by bic, which only fit does. State a number"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_what_is_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_all_free_reals_with_zero_inside_are_penalised_unless_said_otherwise():
    assert set(Penalty("lasso", 1).on_which(SPACE)) == {"b", "c", "half"}
    assert "c" not in Penalty("lasso", 1, unpenalised=["c"]).on_which(SPACE)
    assert Penalty("lasso", 1, parameters=["b", "known"]).on_which(SPACE) == ("b",)
    space = pm.Space({"a": pm.Real(prior=Normal(0.0, 1.0)), "b": 0.0})
    assert Penalty("lasso", 1).on_which(space) == ("b",)
    assert Penalty("lasso", 1, parameters=["a"]).on_which(space) == ("a",)


def test_units_are_those_of_the_cost():
    """cost / n + p is minimised, so that p counts n times beside the cost."""
    space = pm.Space({"b": pm.Real(shape=(2,)), "c": 0.0})
    on = Penalty("mcp", 0.5, parameters="b", shape=2.0).on(space, 40)
    np.testing.assert_array_equal(on.strengths, [0.5, 0.5, 0.0])
    points = np.array([[0.25, 9.0, 4.0]])
    assert on.value(points)[0] == pytest.approx(40 * (0.5 * 0.25 - 0.25**2 / 4 + 2 * 0.5**2 / 2))
    np.testing.assert_array_equal(Penalty("lasso", "bic").on(space, 40, 0.1).strengths, [0.1, 0.1, 0.1])


def test_more_terms_than_data_are_for_penalties_only():
    data = pm.Data({"y": np.arange(4.0)}, output="y")

    def model(beta, b0):
        return np.ones((4, 6)) @ beta + b0

    terms = {"beta": pm.Real(guess=0.0, shape=(6,)), "b0": 0.0}
    with pytest.raises(DataError, match="4 observed values cannot determine 7 parameters"):
        pm.Problem(model, data, terms)
    pm.Problem(model, data, terms, penalty=pm.Penalty("lasso", 1.0))
    with pytest.raises(DataError, match="4 observed values cannot determine 6 parameters"):
        pm.Problem(model, data, terms, penalty=pm.Penalty("lasso", 1.0, parameters="b0"))


def test_a_problem_looks_the_names_up():
    data = pm.Data({"x": np.arange(4.0), "y": np.arange(4.0)}, inputs=["x"], output="y")
    with pytest.raises(ParameterError, match='the penalty names "A", which is no parameter'):
        pm.Problem("a * x", data, {"a": 1.0}, penalty={"kind": "lasso", "strength": 1, "parameters": ["A"]})
    kept = pm.Problem("a * x", data, {"a": 1.0}, penalty="mcp")
    assert kept.penalty == Penalty("mcp", "bic", shape=3, parameters="a")
    assert kept.with_data(data).penalty == kept.penalty


def test_parameters_of_the_noise_are_no_terms():
    data = pm.Data({"x": np.arange(1.0, 9), "y": np.arange(8.0)}, inputs=["x"], output="y")
    noise = pm.Normal(sigma="estimated", proportional=True)
    problem = pm.Problem("a * x + b", data, {"a": 1.0, "b": 1.0}, noise=noise, penalty=pm.Penalty("lasso", 1.0))
    labels = np.array(problem.fit_space.labels)
    assert list(labels[problem.search_space().penalty.strengths > 0]) == ["a", "b"]
    assert problem.with_fixed({"a": 0.0}).penalty.parameters == ("b",)
