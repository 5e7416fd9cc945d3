"""Special functions with exact first derivatives, for NumPy (real, and complex for complex steps) and jax.numpy alike.

    log1p, expm1, expit, log_gamma, digamma, trigamma, log_normal_cdf
    log_rising(a, k)              log Gamma(a + k) / Gamma(a) - k log a, without cancellation for large a
    log_gamma_lower / _upper      log P(a, x), log Q(a, x): the regularised incomplete gamma functions
    log_beta_lower / _upper       log I_x(a, b), log (1 - I_x(a, b)): the regularised incomplete beta function
    log_student_tail(z, v)        log P(T > z) for Student's t with v degrees of freedom
    log_difference, log_sum       log(exp(a) -+ exp(b)), and log1m_exp(a) = log(1 - exp(a)), a <= 0

SciPy and JAX compute the values; where these underflow, continued fractions give the logarithm. A complex argument is
taken as a complex step: f(x + ih) = f(x) + ih f'(x). Derivatives are closed forms; those in a shape parameter of an
incomplete function have none, and are five-point differences, relative error about 1e-10.

Source: NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov: 5.11 (log Gamma), 8.9.2 and 8.11.4 (gamma
fractions), 8.17.22 (beta fraction).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

_DEEP = 1e-290  # below it a probability is near the end of what a float can hold
_STEP = 2e-3  # of the five-point differences, relative
_LARGE = 20.0  # from where asymptotic series are exact to the last digit
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Smooth:
    """A function with its derivatives: f(*arguments, xp), which broadcast.

    Arguments:
        value: value(*arguments, xp) for real arguments.
        slopes: one for each argument, slope(*arguments, xp), or None for an argument that is never differentiated.
    """

    def __init__(self, value: Callable[..., Any], *slopes: Callable[..., Any] | None) -> None:
        self.value = value
        self.slopes = slopes

    def __call__(self, *arguments: Any, xp: Any) -> Any:
        if xp is not np:
            return self._traced(*(xp.asarray(one, dtype=float) for one in arguments))
        real = [np.real(one) for one in arguments]
        result = self.value(*real, xp=np)
        for one, slope in zip(arguments, self.slopes, strict=True):
            if slope is not None and np.iscomplexobj(one):
                result = result + 1j * np.imag(one) * slope(*real, xp=np)
        return result

    @cached_property
    def _traced(self) -> Callable[..., Any]:
        import jax
        import jax.numpy as jnp

        function = jax.custom_jvp(lambda *arguments: self.value(*arguments, xp=jnp))

        def derivative(primals: Any, tangents: Any) -> Any:
            result = function(*primals)
            total = jnp.zeros_like(result)
            for slope, tangent in zip(self.slopes, tangents, strict=True):
                # what does not move costs nothing
                if slope is not None and not isinstance(tangent, jax.custom_derivatives.SymbolicZero):
                    total = total + slope(*primals, xp=jnp) * tangent
            return result, total

        function.defjvp(derivative, symbolic_zeros=True)
        return function


def _from_scipy(name: str, xp: Any) -> Callable[..., Any]:
    if xp is np:
        import scipy.special as library
    else:
        import jax.scipy.special as library
    return getattr(library, name)


log1p = Smooth(lambda x, xp: xp.log1p(x), lambda x, xp: xp.reciprocal(1 + x))
expm1 = Smooth(lambda x, xp: xp.expm1(x), lambda x, xp: xp.exp(x))
trigamma = Smooth(lambda x, xp: _from_scipy("polygamma", xp)(1, x), lambda x, xp: _from_scipy("polygamma", xp)(2, x))
digamma = Smooth(lambda x, xp: _from_scipy("digamma", xp)(x), lambda x, xp: trigamma(x, xp=xp))
log_gamma = Smooth(lambda x, xp: _from_scipy("gammaln", xp)(x), lambda x, xp: digamma(x, xp=xp))

expit = Smooth(
    lambda x, xp: _from_scipy("expit", xp)(x),
    lambda x, xp: _from_scipy("expit", xp)(x) * _from_scipy("expit", xp)(-x),
)


def stirling_rest(a: Any) -> Any:
    """Log Gamma(a) - ((a - 1/2) log a - a + 1/2 log 2 pi) for a above 20, DLMF 5.11.1."""
    square = 1 / (a * a)
    return (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / a


def log_rising(a: Any, k: Any, xp: Any) -> Any:
    """Log Gamma(a + k)/Gamma(a) - k log a, a > 0, k >= 0: zero for k = 0, and near k^2 / 2a for large a."""
    large = xp.real(a) > _LARGE
    far, near = xp.where(large, a, 2 * _LARGE), xp.where(large, 1.0, a)
    by_series = (far + k - 0.5) * log1p(k / far, xp=xp) - k + stirling_rest(far + k) - stirling_rest(far)
    return xp.where(large, by_series, log_gamma(near + k, xp=xp) - log_gamma(near, xp=xp) - k * xp.log(near))


def log1p_minus(u: Any, xp: Any) -> Any:
    """Log(1 + u) - u for u >= 0, near -u^2 / 2 for small u."""
    small = xp.real(u) < 1e-2
    near, away = xp.where(small, u, 0.0), xp.where(small, 1.0, u)
    series = 1 / 2 - near * (1 / 3 - near * (1 / 4 - near * (1 / 5 - near * (1 / 6 - near * (1 / 7 - near / 8)))))
    return xp.where(small, -near * near * series, log1p(away, xp=xp) - away)


def log_rising_slope(a: Any, k: Any, xp: Any) -> Any:
    """The derivative of `log_rising` in a."""
    large = xp.real(a) > _LARGE
    far, near = xp.where(large, a, 2 * _LARGE), xp.where(large, 1.0, a)
    by_series = log1p_minus(k / far, xp) + 0.5 * k / (far * (far + k)) + _rest_slope(far + k) - _rest_slope(far)
    return xp.where(large, by_series, digamma(near + k, xp=xp) - digamma(near, xp=xp) - k / near)


def _rest_slope(a: Any) -> Any:
    """The derivative of `stirling_rest`."""
    square = 1 / (a * a)
    return -square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))


def log_minus_digamma(a: Any, xp: Any) -> Any:
    """Log a - digamma(a), near 1/(2a) for large a, without cancellation."""
    large = a > _LARGE
    far, near = xp.where(large, a, 2 * _LARGE), xp.where(large, 1.0, a)
    square = 1 / (far * far)
    series = 0.5 / far + square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    return xp.where(large, series, xp.log(near) - digamma(near, xp=xp))


def trigamma_minus_inverse(a: Any, xp: Any) -> Any:
    """trigamma(a) - 1/a, near 1/(2 a^2) for large a, without cancellation."""
    large = a > _LARGE
    far, near = xp.where(large, a, 2 * _LARGE), xp.where(large, 1.0, a)
    square = 1 / (far * far)
    series = square * (0.5 + (1 / 6 - square * (1 / 30 - square * (1 / 42 - square / 30))) / far)
    return xp.where(large, series, trigamma(near, xp=xp) - 1 / near)


def log1m_exp(a: Any, xp: Any) -> Any:
    """log(1 - exp(a)) for a <= 0; minus infinity for 0."""
    certain = xp.real(a) >= 0
    a = xp.where(certain, -1.0, a)
    near = xp.real(a) > -math.log(2)
    # each branch is kept where it is exact, so that the other one's derivative stays finite
    close, away = xp.where(near, a, -1.0), xp.where(near, -1.0, a)
    result = xp.where(near, xp.log(-expm1(close, xp=xp)), log1p(-xp.exp(away), xp=xp))
    return xp.where(certain, -math.inf, result)


def log_difference(a: Any, b: Any, xp: Any) -> Any:
    """log(exp(a) - exp(b)) for a >= b."""
    nothing = xp.real(b) == -math.inf
    return a + xp.where(nothing, 0.0, log1m_exp(xp.where(nothing, -1.0, b) - xp.where(nothing, 0.0, a), xp))


def log_sum(a: Any, b: Any, xp: Any) -> Any:
    """log(exp(a) + exp(b)); either may be minus infinity."""
    first = xp.real(a) >= xp.real(b)
    high, low = xp.where(first, a, b), xp.where(first, b, a)
    nothing = xp.real(low) == -math.inf
    gap = xp.where(nothing, -1.0, low) - xp.where(nothing, 0.0, high)
    return high + xp.where(nothing, 0.0, log1p(xp.exp(gap), xp=xp))


def _log_normal_cdf(z: Any, xp: Any) -> Any:
    if xp is np:
        return _from_scipy("log_ndtr", np)(z)
    return _from_scipy("log_ndtr", xp)(z, 8)  # the default of three terms is wrong in the ninth digit at z = -20


def _inverse_mills(z: Any, xp: Any) -> Any:
    """The density over the probability of a standard normal at or below z, near -z far out (DLMF 7.12.1)."""
    far = z < -30.0
    below = xp.where(far, z, -30.0)
    near = xp.where(far, 0.0, z)
    s = 1 / (below * below)
    series = 1 - s * (1 - s * (3 - s * (15 - s * (105 - s * 945))))
    exact = xp.exp(-0.5 * near * near - _HALF_LOG_2PI - log_normal_cdf(near, xp=xp))
    return xp.where(far, -below / series, exact)


log_normal_cdf = Smooth(_log_normal_cdf, _inverse_mills)


def _five_points(function: Callable[[Any], Any], a: Any) -> Any:
    """The derivative at a by differences of fourth order."""
    h = _STEP * a
    near = function(a + h) - function(a - h)
    far = function(a + 2 * h) - function(a - 2 * h)
    return (8 * near - far) / (12 * h)


def _log_of(value: Any, other: Any, deep: Callable[[], Any], xp: Any) -> Any:
    """The log of a probability, from itself, from its complement where that is small, or from `deep` near zero."""
    few = value < _DEEP
    result = xp.where(
        value < 0.5, xp.log(xp.where(few, 1.0, value)), xp.log1p(-xp.where(value < 0.5, 0.0, xp.minimum(other, 0.75)))
    )
    if xp is not np:
        import jax

        return jax.lax.cond(xp.any(few), lambda: xp.where(few, deep(), result), lambda: result)
    if not np.any(few):
        return result
    with np.errstate(all="ignore"):
        return np.where(few, deep(), result)


def _repeat(step: Callable[[Any, Any], Any], times: int, start: Any, xp: Any) -> Any:
    if xp is np:
        for n in range(1, times + 1):
            start = step(float(n), start)
        return start
    import jax

    return jax.lax.fori_loop(1, times + 1, lambda n, state: step(n * 1.0, state), start)


def _fraction(term: Callable[[Any], tuple[Any, Any]], first: Any, times: int, xp: Any) -> Any:
    """The continued fraction first + a1/(b1 + a2/(b2 + ...)), term(n) = (an, bn), by Lentz as Thompson and Barnett."""
    tiny = 1e-300

    def step(n: Any, state: Any) -> Any:
        f, c, d = state
        a, b = term(n)
        d = b + a * d
        d = 1 / xp.where(d == 0, tiny, d)
        c = b + a / c
        c = xp.where(c == 0, tiny, c)
        return f * c * d, c, d

    first = xp.where(first == 0, tiny, first)
    return _repeat(step, times, (first, first, xp.zeros_like(first)), xp)[0]


def _deep_gamma_lower(a: Any, x: Any, xp: Any) -> Any:
    """The series 8.7.1, whose terms fall by x / (a + n)."""

    def step(n: Any, state: Any) -> Any:
        total, term = state
        term = term * x / (a + n)
        return total + term, term

    one = xp.ones_like(a * x)
    total = _repeat(step, 200, (one, one), xp)[0]
    return a * xp.log(x) - x - log_gamma(a + 1, xp=xp) + xp.log(total)


def _deep_gamma_upper(a: Any, x: Any, xp: Any) -> Any:
    """The fraction 8.9.2 in its even form."""
    fraction = _fraction(lambda n: (n * (a - n), x + 2 * n + 1 - a), x + 1 - a, 200, xp)
    return a * xp.log(x) - x - log_gamma(a, xp=xp) - xp.log(fraction)


def _log_gamma_part(a: Any, x: Any, lower: bool, xp: Any) -> Any:
    p, q = _from_scipy("gammainc", xp)(a, x), _from_scipy("gammaincc", xp)(a, x)
    inside = xp.where(x > 0, x, 1.0)
    if lower:
        result = _log_of(p, q, lambda: _deep_gamma_lower(a, inside, xp), xp)
        return xp.where(x > 0, result, -math.inf)
    result = _log_of(q, p, lambda: _deep_gamma_upper(a, inside, xp), xp)
    return xp.where(x > 0, result, 0.0)


def _gamma_slope(a: Any, x: Any, lower: bool, xp: Any) -> Any:
    """The slope of log P or log Q in x; zero where x is not above zero."""
    inside = xp.where(x > 0, x, 1.0)
    log_density = (a - 1) * xp.log(inside) - inside - log_gamma(a, xp=xp)
    slope = xp.exp(log_density - _log_gamma_part(a, inside, lower, xp))
    return xp.where(x > 0, slope if lower else -slope, 0.0)


log_gamma_lower = Smooth(
    lambda a, x, xp: _log_gamma_part(a, x, True, xp),
    lambda a, x, xp: _five_points(lambda b: _log_gamma_part(b, xp.where(x > 0, x, 1.0), True, xp), a),
    lambda a, x, xp: _gamma_slope(a, x, True, xp),
)
log_gamma_upper = Smooth(
    lambda a, x, xp: _log_gamma_part(a, x, False, xp),
    lambda a, x, xp: _five_points(lambda b: _log_gamma_part(b, xp.where(x > 0, x, 1.0), False, xp), a),
    lambda a, x, xp: _gamma_slope(a, x, False, xp),
)


def _log_beta(a: Any, b: Any, xp: Any) -> Any:
    return log_gamma(a, xp=xp) + log_gamma(b, xp=xp) - log_gamma(a + b, xp=xp)


def _deep_beta(a: Any, b: Any, x: Any, y: Any, xp: Any) -> Any:
    """The fraction 8.17.22 of log I_x(a, b), good below the mean."""

    def term(n: Any) -> tuple[Any, Any]:
        m = xp.floor(n / 2)
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return xp.where(n % 2 == 0, even, odd), xp.ones_like(even)

    fraction = _fraction(term, xp.ones_like(a * b * x), 200, xp)
    return a * xp.log(x) + b * xp.log(y) - xp.log(a) - _log_beta(a, b, xp) - xp.log(fraction)


def _log_beta_part(a: Any, b: Any, x: Any, y: Any, lower: bool, xp: Any) -> Any:
    """Log I_x(a, b), or of what is missing to one; x + y = 1, both given because one of them may be tiny."""
    inside = (x > 0) & (y > 0)
    x_in, y_in = xp.where(inside, x, 0.5), xp.where(inside, y, 0.5)
    betainc = _from_scipy("betainc", xp)
    by_x, by_y = betainc(a, b, x_in), betainc(b, a, y_in)
    if lower:
        result = _log_of(by_x, by_y, lambda: _deep_beta(a, b, x_in, y_in, xp), xp)
        return xp.where(inside, result, xp.where(x > 0, 0.0, -math.inf))
    result = _log_of(by_y, by_x, lambda: _deep_beta(b, a, y_in, x_in, xp), xp)
    return xp.where(inside, result, xp.where(x > 0, -math.inf, 0.0))


def _beta_slope(a: Any, b: Any, x: Any, y: Any, lower: bool, xp: Any) -> Any:
    inside = (x > 0) & (y > 0)
    x, y = xp.where(inside, x, 0.5), xp.where(inside, y, 0.5)
    log_density = (a - 1) * xp.log(x) + (b - 1) * xp.log(y) - _log_beta(a, b, xp)
    slope = xp.exp(log_density - _log_beta_part(a, b, x, y, lower, xp))
    return xp.where(inside, slope if lower else -slope, 0.0)


def _beta_function(lower: bool) -> Smooth:
    def in_a(a: Any, b: Any, x: Any, y: Any, xp: Any) -> Any:
        inside = (x > 0) & (y > 0)
        x, y = xp.where(inside, x, 0.5), xp.where(inside, y, 0.5)
        return xp.where(inside, _five_points(lambda c: _log_beta_part(c, b, x, y, lower, xp), a), 0.0)

    def in_b(a: Any, b: Any, x: Any, y: Any, xp: Any) -> Any:
        inside = (x > 0) & (y > 0)
        x, y = xp.where(inside, x, 0.5), xp.where(inside, y, 0.5)
        return xp.where(inside, _five_points(lambda c: _log_beta_part(a, c, x, y, lower, xp), b), 0.0)

    return Smooth(
        lambda a, b, x, y, xp: _log_beta_part(a, b, x, y, lower, xp),
        in_a,
        in_b,
        lambda a, b, x, y, xp: _beta_slope(a, b, x, y, lower, xp),
        None,  # y follows x
    )


log_beta_lower = _beta_function(True)
log_beta_upper = _beta_function(False)


def _log_student_tail(z: Any, v: Any, xp: Any) -> Any:
    """By I_w(1/2, v/2) = P(|T| < |z|), w = z^2 / (v + z^2), which is smooth near zero."""
    square = z * z
    w, rest = square / (v + square), v / (v + square)
    far = _log_beta_part(0.5 + 0 * v, v / 2, w, rest, False, xp) - math.log(2)  # log P(T > |z|)
    return xp.where(z >= 0, far, xp.log1p(-xp.exp(far)))


def log_student_density(z: Any, v: Any, xp: Any) -> Any:
    """The log density of Student's t with v degrees of freedom at z."""
    ratio = log_rising(v / 2, 0.5, xp) + 0.5 * xp.log(v / 2)
    return ratio - 0.5 * xp.log(math.pi * v) - (v + 1) / 2 * log1p(z * z / v, xp=xp)


log_student_tail = Smooth(
    _log_student_tail,
    lambda z, v, xp: -xp.exp(log_student_density(z, v, xp) - _log_student_tail(z, v, xp)),
    lambda z, v, xp: _five_points(lambda c: _log_student_tail(z, c, xp), v),
)
