"""Gradient descent on matrix sensing behaves as Xiong, Ding and Du (2024, arXiv:2310.01769) prove."""

import numpy as np
import pytest

from matrix_sensing import Sensing, asymmetric, slope, steps_between, symmetric


@pytest.fixture(scope="module")
def sensing():
    return Sensing()


def test_the_exact_rank_reaches_1e_10_within_400_steps(sensing):
    assert symmetric(sensing, 2, 0.5, 401)[400] < 1e-10
    assert asymmetric(sensing, 2, 0.5, 401)[400] < 1e-10


def test_too_many_symmetric_factors_decay_only_polynomially(sensing):
    distances = symmetric(sensing, 4, 0.5, 3001)
    assert distances[3000] > 1e-4
    early, late = slope(distances, 300, 1000), slope(distances, 1000, 3000)
    assert -1.4 < early < -0.7 and -1.4 < late < -0.7  # the distance falls as 1 / T, its square as 1 / T^2


def test_too_many_asymmetric_factors_converge_linearly_the_faster_the_larger_the_start(sensing):
    rates = []
    for scale in (0.2, 0.4, 0.6):
        distances = asymmetric(sensing, 4, scale, 1501)
        logs = np.log(distances[[700, 1100, 1500]] + 1e-15)
        if scale < 0.6:  # there the last digits are reached before
            assert np.diff(logs)[1] == pytest.approx(np.diff(logs)[0], rel=0.35)
        rates.append(np.log(distances[200] / distances[700]) / 500)
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > 4 * rates[0]


@pytest.mark.parametrize("scale", [0.1, 0.4])
def test_one_modified_step_gives_the_rate_of_the_exact_rank_whatever_the_start(sensing, scale):
    exact = steps_between(asymmetric(sensing, 2, 0.5, 400), 1e-3, 1e-10)
    modified = steps_between(asymmetric(sensing, 4, scale, 600, modified_below=1e-2), 1e-3, 1e-10)
    assert modified <= 1.5 * exact, (modified, exact)
    assert steps_between(asymmetric(sensing, 4, scale, 600), 1e-3, 1e-10) is None
