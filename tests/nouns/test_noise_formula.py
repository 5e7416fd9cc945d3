"""A log density of one's own, as a formula."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.errors import FormulaError, NoiseError
from parametra.nouns.noise import FormulaLikelihood, LogLikelihood, Scatter, noise_from_table

X = np.linspace(0, 3, 30)
Y = 1 + 2 * X + 0.2 * np.sin(7.0 * np.arange(30) ** 1.5)
DATA = pm.Data({"x": X, "y": Y, "w": 1 + X}, inputs="x", output="y")
LAPLACE = "-abs(observed - predicted) / width - log(2 * width)"
NORMAL = "-0.5 * ((observed - predicted) / (s * w))**2 - log(s * w) - 0.5 * log(2 * pi)"


def test_a_text_makes_the_formula_kind():
    assert LogLikelihood(LAPLACE) == FormulaLikelihood(LAPLACE)
    assert noise_from_table({"kind": "formula", "formula": LAPLACE}) == FormulaLikelihood(LAPLACE)
    assert FormulaLikelihood(LAPLACE).describe() == f"the log density {LAPLACE}"
    assert FormulaLikelihood(LAPLACE).signature != FormulaLikelihood(NORMAL).signature


def test_names_are_columns_of_the_data_or_parameters():
    settled = LogLikelihood(NORMAL).settle([DATA], "y")
    assert settled.columns == ("w",)
    assert settled.reads == {"s"}
    assert settled.columns_of(DATA, "y")["w"].tolist() == (1 + X).tolist()
    assert LogLikelihood(LAPLACE).settle([DATA], "y").reads == {"width"}


def test_batches_and_arrays_of_parameters():
    noise = LogLikelihood("-(observed - predicted)**2 * beta[1] - log(k)").settle([DATA], "y")
    values = {"beta": np.array([[1.0, 2.0], [3.0, 4.0]]), "k": np.array([1.0, 2.0])}
    batch = np.stack([Y + 1, Y + 2])
    together = noise.log_density(Scatter("y", True, batch, Y, None, values, np))
    for i in range(2):
        one = {"beta": values["beta"][:, i], "k": values["k"][i]}
        alone = noise.log_density(Scatter("y", True, batch[i], Y, None, one, np))
        np.testing.assert_allclose(together[i], alone, rtol=1e-14)
        np.testing.assert_allclose(alone, -((i + 1.0) ** 2) * one["beta"][1] - np.log(one["k"]), rtol=1e-12)


def test_a_normal_density_as_a_formula_is_the_normal_noise():
    parameters = {"a": 0.0, "b": 1.0}
    found = pm.fit("a + b*x", DATA, parameters={**parameters, "s": pm.Log(guess=1)}, noise=LogLikelihood(NORMAL))
    known = pm.Data({"x": X, "y": Y, "w": 1 + X}, inputs="x", output="y", sigma="w")
    usual = pm.fit("a + b*x", known, parameters=parameters, noise=pm.Normal(scale="estimated"))
    assert found.status.ok
    for name in parameters:
        assert found.estimate[name] == pytest.approx(usual.estimate[name], rel=1e-7)
    # the least squares' scale is the unbiased one
    assert found.estimate["s"] == pytest.approx(usual.estimate["scale"] * np.sqrt(28 / 30), rel=1e-6)
    assert found.log_likelihood == pytest.approx(usual.log_likelihood, rel=1e-9)


def test_a_constant_formula_is_one_for_each_point():
    noise = LogLikelihood("0 * observed + 0 * predicted")
    assert noise.log_density(Scatter("y", True, X, Y, None, {}, np)).shape == X.shape


MISTAKES = [
    (
        lambda: LogLikelihood("-abs(y - predicted)"),
        NoiseError,
        (
            'the log density "-abs(y - predicted)" does not name "observed"; it is a formula of observed and '
            "predicted, such as -abs(observed - predicted)."
        ),
    ),
    (lambda: FormulaLikelihood(3), NoiseError, "the formula of a noise is a text; came int."),
    (
        lambda: pm.Problem("a + b*x", DATA, {"a": 0, "b": 0}, noise=LogLikelihood(LAPLACE)),
        NoiseError,
        ('the noise of "y" reads "width", which is neither a parameter nor a column of numbers; known here: a, b.'),
    ),
    (
        lambda: LogLikelihood(LAPLACE).log_density(Scatter("y", True, X, Y, None, {"a": 1.0}, np)),
        FormulaError,
        (
            'the formula of the noise of "y" names "width", which is neither a parameter nor a column of numbers; '
            "known here: observed, predicted, a."
        ),
    ),
    (
        lambda: LogLikelihood(NORMAL).settle([DATA, pm.Data({"x": X, "y": Y}, inputs="x", output="y", name="b")], "y"),
        NoiseError,
        (
            'the formula of the noise of "y" names the column "w", which the data set "b" does not have; give all data '
            "sets that column."
        ),
    ),
    (
        lambda: LogLikelihood(LAPLACE).simulate(Scatter("y", True, X, None, None, {}, np), np.random.default_rng(0)),
        NoiseError,
        'data for "y" cannot be simulated from a log likelihood; Normal and StudentT can be.',
    ),
    (
        lambda: LogLikelihood("observed.real - predicted"),
        FormulaError,
        None,
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), MISTAKES)
def test_messages(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert message is None or str(caught.value) == message


def test_an_unused_parameter_is_still_found():
    with pytest.raises(pm.ParametraError, match='"c" is used by nothing'):
        pm.Problem("a + b*x", DATA, {"a": 0, "b": 0, "width": 1, "c": 1}, noise=LogLikelihood(LAPLACE))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (
            lambda observed, predicted: -((observed - predicted) ** 2).sum(),
            r"one log density for each point, shape \(4",
        ),
        (lambda observed, predicted: predicted.nothing, r'the noise of "y" raised AttributeError at the guess \(a=1\)'),
    ],
)
def test_a_wrong_log_likelihood_is_refused_at_the_first_look(function, words):
    data = pm.Data({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 4.1]}, inputs=["x"], output="y")
    problem = pm.Problem("a * x", data, {"a": 1.0}, noise=pm.LogLikelihood(function))
    with pytest.raises(pm.ParametraError, match=words):
        pm.fit(problem)
    found = pm.check(problem)
    assert not found.ok
    assert found.findings[-1].subject == "noise"
