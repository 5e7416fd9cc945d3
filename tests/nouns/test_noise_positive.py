"""Values above zero: what is refused, guesses, least squares of logs, and that a fit finds what was simulated."""

from __future__ import annotations

import math

import numpy as np
import pytest

import parametra as pm
from parametra.maths.distributions import Normal
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise import (
    Exponential,
    Gamma,
    LogLogistic,
    LogNormal,
    Scatter,
    Weibull,
    noise_from_table,
)

X = np.linspace(0, 2, 200)
Y = np.exp(0.5 * X)


def values(y, **more):
    return pm.Data({"x": range(len(y)), "y": y, **more}, inputs="x", output="y")


def test_residuals_are_those_of_logs():
    """-log density = 1/2 r^2 + const, or 1/2 r^2/s^2 + log s + const where s is profiled."""
    data = values([1.0, 2.0, 0.3])
    for noise, s in ((LogNormal(0.4), {}), (LogNormal(), {"sigma": 0.4})):
        settled = noise.settle([data], "y")
        at = [
            Scatter("y", True, np.array(p), data.outputs["y"], settled.standard_errors(data, "y"), s, np)
            for p in ([1.5, 1.0, 0.2], [0.7, 4.0, 0.5])
        ]
        first, second = (np.sum(settled.residuals(one) ** 2) / (0.16 if s else 1.0) for one in at)
        change = np.sum(settled.log_density(at[0]) - settled.log_density(at[1]))
        assert change == pytest.approx(-0.5 * (first - second), rel=1e-12)
        assert settled.profiles_scale == bool(s)
        assert not settled.affine
    impossible = Scatter("y", True, np.array([-1.0, 1.0, 0.0]), data.outputs["y"], np.full(3, 0.4), {}, np)
    assert LogNormal(0.4).residuals(impossible)[[0, 2]].tolist() == [math.inf, math.inf]


def test_guesses_come_from_the_data():
    data = values([1.0, math.e, math.e**2])
    spread = math.sqrt(2 / 3)
    assert LogNormal().settle([data], "y").guess == pytest.approx(spread)
    assert Weibull().settle([data], "y").guess == pytest.approx(math.pi / math.sqrt(6) / spread)
    assert LogLogistic().settle([data], "y").guess == pytest.approx(math.pi / math.sqrt(3) / spread)
    y = data.outputs["y"]
    assert Gamma().settle([data], "y").guess == pytest.approx(y.mean() ** 2 / y.var())
    assert Gamma().settle([values([2.0, 2.0])], "y").guess == 1.0  # nothing can be told
    assert Gamma(guess=7).settle([data], "y").parameters("y", alone=True)["shape"].guess == 7


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (LogNormal(0.2), "log-normal, standard deviation of the logarithm 0.2"),
        (Gamma(), "gamma around the mean, estimated shape"),
        (Weibull(2), "Weibull around the scale, shape 2"),
        (LogLogistic(1.5), "log-logistic around the median, shape 1.5"),
        (Exponential(), "exponential around the mean"),
    ],
)
def test_describe(noise, words):
    assert noise.describe() == words


def test_a_table_states_each():
    assert noise_from_table({"kind": "lognormal", "sigma": 0.1}) == LogNormal(0.1)
    assert noise_from_table({"kind": "gamma", "shape": 2}) == Gamma(2.0)
    assert noise_from_table({"kind": "weibull", "guess": 2}) == Weibull(guess=2)
    assert noise_from_table({"kind": "loglogistic"}) == LogLogistic()
    assert noise_from_table({"kind": "exponential"}) == Exponential()
    assert len({noise.signature for noise in (Gamma(), Gamma(2), Weibull(), LogLogistic(), Exponential())}) == 5


def test_exponential_is_gamma_and_weibull_of_shape_one():
    data = values([1.0, 2.0, 0.3])
    at = Scatter("y", True, np.array([1.5, 1.0, 0.2]), data.outputs["y"], None, {}, np)
    for ask in ("log_density", "log_cdf", "log_survival"):
        wanted = getattr(Exponential(), ask)(at)
        np.testing.assert_allclose(getattr(Gamma(1), ask)(at), wanted, rtol=1e-12)
        np.testing.assert_allclose(getattr(Weibull(1), ask)(at), wanted, rtol=1e-12)
    zero = Scatter("y", True, np.array([2.0]), np.array([0.0]), None, {}, np)
    assert Exponential().log_density(zero).tolist() == [-math.log(2)]


@pytest.mark.parametrize("noise", [LogNormal(0.4), Gamma(2), Weibull(2), LogLogistic(2), Exponential()])
def test_limits_below_zero(noise):
    """For censoring and truncation: nothing lies at or below a limit that is not above zero."""
    at = Scatter("y", True, np.full(2, 2.0), np.array([-1.0, 0.0]), np.full(2, 0.4), {}, np)
    assert noise.log_cdf(at).tolist() == [-math.inf, -math.inf]
    assert noise.log_survival(at).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("noise", "truth"),
    [
        (LogNormal(), {"sigma": 0.3}),
        (Gamma(), {"shape": 3.0}),
        (Weibull(), {"shape": 1.7}),
        (LogLogistic(), {"shape": 2.5}),
        (Exponential(), {}),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_a_fit_finds_what_was_simulated(noise, truth):
    """Within four standard errors; fourteen numbers, so a right program fails for one seed in 1100."""
    truth = {"a": 0.4, "b": -0.7, **truth}
    at = Scatter("y", True, np.exp(0.4 - 0.7 * X), None, None, truth, np)
    drawn = noise.settle([values([1.0, 2.0])], "y").simulate(at, np.random.default_rng(4))
    data = pm.Data({"x": X, "y": drawn}, inputs="x", output="y")
    found = pm.fit("exp(a + b*x)", data, parameters={"a": 0.0, "b": 0.0}, noise=noise, starts=1)
    assert found.status.ok
    assert found.method == ("levenberg_marquardt" if isinstance(noise, LogNormal) else "fisher_scoring")
    for name, value in truth.items():
        assert abs(found.estimate[name] - value) < 4 * found.standard_error[name]


def refused(kind, wanted, value, row):
    return (
        f'the noise "{kind}" of "y" wants {wanted}; the data set "data" has {value} in row {row}. Correct the data, or '
        "choose another noise."
    )


MISTAKES = [
    (lambda: LogNormal().settle([values([1, 0])], "y"), refused("lognormal", "values above zero", "0", 2)),
    (lambda: Gamma().settle([values([1, -2])], "y"), refused("gamma", "values above zero", "-2", 2)),
    (lambda: Weibull().settle([values([0, 2])], "y"), refused("weibull", "values above zero", "0", 1)),
    (lambda: LogLogistic().settle([values([-1e-9, 2])], "y"), refused("loglogistic", "values above zero", "-1e-09", 1)),
    (lambda: Exponential().settle([values([0, -2])], "y"), refused("exponential", "values of zero or above", "-2", 2)),
    (lambda: Gamma(0), 'shape is a number above zero or "estimated"; came 0.'),
    (lambda: Weibull("k"), "shape is a number above zero or \"estimated\"; came 'k'."),
    (lambda: LogLogistic(guess=-1), "the guess of shape is a number above zero; came -1."),
    (lambda: LogNormal(-1), "sigma of a noise must be a number above zero; came -1."),
    (
        lambda: noise_from_table({"kind": "exponential", "shape": 2}),
        'the noise "exponential" has no setting "shape"; there are none to choose from.',
    ),
    (
        lambda: Gamma(2).simulate(Scatter("y", True, np.array([0.0]), None, None, {}, np), np.random.default_rng(0)),
        (
            'data for "y" cannot be simulated: the noise "gamma" wants predictions above zero, and one of them is 0. '
            "Choose other parameters, or a model that stays there, such as exp(...)."
        ),
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_messages(call, message):
    with pytest.raises(NoiseError) as caught:
        call()
    assert str(caught.value) == message


def two_of_logs():
    """Two outputs of different units that scatter alike, and least squares of their logarithms by hand."""
    draw = np.random.default_rng(5)
    x = np.linspace(0.0, 2.0, 9)
    mass, price = (np.exp(a + b * x + 0.3 * draw.standard_normal(9)) for a, b in ((0.5, 1.0), (7.0, -0.4)))
    data = pm.Data({"x": x, "mass": mass, "price": price}, inputs="x", output=["mass", "price"])
    free = {"a": 0.5, "b": 1.0, "c": 7.0, "d": -0.4}
    design = np.stack([np.ones(9), x], axis=1)
    left = [np.log(y) - design @ np.linalg.lstsq(design, np.log(y), rcond=None)[0] for y in (mass, price)]
    return data, free, np.concatenate(left), design


MEDIANS = {"mass": "exp(a + b * x)", "price": "exp(c + d * x)"}


def test_one_width_of_several_outputs_is_solved_for():
    """Linear in logarithms: s^2 = RSS / (n - p) over both outputs, errors by hand, and Student's interval."""
    data, free, left, design = two_of_logs()
    problem = pm.Problem(MEDIANS, data, free, noise=LogNormal(common=True))
    assert problem.profiled == "sigma"
    assert problem.degrees_of_freedom == 14
    fit = pm.fit(problem, starts=1)
    s = math.sqrt(left @ left / 14)
    assert fit.estimate["sigma"] == pytest.approx(s, rel=1e-7)
    error = s * math.sqrt(np.linalg.inv(design.T @ design)[1, 1])
    assert fit.standard_error["d"] == pytest.approx(error, rel=1e-6)
    low, high = fit.row("d").interval
    assert (high - low) / 2 == pytest.approx(2.1447866879 * error, rel=1e-6)


def test_one_width_beside_a_prior_is_one_parameter():
    """The likelihood is highest at RSS / n of both outputs, where the prior says next to nothing."""
    data, free, left, _ = two_of_logs()
    wide = pm.Real(guess=0.5, prior=Normal(0.5, 1e3))
    problem = pm.Problem(MEDIANS, data, {**free, "a": wide}, noise=LogNormal(common=True))
    assert problem.profiled is None
    assert problem.fit_space.names[-1] == "sigma"
    fit = pm.fit(problem, starts=1)
    assert fit.estimate["sigma"] == pytest.approx(math.sqrt(left @ left / 18), rel=1e-4)


def test_an_output_may_keep_a_width_of_its_own():
    data, free, _, _ = two_of_logs()
    mixed = {"mass": LogNormal(common=True), "price": LogNormal()}
    problem = pm.Problem(MEDIANS, data, free, noise=mixed)
    assert problem.profiled is None
    assert set(problem.space.names) - set(free) == {"sigma", "sigma_price"}
    assert problem.space["sigma"].description == "noise of mass: standard deviation of the logarithm"
    assert "common" not in problem.noise["mass"].describe()
    each = pm.Problem(MEDIANS, data, free, noise=LogNormal())
    assert set(each.space.names) - set(free) == {"sigma_mass", "sigma_price"}


def test_given_widths_need_no_common_one():
    data = pm.Data({"x": [1, 2, 3], "y": [1.0, 2.0, 3.0], "s": [0.1, 0.2, 0.1]}, inputs="x", output="y", sigma="s")
    settled = LogNormal(common=True).settle([data], "y")
    assert settled.parameters("y", alone=True) == {}
    assert "common" not in settled.describe()
    assert LogNormal("estimated", common=True).describe().endswith("logarithm, common to all outputs that say so")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sigma": 0.1, "common": True}, "one estimated width for several outputs, and this one is stated: sigma=0.1"),
        ({"common": "yes"}, "common is true or false; came 'yes'"),
    ],
)
def test_a_common_width_is_refused(settings, words):
    with pytest.raises(NoiseError, match=words):
        noise_from_table({"kind": "lognormal", **settings})


def test_a_common_width_names_its_outputs_and_starts_once():
    data, free, _, _ = two_of_logs()
    problem = pm.Problem(MEDIANS, data, free, noise=LogNormal(common=True))
    width = problem.space["sigma"]
    assert width.description == "noise of mass, price: standard deviation of the logarithm"
    assert problem.noise["mass"].describe().endswith("logarithm, common to mass, price")
    assert width.guess_value() == max(np.std(np.log(data.outputs[name])) for name in MEDIANS)
    again = problem.restated()
    assert again.space["sigma"].guess_value() == width.guess_value()
    one = pm.Problem(
        MEDIANS, data, free, noise={"mass": LogNormal(common=True, guess=0.2), "price": LogNormal(common=True)}
    )
    assert one.space["sigma"].guess_value() == 0.2
    wrapped = {name: pm.Outliers(LogNormal(common=True)) for name in MEDIANS}
    inside = pm.Problem(MEDIANS, data, free, noise=wrapped)
    assert inside.space["sigma"].description == width.description


@pytest.mark.parametrize(
    ("given", "noise", "words"),
    [
        (
            {"mass": "s", "price": "s"},
            LogNormal(common=True),
            'the data give the standard deviations of "mass", "price": nothing is estimated there. Leave common out',
        ),
        (
            {"mass": "s"},
            LogNormal(common=True),
            'the data give the standard deviations of "mass": nothing is estimated there. Leave common out',
        ),
        (
            {"mass": "s"},
            {"mass": LogNormal(scale="estimated", common=True), "price": LogNormal(common=True)},
            'a factor of given standard deviations for "mass" and a sigma for "price". Say common=True for one',
        ),
        (
            None,
            {"mass": LogNormal(common=True, guess=0.1), "price": LogNormal(common=True, guess=0.9)},
            "several guesses: 0.1 for mass, 0.9 for price. Give one guess",
        ),
        (
            None,
            {
                "mass": pm.Outliers(LogNormal(common=True, guess=0.1)),
                "price": pm.Outliers(LogNormal(common=True, guess=0.9)),
            },
            "several guesses",
        ),
    ],
)
def test_a_common_width_that_means_nothing_is_refused(given, noise, words):
    data, free, _, _ = two_of_logs()
    columns = {"x": data.inputs["x"], **data.outputs, "s": np.full(9, 0.1)}
    data = pm.Data(columns, inputs="x", output=["mass", "price"], sigma=given)
    with pytest.raises(NoiseError, match=words):
        pm.Problem(MEDIANS, data, free, noise=noise)
