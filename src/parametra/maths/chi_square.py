"""The tail of the chi-square distribution, in closed form: loading SciPy for it would cost a small fit 0.15 s."""

from __future__ import annotations

import math


def survival(value: float, freedom: int) -> float:
    """The chance that chi-square with these degrees of freedom exceeds a value: Q(k/2, h) with h = value / 2.

        k even   exp(-h) sum_{i < k/2} h^i / i!
        k odd    erfc(sqrt(h)) + exp(-h) sum_{1 <= i <= (k-1)/2} h^(i - 1/2) / Gamma(i + 1/2)

    Arguments:
        value: 0 or larger.
        freedom: k, 1 or larger; the sum has k/2 terms.

    Source: Abramowitz and Stegun (1964), Handbook of Mathematical Functions, 26.4.4 and 26.4.5.
    """
    h = 0.5 * value
    if h <= 0.0:
        return 1.0
    offset = 0.5 if freedom % 2 else 0.0
    head = math.erfc(math.sqrt(h)) if freedom % 2 else 0.0
    powers = (i + offset for i in range(freedom // 2))
    log_h = math.log(h)
    terms = (math.exp(a * log_h - h - math.lgamma(a + 1.0)) for a in powers)
    return min(1.0, head + math.fsum(terms))
