"""Counts: what is refused, where guesses come from, and that a fit finds what was simulated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import parametra as pm
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise import BetaBinomial, Binomial, NegativeBinomial, Poisson, Scatter, noise_from_table

nan = float("nan")
X = np.linspace(0, 2, 200)
FORMULA = {"counts": "exp(a + b*x)", "shares": "expit(a + b*x)"}


def counts(values, **more):
    return pm.Data({"x": range(len(values)), "y": values, **more}, inputs="x", output="y", missing="mask")


def test_guesses_come_from_the_data():
    y = counts([0, 1, 9, 4, 0, 22])
    observed = y.outputs["y"]
    assert NegativeBinomial().settle([y], "y").guess == pytest.approx((observed.var() - 6) / 36)
    assert NegativeBinomial().settle([counts([3, 3, 3])], "y").guess == 1e-3  # less than Poisson: as small as it may be
    assert NegativeBinomial().settle([counts([0, 0])], "y").guess == 1.0
    assert NegativeBinomial(guess=0.3).settle([y], "y").parameters("y", alone=True)["dispersion"].guess == 0.3
    assert BetaBinomial(30).settle([y], "y").parameters("y", alone=True)["concentration"].guess == 10
    assert NegativeBinomial(0.5).parameters("y", alone=True) == {}


def test_trials_come_from_a_column_an_input_or_a_number():
    y = counts([0, nan, 2], n=[4, 5, 6])
    assert Binomial("n").settle([y], "y").columns_of(y, "y")["trials"].tolist() == [4, 6]
    assert Binomial(7).columns_of(y, "y")["trials"].tolist() == [7, 7]
    read = pm.Data({"n": [1, 2, 3], "y": [0, 1, 2]}, inputs="n", output="y")
    assert Binomial("n").settle([read], "y").columns_of(read, "y")["trials"].tolist() == [1, 2, 3]


def test_other_trials_need_no_other_kernel_and_other_settings_do():
    assert Binomial(7).signature == Binomial(9).signature == Binomial("n").signature
    noises = [Poisson(), NegativeBinomial(), NegativeBinomial(0.5), Binomial(3), BetaBinomial(3), BetaBinomial(3, 2.0)]
    assert len({noise.signature for noise in noises}) == len(noises)


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (Poisson(), "Poisson counts"),
        (NegativeBinomial(), "negative binomial counts, estimated dispersion"),
        (NegativeBinomial(0.5), "negative binomial counts, dispersion 0.5"),
        (Binomial(), "binomial counts, 1 trial"),
        (Binomial("n"), "binomial counts, trials from the column n"),
        (BetaBinomial(4, 2.5), "beta-binomial counts, 4 trials, concentration 2.5"),
    ],
)
def test_describe(noise, words):
    assert noise.describe() == words


def test_a_table_states_each():
    assert noise_from_table({"kind": "poisson"}) == Poisson()
    assert noise_from_table({"kind": "binomial", "trials": "n"}) == Binomial("n")
    assert noise_from_table({"kind": "negative_binomial", "dispersion": 0.5}) == NegativeBinomial(0.5)
    assert noise_from_table({"kind": "beta_binomial", "trials": 12, "guess": 3}) == BetaBinomial(12, guess=3)


def test_a_mean_of_zero_is_possible_where_nothing_was_counted():
    at = Scatter("y", True, np.array([0.0, 0.0]), np.array([0.0, 1.0]), None, {}, np)
    assert Poisson().log_density(at).tolist() == [0.0, -np.inf]
    certain = Scatter("y", True, np.array([0.0, 1.0, 1.0]), np.array([0.0, 3.0, 2.0]), None, {}, np)
    assert Binomial(3).log_density(certain).tolist() == [0.0, 0.0, -np.inf]


def test_dispersion_near_zero_is_poisson_to_the_last_digits():
    y, mean = np.array([0.0, 3.0, 250.0]), np.array([0.5, 2.0, 240.0])
    at = Scatter("y", True, mean, y, None, {}, np)
    np.testing.assert_allclose(NegativeBinomial(1e-14).log_density(at), stats.poisson.logpmf(y, mean), rtol=1e-11)
    p, n = np.array([0.2, 0.5, 0.7]), 300
    shares = Scatter("y", True, p, y, None, {}, np)
    np.testing.assert_allclose(BetaBinomial(n, 1e14).log_density(shares), stats.binom.logpmf(y, n, p), rtol=1e-11)


def test_limits_between_and_below_the_counts():
    """For censoring: P(Y <= 2.7) is P(Y <= 2), and nothing lies at or below -1."""
    for noise, law in ((Poisson(), stats.poisson(2.0)), (NegativeBinomial(0.5), stats.nbinom(2, 0.5))):
        at = Scatter("y", True, np.full(2, 2.0), np.array([2.7, -1.0]), None, {}, np)
        np.testing.assert_allclose(np.exp(noise.log_cdf(at)), law.cdf([2, -1]), rtol=1e-12)
        np.testing.assert_allclose(np.exp(noise.log_survival(at)), law.sf([2, -1]), rtol=1e-12)
    for noise, law in ((Binomial(5), stats.binom(5, 0.3)), (BetaBinomial(5, 2.0), stats.betabinom(5, 0.6, 1.4))):
        at = Scatter("y", True, np.full(4, 0.3), np.array([2.7, -1.0, 5.0, 9.0]), None, {}, np)
        np.testing.assert_allclose(np.exp(noise.log_cdf(at)), law.cdf([2, -1, 5, 9]), rtol=1e-12)
        np.testing.assert_allclose(np.exp(noise.log_survival(at)), law.sf([2, -1, 5, 9]), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("noise", "truth"),
    [
        (Poisson(), {"a": 1.0, "b": 0.8}),
        (NegativeBinomial(), {"a": 1.0, "b": 0.8, "dispersion": 0.4}),
        (Binomial("n"), {"a": -1.0, "b": 1.2}),
        (BetaBinomial("n"), {"a": -1.0, "b": 1.2, "concentration": 6.0}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_fit_finds_what_was_simulated(noise, truth):
    """Within four standard errors; ten numbers, so a right program fails for one seed in 1600."""
    trials = np.tile([5.0, 20.0], 100)
    eta = truth["a"] + truth["b"] * X
    predicted = np.exp(eta) if noise.support == "counts" else 1 / (1 + np.exp(-eta))
    values = {name: np.float64(value) for name, value in truth.items()}
    at = Scatter("y", True, predicted, None, None, values, np, {"trials": trials})
    drawn = noise.simulate(at, np.random.default_rng(8))
    data = pm.Data({"x": X, "y": drawn, "n": trials}, inputs="x", output="y")
    found = pm.fit(
        FORMULA[noise.support], data, parameters={"a": 0.0, "b": 0.0}, noise=noise, starts=1, evaluator="direct"
    )
    assert found.status.ok
    assert found.method == ("lbfgs" if isinstance(noise, BetaBinomial) else "fisher_scoring")
    for name, value in truth.items():
        assert abs(found.estimate[name] - value) < 4 * found.standard_error[name]


def test_many_starts_and_several_outputs():
    generator = np.random.default_rng(2)
    x = np.linspace(0, 3, 60)
    columns = {"x": x, "clicks": generator.poisson(4 + 30 * np.exp(-8 * (x - 1.2) ** 2)), "level": 2 * x + 1}
    columns["level"] = columns["level"] + 0.1 * generator.standard_normal(60)
    data = pm.Data(columns, inputs="x", output=["clicks", "level"])
    model = {"clicks": "floor_ + height * exp(-8 * (x - centre)**2)", "level": "slope * x + floor_ / 4"}
    parameters = {"floor_": pm.Positive(guess=1), "height": pm.Positive(guess=5), "centre": pm.Real(0, 3), "slope": 1.0}
    noise = {"clicks": "poisson", "level": pm.Normal("estimated")}
    fitted = pm.fit(model, data, parameters=parameters, noise=noise, starts=4)
    other = pm.fit(model, data, parameters=parameters, noise=noise, starts=1, method="lbfgs", evaluator="direct")
    assert fitted.method == "fisher_scoring"
    assert fitted.status.ok
    assert fitted.log_likelihood == pytest.approx(other.log_likelihood, rel=1e-10)
    assert "sigma_level" in fitted.estimate


def test_views_of_shares_compare_with_the_probability():
    data = pm.Data({"x": X[:20], "y": [3] * 10 + [9] * 10, "n": [10] * 10 + [20] * 10}, inputs="x", output="y")
    view = pm.fit("p + 0*x", data, parameters={"p": pm.Real(0.01, 0.99)}, noise=pm.Binomial("n"), starts=1).views[0]
    assert view.observed.tolist() == [0.3] * 10 + [0.45] * 10
    np.testing.assert_allclose(view.predicted, 0.4, rtol=1e-7)
    np.testing.assert_allclose(view.spread, np.sqrt(0.24 / data.columns["n"]), rtol=1e-6)


FILE = """
[model]
formula = "expit(a + b*x)"
[parameters]
a = 0
b = 0
k = { lower = 0.5, upper = 2, guess = 1 }
[data]
file = "seeds.csv"
inputs = ["x"]
output = "y"
[noise]
"""


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('kind = "binomial"\ntrials = "n"', "binomial counts, trials from the column n"),
        ('kind = "outliers"\nshare = 0.1\n[noise.of]\nkind = "binomial"\ntrials = "n"', "with a share of 0.1"),
        (
            'kind = "formula"\nformula = "k * (observed * log(predicted) + (n - observed) * log(1 - predicted))"',
            "the log density k * (observed",
        ),
    ],
)
def test_a_problem_file_states_each(tmp_path, lines, words):
    (tmp_path / "seeds.csv").write_text("x,y,n\n0,3,10\n1,6,10\n2,8,11\n3,9,12\n")
    text = FILE + lines
    (tmp_path / "p.toml").write_text(text if 'formula = "k' in text else text.replace("k = {", "# k = {"))
    problem = pm.read_problem(tmp_path / "p.toml").problem
    assert words in problem.noise["y"].describe()
    assert np.isfinite(problem.log_likelihood(problem.space.guess_named))


MISTAKES = [
    (
        lambda: Poisson().settle([counts([1, nan, -2])], "y"),
        (
            'the noise "poisson" of "y" wants counts, which are whole numbers of zero or more; the data set "data" has '
            "-2 in row 3. Correct the data, or choose another noise."
        ),
    ),
    (
        lambda: NegativeBinomial().settle([counts([1, 2.5])], "y"),
        (
            'the noise "negative_binomial" of "y" wants counts, which are whole numbers of zero or more; the data set '
            '"data" has 2.5 in row 2. Correct the data, or choose another noise.'
        ),
    ),
    (
        lambda: Binomial("n").settle([counts([1, 3], n=[2, 2])], "y"),
        (
            'the data set "data" counts 3 in 2 trials in row 2 of "y"; no count can be above its trials. Correct the '
            "data or the trials='n'."
        ),
    ),
    (
        lambda: Binomial("n").settle([counts([0, 0], n=[2, 0])], "y"),
        (
            'the column "n" of trials of the data set "data" has 0 in row 2; whole numbers of 1 or more are wanted. '
            "Leave out rows without trials."
        ),
    ),
    (
        lambda: Binomial("m").settle([counts([0, 0], n=[2, 2])], "y"),
        'trials="m" of the noise of "y": the data set "data" has no such column of numbers; known here: n, x.',
    ),
    (
        lambda: Binomial("n").log_density(Scatter("y", True, X, X, None, {}, np)),
        'the trials of "y" are known at the data only; give trials a number for these points.',
    ),
    (lambda: Binomial(0), "trials is the name of a data column or a whole number, 1 or more; came 0."),
    (lambda: Binomial(True), "trials is the name of a data column or a whole number, 1 or more; came True."),
    (lambda: Binomial(2.5), "trials is a whole number, or the name of a data column; came 2.5."),
    (lambda: BetaBinomial(3, -1), 'concentration is a number above zero or "estimated"; came -1.'),
    (lambda: NegativeBinomial("some"), "dispersion is a number above zero or \"estimated\"; came 'some'."),
    (lambda: NegativeBinomial(guess=0), "the guess of dispersion is a number above zero; came 0."),
    (
        lambda: BetaBinomial(1).settle([counts([0, 1])], "y"),
        (
            'the concentration of "y" cannot be estimated from single trials, which tell a probability and no more. '
            "Use Binomial(...), or group the data."
        ),
    ),
    (
        lambda: Poisson().simulate(
            Scatter("y", True, np.array([1.0, -3.0]), None, None, {}, np), np.random.default_rng(0)
        ),
        (
            'data for "y" cannot be simulated: the noise "poisson" wants predictions of zero or above, and one of them '
            "is -3. Choose other parameters, or a model that stays there, such as exp(...)."
        ),
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_messages(call, message):
    with pytest.raises(NoiseError) as caught:
        call()
    assert str(caught.value) == message
