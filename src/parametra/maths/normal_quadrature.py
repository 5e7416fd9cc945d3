"""Averages over a standard normal variable: nodes and weights of two rules.

    E g(z)  ~  sum over nodes of  weight g(node)

The rule of equal steps is exact to rounding for any analytic g whose product with the density is some steps wide, also
where that product is a narrow peak anywhere within reach, such as a likelihood of many answers. Gauss and Hermite's
puts its nodes where the density is, and is better only where g is close to a polynomial.
"""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float


def equal_steps(count: int, reach: float = 6.0) -> tuple[Float[np.ndarray, " count"], Float[np.ndarray, " count"]]:
    """Nodes at equal steps from -reach to reach, and weights in proportion to the density there, which sum to 1.

    Arguments:
        count: how many nodes, 2 or more.
        reach: the last node; beyond 6 lie 2e-9 of the distribution.

    Source: Trefethen and Weideman (2014), The exponentially convergent trapezoidal rule, doi:10.1137/130932132
    """
    nodes = np.linspace(-reach, reach, count)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, weights / weights.sum()


def gauss_hermite(count: int) -> tuple[Float[np.ndarray, " count"], Float[np.ndarray, " count"]]:
    """Gauss and Hermite's nodes and weights for a standard normal variable: exact for polynomials to 2 count - 1.

    Arguments:
        count: how many nodes, 1 to 180; weights of further ones underflow.

    Source: Golub and Welsch (1969), Calculation of Gauss quadrature rules, doi:10.1090/S0025-5718-69-99647-1
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()
