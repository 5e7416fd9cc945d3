"""Where the peaks of a chromatogram are, roughly: what a fit begins with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Float

_PER_WIDTH = 2 * np.sqrt(2 * np.log(2))  # full width at half height of a Gaussian, in standard deviations


@dataclass(frozen=True, eq=False)
class Peaks:
    """Peaks in order of time: apex, standard deviation and area of each, and the signal beside them."""

    time: Float[np.ndarray, " peaks"]
    width: Float[np.ndarray, " peaks"]
    area: Float[np.ndarray, " peaks"]
    baseline: float


def find_peaks(time: Float[np.ndarray, " n"], signal: Float[np.ndarray, " n"], count: int) -> Peaks:
    """The `count` most prominent peaks; where there are fewer, broad ones at even distances stand for the others."""
    import scipy.signal

    good = np.isfinite(signal)
    order = np.argsort(time[good], kind="stable")
    t, y = time[good][order], signal[good][order]
    baseline = float(np.quantile(y, 0.1)) if y.size else 0.0
    span = float(t[-1] - t[0]) if t.size > 1 else 1.0
    spare = span / (10 * count) or 1e-3
    found: list[tuple[float, float, float]] = []
    if y.size >= 3 and np.ptp(y) > 0:
        apexes, told = scipy.signal.find_peaks(y, prominence=0.0)
        keep = np.sort(apexes[np.argsort(told["prominences"])[::-1][:count]])
        # half height between the apex and the foot, where noise hardly makes a difference
        _, _, left, right = scipy.signal.peak_widths(y, keep, rel_height=0.5)
        rows = np.arange(t.size)
        for apex, low, high in zip(keep, left, right, strict=True):
            full = float(np.interp(high, rows, t) - np.interp(low, rows, t))
            found.append((float(t[apex]), full / _PER_WIDTH or spare, max(float(y[apex]) - baseline, 0.0)))
    height = float(np.ptp(y)) if y.size else 1.0
    first = float(t[0]) if t.size else 0.0
    missing = range(count - len(found))
    found.extend((first + span * (i + 0.5) / count, spare, 0.1 * height) for i in missing)
    found.sort()
    apex, width, high = (np.array(column) for column in zip(*found, strict=True))
    area = np.maximum(high * width * np.sqrt(2 * np.pi), 1e-12)
    return Peaks(np.maximum(apex, 1e-9), width, area, baseline)
