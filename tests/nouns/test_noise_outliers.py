"""The mixture with outliers: settings, what is refused, and that a fit finds what was simulated."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise import AR1, Binomial, Censored, Normal, Outliers, Poisson, Scatter, noise_from_table

X = np.linspace(0, 4, 120)


def data_of(y, **more):
    return pm.Data({"x": np.arange(float(len(y))), "y": y, **more}, inputs="x", output="y")


def test_the_width_is_that_of_the_data_unless_stated():
    y = np.array([1.0, 2.0, 9.0])
    assert Outliers(Normal(0.1)).settle([data_of(y)], "y").default_width == pytest.approx(np.std(y))
    assert Outliers("lognormal").settle([data_of(y)], "y").default_width == pytest.approx(np.std(np.log(y)))
    assert Outliers("poisson").settle([data_of(y)], "y").default_width == 1.0
    free = Outliers("poisson", width="estimated").settle([data_of(y)], "y").parameters("y", alone=True)
    assert free["outlier_width"].guess == 1.0
    assert free["share"].guess == 0.05
    assert (free["share"].lower, free["share"].upper) == (1e-6, 0.5)


def test_the_noise_inside_keeps_its_data_and_parameters():
    with_sigma = pm.Data({"x": [1, 2], "y": [1, 2], "s": [0.1, 0.2]}, inputs="x", output="y", sigma="s")
    mixed = Outliers(Normal(), share=0.1).settle([with_sigma], "y")
    assert mixed.standard_errors(with_sigma, "y").tolist() == [0.1, 0.2]
    assert set(Outliers().settle([data_of([1, 2])], "y").parameters("y", alone=False)) == {"sigma_y", "share_y"}
    trials = data_of([1, 2], n=[3, 4])
    assert Outliers(Binomial("n")).settle([trials], "y").columns_of(trials, "y")["trials"].tolist() == [3, 4]


def test_a_table_states_it():
    table = {"kind": "outliers", "of": {"kind": "normal", "sigma": 0.1}, "share": 0.1, "width": 3}
    assert noise_from_table(table) == Outliers(Normal(0.1), 0.1, 3)
    assert noise_from_table({"kind": "outliers", "of": {"kind": "poisson"}}) == Outliers(Poisson())
    assert Outliers(Normal(0.1)).describe() == "normal, standard deviation 0.1, with an estimated share of outliers"
    assert Outliers("poisson", 0.1).describe() == "Poisson counts, with a share of 0.1 of outliers"


def test_a_fit_finds_what_was_simulated():
    """Line, s, share and width within four standard errors; five numbers: a right program fails one seed in 3000."""
    truth = {"a": 1.0, "b": 2.0, "sigma": 0.2, "share": 0.15, "outlier_width": 5.0}
    noise = Outliers(Normal("estimated"), width="estimated").settle([data_of([1.0, 2.0])], "y")
    values = {name: np.float64(value) for name, value in truth.items()}
    at = Scatter("y", True, 1 + 2 * X, None, None, values, np)
    drawn = noise.simulate(at, np.random.default_rng(6))
    line = pm.Data({"x": X, "y": drawn}, inputs="x", output="y")
    start = {"a": pm.Real(-10, 10, guess=0), "b": pm.Real(-10, 10, guess=1)}
    found = pm.fit("a + b*x", line, parameters=start, noise=pm.Outliers(width="estimated"), starts=3)
    assert found.status.ok
    for name, value in truth.items():
        assert abs(found.estimate[name] - value) < 4 * found.standard_error[name]
    plain = pm.fit("a + b*x", line, parameters=start)
    assert found.standard_error["b"] < 0.5 * plain.standard_error["b"]
    estimate = {name: np.float64(value) for name, value in found.estimate.items()}
    settled = pm.Outliers(width="estimated").settle([line], "y")
    predicted = estimate["a"] + estimate["b"] * X
    chance = settled.chance_of_outlier(Scatter("y", True, predicted, drawn, None, estimate, np))
    far = np.abs(drawn - predicted) / estimate["sigma"]
    assert (chance[far > 6] > 0.9).all()
    assert (chance[far < 1] < 0.1).all()


MISTAKES = [
    (
        lambda: Outliers(Outliers(Normal(1))),
        "a mixture with outliers of a mixture with outliers cannot be told apart; state one.",
    ),
    (
        lambda: Outliers(Censored("weibull", below=0.1)),
        "outliers belong inside: Censored(Outliers(...)), not Outliers(Censored(...)).",
    ),
    (
        lambda: Outliers("ar1"),
        (
            "outliers among errors that depend on one another are not known here; "
            f"{AR1().describe()} came. Use StudentT, or leave the wild points out."
        ),
    ),
    (lambda: Outliers(share=0), 'the share of outliers is a number between 0 and 1, or "estimated"; came 0.'),
    (lambda: Outliers(share=1.0), 'the share of outliers is a number between 0 and 1, or "estimated"; came 1.0.'),
    (
        lambda: Outliers(share="half"),
        "the share of outliers is a number between 0 and 1, or \"estimated\"; came 'half'.",
    ),
    (lambda: Outliers(guess=2), "the guess of the share of outliers is a number between 0 and 1; came 2."),
    (
        lambda: Outliers(width=-1),
        'the width of outliers is a number above zero, "estimated", or None for that of the data; came -1.',
    ),
    (
        lambda: Outliers("binomial").settle([data_of([0, 1])], "y"),
        "outliers among single trials cannot be told from the others; state the share as part of the model.",
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_messages(call, message):
    with pytest.raises(NoiseError) as caught:
        call()
    assert str(caught.value) == message
