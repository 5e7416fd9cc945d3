"""How much of an unevenly sampled series a period explains, for every frequency of a regular grid at once.

At each frequency f the series is fitted by a_0 + sum_k a_k cos(2 pi k f t) + b_k sin(2 pi k f t), k = 1 ... K, with
weights. The sums over the data come from gridding and a fast Fourier transform, the fits from polynomials that are
orthogonal on the unit circle, so that N points and M frequencies cost N + M log M and not N M.
"""

from __future__ import annotations

import math

import numpy as np

from parametra.maths.arrays import Float

_SPREAD = 12
"""Cells of the grid that a point is spread over to each side; the sums are then good to about 1e-11 of the weights."""

_TOLD_APART = 1e-9
"""The squared length that is left of an exponential beside those before it, below which it is none of its own."""


def exponential_sums(places: Float[np.ndarray, " n"], weights: np.ndarray, count: int) -> np.ndarray:
    """S_j = sum_n w_n exp(2 pi i j x_n) for j = 0 ... count - 1.

    Arguments:
        places: x_n in cycles of the lowest frequency, (n,).
        weights: (n,), real or complex.
        count: how many sums.

    Source: Greengard and Lee (2004), Accelerating the nonuniform fast Fourier transform,
        doi:10.1137/S003614450343200X
    """
    half = max((count + 1) // 2, _SPREAD)
    cells = 4 * half
    angle = 2 * math.pi * (places % 1.0)
    shifted = weights * np.exp(1j * half * angle)
    width = math.pi * _SPREAD / ((2 * half) ** 2 * 3.0)
    nearest = np.floor(angle * (cells / (2 * math.pi))).astype(np.int64)
    grid = np.zeros(cells, dtype=np.complex128)
    for offset in range(1 - _SPREAD, _SPREAD + 1):
        cell = nearest + offset
        kernel = np.exp(-((angle - cell * (2 * math.pi / cells)) ** 2) / (4 * width)) * shifted
        at = cell % cells
        grid += np.bincount(at, np.real(kernel), cells) + 1j * np.bincount(at, np.imag(kernel), cells)
    order = np.arange(count) - half
    return np.fft.ifft(grid)[order] * (math.sqrt(math.pi / width) * np.exp(order**2 * width))


def harmonic_power(
    time: Float[np.ndarray, " n"],
    value: Float[np.ndarray, " n"],
    weight: Float[np.ndarray, " n"],
    frequencies: tuple[float, float, int],
    harmonics: int = 1,
) -> Float[np.ndarray, " m"]:
    """The share of the weighted variance that K harmonics of each frequency explain, from 0 to 1.

    Good for periods of unevenly sampled series. K = 1 is the generalised Lomb-Scargle periodogram.

    Arguments:
        time, value, weight: (n,); weights are 1 / sigma^2 up to a factor.
        frequencies: the first one, the step, and how many.
        harmonics: K.

    Sources: Zechmeister and Kuerster (2009), The generalised Lomb-Scargle periodogram,
        doi:10.1051/0004-6361:200811296; Schwarzenberg-Czerny (1996), Fast and statistically optimal period search in
        uneven sampled observations, doi:10.1086/309985
    """
    first, step, count = frequencies
    share = weight / weight.sum()
    centred = value - share @ value
    elapsed = time - time.mean()

    def sums(amounts: np.ndarray, k: int) -> np.ndarray:
        turned = amounts * np.exp(2j * math.pi * k * first * elapsed)
        return exponential_sums(k * step * elapsed, turned, count)

    ones = np.ones(count, dtype=np.complex128)
    window = [ones, *(sums(share, k) for k in range(1, 2 * harmonics + 1))]
    signal = [0.0 * ones, *(sums(share * centred, k) for k in range(1, harmonics + 1))]
    explained = _projected(window, signal, harmonics)
    total = float(share @ centred**2)
    return np.clip(explained / total, 0.0, 1.0) if total > 0 else np.zeros(count)


def _projected(window: list[np.ndarray], signal: list[np.ndarray], harmonics: int) -> np.ndarray:
    """Squared length of the series' projection on z^-K ... z^K, z = exp(2 pi i f t), by Szegoe's recursion."""
    # <z^j, z^K y> for j = 0 ... 2K; the sums of negative exponents are conjugates
    b = [signal[harmonics - j] if j <= harmonics else signal[j - harmonics].conj() for j in range(2 * harmonics + 1)]
    polynomial = [window[0]]
    length = np.ones(window[0].size)
    telling = np.ones(window[0].size, dtype=bool)
    explained = np.abs(b[0]) ** 2
    for m in range(1, 2 * harmonics + 1):
        moment = sum(c * s for c, s in zip(polynomial, window[1 : m + 1], strict=True))
        reflection = np.where(telling, moment / length, 0.0)
        reversed_one = [c.conj() for c in reversed(polynomial)]
        shifted = [0.0 * window[0], *polynomial]
        polynomial = [shifted[j] - (reflection * reversed_one[j] if j < m else 0.0) for j in range(m + 1)]
        length = length * np.maximum(1.0 - np.abs(reflection) ** 2, 0.0)
        # where the sampling cannot tell the new exponential from those before, it and all that follow explain nothing,
        # and the recursion is stopped there: it would divide rounding by rounding, ever larger
        telling &= length > _TOLD_APART
        length = np.where(telling, length, 1.0)
        along = sum(c.conj() * y for c, y in zip(polynomial, b[: m + 1], strict=True))
        explained = explained + np.where(telling, np.abs(along) ** 2 / length, 0.0)
    return explained


def false_alarm(power: float, points: int, harmonics: int, spread: float, band: float) -> float:
    """The chance that independent normal errors alone give such a power somewhere in a band of frequencies.

    An upper bound to first order for peaks that are rare: the number of times that the power is expected to rise
    through this level. It knows nothing of errors that hang together in time.

    Arguments:
        power: the share of variance explained.
        points: how many data.
        harmonics: K.
        spread: the standard deviation of the times.
        band: highest less lowest frequency.

    Source: Baluev (2008), Assessing the statistical significance of periodogram peaks,
        doi:10.1111/j.1365-2966.2008.12689.x, whose count of crossings is taken for K harmonics with the mean of k^2.
    """
    from scipy.special import betainc, gammainccinv, gammaln

    rest = 0.5 * (points - 2 * harmonics - 1)
    if rest <= 0 or power <= 0:
        return 1.0
    # the chance at one frequency, then the level of a chi-square of 2 K degrees that has the same chance
    single = float(betainc(rest, float(harmonics), 1.0 - power))
    if single <= 0:
        return 0.0
    level = float(gammainccinv(float(harmonics), single))
    mean_square = (harmonics + 1) * (2 * harmonics + 1) / 6
    width = band * math.sqrt(4 * math.pi * mean_square) * spread
    crossings = width * math.exp((harmonics - 0.5) * math.log(level) - level - float(gammaln(harmonics)))
    return min(1.0, -math.expm1(-crossings) + single)
