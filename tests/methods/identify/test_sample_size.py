"""The p-n criterion (arXiv:2105.08947): the expansion beside exact risks, and its verdicts beside simulated ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma

from parametra.maths.information_projection import Cumulants, risk_expansion
from parametra.methods.identify.sample_size_criterion import criterion
from parametra.nouns import storage
from parametra.nouns.errors import DataError, MethodError
from parametra.nouns.keys import generator

ONE = np.ones(1)


def exact_poisson(n: int) -> float:
    """E D[P(5) || P(mean of n)], given that the mean is not zero."""
    counts = np.arange(1, 40 * n)
    weights, mean = stats.poisson.pmf(counts, 5.0 * n), counts / n
    return float(weights @ (5 * np.log(5 / mean) - 5 + mean) / weights.sum())


def exact_exponential(n: int) -> float:
    return float(digamma(n) - np.log(n) + n / (n - 1) - 1)


def exact_normal(n: int) -> float:
    """Mean and variance: n v ~ chi-square(n - 1)."""
    k = n - 1
    return float(0.5 * (digamma(k / 2) + np.log(2 / n) + (1 + 1 / n) * n / (k - 2) - 1))


def exact_multinomial(n: int) -> float:
    """Three categories with chances 0.3, 0.3, 0.4, given that all were seen."""
    chances, total, weight = np.array([0.3, 0.3, 0.4]), 0.0, 0.0
    for a, b in itertools.product(range(1, n), range(1, n)):
        if a + b < n:
            counts = np.array([a, b, n - a - b])
            share = float(stats.multinomial.pmf(counts, n, chances))
            total, weight = total + share * float(chances @ np.log(chances * n / counts)), weight + share
    return total / weight


def normal_statistics() -> Cumulants:
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    return Cumulants.of_points(np.stack([nodes, nodes**2], axis=1), weights)


CASES = {
    "poisson": (exact_poisson, Cumulants.independent(5 * ONE, 5 * ONE, 5 * ONE, 5 * ONE), (40, 160)),
    "exponential": (exact_exponential, Cumulants.independent(ONE, ONE, 2 * ONE, 6 * ONE), (20, 80)),
    "normal": (exact_normal, normal_statistics(), (20, 80)),
    "multinomial": (exact_multinomial, Cumulants.of_points(np.eye(3)[:, :2], np.array([0.3, 0.3, 0.4])), (30, 90)),
}


@pytest.mark.parametrize("family", CASES)
def test_the_error_of_the_expansion_shrinks_as_the_third_power(family):
    """Faster than 1/n, which is asked, and than 1/n^2: the term of that order is right."""
    exact, cumulants, (small, large) = CASES[family]
    risk = risk_expansion(cumulants)
    errors = [abs(exact(n) - risk.at(n)) for n in (small, large)]
    rate = np.log(errors[0] / errors[1]) / np.log(large / small)
    assert 2.6 < rate < 3.6
    first = [abs(exact(n) - risk.first / n) for n in (small, large)]
    assert np.log(first[0] / first[1]) / np.log(large / small) < 2.4


def test_the_first_term_is_half_the_parameters_where_the_model_is_right():
    assert risk_expansion(normal_statistics()).first == pytest.approx(1.0)
    assert criterion(np.random.default_rng(0).standard_normal((90, 3)), "normal", truth="model").first == pytest.approx(
        4.5
    )


def test_a_truth_outside_of_the_model_has_another_risk():
    """Negative binomial counts under Poisson's model: simulated to 0.4 %, from the truth's own cumulants."""
    mean, n = 5.0, 40
    draws = np.random.default_rng(0).negative_binomial(mean, 0.5, (40_000, n)).astype(float)
    found = draws.mean(axis=1)
    divergence = mean * np.log(mean / found) - mean + found
    truth = Cumulants.independent(mean * ONE, 2 * mean * ONE, 6 * mean * ONE, 26 * mean * ONE)
    risk = risk_expansion(Cumulants.independent(*[mean * ONE] * 4), truth)
    assert risk.first == pytest.approx(1.0)
    assert abs(divergence.mean() - risk.at(n)) < 4 * divergence.std() / np.sqrt(40_000)


def normal_divergence(x: np.ndarray) -> np.ndarray:
    """From the standard normal distribution to the estimate of each of R samples (R, n, d)."""
    d, mean = x.shape[2], x.mean(axis=1)
    away = x - mean[:, None]
    spread = np.einsum("rna,rnb->rab", away, away) / x.shape[1]
    inverse = np.linalg.inv(spread)
    trace = np.trace(inverse, axis1=1, axis2=2) + np.einsum("ra,rab,rb->r", mean, inverse, mean)
    return 0.5 * (trace - d + np.linalg.slogdet(spread)[1])


def cells():
    """Family, p, how to draw, how far each estimate is, and the first term: right models and wrong ones."""
    for p in (1, 3, 10):
        mean = np.linspace(2, 6, p)

        def far(x, mean=mean):
            return (mean * np.log(mean / x.mean(axis=1)) - mean + x.mean(axis=1)).sum(axis=1)

        yield "poisson", p / 2, lambda g, r, n, m=mean: g.poisson(m, (r, n, m.size)).astype(float), far
        yield "poisson", p, lambda g, r, n, m=mean: g.negative_binomial(m, 0.5, (r, n, m.size)).astype(float), far
    for d in (1, 2, 3):
        p = d + d * (d + 1) // 2
        yield "normal", p / 2, lambda g, r, n, d=d: g.standard_normal((r, n, d)), normal_divergence
        yield "normal", 0.65 * p, lambda g, r, n, d=d: g.standard_t(12, (r, n, d)) / np.sqrt(1.2), normal_divergence
    for k in (3, 6, 12):
        chances = np.linspace(1, 3, k) / np.linspace(1, 3, k).sum()

        def away(x, chances=chances):
            shares = (x == np.arange(chances.size)).mean(axis=1)
            return (chances * np.log(chances / np.where(shares > 0, shares, 1e-300))).sum(axis=1)

        yield (
            "multinomial",
            (k - 1) / 2,
            lambda g, r, n, c=chances: g.choice(c.size, (r, n, 1), p=c).astype(float),
            away,
        )


def test_verdicts_agree_with_simulated_risks_in_nine_cells_of_ten():
    """Sample sizes from 0.4 to 2.5 times the one at the threshold, one sample judged in each cell."""
    gap, agree, total = 0.05, 0, 0
    for number, (family, first, draw, divergence) in enumerate(cells()):
        for factor in (0.4, 0.6, 0.8, 1.2, 1.5, 2.5):
            n = int(factor * first / (8 * gap**2))
            random = generator(7, family, 100 * number + int(10 * factor))
            simulated = float(np.mean(divergence(draw(random, 400, n))))
            judged = criterion(draw(random, 1, n)[0], family, gap=gap).enough
            agree, total = agree + (judged == (simulated <= 8 * gap**2)), total + 1
    assert total == 90
    assert agree >= 0.9 * total


def test_any_exponential_family_by_its_statistics_and_draws():
    """Without a normalising constant: the same answer as the family that knows its cumulants."""
    rng = np.random.default_rng(0)
    x = rng.poisson(4.0, (150, 2)).astype(float)
    draws = rng.poisson(x.mean(axis=0), (200_000, 2)).astype(float)
    known, drawn = criterion(x, "poisson"), criterion(x, "statistics", draws=draws)
    assert drawn.first == pytest.approx(known.first, rel=0.01)
    assert drawn.needed == pytest.approx(known.needed, rel=0.02)


def test_seven_normal_variables_go_by_draws():
    x = np.random.default_rng(0).standard_normal((400, 7))
    assert criterion(x, "normal_mean", truth="model").first == pytest.approx(3.5, rel=1e-6)


def test_the_answer_in_words_and_numbers(tmp_path):
    x = np.random.default_rng(0).standard_normal((200, 3))
    found = criterion(x, "normal")
    assert (found.n, found.p, found.threshold) == (200, 9, pytest.approx(0.02))
    assert not found.enough
    assert found.risk_at(float(found.needed)) <= 0.02 < found.risk_at(found.needed - 1.0)
    assert f"{found.needed} are needed" in str(found.status)
    more = criterion(np.random.default_rng(0).standard_normal((600, 3)), "normal")
    assert more.enough
    assert "600 observations are enough for 9 parameters" in more.status.message
    tiny = criterion(np.random.default_rng(0).standard_normal((5, 3)), "normal", truth="model")
    assert not tiny.holds
    assert "far too few" in tiny.status.message
    path = tmp_path / "sample.json"
    found.save(path)
    assert storage.load(path) == found
    assert len(found.plot().axes) == 1
    assert found.to_json()["needed"] == found.needed
    assert float(found.to_xarray()["threshold"]) == pytest.approx(0.02)
    assert found.inflation == pytest.approx(found.first / 4.5)


@pytest.mark.parametrize(
    ("data", "family", "words"),
    [
        (np.array([1.0, -1.0]), "poisson", "wants counts"),
        (np.zeros(5), "poisson", "holds zeros only"),
        (np.array([0.0, 2.0]), "multinomial", "a category was never seen"),
        (np.array([0.5, 2.0]), "multinomial", "one column of categories"),
        (np.array([-1.0, 2.0]), "exponential", "above zero"),
        (np.array([0.5, 1.0]), "bernoulli", "zeros and ones"),
        (np.ones(4), "bernoulli", "one value only"),
        (np.ones((3, 4)), "normal", "no regular covariance"),
        (np.ones(1), "normal", "two or more"),
        (np.ones(4), "statistics", "needs draws"),
    ],
)
def test_data_that_a_family_cannot_have(data, family, words):
    with pytest.raises(DataError, match=words):
        criterion(data, family)


def test_settings_that_cannot_be():
    with pytest.raises(MethodError, match="known here: normal"):
        criterion(np.ones(4), "weibull")
    with pytest.raises(MethodError, match=r"below 0\.5"):
        criterion(np.arange(4.0), "poisson", gap=0.7)
    with pytest.raises(DataError, match='belong to family="statistics"'):
        criterion(np.arange(4.0), "poisson", draws=np.ones((3, 1)))
