from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean
from parametra.nouns.noise import (
    LogLikelihood,
    Noise,
    Normal,
    Scatter,
    StudentT,
    noise_by_output,
    noise_from_table,
)

nan = float("nan")
OBSERVED = np.array([1.0, 2.5, -3.0, 4.2])
PREDICTED = np.array([1.3, 2.0, -3.5, 8.0])
SIGMA = np.array([0.5, 1.0, 0.3, 2.0])
PLAIN = Data({"x": [1, 2, 3, 4], "y": OBSERVED}, inputs="x", output="y")
COLUMN = Data({"x": [1, 2, 3, 4], "y": OBSERVED, "s": SIGMA}, inputs="x", output="y", sigma="s")
HOLED = Data({"x": [1, 2, 3, 4], "y": [1, nan, -3, 4.2]}, inputs="x", output="y", missing="mask")
ELSEWHERE = Scatter("y", True, np.ones(9), None, None, {}, np)


def scatter(noise, data=COLUMN, values=None, *, xp=np, predicted=PREDICTED):
    sigma = noise.standard_errors(data, "y")
    observed = data.observations("y")[0]
    if xp is not np:
        observed, predicted = xp.asarray(observed), xp.asarray(predicted)
        sigma = None if sigma is None else xp.asarray(sigma)
    return Scatter("y", True, predicted, observed, sigma, values or {}, xp)


def normal(widths, freedom=None):
    return stats.norm.logpdf(OBSERVED, PREDICTED, widths)


def student(widths, freedom=4.0):
    return stats.t.logpdf(OBSERVED, freedom, PREDICTED, widths)


CASES = [
    (Normal(), COLUMN, {}, normal(SIGMA)),
    (Normal(), PLAIN, {"sigma": 0.7}, normal(0.7)),
    (Normal("column"), COLUMN, {}, normal(SIGMA)),
    (Normal(0.7), PLAIN, {}, normal(0.7)),
    (Normal(SIGMA), PLAIN, {}, normal(SIGMA)),
    (Normal("estimated"), PLAIN, {"sigma": 0.7}, normal(0.7)),
    (Normal(scale="estimated"), COLUMN, {"scale": 1.4}, normal(1.4 * SIGMA)),
    (Normal(proportional=True), PLAIN, {"sigma": 0.2}, normal(0.2 * np.abs(PREDICTED))),
    (Normal(0.2, proportional=True), PLAIN, {}, normal(0.2 * np.abs(PREDICTED))),
    (Normal(proportional=True), COLUMN, {}, normal(SIGMA * np.abs(PREDICTED))),
    (Normal(scale="estimated", proportional=True), COLUMN, {"scale": 3}, normal(3 * SIGMA * np.abs(PREDICTED))),
    (StudentT(), COLUMN, {}, student(SIGMA)),
    (StudentT(1, 0.7), PLAIN, {}, student(0.7, 1)),
    (StudentT(2.5), PLAIN, {"sigma": 0.7}, student(0.7, 2.5)),
    (StudentT(300.0), COLUMN, {}, student(SIGMA, 300)),
    (StudentT(scale="estimated"), COLUMN, {"scale": 1.4}, student(1.4 * SIGMA)),
    (StudentT("estimated"), COLUMN, {"degrees_of_freedom": 7.5}, student(SIGMA, 7.5)),
    (StudentT("estimated"), PLAIN, {"degrees_of_freedom": 7.5, "sigma": 0.7}, student(0.7, 7.5)),
    (LogLikelihood(lambda y, p: -abs(y - p)), PLAIN, {}, -np.abs(OBSERVED - PREDICTED)),
    (LogLikelihood(lambda y, p, q: -abs(y - p) * q["b"]), PLAIN, {"b": 3.0}, -3 * np.abs(OBSERVED - PREDICTED)),
]
NAMES = [f"{case[0].describe()}-{'column' if case[1] is COLUMN else 'plain'}" for case in CASES]


@pytest.mark.parametrize(("noise", "data", "values", "wanted"), CASES, ids=NAMES)
def test_log_density_is_scipys(noise, data, values, wanted):
    noise = noise.settle([data], "y")
    np.testing.assert_allclose(noise.log_density(scatter(noise, data, values)), wanted, rtol=1e-12, atol=1e-13)
    stated = noise.parameters("y", alone=True)
    assert set(stated) == set(values) - {"b"}
    assert set(noise.parameters("y", alone=False)) == {f"{name}_y" for name in stated}


@pytest.mark.parametrize(("noise", "data", "values", "wanted"), CASES, ids=NAMES)
def test_a_batch_and_jax_agree_with_the_points(noise, data, values, wanted):
    noise = noise.settle([data], "y")
    batch = np.stack([PREDICTED, PREDICTED + 0.3])
    batched = {name: np.array([value, 1.5 * value]) for name, value in values.items()}
    together = noise.log_density(scatter(noise, data, batched, predicted=batch))
    for index in range(2):
        one = {name: value[index] for name, value in batched.items()}
        single = scatter(noise, data, one, predicted=batch[index])
        np.testing.assert_allclose(together[index], noise.log_density(single), rtol=1e-13)
    with jax.enable_x64(True):

        def density(predicted, values):
            return noise.log_density(scatter(noise, data, values, xp=jnp, predicted=predicted))

        traced = jax.jit(density)(batch, batched)
        np.testing.assert_allclose(traced, together, rtol=1e-12, atol=1e-13)
        gradient = jax.grad(lambda predicted: density(predicted, values).sum())(jnp.asarray(PREDICTED))
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize(
    ("noise", "data", "values", "wanted"), [case for case in CASES if not isinstance(case[0], LogLikelihood)]
)
@settings(max_examples=15, deadline=None)
@given(shift=st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_residuals_are_the_log_density(noise, data, values, wanted, shift):
    """-log density = 1/2 rho(r^2) + const, or 1/2 r^2/s^2 + const, wherever a noise gives residuals."""
    noise = noise.settle([data], "y")
    here, there = (scatter(noise, data, values, predicted=at) for at in (PREDICTED, PREDICTED + np.array(shift)))
    if noise.residuals(here) is None:
        assert not noise.profiles_scale
        assert noise.robust_loss is None
        return
    rho = (lambda z: noise.robust_loss.rho(z, np)[0]) if noise.robust_loss else (lambda z: z)
    s = values.get("sigma", values.get("scale", 1.0)) if noise.profiles_scale else 1.0
    cost_here, cost_there = (0.5 * rho((noise.residuals(at) / s) ** 2) for at in (here, there))
    np.testing.assert_allclose(
        cost_there - cost_here, noise.log_density(here) - noise.log_density(there), rtol=1e-9, atol=1e-9
    )


def structure(noise):
    settled = noise.settle([COLUMN if noise.sigma is None else PLAIN], "y")
    loss = settled.robust_loss
    given_some = settled.residuals(scatter(settled)) is not None
    assert settled.offers_residuals == given_some
    return given_some, settled.profiles_scale, loss and loss.name


@pytest.mark.parametrize(
    ("noise", "wanted"),
    [
        (Normal(), (True, False, None)),
        (Normal(0.1), (True, False, None)),
        (Normal("estimated"), (True, True, None)),
        (Normal(scale="estimated"), (True, True, None)),
        (Normal(proportional=True), (False, False, None)),
        (Normal("estimated", proportional=True), (False, False, None)),
        (StudentT(), (True, False, "student_t")),
        (StudentT(3, 0.1), (True, False, "student_t")),
        (StudentT(3, "estimated"), (False, False, None)),
        (StudentT(scale="estimated"), (False, False, None)),
        (StudentT("estimated"), (False, False, None)),
    ],
)
def test_which_noises_least_squares_can_serve(noise, wanted):
    assert structure(noise) == wanted


def test_residuals_with_a_profiled_scale_are_not_divided_by_it():
    estimated = Normal("estimated").settle([PLAIN], "y")
    np.testing.assert_allclose(estimated.residuals(scatter(estimated, PLAIN)), PREDICTED - OBSERVED)
    relative = Normal(scale="estimated").settle([COLUMN], "y")
    np.testing.assert_allclose(relative.residuals(scatter(relative)), (PREDICTED - OBSERVED) / SIGMA)


def test_points_left_out_have_no_sigma():
    for noise, wanted in ((Normal(0.3), [0.3] * 3), (Normal([1, 2, 3, 4]), [1, 3, 4])):
        assert noise.settle([HOLED], "y").standard_errors(HOLED, "y").tolist() == wanted
    assert Normal().settle([HOLED], "y").standard_errors(HOLED, "y") is None


def test_guesses_come_from_the_data():
    assert Normal().settle([PLAIN], "y").guess == pytest.approx(np.std(OBSERVED))
    assert Normal(scale="estimated").settle([COLUMN], "y").guess == 1.0
    assert Normal(proportional=True).settle([PLAIN], "y").guess == 0.1
    assert Normal(guess=5).settle([PLAIN], "y").guess == 5
    constant = Data({"y": [3.0, 3.0]}, output="y")
    assert Normal().settle([constant], "y").guess == 3.0
    assert Normal().settle([Data({"y": [0.0, 0.0]}, output="y")], "y").guess == 1.0
    assert Normal().settle([PLAIN], "y").parameters("y", alone=True)["sigma"].guess == pytest.approx(np.std(OBSERVED))


def test_a_proportional_noise_gives_a_zero_prediction_no_density():
    noise = Normal(0.2, proportional=True)
    predicted = np.array([0.0, 2.0, -3.5, 8.0])
    density = noise.log_density(scatter(noise, PLAIN, predicted=predicted))
    assert density[0] == -math.inf
    assert np.isfinite(density[1:]).all()


def test_a_complex_step_gives_the_derivative():
    for noise, data in ((Normal(), COLUMN), (Normal(0.2, proportional=True), PLAIN), (StudentT(), COLUMN)):
        noise = noise.settle([data], "y")  # noqa: PLW2901
        step = noise.log_density(scatter(noise, data, predicted=PREDICTED + 1e-30j)).imag / 1e-30
        up, down = (noise.log_density(scatter(noise, data, predicted=PREDICTED + h)) for h in (1e-6, -1e-6))
        np.testing.assert_allclose(step, (up - down) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize(
    ("noise", "data", "values", "law"),
    [
        (Normal(), COLUMN, {}, lambda: stats.norm(PREDICTED[3], SIGMA[3])),
        (Normal(), PLAIN, {"sigma": 0.7}, lambda: stats.norm(PREDICTED[3], 0.7)),
        (Normal(0.2, proportional=True), PLAIN, {}, lambda: stats.norm(8.0, 1.6)),
        (StudentT(3), COLUMN, {}, lambda: stats.t(3, PREDICTED[3], SIGMA[3])),
        (StudentT("estimated"), COLUMN, {"degrees_of_freedom": 2.0}, lambda: stats.t(2, PREDICTED[3], SIGMA[3])),
    ],
)
def test_simulated_data_follow_the_density(noise, data, values, law):
    """Kolmogorov-Smirnov with a fixed seed; five tests at 1e-4 each would raise a false alarm for 1 seed in 2000."""
    noise = noise.settle([data], "y")
    predicted = np.broadcast_to(PREDICTED, (4000, 4))
    drawn = noise.simulate(scatter(noise, data, values, predicted=predicted), np.random.default_rng(11))
    assert drawn.shape == (4000, 4)
    assert stats.kstest(drawn[:, 3], law().cdf).pvalue > 1e-4


def test_standard_deviation():
    noise = Normal(scale="estimated").settle([COLUMN], "y")
    np.testing.assert_allclose(noise.standard_deviation(scatter(noise, values={"scale": 2.0})), 2 * SIGMA)
    known = Normal(0.3).settle([PLAIN], "y")
    assert known.standard_deviation(ELSEWHERE) == 0.3
    assert LogLikelihood(lambda y, p: y).standard_deviation(ELSEWHERE) is None


def test_signatures_hold_no_values():
    assert Normal(0.1).signature == Normal(0.2).signature == Normal(SIGMA).signature
    function = lambda y, p: y
    noises = [
        Normal("estimated"),
        Normal("column"),
        Normal(1),
        Normal(1, proportional=True),
        Normal(1, scale="estimated"),
        StudentT(4, 1),
        StudentT(3, 1),
        StudentT("estimated", 1),
        LogLikelihood(function),
    ]
    assert len({noise.signature for noise in noises}) == len(noises)


def test_what_states_a_noise():
    assert Noise.of(None) == Normal()
    assert Noise.of("student_t") == StudentT()
    assert Noise.of(Normal(2)) == Normal(2.0)
    assert Normal([1, 2]) == Normal(np.array([1.0, 2.0]))
    assert noise_from_table({}) == Normal()
    assert noise_from_table({"kind": "normal", "sigma": 1, "proportional": True}) == Normal(1, proportional=True)
    assert noise_from_table({"kind": "student_t", "degrees_of_freedom": 3, "scale": "estimated"}) == StudentT(
        3, scale="estimated"
    )
    assert noise_by_output({"b": "student_t"}, ["a", "b"]) == {"a": Normal(), "b": StudentT()}
    assert noise_by_output(None, ["a", "b"]) == {"a": Normal(), "b": Normal()}


@pytest.mark.parametrize(
    ("noise", "data", "words"),
    [
        (Normal(), COLUMN, "normal, standard deviations from the column s"),
        (Normal(), PLAIN, "normal, one estimated standard deviation"),
        (Normal(0.1), PLAIN, "normal, standard deviation 0.1"),
        (Normal(SIGMA), PLAIN, "normal, standard deviations given by the noise"),
        (Normal(scale="estimated"), COLUMN, "normal, standard deviations from the column s, times one estimated scale"),
        (
            Normal(0.1, proportional=True),
            PLAIN,
            "normal, standard deviation in proportion to the prediction 0.1",
        ),
        (Normal(), None, "normal, standard deviation from the data, or else estimated"),
        (StudentT(), COLUMN, "Student's t, 4 degrees of freedom, widths from the column s"),
        (StudentT("estimated", 2), PLAIN, "Student's t, estimated degrees of freedom, width 2"),
        (
            Normal(),
            Data({"y": [1.0]}, output="y", sigma=0.1),
            "normal, standard deviations given with the data",
        ),
    ],
)
def test_describe(noise, data, words):
    assert (noise if data is None else noise.settle([data], "y")).describe() == words


def my_likelihood(observed, predicted):
    return -((observed - predicted) ** 2).sum()


def three_and_more(observed, predicted, parameters, settings):
    return observed


def test_a_likelihood_of_ones_own_tells_its_name_and_what_it_takes():
    assert LogLikelihood(my_likelihood).describe() == "the log likelihood my_likelihood"
    assert LogLikelihood(my_likelihood).reads == frozenset()
    assert LogLikelihood(lambda y, p, q, r=1: y).reads is None


SETTLED = Normal().settle([COLUMN], "y")


def did_you_mean_kind(word):
    return f'there is no noise of the kind "{word}"; ' + did_you_mean(word, Noise.kinds)


MISTAKES = [
    (lambda: Normal(0), "sigma of a noise must be a number above zero; came 0."),
    (lambda: Normal(nan), "sigma of a noise must be a number above zero; came nan."),
    (lambda: Normal(np.True_), "sigma of a noise must be a number above zero; came np.True_."),
    (lambda: Normal([1, -2]), "sigma of a noise must be above zero; it is -2 in row 2."),
    (lambda: Normal([1, nan]), "sigma of a noise must be above zero; it is nan in row 2."),
    (lambda: Normal([[1], [2]]), "sigma of a noise must be one number for each row; came int64 of shape (2, 1)."),
    (
        lambda: Normal("sigma_H"),
        (
            'sigma of a noise is a number, values, "column" or "estimated"; came "sigma_H". A column is '
            'named in the data: Data(..., sigma="sigma_H").'
        ),
    ),
    (lambda: Normal(scale="free"), 'scale is "known" or "estimated"; came "free".'),
    (
        lambda: Normal("estimated", scale="estimated"),
        'sigma="estimated" and scale="estimated" cannot be told apart by any data; keep one of them.',
    ),
    (lambda: Normal(guess=-1), "the guess of an estimated width is a number above zero; came -1."),
    (lambda: StudentT(0), 'degrees_of_freedom is a number above zero or "estimated"; came 0.'),
    (lambda: StudentT("few"), "degrees_of_freedom is a number above zero or \"estimated\"; came 'few'."),
    (
        lambda: Normal("column").check([PLAIN], "y"),
        (
            'the noise of "y" needs standard deviations and the data set "data" gives none. Choose: Data(..., '
            'sigma="column"), a number Normal(sigma=0.1), or Normal(sigma="estimated").'
        ),
    ),
    (
        lambda: Normal(scale="estimated").check([PLAIN], "y"),
        (
            'the noise of "y" needs standard deviations and the data set "data" gives none. Choose: Data(..., '
            'sigma="column"), a number Normal(sigma=0.1), or Normal(sigma="estimated").'
        ),
    ),
    (
        lambda: Normal().check([COLUMN, PLAIN.renamed("late")], "y"),
        (
            'the noise of "y" needs standard deviations and the data set "late" gives none. Choose: Data(..., '
            'sigma="column"), a number Normal(sigma=0.1), or Normal(sigma="estimated").'
        ),
    ),
    (
        lambda: StudentT(sigma=0.1).check([COLUMN], "y"),
        (
            'the data set "data" gives sigma for "y" and the noise states sigma as well; keep one. For weights '
            'known up to a common factor: StudentT(scale="estimated").'
        ),
    ),
    (
        lambda: Normal([1, 2]).check([PLAIN], "y"),
        (
            'sigma of the noise of "y" has 2 values and the data set "data" has 4 rows; give one value for each row, '
            "or one number."
        ),
    ),
    (
        lambda: LogLikelihood(my_likelihood).check([PLAIN], "H"),
        'a noise is given for "H", which no data set has; known here: y.',
    ),
    (
        lambda: SETTLED.standard_deviation(ELSEWHERE),
        'the standard deviations of "y" are known at the data only; give sigma for these points.',
    ),
    (
        lambda: LogLikelihood(three_and_more),
        (
            "LogLikelihood takes function(observed, predicted) or function(observed, predicted, parameters), or a "
            "formula; came three_and_more."
        ),
    ),
    (
        lambda: LogLikelihood(my_likelihood).log_density(scatter(LogLikelihood(my_likelihood), PLAIN)),
        (
            'the log likelihood of "y" must give one log density for each point, shape (4,); it gave shape (). '
            "Return them before summing."
        ),
    ),
    (
        lambda: LogLikelihood(my_likelihood).simulate(scatter(Normal(1), PLAIN), np.random.default_rng(0)),
        'data for "y" cannot be simulated from a log likelihood; Normal and StudentT can be.',
    ),
    (
        lambda: Noise.of("gaussian"),
        did_you_mean_kind("gaussian"),
    ),
    (lambda: Noise.of("norml"), 'there is no noise of the kind "norml"; did you mean "normal"?'),
    (
        lambda: Noise.of(3),
        (
            "a noise is Normal(...), StudentT(...), LogLikelihood(function), or one of the words "
            f"{', '.join(Noise.kinds)}; came int."
        ),
    ),
    (
        lambda: noise_from_table({"sigmas": 1}),
        'the noise "normal" has no setting "sigmas"; did you mean "sigma"?',
    ),
    (
        lambda: noise_from_table({"kind": "student_t", "proportional": True}),
        'the noise "student_t" has no setting "proportional"; known here: degrees_of_freedom, sigma, scale, guess.',
    ),
    (lambda: noise_from_table({"proportional": "yes"}), "proportional is true or false; came 'yes'."),
    (
        lambda: noise_by_output({"h": "normal"}, ["H", "d"]),
        'a noise is given for "h", which is no output; known here: H, d.',
    ),
]


@pytest.mark.parametrize(("call", "message"), MISTAKES)
def test_messages(call, message):
    with pytest.raises(NoiseError) as caught:
        call()
    assert str(caught.value) == message
