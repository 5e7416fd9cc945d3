"""The trigonometric polynomial of the degree that the data ask for."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from eclipsing_discs import magnitudes
from parametra.models.eclipsing_binary import optimal_degree
from parametra.models.eclipsing_binary.nav import READY as NAV
from parametra.models.eclipsing_binary.trigonometric_polynomial import READY
from parametra.testing.check_model import check_model


def ellipsoidal(phase):
    return 0.09 * np.cos(4 * np.pi * phase) + 0.02 * np.cos(2 * np.pi * phase)


def overcontact(phase):
    return magnitudes(phase, 0.40, 0.35, 68.0, 1.0, 0.9, cos2=0.14)


def detached(phase):
    return magnitudes(phase, 0.06, 0.08, 88.5, 1.0, 0.3)


def light_curve(truth, count, sigma, seed):
    generator = np.random.default_rng(seed)
    phase = generator.uniform(-0.5, 0.5, count)
    table = {"phase": phase, "magnitude": truth(phase) + sigma * generator.normal(size=count)}
    return pm.Data(table, inputs=["phase"], output="magnitude", sigma=sigma)


def test_it_conforms():
    assert check_model(READY) == []


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("truth", "count", "sigma", "least", "most"),
    [(ellipsoidal, 400, 0.01, 2, 2), (overcontact, 600, 0.01, 6, 8), (detached, 1500, 0.01, 30, 50)],
)
def test_the_narrower_the_eclipses_the_higher_the_degree(truth, count, sigma, least, most, seed):
    """About 2 for ellipsoidal stars, 6 to 8 for overcontact, 30 to 50 for detached ones, as the review has it."""
    data = light_curve(truth, count, sigma, seed)
    assert least <= optimal_degree(data.inputs["phase"], data.outputs["magnitude"]).best <= most


def both(data):
    return tuple(pm.fit(ready, data, starts=1, progress=False) for ready in (NAV, READY))


def test_local_eclipses_are_better_for_detached_stars():
    nav, polynomial = both(light_curve(detached, 1000, 0.01, 1))
    assert nav.bic < polynomial.bic - 100
    assert nav.chi_square / nav.degrees_of_freedom < polynomial.chi_square / polynomial.degrees_of_freedom


def test_and_mostly_for_overcontact_stars():
    """In five of six simulated stars; on the average the difference of BIC is decisive."""
    pairs = [both(light_curve(overcontact, 600, 0.01, seed)) for seed in range(6)]
    difference = [nav.bic - polynomial.bic for nav, polynomial in pairs]
    assert sum(each < 0 for each in difference) >= 5
    assert np.mean(difference) < -10


def test_a_polynomial_is_better_where_there_are_none():
    nav, polynomial = both(light_curve(ellipsoidal, 400, 0.01, 3))
    assert polynomial.bic < nav.bic - 20


def test_the_error_of_the_curve_is_that_of_its_formula():
    """The root mean square of sqrt(x' C x) over the points, C the covariance of least squares at each degree."""
    data = light_curve(overcontact, 90, 0.02, 5)
    phase, values = data.inputs["phase"], data.outputs["magnitude"]
    found = optimal_degree(phase, values, most=6)
    for degree in range(7):
        columns = [np.ones(90)]
        for k in range(1, degree + 1):
            columns += [np.cos(2 * np.pi * k * phase), np.sin(2 * np.pi * k * phase)]
        design = np.stack(columns, axis=1)
        solution, *_ = np.linalg.lstsq(design, values, rcond=None)
        variance = np.sum((values - design @ solution) ** 2) / (90 - design.shape[1])
        curve = np.einsum("ij,jk,ik->i", design, variance * np.linalg.inv(design.T @ design), design)
        assert found.errors[degree] == pytest.approx(np.sqrt(curve.mean()), rel=1e-8)
        assert found.residual[degree] == pytest.approx(np.sqrt(variance), rel=1e-8)
    assert found.parameters == 2 * found.best + 1
    assert found.table()[3]["error"] == found.errors[3]
    assert "best=" in repr(found)


def test_weights_count():
    data = light_curve(overcontact, 300, 0.01, 6)
    phase, values = data.inputs["phase"], np.array(data.outputs["magnitude"])
    values[::10] += 1.0
    sigma = np.where(np.arange(300) % 10 == 0, 100.0, 0.01)
    assert optimal_degree(phase, values, sigma).best == optimal_degree(phase[sigma < 1], values[sigma < 1]).best
    assert optimal_degree(phase, values, 7 * sigma).errors == pytest.approx(optimal_degree(phase, values, sigma).errors)


def test_a_flat_line_is_no_answer_to_narrow_eclipses():
    """Its error, which tells only of noise, is the least of all."""

    def narrow(phase):
        return magnitudes(phase, 0.06, 0.08, 88.5, 1.0, 0.8)

    data = light_curve(narrow, 500, 0.03, 7)
    found = optimal_degree(data.inputs["phase"], data.outputs["magnitude"])
    assert found.errors[0] == min(found.errors)
    assert found.best > 15


def test_few_points_have_a_low_degree():
    data = light_curve(overcontact, 11, 0.01, 8)
    assert len(optimal_degree(data.inputs["phase"], data.outputs["magnitude"]).errors) == 3


def test_a_degree_that_is_stated_is_taken():
    data = light_curve(overcontact, 200, 0.01, 9)
    assert len(READY.problem(data, degree=3).fit_space.labels) == 7
    assert len(READY.form_of(degree=3).parameters) == 9


@pytest.mark.parametrize("degree", [0, 61, 2.5, True, "automatic"])
def test_a_degree_that_is_none_is_refused(degree):
    with pytest.raises(pm.ParametraError, match="option degree wants a whole number from 1 to 60"):
        READY.problem(light_curve(overcontact, 200, 0.01, 9), degree=degree)


def test_two_points_have_no_degree():
    with pytest.raises(pm.ParametraError, match="3 points at least; 2 came"):
        optimal_degree(np.array([0.1, 0.2]), np.array([1.0, 2.0]))


def test_a_degree_of_lists_and_of_what_is_none():
    phase = np.linspace(0, 1, 40)
    assert optimal_degree(list(phase), list(np.cos(2 * np.pi * phase))).best == 1
    for arguments, words in (
        ((phase, np.where(phase > 0.5, np.nan, phase)), "finite phases and values"),
        ((phase, phase[1:]), "of one length"),
        ((["a"] * 5, phase[:5]), "phases are to be a list of numbers"),
    ):
        with pytest.raises(pm.ParametraError, match=words):
            optimal_degree(*arguments)
