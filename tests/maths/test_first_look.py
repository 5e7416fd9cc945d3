"""First looks at curves: the grid's best shape, rough paths, and columns that tell nothing."""

import numpy as np
import pytest

from parametra.maths.first_look import best_shape, extent, lifted, paths, tidy
from parametra.maths.peak_search import find_peaks


def test_tidy_sorts_drops_and_thins():
    x, y = tidy(np.array([3.0, 1.0, np.nan, 2.0]), np.array([30.0, 10.0, 5.0, np.inf]))
    assert x.tolist() == [1.0, 3.0]
    assert y.tolist() == [10.0, 30.0]
    x, _ = tidy(np.arange(1000.0), np.arange(1000.0), most=11)
    assert x.size == 11
    assert (x[0], x[-1]) == (0.0, 999.0)
    assert tidy(np.array([np.nan]), np.array([1.0]))[0].tolist() == [0.0]


def test_extent_and_lifted():
    assert extent(np.array([1.0, np.nan, 3.0]), np.array([5.0])) == (3.0, 4.0)
    assert extent() == (0.0, 1.0)
    assert extent(np.array([-7.0])) == (-7.0, 7.0)
    assert lifted(2.0, 10.0) == 2.0
    assert lifted(-2.0, 10.0) == pytest.approx(0.01)
    assert lifted(np.nan, 0.0) == pytest.approx(1e-3)


def test_the_best_shape_is_that_of_plain_least_squares():
    x = np.linspace(0, 5, 30)
    y = 3 * np.exp(-0.7 * x) - 1 + 0.01 * np.sin(9 * x)
    rates = np.linspace(0.1, 2.0, 39)
    found = best_shape(lambda rate: [np.exp(-rate * x), np.ones(1)], {"rate": rates}, y)
    residuals = []
    for rate in rates:
        table = np.stack([np.exp(-rate * x), np.ones_like(x)], axis=-1)
        residuals.append(((y - table @ np.linalg.lstsq(table, y, rcond=None)[0]) ** 2).sum())
    assert found.values["rate"] == rates[np.argmin(residuals)]
    assert found.residual == pytest.approx(min(residuals), rel=1e-6)
    np.testing.assert_allclose(found.factors, [3, -1], atol=0.02)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e8, -1e8])
@pytest.mark.parametrize("level", [np.ones(1), np.full((1, 200), -4.0)])
def test_an_offset_costs_no_digits(offset, level):
    """A peak of height 1: the residual, its place and the accepted height are those without the offset."""
    x = np.linspace(-5, 5, 200)
    y = np.exp(-0.5 * ((x - 1.25) / 0.4) ** 2)
    grid = {"center": np.linspace(-4, 4, 41), "width": np.geomspace(0.1, 3, 12)}

    def columns(center, width):
        return [np.exp(-0.5 * ((x - center) / width) ** 2), level]

    def accept(factors):
        return (factors[:, 0] > 0) & (np.sign(factors[:, 1] * level.flat[0]) == np.sign(offset))

    plain, found = best_shape(columns, grid, y), best_shape(columns, grid, offset + y, accept)
    assert found.values == plain.values
    assert found.values["center"] == pytest.approx(1.2)
    assert found.residual == pytest.approx(plain.residual, rel=1e-6)
    assert found.factors[0] == pytest.approx(plain.factors[0], rel=1e-6)
    assert found.factors[1] * level.flat[0] == pytest.approx(offset, rel=1e-3)


def test_an_offset_that_no_constant_takes_costs_few_digits():
    """Two columns that make a constant together, neither of them one: the curves decide, not their products."""
    x = np.linspace(-5, 5, 200)
    y = 1e6 + np.exp(-0.5 * ((x - 1.25) / 0.4) ** 2)
    halves = [np.where(x < 0, 1.0, 0.0), np.where(x < 0, 0.0, 1.0)]
    grid = {"center": np.linspace(-4, 4, 41)}
    found = best_shape(lambda center: [np.exp(-0.5 * ((x - center) / 0.4) ** 2), *halves], grid, y)
    table = np.stack([np.exp(-0.5 * ((x - 1.2) / 0.4) ** 2), *halves], axis=-1)
    least = ((y - table @ np.linalg.lstsq(table, y, rcond=None)[0]) ** 2).sum()
    assert found.values["center"] == pytest.approx(1.2)
    assert found.residual == pytest.approx(least, rel=1e-4)


def test_what_is_not_accepted_is_not_taken():
    x = np.linspace(0, 5, 30)
    found = best_shape(lambda sign: [sign * x], {"sign": np.array([-1.0, 1.0])}, x, lambda f: f[:, 0] > 0)
    assert found.values["sign"] == 1.0
    # where nothing may be taken, the best is
    assert best_shape(lambda sign: [sign * x], {"sign": np.array([-1.0])}, x, lambda f: f[:, 0] > 0).factors[0] < 0


def test_paths_follow_their_slopes():
    time = np.linspace(0, 3, 13)
    rate = np.array([0.5, 1.0])
    (x,) = paths(lambda s: (-rate * s[0],), (np.array([2.0, 2.0]),), time)
    np.testing.assert_allclose(x, 2 * np.exp(-rate[:, None] * time), rtol=1e-6)


def test_no_peaks_are_a_background():
    x = np.linspace(0, 1, 50)
    found = find_peaks(x, 2 + 3 * x, 1, lambda u: np.exp(-(u**2)), [[np.ones(50)], [np.ones(50), x]])
    assert found.chosen == 1
    np.testing.assert_allclose(found.background, [2, 3], atol=1e-3)


@pytest.mark.parametrize("place", [0, 3])
def test_points_that_are_none_are_left_out_of_a_search_of_peaks(place):
    """A NaN made every quick look NaN, and nothing was left to take the best of."""
    x = np.linspace(0, 10, 60)
    y = 0.5 + np.exp(-4 * np.log(2) * ((x - 4) / 1.5) ** 2)
    holed = y.copy()
    holed[place] = np.nan
    shape = lambda u: np.exp(-4 * np.log(2) * u**2)
    found = find_peaks(x, holed, 1, shape, [[np.ones(60)]])
    assert found.centers == pytest.approx([4.0], abs=0.1)
    assert found.heights == pytest.approx([1.0], abs=0.1)
    assert found.background == pytest.approx([0.5], abs=0.05)
