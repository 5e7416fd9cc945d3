"""Censored and truncated noise against scipy's distribution functions, statsmodels and sums of probabilities."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from statsmodels.discrete.truncated_model import TruncatedLFPoisson

import parametra as pm
from parametra.nouns.errors import NoiseError
from parametra.nouns.noise import Noise, Scatter, noise_from_table
from parametra.nouns.noise_censored import Censored
from parametra.nouns.noise_truncated import Truncated

nan = float("nan")
OBSERVED = np.array([1.0, 2.0, 3.0, 4.0, 2.0, 6.0])
UPPER = np.array([nan, nan, nan, 5.0, nan, 9.0])
STATUS = np.array([1, 0, 2, 3, 1, 3])
PREDICTED = np.array([1.5, 2.5, 2.0, 4.5, 3.0, 5.0])
TABLE = {"x": np.arange(6.0), "y": OBSERVED, "to": UPPER, "status": STATUS}
DATA = pm.Data(TABLE, inputs="x", output="y")

# a noise with values of its parameters, and scipy's distribution at a prediction
FAMILIES = [
    (pm.Normal(), {"sigma": 1.3}, lambda f: stats.norm(f, 1.3)),
    (pm.Normal(0.7), {}, lambda f: stats.norm(f, 0.7)),
    (pm.Normal(proportional=True), {"sigma": 0.4}, lambda f: stats.norm(f, 0.4 * f)),
    (pm.StudentT(3, 0.8), {}, lambda f: stats.t(3, f, 0.8)),
    (pm.LogNormal(), {"sigma": 0.6}, lambda f: stats.lognorm(0.6, scale=f)),
    (pm.Weibull(), {"shape": 1.7}, lambda f: stats.weibull_min(1.7, scale=f)),
    (pm.Exponential(), {}, lambda f: stats.expon(scale=f)),
    (pm.Gamma(), {"shape": 2.5}, lambda f: stats.gamma(2.5, scale=f / 2.5)),
    (pm.LogLogistic(), {"shape": 2.2}, lambda f: stats.fisk(2.2, scale=f)),
    (pm.Poisson(), {}, stats.poisson),
    (pm.NegativeBinomial(), {"dispersion": 0.5}, lambda f: stats.nbinom(2.0, 2.0 / (2.0 + f))),
]
NAMES = [f"{family[0].describe()}" for family in FAMILIES]


def mass(law):
    return law.logpmf if hasattr(law.dist, "pmf") else law.logpdf


def scatter(noise, values, data=DATA, *, predicted=PREDICTED, xp=np):
    columns = noise.columns_of(data, "y")
    observed, sigma = data.observations("y")[0], noise.standard_errors(data, "y")
    if xp is not np:
        predicted, observed = xp.asarray(predicted), xp.asarray(observed)
        columns = {name: xp.asarray(one) for name, one in columns.items()}
    return Scatter("y", True, predicted, observed, sigma, values, xp, columns)


def by_scipy(law):
    """The log density of each row of DATA by the four rules."""
    exact, below = mass(law)(OBSERVED), law.logcdf(OBSERVED)
    ends = np.where(STATUS == 3, UPPER, OBSERVED + 1)
    between = np.log(law.cdf(ends) - law.cdf(OBSERVED))
    return np.choose(STATUS, [law.logsf(OBSERVED), exact, below, between])


@pytest.mark.parametrize(("inner", "values", "law"), FAMILIES, ids=NAMES)
def test_exact_right_left_and_interval(inner, values, law):
    noise = Censored(inner, status="status", upper="to").settle([DATA], "y")
    density = noise.log_density(scatter(noise, values))
    np.testing.assert_allclose(density, by_scipy(law(PREDICTED)), rtol=1e-11, atol=1e-13)
    assert set(noise.parameters("y", alone=True)) == set(values)
    assert not noise.offers_residuals and not noise.offers_scores and not noise.profiles_scale
    assert noise.pointwise and noise.support == inner.support
    deviation = np.broadcast_to(noise.standard_deviation(scatter(noise, values)), (6,))
    plain = noise.of.standard_deviation(scatter(noise.of, values))
    np.testing.assert_allclose(deviation, np.broadcast_to(plain, (6,)))


WAYS = {
    "censored": lambda inner: Censored(inner, status="status", upper="to"),
    "limits": lambda inner: Censored(inner, below=1.0, above=4.0),
    "truncated": lambda inner: Truncated(inner, lower=0.0, upper=9.0),
    "from": lambda inner: Truncated(inner, lower=0.0),
    "up to": lambda inner: Truncated(inner, upper=9.0),
    "both": lambda inner: Censored(Truncated(inner, lower=0.0, upper=12.0), status="status", upper="to"),
}


PAIRS = [
    ("censored", 0),
    ("censored", 5),
    ("limits", 4),
    ("limits", 9),
    ("truncated", 1),
    ("from", 8),
    ("up to", 6),
    ("both", 5),
]


@pytest.mark.parametrize(("way", "family"), PAIRS, ids=[f"{way}-{NAMES[k]}" for way, k in PAIRS])
def test_a_batch_jax_and_a_complex_step_agree(way, family):
    inner, values, _ = FAMILIES[family]
    noise = WAYS[way](inner).settle([DATA], "y")
    batch = np.stack([PREDICTED, 1.3 * PREDICTED])
    batched = {name: np.array([value, 1.5 * value]) for name, value in values.items()}
    together = noise.log_density(scatter(noise, batched, predicted=batch))
    for i in range(2):
        one = {name: value[i] for name, value in batched.items()}
        single = noise.log_density(scatter(noise, one, predicted=batch[i]))
        np.testing.assert_allclose(together[i], single, rtol=1e-12, atol=1e-14)

    def along(h, xp=np):
        moved = {name: value * (1 + 0.3 * h) for name, value in values.items()}
        return noise.log_density(scatter(noise, moved, predicted=xp.asarray(PREDICTED) * (1 + h), xp=xp))

    step = np.imag(along(1e-30j)) / 1e-30
    np.testing.assert_allclose(step, (along(1e-6) - along(-1e-6)) / 2e-6, rtol=1e-6, atol=1e-8)
    with jax.enable_x64(True):
        value, slope = jax.jit(jax.value_and_grad(lambda z: along(z, jnp).sum()))(0.0)
    assert float(value) == pytest.approx(along(0.0).sum(), rel=1e-11)
    assert float(slope) == pytest.approx(step.sum(), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(("inner", "values", "law"), FAMILIES, ids=NAMES)
def test_all_that_might_be_observed_has_probability_one(inner, values, law):
    """Below the limit, between the limits, and above: for counts by their sum, elsewhere by an integral."""
    counts = inner.support == "counts"
    nodes, weights = np.polynomial.legendre.leggauss(120)
    u, weights = (nodes + 1) / 2, weights / 2

    def total(wrap, low, high):
        """The sum of the noise's own probabilities of values in (low, high)."""
        if counts:
            y, parts = np.arange(low + 1, high), 1.0
        else:  # y = low + (high - low) u^4, for densities that rise steeply from an end
            y, parts = low + (high - low) * u**4, weights * 4 * u**3 * (high - low)
        ends = [] if wrap is truncated else [low - 1, low, high, high + 3]
        data = pm.Data({"y": np.concatenate([y, ends])}, output="y")
        one = inner if "sigma" not in values else dataclasses.replace(inner, sigma="estimated")
        noise = wrap(one).settle([data], "y")
        chance = np.exp(noise.log_density(scatter(noise, values, data, predicted=np.full(len(y) + len(ends), 3.0))))
        inside = np.sum(chance[: len(y)] * parts)
        if not ends:
            return inside
        below, at_low, at_high, above = chance[len(y) :]
        assert below == at_low and above == at_high  # recorded beyond a limit is at it
        return at_low + inside + at_high

    def censored(noise):
        return Censored(noise, below=1.0, above=5.0)

    def truncated(noise):
        return Truncated(noise, lower=0.0, upper=5.0)

    assert total(censored, 1.0, 5.0) == pytest.approx(1.0, abs=1e-6)
    assert total(truncated, 0.0, 6.0 if counts else 5.0) == pytest.approx(1.0, abs=1e-6)


def test_counts_at_a_limit():
    """below=2 says 2 or fewer, above=5 says 5 or more; right-censored at 5 by status says 6 or more."""
    data = pm.Data({"y": [2.0, 1.0, 5.0, 8.0, 3.0]}, output="y")
    law = stats.poisson(3.0)
    noise = Censored(pm.Poisson(), below=2, above=5).settle([data], "y")
    density = noise.log_density(scatter(noise, {}, data, predicted=np.full(5, 3.0)))
    wanted = [law.logcdf(2), law.logcdf(2), law.logsf(4), law.logsf(4), law.logpmf(3)]
    np.testing.assert_allclose(density, wanted, rtol=1e-12)
    by_status = pm.Data({"y": [5.0, 3.0], "s": [0, 1]}, output="y")
    noise = Censored(pm.Poisson(), status="s").settle([by_status], "y")
    density = noise.log_density(scatter(noise, {}, by_status, predicted=np.full(2, 3.0)))
    np.testing.assert_allclose(density, [law.logsf(5), law.logpmf(3)], rtol=1e-12)


def test_intervals_keep_their_digits_in_both_tails():
    """Against 500 digits: 30 standard deviations away on either side, and around the middle."""
    import mpmath

    lower, upper = np.array([-30.0, 29.0, -1.0, 5.0]), np.array([-29.0, 30.0, 8.0, 5.000001])
    data = pm.Data({"y": lower, "to": upper, "s": [3, 3, 3, 3]}, output="y")
    noise = Censored(pm.Normal(1.0), status="s", upper="to").settle([data], "y")
    found = noise.log_density(scatter(noise, {}, data, predicted=np.zeros(4)))
    with mpmath.workdps(500):
        chances = [
            mpmath.ncdf(mpmath.mpf(float(b))) - mpmath.ncdf(mpmath.mpf(float(a)))
            for a, b in zip(lower, upper, strict=True)
        ]
        wanted = [float(mpmath.log(one)) for one in chances]
    np.testing.assert_allclose(found[:3], wanted[:3], rtol=1e-14)
    assert found[3] == pytest.approx(wanted[3], rel=1e-10)  # narrow: the difference of near values


def test_an_interval_far_above_is_taken_from_the_upper_tail():
    """A mixture's F is rounded beside 1 there, so that its differences have no digits left."""
    data = pm.Data({"y": [20.0, 24.0], "to": [25.0, 28.0], "s": [3, 3]}, output="y")
    mixture = pm.Outliers(pm.Normal(1.0), share=0.1, width=3.0)
    noise = Censored(mixture, status="s", upper="to").settle([data], "y")
    found = noise.log_density(scatter(noise, {}, data, predicted=np.zeros(2)))
    wide = stats.norm(0, 3)
    wanted = np.log(0.1 * (wide.sf([20, 24]) - wide.sf([25, 28])))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_status_by_words_by_event_and_by_meaning():
    wanted = Censored(pm.Normal(1.0), status="status", upper="to").settle([DATA], "y")
    wanted = wanted.log_density(scatter(wanted, {}))
    words = np.array(["right", "exact", "left", "interval"])[STATUS]
    letters = np.array(["r", "e", "l", "i"])[STATUS]
    data = pm.Data({**TABLE, "status": words, "letter": letters}, inputs="x", output="y")
    meaning = {"exact": ["e", "E"], "right": "r", "left": "l", "interval": "i"}
    for noise in (
        Censored(pm.Normal(1.0), status="status", upper="to"),
        Censored(pm.Normal(1.0), "letter", meaning=meaning, upper="to"),
    ):
        settled = noise.settle([data], "y")
        np.testing.assert_allclose(settled.log_density(scatter(settled, {}, data)), wanted)
        assert settled.settle([data], "y") == settled
    event = Censored(pm.Normal(1.0), status="status", event=(1, 3)).settle([DATA], "y")
    law = stats.norm(PREDICTED, 1.0)
    by_event = np.where(np.isin(STATUS, [1, 3]), law.logpdf(OBSERVED), law.logsf(OBSERVED))
    np.testing.assert_allclose(event.log_density(scatter(event, {})), by_event)
    flags = pm.Data({**TABLE, "dead": STATUS == 1, "said": np.where(STATUS == 1, "TRUE", "FALSE")}, output="y")
    for column in ("dead", "said"):
        noise = Censored(pm.Normal(1.0), status=column).settle([flags], "y")
        found = noise.log_density(scatter(noise, {}, flags))
        np.testing.assert_allclose(found, np.where(STATUS == 1, law.logpdf(OBSERVED), law.logsf(OBSERVED)))


def test_limits_in_columns_may_be_missing_and_values_beyond_them_are_at_them():
    limits = [2.0, nan, 4.0, 1.0, 5.0, nan]
    data = pm.Data({**TABLE, "lod": limits}, inputs="x", output="y")
    noise = Censored(pm.Normal(1.0), below="lod", above=6.0).settle([data], "y")
    law = stats.norm(PREDICTED, 1.0)
    left = np.nan_to_num(limits, nan=-np.inf) >= OBSERVED
    wanted = np.where(left, law.logcdf(np.nan_to_num(limits)), law.logpdf(OBSERVED))
    wanted[5] = law.logsf(6.0)[5]
    np.testing.assert_allclose(noise.log_density(scatter(noise, {}, data)), wanted)
    assert noise.columns == ("lod",)
    codes, ends = noise.censoring(scatter(noise, {}, data))
    assert codes.tolist() == [2, 0, 2, 0, 2, 1]
    assert ends.tolist() == [2, 2, 4, 4, 5, 6]
    # an instrument may write 0 for what it could not see, also where the noise wants values above zero
    nothing = pm.Data({"y": [0.0, 0.0, 3.0]}, output="y")
    noise = Censored(pm.LogNormal(0.5), below=0.1).settle([nothing], "y")
    found = noise.log_density(scatter(noise, {}, nothing, predicted=np.ones(3)))
    np.testing.assert_allclose(found[:2], stats.lognorm(0.5).logcdf(0.1))


def test_positive_values_right_censored_at_zero_and_intervals_from_zero_say_nothing_wrong():
    data = pm.Data({"y": [0.0, 0.0, 2.0], "to": [nan, 3.0, nan], "s": [0, 3, 1]}, output="y")
    noise = Censored(pm.Weibull(), status="s", upper="to").settle([data], "y")
    values = {"shape": 1.5}
    found = noise.log_density(scatter(noise, values, data, predicted=np.full(3, 2.0)))
    law = stats.weibull_min(1.5, scale=2.0)
    np.testing.assert_allclose(found, [0.0, law.logcdf(3.0), law.logpdf(2.0)], rtol=1e-12)
    with jax.enable_x64(True):

        def total(k):
            return noise.log_density(scatter(noise, {"shape": k}, data, predicted=np.full(3, 2.0), xp=jnp)).sum()

        slope = jax.jit(jax.grad(total))(1.5)
    assert np.isfinite(slope)


def test_truncation_is_scipys_truncnorm_and_statsmodels_truncated_poisson():
    noise = Truncated(pm.Normal(1.2), lower=0.5, upper=7.0).settle([DATA], "y")
    a, b = (0.5 - PREDICTED) / 1.2, (7.0 - PREDICTED) / 1.2
    law = stats.truncnorm(a, b, PREDICTED, 1.2)
    here = scatter(noise, {})
    np.testing.assert_allclose(noise.log_density(here), law.logpdf(OBSERVED), rtol=1e-12)
    np.testing.assert_allclose(noise.log_cdf(here), law.logcdf(OBSERVED), rtol=1e-11)
    np.testing.assert_allclose(noise.log_survival(here), law.logsf(OBSERVED), rtol=1e-11)
    for beyond, below, above in ((0.2, -np.inf, 0.0), (8.0, 0.0, -np.inf)):
        at = dataclasses.replace(here, observed=np.full(6, beyond))
        np.testing.assert_allclose(noise.log_cdf(at), below, atol=1e-14)
        np.testing.assert_allclose(noise.log_survival(at), above, atol=1e-14)
    rng = np.random.default_rng(5)
    x = np.linspace(0, 2, 200)
    y = rng.poisson(np.exp(0.2 + 0.6 * x))
    x, y = x[y > 0], y[y > 0].astype(float)
    other = TruncatedLFPoisson(y, np.stack([np.ones_like(x), x], axis=1), truncation=0).fit(method="newton", disp=0)
    data = pm.Data({"x": x, "y": y}, inputs="x", output="y")
    fit = pm.fit(
        "exp(a + b * x)",
        data,
        parameters={"a": 0.0, "b": 0.0},
        noise=Truncated(pm.Poisson(), lower=0),
        starts=1,
        evaluator="direct",
    )
    assert [fit.estimate["a"], fit.estimate["b"]] == pytest.approx(other.params, rel=1e-6)
    assert [fit.standard_error["a"], fit.standard_error["b"]] == pytest.approx(other.bse, rel=1e-4)
    assert fit.log_likelihood == pytest.approx(other.llf, rel=1e-9)


def test_delayed_entry_censored_is_density_or_survival_over_that_at_entry():
    entry = np.array([0.5, nan, 1.0, 2.0, 0.0, 3.0])
    data = pm.Data({**TABLE, "entry": entry, "dead": [1, 0, 0, 1, 1, 0]}, inputs="x", output="y")
    noise = Censored(Truncated("weibull", lower="entry"), status="dead").settle([data], "y")
    law = stats.weibull_min(1.7, scale=PREDICTED)
    plain = np.where([1, 0, 0, 1, 1, 0], law.logpdf(OBSERVED), law.logsf(OBSERVED))
    wanted = plain - law.logsf(np.nan_to_num(entry))
    np.testing.assert_allclose(noise.log_density(scatter(noise, {"shape": 1.7}, data)), wanted, rtol=1e-12)
    assert noise.columns == ("entry", "dead")
    words = "Weibull around the scale, estimated shape, seen only above the column entry; 3 right-censored of 6 values"
    assert noise.describe() == f"{words}, by the column dead"


def test_a_fit_of_truncated_lifetimes_finds_what_an_ordinary_fit_misses():
    """5000 lifetimes, those below 1 never seen; without truncation the scale is off by 30 of its errors.

    Each estimate lies within 4 standard errors of the truth: with two of them a false alarm for 1 seed in 8000.
    """
    rng = np.random.default_rng(9)
    y = 2.0 * rng.standard_exponential(5000) ** (1 / 1.5)
    data = pm.Data({"y": y[y > 1.0]}, output="y")
    fit = pm.fit(
        "scale", data, parameters={"scale": pm.Positive(guess=1.0)}, noise=Truncated(pm.Weibull(), lower=1.0), starts=1
    )
    assert abs(fit.estimate["scale"] - 2.0) < 4 * fit.standard_error["scale"]
    assert abs(fit.estimate["shape"] - 1.5) < 4 * fit.standard_error["shape"]
    plain = pm.fit("scale", data, parameters={"scale": pm.Positive(guess=1.0)}, noise=pm.Weibull(), starts=1)
    assert abs(plain.estimate["scale"] - 2.0) > 10 * plain.standard_error["scale"]


def test_simulated_data():
    """Kolmogorov-Smirnov at 1e-4, twice: a false alarm for 1 seed in 5000."""
    rng = np.random.default_rng(2)
    many = np.broadcast_to(PREDICTED, (3000, 6))
    window = Truncated(pm.Normal(1.2), lower=0.5, upper=7.0).settle([DATA], "y")
    drawn = window.simulate(scatter(window, {}, predicted=many), rng)
    law = stats.truncnorm((0.5 - PREDICTED[2]) / 1.2, (7.0 - PREDICTED[2]) / 1.2, PREDICTED[2], 1.2)
    assert drawn.shape == (3000, 6)
    assert stats.kstest(drawn[:, 2], law.cdf).pvalue > 1e-4
    limited = Censored(pm.Normal(1.2), below=1.0, above=4.0).settle([DATA], "y")
    drawn = limited.simulate(scatter(limited, {}, predicted=many), rng)
    assert drawn.min() == 1.0 and drawn.max() == 4.0
    share = np.mean(drawn[:, 2] == 4.0)
    chance = stats.norm(PREDICTED[2], 1.2).sf(4.0)
    assert abs(share - chance) < 5 * math.sqrt(chance * (1 - chance) / 3000)
    by_status = Censored(pm.Normal(1.2), status="status", upper="to").settle([DATA], "y")
    drawn = by_status.simulate(scatter(by_status, {}, predicted=many), rng)
    assert stats.kstest(drawn[:, 1], stats.norm(PREDICTED[1], 1.2).cdf).pvalue > 1e-4
    hopeless = Truncated(pm.Normal(0.1), lower=50.0)
    far = pm.Data({"y": [51.0]}, output="y")
    hopeless = hopeless.settle([far], "y")
    with pytest.raises(
        NoiseError, match='data for "y" cannot be simulated: its window holds next to none of what the noise'
    ):
        hopeless.simulate(scatter(hopeless, {}, far, predicted=np.zeros(1)), rng)


def test_a_fit_with_limits_of_detection_prints_and_draws(tmp_path):
    rng = np.random.default_rng(0)
    x = np.linspace(0, 5, 40)
    y = 3 * np.exp(-0.8 * x) + 0.15 * rng.standard_normal(40)
    data = pm.Data({"x": x, "y": np.clip(y, 0.2, 2.5)}, inputs="x", output="y")
    start = {"a": pm.Positive(guess=1.0), "b": pm.Positive(guess=1.0)}
    fit = pm.fit("a * exp(-b * x)", data, parameters=start, noise=pm.Censored(below=0.2, above=2.5), starts=3)
    for name, true in (("a", 3.0), ("b", 0.8), ("sigma", 0.15)):  # 4 standard errors: 1 seed in 5000
        assert abs(fit.estimate[name] - true) < 4 * fit.standard_error[name]
    text = str(fit)
    assert "nan" not in text and "residual sum" not in text and "observed information" in text
    told = fit.noise["y"]
    assert told.startswith("normal, one estimated standard deviation; ")
    assert told.endswith("of 40 values, below 0.2 and above 2.5")
    (view,) = fit.views
    assert set(view.censored.tolist()) == {0.0, 1.0, 2.0}
    fit.save(tmp_path / "fit.json")
    again = pm.load(tmp_path / "fit.json")
    assert again.views[0].censored.tolist() == view.censored.tolist()
    for one in (fit, again):
        words = [text.get_text() for text in one.plot("fit").legends[0].get_texts()]
        assert words == ["data", "right-censored", "left-censored", "best fit", "95 % band"]
    # the direct evaluator and the compiled one agree, also for a function
    function = pm.fit(
        lambda x, a, b: a * np.exp(-b * x), data, parameters=start, noise=pm.Censored(below=0.2, above=2.5), starts=1
    )
    assert function.estimate["b"] == pytest.approx(fit.estimate["b"], rel=1e-5)
    assert function.standard_error["b"] == pytest.approx(fit.standard_error["b"], rel=1e-4)


def test_a_problem_file(tmp_path):
    columns = "".join(
        f"{k} = {v}\n" for k, v in (("x", [1, 2, 3, 4]), ("y", [1, 2, 2, 5]), ("s", [1, 0, 1, 1]), ("e", [0, 0, 1, 2]))
    )
    text = f"""
        [model]
        formula = "exp(a + b * x)"
        [parameters]
        a = 0
        b = 0.2
        [data]
        inputs = ["x"]
        output = "y"
        [data.columns]
        {columns}
    """
    shaped = 'kind = "censored"\nof = { kind = "weibull", shape = 2 }\nstatus = "s"'
    noises = {
        'kind = "censored"\nof = { kind = "weibull" }\nstatus = "s"\nevent = 1': Censored(
            pm.Weibull(), status="s", event=1
        ),
        f"{shaped}\nmeaning.exact = 1\nmeaning.right = 0": Censored(
            pm.Weibull(2.0), status="s", meaning={"exact": 1, "right": 0}
        ),
        'kind = "censored"\nbelow = 1.5': Censored(pm.Normal(), below=1.5),
        'kind = "censored"\nstatus = "s"\nof = { kind = "truncated", lower = "e", of = { kind = "gamma" } }': Censored(
            Truncated(pm.Gamma(), lower="e"), status="s"
        ),
        'kind = "truncated"\nlower = 0\nof = { kind = "poisson" }': Truncated(pm.Poisson(), lower=0.0),
    }
    for stated, wanted in noises.items():
        (tmp_path / "p.toml").write_text(f"{text}\n[noise]\n{stated}\n")
        problem = pm.read_problem(tmp_path / "p.toml").problem
        assert problem.noise["y"] == wanted.settle(problem.data_sets, "y")
        assert math.isfinite(float(problem.log_likelihood({**problem.space.guess_named})))
    (tmp_path / "p.toml").write_text(
        f'{text}\n[noise.y]\nkind = "censored"\nof = {{ kind = "weibull" }}\nstatus = "s"\n'
    )
    assert isinstance(pm.read_problem(tmp_path / "p.toml").problem.noise["y"], Censored)
    (tmp_path / "p.toml").write_text(f'{text}\n[noise]\nkind = "censored"\nof = {{ kind = "weibul" }}\nstatus = "s"\n')
    with pytest.raises(
        NoiseError, match=r'^p.toml: \[noise\]: there is no noise of the kind "weibul"; did you mean "weibull"'
    ):
        pm.read_problem(tmp_path / "p.toml")


def test_two_outputs_with_noises_of_their_own(tmp_path):
    """The likelihood of a joint fit is the sum of the two, in Python and by a problem file."""
    rng = np.random.default_rng(6)
    x = np.linspace(0.1, 3, 30)
    rate = 4 * np.exp(-0.5 * x)
    level, count = rate + 0.2 * rng.standard_normal(30), rng.poisson(5 * rate).astype(float)
    table = {"x": x, "level": level, "count": count}
    data = pm.Data(table, inputs="x", output=["level", "count"])
    model = {"level": "a * exp(-b * x)", "count": "gain * a * exp(-b * x)"}
    noise = {"level": pm.Normal(), "count": pm.Poisson()}
    start = {"a": pm.Positive(guess=2.0), "b": pm.Positive(guess=1.0), "gain": pm.Positive(guess=2.0)}
    fit = pm.fit(model, data, parameters=start, noise=noise, starts=2)
    assert fit.status.ok
    problem = pm.Problem(model, data, start, noise=noise)
    a, b, gain, sigma = (fit.estimate[k] for k in ("a", "b", "gain", "sigma_level"))
    apart = (
        stats.norm(a * np.exp(-b * x), sigma).logpdf(level).sum()
        + stats.poisson(gain * a * np.exp(-b * x)).logpmf(count).sum()
    )
    assert fit.log_likelihood == pytest.approx(apart, rel=1e-12)
    for output, single in noise.items():
        one = pm.Data({"x": x, output: table[output]}, inputs="x", output=output)
        alone = pm.Problem(model[output], one, {k: v for k, v in start.items() if k in model[output]}, noise=single)
        values = {**fit.values, "sigma": sigma}
        part = float(alone.log_likelihood(values))
        apart -= part
    assert apart == pytest.approx(0.0, abs=1e-9)
    assert problem.noise["count"].signature == pm.Poisson().signature
    # together they know more than either: b's error is that of both
    errors = []
    for output, alone in noise.items():
        one = pm.Data({"x": x, output: table[output]}, inputs="x", output=output)
        formula = "a * exp(-b * x)"
        single = pm.fit(formula, one, parameters={k: start[k] for k in "ab"}, noise=alone, starts=2)
        errors.append(single.standard_error["b"])
    combined = 1 / math.sqrt(sum(1 / e**2 for e in errors))
    assert fit.standard_error["b"] == pytest.approx(combined, rel=0.05)
    lines = "".join(f"{k} = {np.asarray(v).tolist()}\n" for k, v in table.items())
    (tmp_path / "p.toml").write_text(
        f"""
        [model.formulas]
        level = "a * exp(-b * x)"
        count = "gain * a * exp(-b * x)"
        [parameters]
        a = {{ type = "positive", guess = 2 }}
        b = {{ type = "positive", guess = 1 }}
        gain = {{ type = "positive", guess = 2 }}
        [data]
        inputs = ["x"]
        outputs = ["level", "count"]
        [data.columns]
        {lines}
        [noise.level]
        kind = "normal"
        [noise.count]
        kind = "poisson"
        """
    )
    filed = pm.fit(pm.read_problem(tmp_path / "p.toml").problem, starts=2)
    assert filed.log_likelihood == pytest.approx(fit.log_likelihood, rel=1e-9)
    assert filed.estimate["gain"] == pytest.approx(gain, rel=1e-5)


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (Censored(pm.Weibull(), status="s"), "Weibull around the scale, estimated shape; censored, by the column s"),
        (Censored(pm.Normal(1), below="lod"), "normal, standard deviation 1; censored, below the column lod"),
        (Truncated(pm.Poisson(), lower=0), "Poisson counts, seen only above 0"),
        (
            Truncated(pm.Normal(1), lower=0, upper="end"),
            "normal, standard deviation 1, seen only above 0 and up to the column end",
        ),
    ],
)
def test_describe(noise, words):
    assert noise.describe() == words


def test_signatures_tell_what_is_censored_and_nothing_of_the_numbers():
    one = Censored(pm.Normal(1), below=0.5).settle([DATA], "y")
    other = Censored(pm.Normal(2), below=-3).settle([DATA], "y")
    assert one.signature == other.signature
    assert one.signature != Censored(pm.Normal(1), below=1.5).settle([DATA], "y").signature
    assert hash(one) != hash(Censored(pm.Normal(1), below=1.5))


def settled(noise, **columns):
    return lambda: noise().settle([pm.Data({**TABLE, **columns}, inputs="x", output="y")], "y")


MISTAKES = [
    (
        lambda: Censored(pm.Normal()),
        (
            'nothing says which values are censored: name a status column, Censored(noise, status="status", event=1), '
            "or limits of detection, Censored(noise, below=0.1)."
        ),
    ),
    (
        lambda: Censored(pm.Normal(), below=1, event=1),
        'event, meaning and upper belong to a status column; name it, status="status".',
    ),
    (
        lambda: Censored(pm.Normal(), "s", event=1, meaning={"exact": 1}),
        "event says that all other codes are right-censored, and meaning states all; keep one.",
    ),
    (
        lambda: Censored(pm.Normal(), "s", meaning="exact"),
        (
            'meaning is a mapping of exact, right, left, interval to codes of the status column, {"exact": 1, '
            "\"right\": 0}; came 'exact'."
        ),
    ),
    (lambda: Censored(pm.Normal(), "s", meaning={"rigth": 1}), 'meaning knows no "rigth"; did you mean "right"?'),
    (
        lambda: Censored(pm.Normal(), "s", meaning={"exact": 1, "right": [0, 1.0]}),
        "meaning states the code 1.0 twice; each code means one thing.",
    ),
    (lambda: Censored(pm.Normal(), "s", event=[None]), "a code of a status column is a number or a word; came [None]."),
    (
        lambda: Truncated(Truncated(pm.Normal(), lower=0), upper=1),
        "a truncated noise cannot be truncated again; state the narrower window in one.",
    ),
    (lambda: Censored(pm.Normal(), below=[1]), "below is a number or the name of a column; came [1]."),
    (lambda: Truncated(pm.Normal(), lower=nan), "lower is a number or the name of a column; came nan."),
    (
        lambda: Truncated(pm.Normal()),
        '"truncated" wants a window: lower, upper or both, numbers or names of columns.',
    ),
    (
        lambda: Censored(pm.AR1(0.1, 0.5), below=1),
        (
            '"censored" wants a noise with a distribution function, such as Normal(), LogNormal(), Weibull() or '
            "Poisson(); came normal, autoregressive with the correlation 0.5 of neighbours, standard deviation 0.1."
        ),
    ),
    (
        lambda: Truncated(Censored(pm.Normal(), below=1), lower=0),
        (
            "a censored noise cannot be truncated; state all limits in one Censored(...), and censor the truncated "
            "noise, not the other way round: Censored(Truncated(...), ...)."
        ),
    ),
    (lambda: Censored("weibul", below=1), 'there is no noise of the kind "weibul"; did you mean "weibull"?'),
    (
        settled(lambda: Censored(pm.Normal(1), "state")),
        'the status column "state" is not in the data set "data"; did you mean "status"?',
    ),
    (
        settled(lambda: Censored(pm.Normal(1), "status", upper="to"), status=[1, 0, nan, 1, 1, 1]),
        'the status column "status" of the data set "data" is missing in row 3; state it, or leave the row out.',
    ),
    (
        settled(
            lambda: Censored(pm.Normal(1), "status", upper="to"), status=["exact", "", "left", "left", "left", "left"]
        ),
        'the status column "status" of the data set "data" is missing in row 2; state it, or leave the row out.',
    ),
    (
        settled(lambda: Censored(pm.Normal(1), "status"), status=[1, 0, 1, 7, 1, 1]),
        (
            'the status column "status" of the data set "data" holds 7 in row 4, which means nothing yet (known: '
            "exact 1 or True or exact; right 0 or False or right; left 2 or left; interval 3 or interval). State "
            'event=... for the code of exact values when all others are right-censored, or meaning={"exact": ..., '
            '"right": ...}.'
        ),
    ),
    (
        settled(
            lambda: Censored(pm.Normal(1), "status", meaning={"exact": "dead"}), status=["dead", "alive", *["dead"] * 4]
        ),
        (
            'the status column "status" of the data set "data" holds alive in row 2, which means nothing yet (known: '
            "exact dead). State event=... for the code of exact values when all others are right-censored, or "
            'meaning={"exact": ..., "right": ...}.'
        ),
    ),
    (
        settled(lambda: Censored(pm.Normal(1), "status")),
        (
            'the data set "data" has interval-censored values of "y", whose lower ends are observed; name the column '
            'of their upper ends: Censored(..., upper="column").'
        ),
    ),
    (
        settled(lambda: Censored(pm.Normal(1), "status", upper="to"), to=[nan, nan, nan, 3.0, nan, 9.0]),
        (
            'the upper end "to" of an interval-censored value is 3 in row 4 of the data set "data", and its lower end '
            "is 4; it must lie above. Where it is not known, the value is right-censored."
        ),
    ),
    (
        settled(lambda: Censored(pm.Normal(1), "status", upper="to"), to=[nan, nan, nan, 5.0, nan, nan]),
        (
            'the upper end "to" of an interval-censored value is missing in row 6 of the data set "data", and its '
            "lower end is 6; it must lie above. Where it is not known, the value is right-censored."
        ),
    ),
    (
        settled(lambda: Censored(pm.Normal(1), "status", upper="too")),
        'upper="too" of the noise of "y": the data set "data" has no such column of numbers; did you mean "to"?',
    ),
    (
        settled(lambda: Censored(pm.Normal(1), below=4, above=3)),
        'the limit below=4 is not less than above=3 in row 1 of the data set "data"; swap them.',
    ),
    (
        settled(lambda: Censored(pm.Normal(1), below="lod")),
        (
            'below="lod" of the noise of "y": the data set "data" has no such column of numbers; known here: to, '
            "status, x."
        ),
    ),
    (
        settled(lambda: Truncated(pm.Normal(1), lower=4, upper=3)),
        'the window of "y" is empty in row 1 of the data set "data": lower 4, upper 3. Swap them.',
    ),
    (
        settled(lambda: Truncated(pm.Normal(1), lower=1.5)),
        (
            '"y" is 1 in row 1 of the data set "data", outside its window (1.5, inf], where nothing can be seen. '
            "Correct the window, or use Censored for values known to lie beyond a limit."
        ),
    ),
    (
        settled(lambda: Truncated(pm.Poisson(), lower=1)),
        (
            '"y" is 1 in row 1 of the data set "data", outside its window (1, inf], where nothing can be seen. '
            "Correct the window, or use Censored for values known to lie beyond a limit."
        ),
    ),
    (
        settled(lambda: Censored(pm.Weibull(), "status", event=1), y=[-1.0, 2, 3, 4, 5, 6]),
        (
            'the noise "weibull" of "y" wants values above zero; the data set "data" has -1 in row 1. Correct the '
            "data, or choose another noise."
        ),
    ),
    (
        lambda: noise_from_table({"kind": "censored", "of": {"kind": "normal"}, "stauts": "s"}),
        'the noise "censored" has no setting "stauts"; did you mean "status"?',
    ),
]


@pytest.mark.parametrize(("make", "message"), MISTAKES)
def test_mistakes_are_told(make, message):
    with pytest.raises(NoiseError) as caught:
        make()
    assert str(caught.value) == message


def test_a_mixture_of_a_noise_without_a_distribution_function_is_told():
    noise = Censored(pm.Outliers(pm.LogLikelihood(lambda y, f: -((y - f) ** 2))), below=1.0).settle([DATA], "y")
    with pytest.raises(
        NoiseError, match=r'the noise of "y" .* has no distribution function, which censoring and truncation'
    ):
        noise.log_density(scatter(noise, {"share": 0.1}))


def test_what_states_them():
    assert Noise.of_kind("censored", {"of": "weibull", "status": "s", "event": 1}) == Censored(pm.Weibull(), "s", 1)
    assert Censored(pm.Normal(), "s", meaning={"exact": 1}) == Censored(pm.Normal(), "s", meaning={"exact": [1]})


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (2, "known here: 0, 1"),
        ("Dead", 'did you mean "dead"?'),
        (("dead", "Alive"), 'did you mean "alive"?'),
        ("gone", "known here: alive, dead"),
    ],
)
def test_an_event_that_no_row_holds_is_refused(event, words):
    codes = np.array([1, 0, 1, 1, 0, 1])
    status = codes if isinstance(event, int) else np.where(codes == 1, "dead", "alive")
    data = pm.Data({**TABLE, "status": status}, inputs="x", output="y")
    with pytest.raises(NoiseError, match="no row of the status column") as caught:
        pm.Censored(pm.Weibull(), status="status", event=event).settle([data], "y")
    assert words in str(caught.value)


def test_of_several_events_not_all_need_have_come():
    data = pm.Data({**TABLE, "status": np.array([1, 0, 1, 1, 0, 1])}, inputs="x", output="y")
    settled = pm.Censored(pm.Weibull(), status="status", event=(1, 5)).settle([data], "y")
    none_left = pm.Data({**TABLE, "status": np.zeros(6)}, inputs="x", output="y")
    assert settled.doubts("y") == ()
    assert settled.settle([none_left], "y").doubts("y")  # asked about other rows, it is no longer a matter of spelling


def test_values_that_are_all_limits_on_one_side_are_a_doubt():
    zeros = pm.Data({**TABLE, "status": np.zeros(6)}, inputs="x", output="y")
    right = pm.Censored(pm.Exponential(), status="status", meaning={"right": 0}).settle([zeros], "y")
    assert "all 6 values" in right.doubts("y")[0]
    assert "growing" in right.doubts("y")[0]
    left = pm.Censored(pm.Normal(1.0), below=10.0).settle([zeros], "y")
    assert "falling" in left.doubts("y")[0]
    assert pm.Censored(pm.Normal(1.0), below=2.5, above=2.6).settle([zeros], "y").doubts("y") == ()
