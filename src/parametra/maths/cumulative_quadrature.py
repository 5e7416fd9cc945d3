"""Integrals of one smooth function from 0 to many ends at once, by its Chebyshev series."""

from __future__ import annotations

import numpy as np

from parametra.maths.arrays import Float


def cumulative_rule(count: int) -> tuple[Float[np.ndarray, " count"], Float[np.ndarray, "count count"]]:
    """Nodes t and a matrix B for the integrals of f over [0, e], every e in [0, 1].

        integral = sum over k from 1 to count of (B f(t))_k sin(k a)^2,  sin(a)^2 = e

    f is evaluated at the nodes alone, however many ends there are. Exact for polynomials of degree below count - 1;
    where f is analytic the error falls by a constant factor with every node. Prefer Gauss-Legendre for one integral: it
    takes half the nodes. The squares of sines are 0 at e = 0 without cancellation, so that short integrals are as good.

    Arguments:
        count: how many nodes, at least 2.

    Raises:
        ValueError: a count below 2.

    Source: Clenshaw and Curtis (1960), A method for numerical integration on an automatic computer,
    doi:10.1007/BF01386223.
    """
    if count < 2:
        raise ValueError(f"a rule has at least 2 nodes; {count} came")
    angles = (np.arange(count) + 0.5) * np.pi / count
    orders = np.arange(count + 2)[:, None]
    # coefficients of f = sum c_k cos(k angle), where t = (1 - cos(angle)) / 2
    series = 2.0 / count * np.cos(orders * angles)
    series[0] /= 2
    series[count:] = 0
    # the integral of cos(k angle) over cos(angle) is made of its two neighbours
    k = orders[1 : count + 1]
    matrix = (series[:count] - series[2 : count + 2]) / (2 * k)
    matrix[0] = series[0] - series[2] / 2
    return np.sin(angles / 2) ** 2, matrix
