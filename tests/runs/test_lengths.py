"""The natural length of coordinates, whatever their units and wherever the search for it begins."""

import numpy as np
import pytest

from parametra.runs.lengths import kept_within, lengths

NONE = np.full(2, np.inf)


@pytest.mark.parametrize("first", [1e-17, 1.0, 1e14])
@pytest.mark.parametrize("unit", [1e-20, 1.0, 1e20])
def test_a_parabola_tells_its_standard_errors(unit, first):
    def cost(points):
        return 100 + 0.5 * (points[:, 0] / unit) ** 2 + 2 * points[:, 1] ** 2

    found = lengths(cost, np.zeros(2), np.full(2, first), -NONE, NONE)
    assert found == pytest.approx([unit, 0.5], rel=1e-6)


def test_beside_bounds_points_stay_inside_and_nothing_is_told_where_nothing_bends():
    lower, upper = np.array([1e-6, -np.inf]), np.array([1.0, np.inf])

    def cost(points):
        assert (points >= lower).all() and (points <= upper).all()
        return 0.5 * ((points[:, 0] - 1e-6) / 0.05) ** 2

    found = lengths(cost, np.array([1e-6, 0.0]), np.array([1e-9, 1.0]), lower, upper)
    assert found[0] == pytest.approx(0.05, rel=1e-6) and np.isnan(found[1])


def test_where_the_cost_fails_far_off_shorter_steps_are_tried():
    def cost(points):
        with np.errstate(all="ignore"):
            return np.where(np.abs(points[:, 0]) > 2, np.nan, np.cosh(points[:, 0] / 0.1))

    assert lengths(cost, np.zeros(1), np.full(1, 1e9), -NONE[:1], NONE[:1]) == pytest.approx([0.1], rel=0.2)


def test_steps_are_kept_within_shares_of_lengths_that_are_known():
    steps = kept_within(np.array([1e-9, 1e-3, 5.0, 7.0]), np.array([1.0, 1.0, 1.0, np.nan]))
    assert steps == pytest.approx([1e-5, 1e-3, 1e-2, 7.0])
