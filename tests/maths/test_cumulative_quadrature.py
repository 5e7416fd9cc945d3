"""Integrals from 0 to many ends at once: exact for polynomials, and with SciPy's quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from parametra.maths.cumulative_quadrature import cumulative_rule


def integrals(f, ends, count):
    nodes, matrix = cumulative_rule(count)
    angles = np.arcsin(np.sqrt(ends))
    return np.sin(angles[:, None] * np.arange(1.0, count + 1)) ** 2 @ (matrix @ f(nodes))


ENDS = np.array([0.0, 1e-9, 0.2, 0.5, 0.93, 1.0])


@pytest.mark.parametrize("degree", range(7))
def test_polynomials_are_exact(degree):
    found = integrals(lambda t: (degree + 1) * t**degree, ENDS, 8)
    np.testing.assert_allclose(found, ENDS ** (degree + 1), rtol=0, atol=2e-15)


def test_a_smooth_function_and_short_intervals():
    wanted = [quad(lambda t: np.exp(t) / (1 + t**2), 0, end, epsabs=0, epsrel=1e-13)[0] for end in ENDS]
    found = integrals(lambda t: np.exp(t) / (1 + t**2), ENDS, 32)
    np.testing.assert_allclose(found, wanted, rtol=1e-14)


def test_one_node_is_refused():
    with pytest.raises(ValueError, match="at least 2 nodes; 1 came"):
        cumulative_rule(1)
