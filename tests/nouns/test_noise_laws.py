"""What every noise family must obey, family by family: SciPy's numbers, batches, JAX, derivatives, information."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from noise_families import FAMILIES, NAMES
from parametra.nouns.noise import Outliers

families = pytest.mark.parametrize("family", FAMILIES, ids=NAMES)
scored = pytest.mark.parametrize(
    "family", [f for f in FAMILIES if f.scored], ids=[n for f, n in zip(FAMILIES, NAMES, strict=True) if f.scored]
)


@families
def test_the_density_is_scipys(family):
    law, y = family.law(family.predicted, family.values), family.data.outputs["y"]
    wanted = law.logpmf(y) if family.discrete else law.logpdf(y)
    np.testing.assert_allclose(family.settled.log_density(family.scatter()), wanted, rtol=1e-12, atol=1e-12)
    assert set(family.settled.parameters("y", alone=True)) == set(family.values)
    assert set(family.settled.parameters("y", alone=False)) == {f"{name}_y" for name in family.values}


@families
def test_cumulative_probabilities_are_scipys(family):
    law, y = family.law(family.predicted, family.values), family.data.outputs["y"]
    with np.errstate(divide="ignore"):
        below, above = law.logcdf(y), law.logsf(y)
    np.testing.assert_allclose(family.settled.log_cdf(family.scatter()), below, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(family.settled.log_survival(family.scatter()), above, rtol=1e-11, atol=1e-11)


@families
@pytest.mark.parametrize("factor", [0.05, 30.0])
def test_both_tails_sum_to_one_far_out(family, factor):
    """P(Y <= y) + P(Y > y) = 1, also where one of them is tiny."""
    predicted = family.predicted * factor if family.noise.support != "shares" else family.predicted**factor
    at = family.scatter(predicted=predicted)
    below, above = family.settled.log_cdf(at), family.settled.log_survival(at)
    assert not np.isnan(below).any()
    assert not np.isnan(above).any()
    np.testing.assert_allclose(np.exp(below) + np.exp(above), 1.0, rtol=1e-12)


EACH_KIND = (4, 9, 11, 13, 16, 17, 19, 20, 22, 24, 26, 30)
"""One family of each kind; JAX takes a second for each, so that all of them are for the slow tests."""

some = pytest.mark.parametrize("family", [FAMILIES[i] for i in EACH_KIND], ids=[NAMES[i] for i in EACH_KIND])


def _asked(noise, everything):
    return (noise.log_density, noise.log_cdf, noise.log_survival) if everything else (noise.log_density,)


def _batch_is_points(family, everything, compiled):
    noise = family.settled
    batch = np.stack([family.predicted, 0.9 * family.predicted])
    values = {name: np.array([value, 1.3 * value]) for name, value in family.values.items()}
    for ask in _asked(noise, everything):
        together = ask(family.scatter(predicted=batch, values=values))
        for k in range(2):
            alone = family.scatter(predicted=batch[k], values={name: value[k] for name, value in values.items()})
            np.testing.assert_allclose(together[k], ask(alone), rtol=1e-11, atol=1e-13)
        if not compiled:
            continue
        with jax.enable_x64(True):
            traced = jax.jit(lambda p, v, ask=ask: ask(family.scatter(jnp, predicted=p, values=v)))(batch, values)
            np.testing.assert_allclose(traced, together, rtol=1e-10, atol=1e-12)


@families
def test_a_batch_agrees_with_the_points(family):
    _batch_is_points(family, everything=True, compiled=False)


@some
def test_a_compiled_density_agrees(family):
    _batch_is_points(family, everything=False, compiled=True)


@pytest.mark.slow
@families
def test_everything_compiled_agrees(family):
    _batch_is_points(family, everything=True, compiled=True)


def _total(family, ask, x, xp=np):
    names = sorted(family.values)
    values = dict(zip(names, x[: len(names)], strict=True))
    return ask(family.scatter(xp, predicted=x[len(names) :], values=values))


@families
def test_complex_steps_give_the_same_slopes_as_differences(family):
    x = np.array([*(family.values[name] for name in sorted(family.values)), *family.predicted])
    for ask in _asked(family.settled, everything=True):
        finite = np.isfinite(_total(family, ask, x))
        exact = np.array([np.sum(_total(family, ask, x + 1e-30j * row)[finite]).imag / 1e-30 for row in np.eye(x.size)])
        step = 1e-5 * np.abs(x)
        rough = [
            np.sum(_total(family, ask, x + row)[finite] - _total(family, ask, x - row)[finite]) / (2 * h)
            for row, h in zip(np.diag(step), step, strict=True)
        ]
        np.testing.assert_allclose(exact, rough, rtol=1e-6, atol=1e-7)


def _traced_slopes(family, everything):
    x = np.array([*(family.values[name] for name in sorted(family.values)), *family.predicted])
    for ask in _asked(family.settled, everything):
        finite = np.isfinite(_total(family, ask, x))
        exact = np.array([np.sum(_total(family, ask, x + 1e-30j * row)[finite]).imag / 1e-30 for row in np.eye(x.size)])
        with jax.enable_x64(True):
            slope = jax.grad(lambda z, ask=ask, f=finite: jnp.sum(jnp.where(f, _total(family, ask, z, jnp), 0.0)))
            np.testing.assert_allclose(slope(jnp.asarray(x)), exact, rtol=1e-8, atol=1e-10)


@some
def test_jax_gives_the_slopes_of_complex_steps(family):
    _traced_slopes(family, everything=False)


@pytest.mark.slow
@families
def test_jax_gives_all_slopes_of_complex_steps(family):
    _traced_slopes(family, everything=True)


@some
def test_an_impossible_prediction_has_no_density_and_no_nan_in_derivatives(family):
    noise = family.settled
    for value in family.impossible:
        predicted = family.predicted.copy()
        predicted[2] = value
        density = noise.log_density(family.scatter(predicted=predicted))
        assert density[2] == -math.inf
        assert np.isfinite(np.delete(density, 2)).all()
        assert not np.isnan(noise.log_cdf(family.scatter(predicted=predicted))).any()
        assert not np.isnan(noise.log_survival(family.scatter(predicted=predicted))).any()
        with jax.enable_x64(True):
            own = jax.jacfwd(lambda p: noise.log_density(family.scatter(jnp, predicted=p)))(jnp.asarray(predicted))
            assert np.isfinite(own).all()


@scored
def test_scores_times_slopes_are_the_gradient(family):
    """Sum of score dq/dx over the quantities q is d log density / dx, by complex steps of both."""
    noise, names = family.settled, sorted(family.values)
    assert noise.offers_scores
    x = np.array([*(family.values[name] for name in names), *family.predicted])

    def scatter(z):
        return family.scatter(predicted=z[len(names) :], values=dict(zip(names, z[: len(names)], strict=True)))

    rows = noise.working(scatter(x))
    for row in rows:
        for part in (row.quantity, row.score, row.information):
            assert np.shape(part) == family.predicted.shape
        assert (np.asarray(row.information) > 0).all()
    for direction in np.eye(x.size):
        moved = noise.working(scatter(x + 1e-30j * direction))
        gradient = sum(
            np.sum(row.score * np.imag(there.quantity) / 1e-30) for row, there in zip(rows, moved, strict=True)
        )
        exact = np.sum(noise.log_density(scatter(x + 1e-30j * direction))).imag / 1e-30
        np.testing.assert_allclose(gradient, exact, rtol=1e-9, atol=1e-9)


@scored
def test_information_is_the_expected_square_of_the_score(family):
    """And quantities share none: E[score_i score_j] = 0; by quadrature or summation over all that may be observed."""
    noise = family.settled
    law = family.law(family.predicted, family.values)
    if family.discrete:
        y = np.arange(4000.0)[:, None]
        weight = law.pmf(y)
    else:  # the trapezoidal rule in t, y the quantile of the standard normal probability of t
        t = np.linspace(-8, 8, 2001)[:, None]
        y, weight = law.ppf(stats.norm.cdf(t)), stats.norm.pdf(t) * (t[1] - t[0])
    keep = np.isfinite(y).all(axis=1)
    y, weight = np.broadcast_to(y, (len(y), 5))[keep], np.broadcast_to(weight, (len(y), 5))[keep]
    columns = {name: np.broadcast_to(value, y.shape) for name, value in family.scatter().columns.items()}
    inside = y <= columns.get("trials", np.inf)
    at = family.scatter(predicted=np.broadcast_to(family.predicted, y.shape), observed=np.where(inside, y, 0.0))
    rows = noise.working(dataclasses.replace(at, columns=columns))
    weight = np.where(inside, weight, 0.0)
    approximate = family.noise.describe().startswith("negative binomial counts, estimated")
    for i, row in enumerate(rows):
        square = np.sum(weight * row.score**2, axis=0)
        tolerance = 0.05 if approximate and i == 1 else 1e-5
        np.testing.assert_allclose(square, np.asarray(row.information)[0], rtol=tolerance)
        np.testing.assert_allclose(np.sum(weight * row.score, axis=0) / np.sqrt(square), 0, atol=1e-5)
        for j in range(i):
            other = np.sum(weight * rows[j].score ** 2, axis=0)
            shared = np.sum(weight * row.score * rows[j].score, axis=0)
            np.testing.assert_allclose(shared / np.sqrt(square * other), 0, atol=1e-4)


@families
def test_simulated_data_follow_the_law(family):
    """Means of all five points against the law's, by the cumulative probability of what was drawn.

    U = P(Y <= y) is uniform for continuous data; for counts U is spread over its step. Kolmogorov-Smirnov with a fixed
    seed, five points a family, at 1e-5 each: 165 tests would raise a false alarm for one seed in 600.
    """
    generator = np.random.default_rng(5)
    draws = 1500
    predicted = np.broadcast_to(family.predicted, (draws, 5))
    drawn = family.settled.simulate(family.scatter(predicted=predicted, observed=None), generator)
    assert drawn.shape == predicted.shape
    law = family.law(family.predicted, family.values)
    uniform = law.cdf(drawn)
    if family.discrete:
        uniform = law.cdf(drawn - 1) + generator.random(drawn.shape) * (uniform - law.cdf(drawn - 1))
    for point in range(5):
        assert stats.kstest(uniform[:, point], "uniform").pvalue > 1e-5


@families
def test_the_standard_deviation_is_that_of_the_law(family):
    name = type(family.noise).__name__
    if name in ("StudentT", "LogLogistic", "Outliers"):  # which give a width, the other being infinite or not meant
        assert np.isfinite(family.settled.standard_deviation(family.scatter())).all()
        return
    wanted = family.law(family.predicted, family.values).std()
    np.testing.assert_allclose(
        np.broadcast_to(family.settled.standard_deviation(family.scatter()), 5), wanted, rtol=1e-12
    )


CONTINUOUS = [f for f in FAMILIES if not f.discrete and not isinstance(f.noise, Outliers)]


@pytest.mark.parametrize("family", [f for f in FAMILIES if f.discrete], ids=lambda f: f.noise.describe())
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_probabilities_of_counts_sum_to_one(family, data):
    at = {name: data.draw(st.floats(0.5 * value, 2 * value)) for name, value in family.values.items()}
    bounds = (0.01, 0.99) if family.noise.support == "shares" else (0.01, 20)
    predicted = data.draw(st.lists(st.floats(*bounds), min_size=5, max_size=5))
    y = np.arange(3000.0)[:, None]
    trials = family.scatter().columns.get("trials", np.full(5, np.inf))
    counted = np.minimum(y, trials)
    density = family.settled.log_density(
        family.scatter(predicted=np.broadcast_to(predicted, (3000, 5)), observed=counted, values=at)
    )
    total = np.sum(np.where(y <= trials, np.exp(density), 0.0), axis=0)
    np.testing.assert_allclose(total, 1.0, rtol=1e-6)


@pytest.mark.parametrize("family", CONTINUOUS, ids=lambda f: f.noise.describe())
@settings(max_examples=2, deadline=None)
@given(data=st.data())
def test_densities_integrate_to_one(family, data):
    at = {name: data.draw(st.floats(0.7 * value, 1.5 * value)) for name, value in family.values.items()}
    factor = data.draw(st.floats(0.5, 2.0))
    positive = family.noise.support == "positive"

    def density(t):
        y = np.exp(t) if positive else t
        here = family.scatter(predicted=factor * family.predicted, observed=np.full(5, y), values=at)
        return np.exp(family.settled.log_density(here)[1]) * (y if positive else 1.0)

    centre = math.log(factor * family.predicted[1]) if positive else factor * family.predicted[1]
    ends = (centre - 40, centre + 40) if positive else (-np.inf, np.inf)
    points = [centre] if positive else None
    total, _ = integrate.quad(density, *ends, limit=400, points=points)
    assert total == pytest.approx(1.0, abs=1e-6)
