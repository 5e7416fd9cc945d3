"""The integrated interdiffusion coefficient of a phase with a narrow range of composition, from its layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.models.diffusion_couple._couple import Couple, Volume, couple_of
from parametra.nouns.errors import DataError
from parametra.nouns.result_table import cell

_METHODS = ("wagner", "den_broeder")


@dataclass(frozen=True)
class IntegratedCoefficient:
    """The integral of D over the range of composition of one phase.

    Arguments:
        method: "wagner" or "den_broeder".
        value: in position squared over time.
        standard_error: from redrawn noise of compositions and boundaries.
        thickness: of the layer.
        fraction: the composition of the phase.
    """

    method: str
    value: float
    standard_error: float
    thickness: float
    fraction: float

    def __repr__(self) -> str:
        return (
            f"integrated interdiffusion coefficient by {self.method}: {cell(self.value)} ± {cell(self.standard_error)}"
            f", layer {cell(self.thickness)} thick at the fraction {cell(self.fraction)}"
        )


def integrated_coefficient(
    position: Sequence[float] | np.ndarray,
    fraction: Sequence[float] | np.ndarray,
    time: float,
    *,
    phase: tuple[float, float],
    composition: float | None = None,
    molar_volume: Volume = 1.0,
    interfaces: Sequence[float] = (),
    ends: tuple[float, float] | None = None,
    method: str = "wagner",
    sigma: float | None = None,
    boundary_sigma: float = 0.0,
    replicates: int = 200,
    seed: int = 0,
) -> IntegratedCoefficient:
    """The integral of D over the composition of a phase that hardly varies in it, whose slope cannot be measured.

        D_int = a b / d dx^2 / (2 t) + dx V / (2 t) [ b / d integral of (N - N_left) / V on the left
                                                    + a / d integral of (N_right - N) / V on the right ],
        a = N_phase - N_left, b = N_right - N_phase, d = N_right - N_left

    Good for line compounds. Prefer `wagner` where the phase has a range of composition that can be seen.

    Arguments:
        position, fraction, time, molar_volume, ends, sigma, replicates, seed: as for `wagner`.
        phase: positions of the two boundaries of the layer.
        composition: of the phase; the mean of the points in the layer when left out.
        interfaces: positions of other jumps, where further phases lie beside this one.
        method: "wagner", which takes any molar volume; or "den_broeder", in concentrations, whose result is turned into
            one per fraction as if the volume were ideal (Vegard's law).
        boundary_sigma: the standard deviation of each boundary.

    Raises:
        DataError: boundaries that do not rise, a layer without points and without composition, an unknown method.

    Sources: Wagner (1969), Acta Metallurgica 17, 99; Baheti and Paul (2018), arXiv:1809.09687
    """
    low, high = (float(each) for each in phase)
    if not low < high:
        raise DataError(f"phase is the two boundaries of the layer, the left one first; ({low:g}, {high:g}) came.")
    if method not in _METHODS:
        raise DataError(f'method is "wagner" or "den_broeder"; "{method}" came.')
    x, n = np.asarray(position, dtype=float), np.asarray(fraction, dtype=float)
    inside = (x > low) & (x < high)
    if composition is None and not inside.any():
        raise DataError("no point lies in the layer, so its composition is not known; give composition=...")
    of_phase = float(n[inside].mean()) if composition is None else float(composition)
    # the layer has one composition: its points say which, and no curve is drawn through them
    kept = (x < low) | (x > high)
    couple = couple_of(
        np.append(x[kept], 0.5 * (low + high)),
        np.append(n[kept], of_phase),
        time,
        molar_volume=molar_volume,
        interfaces=(low, high, *interfaces),
        ends=ends,
        sigma=sigma,
        replicates=replicates,
        seed=seed,
    )
    draw = np.random.default_rng([seed, 1])
    boundaries = np.array([low, high]) + boundary_sigma * np.vstack(
        [np.zeros(2), draw.standard_normal((replicates, 2))]
    )
    spread = 0.0 if composition is not None else couple.sigma / np.sqrt(inside.sum())
    fractions = of_phase + spread * np.append(0.0, draw.standard_normal(replicates))
    value = _integrated(couple, (low, high), boundaries, fractions, method)
    return IntegratedCoefficient(method, float(value[0]), float(np.std(value[1:])), high - low, of_phase)


def _integrated(
    couple: Couple, layer: tuple[float, float], boundaries: np.ndarray, fractions: np.ndarray, method: str
) -> np.ndarray:
    """The coefficient of every curve."""
    volume = couple.volume
    of_phase = volume(fractions)
    if method == "wagner":
        outside, left, right, here, weight = (
            couple.fraction,
            couple.left,
            couple.right,
            fractions,
            volume(couple.fraction),
        )
        scale: Any = of_phase
    else:
        outside, here = couple.fraction / volume(couple.fraction), fractions / of_phase
        left, right = couple.left / volume(couple.left), couple.right / volume(couple.right)
        weight, scale = np.ones_like(outside), 1.0
    a, b, d = here - left, right - here, right - left
    # a boundary that moves takes away from its neighbour what it gives to the layer
    first, last = (
        np.searchsorted(couple.x, layer[0], side="left"),
        np.searchsorted(couple.x, layer[1], side="right") - 1,
    )
    missing, beyond = (outside - left[:, None]) / weight, (right[:, None] - outside) / weight
    moved = boundaries - np.array(layer)
    on_left = couple.below(missing)[:, first] + moved[:, 0] * missing[:, first]
    on_right = couple.above(beyond)[:, last] - moved[:, 1] * beyond[:, last]
    thick = boundaries[:, 1] - boundaries[:, 0]
    value = (a * b / d * thick**2 + thick * scale * (b / d * on_left + a / d * on_right)) / (2 * couple.time)
    if method == "wagner":
        return value
    # D dC turned into D dN: dC / dN = (partial volume of the other component) / V^2, its own volume where V is ideal
    return value * of_phase**2 / volume(np.zeros_like(fractions))
