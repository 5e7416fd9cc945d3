"""Intrinsic diffusion coefficients of both components at Kirkendall's plane, where inert markers have gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parametra.models.diffusion_couple._couple import Couple, Volume, couple_of
from parametra.nouns.errors import DataError
from parametra.nouns.result_table import ResultTable


@dataclass(frozen=True)
class IntrinsicCoefficients:
    """How fast each component moves by itself, at the composition of Kirkendall's plane.

    Arguments:
        fraction: of the component B, whose fraction the profile tells, at the plane.
        first, second: D_A and D_B, in position squared over time.
        ratio: D_B / D_A.
        interdiffusion: the interdiffusion coefficient there.
        standard_errors: of first, second, ratio and interdiffusion, from redrawn noise.
    """

    fraction: float
    first: float
    second: float
    ratio: float
    interdiffusion: float
    standard_errors: tuple[float, float, float, float]

    def table(self) -> ResultTable:
        """One row for each quantity."""
        names = ("D_A", "D_B", "D_B / D_A", "interdiffusion")
        values = (self.first, self.second, self.ratio, self.interdiffusion)
        return ResultTable(
            ("quantity", "value", "standard error"), tuple(zip(names, values, self.standard_errors, strict=True))
        )

    def __repr__(self) -> str:
        return f"intrinsic diffusion coefficients at the fraction {self.fraction:.4g}\n{self.table()}"


def intrinsic_coefficients(
    position: Sequence[float] | np.ndarray,
    fraction: Sequence[float] | np.ndarray,
    time: float,
    *,
    marker: float,
    marker_sigma: float = 0.0,
    molar_volume: Volume = 1.0,
    interfaces: Sequence[float] = (),
    ends: tuple[float, float] | None = None,
    sigma: float | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> IntrinsicCoefficients:
    """Intrinsic diffusion coefficients of both components, by van Loo's relations.

        D_i = 1 / (2 t) dx / dC_i [   N_i,right integral of Y / V on the left
                                    - N_i,left integral of (1 - Y) / V on the right ]

    at the plane of the markers, Y as for `wagner`. Good for the Kirkendall effect: which component is the faster one.
    The difference of two large numbers makes the slower component's coefficient uncertain.

    Arguments:
        position, fraction, time, molar_volume, interfaces, ends, sigma, replicates, seed: as for `wagner`.
        marker: where the markers are now, on the scale of position.
        marker_sigma: its standard deviation.

    Raises:
        DataError: as for `wagner`, and a marker outside the profile.

    Sources: van Loo (1970), Acta Metallurgica 18, 1107; Baheti and Paul (2018), arXiv:1809.09687
    """
    couple = couple_of(
        position,
        fraction,
        time,
        molar_volume=molar_volume,
        interfaces=interfaces,
        ends=ends,
        sigma=sigma,
        replicates=replicates,
        seed=seed,
    )
    if not couple.x[0] < marker < couple.x[-1]:
        raise DataError(f"the marker at {marker:g} is outside the profile, {couple.x[0]:g} to {couple.x[-1]:g}.")
    draw = np.random.default_rng([seed, 1])
    places = marker + marker_sigma * np.append(0.0, draw.standard_normal(replicates))
    n, slope, values = _at_plane(couple, places)
    flat = abs(slope[0]) * (couple.x[-1] - couple.x[0]) < 1e-9 * abs(couple.right[0] - couple.left[0])
    if flat or not np.isfinite(values[:, 0]).all():
        raise DataError(
            f"the composition does not change at the marker ({marker:g}), so nothing can be said there: it lies at a "
            "flat end or in a layer of one composition."
        )
    low, high = np.nanquantile(values[:, 1:], [0.1587, 0.8413], axis=1)
    errors = tuple(float(each) for each in 0.5 * (high - low))
    return IntrinsicCoefficients(float(n[0]), *(float(each) for each in values[:, 0]), errors)  # type: ignore[arg-type]


def _at_plane(couple: Couple, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At the place of each curve: fraction, its slope, and D_A, D_B, their ratio and the interdiffusion coefficient."""
    y, volume = couple.normalised, couple.volume

    def there(values: np.ndarray) -> np.ndarray:
        return np.array([np.interp(at, couple.x, row) for at, row in zip(places, values, strict=True)])

    n, slope = there(couple.fraction), there(couple.slope)
    below, above = (
        there(each)
        for each in (couple.below(y / volume(couple.fraction)), couple.above((1 - y) / volume(couple.fraction)))
    )
    step = 1e-5
    later, earlier, here = volume(n + step), volume(n - step), volume(n)
    by_second = ((n + step) / later - (n - step) / earlier) / (2 * step) * slope
    by_first = ((1 - n - step) / later - (1 - n + step) / earlier) / (2 * step) * slope
    with np.errstate(divide="ignore", invalid="ignore"):
        second = (couple.right * below - couple.left * above) / (2 * couple.time * by_second)
        first = ((1 - couple.right) * below - (1 - couple.left) * above) / (2 * couple.time * by_first)
        y_here = (n - couple.left) / (couple.right - couple.left)
        mixed = (
            here * ((1 - y_here) * below + y_here * above) * (couple.right - couple.left) / (2 * couple.time * slope)
        )
        values = np.stack([first, second, second / first, mixed])
    return n, slope, values
