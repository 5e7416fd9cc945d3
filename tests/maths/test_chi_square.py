"""The closed form of the chi-square tail against SciPy's incomplete gamma function."""

import pytest
from scipy.special import gammaincc

from parametra.maths.chi_square import survival


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 10, 29, 988, 5001])
@pytest.mark.parametrize("share", [1e-3, 0.5, 0.9, 1.0, 1.2, 3.0])
def test_is_the_incomplete_gamma_function(freedom, share):
    wanted = gammaincc(freedom / 2, freedom * share / 2)
    assert survival(freedom * share, freedom) == pytest.approx(wanted, rel=1e-9, abs=1e-300)


def test_at_zero_it_is_one():
    assert survival(0.0, 5) == 1.0
