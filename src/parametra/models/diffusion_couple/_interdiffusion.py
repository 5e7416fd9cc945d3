"""Interdiffusion coefficients over a whole profile, by Wagner's and by den Broeder's method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.diffusion_couple._couple import Couple, Volume, couple_of
from parametra.nouns.errors import DataError
from parametra.nouns.result_table import ResultTable, cell


@dataclass(frozen=True, eq=False)
class Interdiffusion:
    """Interdiffusion coefficients against composition.

    Arguments:
        method: "wagner" or "den_broeder".
        fraction: the compositions.
        position: where they are on the smooth curve.
        coefficient: D there, in position squared over time.
        standard_error: of D, from redrawn noise.
        couple: the curves behind it.
    """

    method: str
    fraction: Float[np.ndarray, " m"]
    position: Float[np.ndarray, " m"]
    coefficient: Float[np.ndarray, " m"]
    standard_error: Float[np.ndarray, " m"]
    couple: Couple

    def table(self) -> ResultTable:
        """One row for each composition."""
        columns = (self.fraction, self.position, self.coefficient, self.standard_error)
        rows = tuple(tuple(float(v) for v in row) for row in zip(*columns, strict=True))
        return ResultTable(("fraction", "position", "coefficient", "standard error"), rows)

    def __repr__(self) -> str:
        x, _ = self.couple.measured
        return (
            f"interdiffusion coefficients by {self.method}: {self.fraction.size} compositions from {x.size} points, "
            f"each fraction with a standard deviation of {cell(self.couple.sigma)}\n{self.table()}"
        )

    def plot(self) -> Any:
        """A figure: the profile with its smooth curve, and D with its standard errors."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 3.4), layout="constrained")
        profile, values = figure.subplots(1, 2)
        profile.plot(*self.couple.measured, ".", color="0.6", markersize=3)
        profile.plot(self.couple.x, self.couple.fraction[0], color="C0")
        profile.set(xlabel="position", ylabel="fraction")
        values.errorbar(self.fraction, self.coefficient, self.standard_error, fmt="o", markersize=3, capsize=2)
        values.set(xlabel="fraction", ylabel="interdiffusion coefficient", yscale="log")
        return figure


def wagner(
    position: Sequence[float] | np.ndarray,
    fraction: Sequence[float] | np.ndarray,
    time: float,
    *,
    at: Sequence[float] | np.ndarray | None = None,
    molar_volume: Volume = 1.0,
    interfaces: Sequence[float] = (),
    ends: tuple[float, float] | None = None,
    sigma: float | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Interdiffusion:
    """Interdiffusion coefficients by Wagner's method, which takes any molar volume into account.

        D = V / (2 t Y') [ (1 - Y) integral of Y / V on the left + Y integral of (1 - Y) / V on the right ],
        Y = (N - N_left) / (N_right - N_left)

    Good for a profile with varying molar volume, with several phases, or whose diffusivity follows no known law; no
    plane of Matano is needed. Prefer a fit of `diffusion_couple.profile` in a single phase of constant volume: slopes
    of noisy points are uncertain, most of all near the ends. What smoothing bends is estimated from profiles that are
    smoothed twice, taken off, and counted in the standard errors beside the noise.

    Arguments:
        position, fraction: the profile, in any order, over one phase or several, to where it is flat.
        time: of annealing; D is in position squared over its unit.
        at: compositions; 5 to 95 % of the way between the ends when left out.
        molar_volume: a number, (fractions, volumes), or a function of fraction. Only its ratios matter.
        interfaces: positions where the composition jumps from phase to phase; a point just there does not count.
        ends: compositions at the left and the right end; from the outermost points when left out.
        sigma: the standard deviation of a fraction; from the scatter around the smooth curve when left out.
        replicates, seed: redrawn profiles for the standard errors.

    Raises:
        DataError: too few points, a profile that has not ended, a composition that it does not pass through.

    Source: Wagner (1969), Acta Metallurgica 17, 99
    """
    settings: dict[str, Any] = {"molar_volume": molar_volume, "interfaces": interfaces, "ends": ends, "sigma": sigma}
    couple = couple_of(position, fraction, time, **settings, replicates=replicates, seed=seed)
    y, volume = couple.normalised, couple.volume(couple.fraction)
    steep = couple.slope / (couple.right - couple.left)[:, None]
    flow = (1 - y) * couple.below(y / volume) + y * couple.above((1 - y) / volume)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _at_compositions("wagner", couple, volume * flow / (2 * couple.time * steep), at)


def den_broeder(
    position: Sequence[float] | np.ndarray,
    fraction: Sequence[float] | np.ndarray,
    time: float,
    *,
    at: Sequence[float] | np.ndarray | None = None,
    molar_volume: Volume = 1.0,
    interfaces: Sequence[float] = (),
    ends: tuple[float, float] | None = None,
    sigma: float | None = None,
    replicates: int = 200,
    seed: int = 0,
) -> Interdiffusion:
    """Interdiffusion coefficients by den Broeder's method, in concentrations C = N / V.

        D = 1 / (2 t Y') [ (1 - Y) integral of Y on the left + Y integral of (1 - Y) on the right ],
        Y = (C - C_left) / (C_right - C_left)

    The same as `wagner` where the molar volume is ideal (Vegard's law); a little different where it is not, because the
    whole then swells. Prefer `wagner` there.

    Arguments, errors: as for `wagner`.

    Source: den Broeder (1969), Scripta Metallurgica 3, 321
    """
    settings: dict[str, Any] = {"molar_volume": molar_volume, "interfaces": interfaces, "ends": ends, "sigma": sigma}
    couple = couple_of(position, fraction, time, **settings, replicates=replicates, seed=seed)
    y, per_fraction = concentration(couple)
    steep = per_fraction * couple.slope
    with np.errstate(divide="ignore", invalid="ignore"):
        flow = (1 - y) * couple.below(y) + y * couple.above(1 - y)
        return _at_compositions("den_broeder", couple, flow / (2 * couple.time * steep), at)


def concentration(couple: Couple) -> tuple[np.ndarray, np.ndarray]:
    """Normalised concentration at the nodes, and its derivative by fraction."""
    volume = couple.volume
    left, right = couple.left / volume(couple.left), couple.right / volume(couple.right)
    n, step = couple.fraction, 1e-5
    slope = ((n + step) / volume(n + step) - (n - step) / volume(n - step)) / (2 * step)
    span = (right - left)[:, None]
    return (n / volume(n) - left[:, None]) / span, slope / span


def _at_compositions(method: str, couple: Couple, coefficient: np.ndarray, at: Any) -> Interdiffusion:
    if at is None:
        wanted = couple.left[0] + np.linspace(0.05, 0.95, 19) * (couple.right[0] - couple.left[0])
    else:
        wanted = np.atleast_1d(np.asarray(at, dtype=float))
    found = np.stack([_read(couple, i, coefficient[i], wanted) for i in range(len(coefficient))])
    passed = np.isfinite(found[0, 0])
    if at is not None and not passed.all():
        raise DataError(
            f"the profile does not pass through the fraction {wanted[~passed][0]:g} smoothly: it lies between the ends "
            f"{couple.left[0]:.4g} and {couple.right[0]:.4g}, and not in a jump."
        )
    if not passed.any():
        raise DataError("the profile passes smoothly through no composition; give `at` compositions inside its phases.")
    with np.errstate(invalid="ignore"):
        low, middle, high = np.nanquantile(found[1:, 1][:, passed], [0.1587, 0.5, 0.8413], axis=0)
    # what smoothing does to a curve that is smooth already tells what it did to the measured one
    bent = np.where(np.isfinite(middle), middle - found[0, 1, passed], 0.0)
    error = np.hypot(0.5 * (high - low), bent)
    return Interdiffusion(method, wanted[passed], found[0, 0, passed], found[0, 1, passed] - bent, error, couple)


def _read(couple: Couple, row: int, coefficient: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Position and D where one curve passes through compositions; NaN in a jump, at the ends, and beyond them."""
    sign = 1.0 if couple.right[0] > couple.left[0] else -1.0
    rising = np.maximum.accumulate(sign * couple.fraction[row])
    i = np.clip(np.searchsorted(rising, sign * wanted), 1, rising.size - 1)
    outside = (sign * wanted <= rising[0]) | (sign * wanted >= rising[-1]) | (couple.x[i] == couple.x[i - 1])
    share = (sign * wanted - rising[i - 1]) / np.where(rising[i] > rising[i - 1], rising[i] - rising[i - 1], 1.0)
    position = couple.x[i - 1] + share * (couple.x[i] - couple.x[i - 1])
    value = coefficient[i - 1] + share * (coefficient[i] - coefficient[i - 1])
    return np.where(outside, np.nan, np.stack([position, value]))
