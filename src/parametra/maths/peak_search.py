"""Finds peaks in a curve, one after the other, each where it explains most of what is left.

Orthogonal matching pursuit over places and widths (Pati, Rezaiifar, Krishnaprasad 1993, doi:10.1109/ACSSC.1993.342465),
with every peak found looked at again when the next is there. Backgrounds are fitted with the peaks at every step, so
they need not be taken off before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

_PLACES, _WIDTHS = 160, 12
_KEPT = 3
_HOPELESS = 10.0
"""A case that leaves so many times what the best one leaves is not looked at again."""
_FINER = (0.35, 0.12)
"""Shares of a width by which a peak is moved when it is looked at again."""


@dataclass(frozen=True)
class Peaks:
    """What was found, from the left to the right.

    Arguments:
        centers, widths, heights: of the peaks, (k,); a height may be below zero.
        background: the factor of each column of the background.
        chosen: which of the backgrounds it is.
    """

    centers: Float[np.ndarray, " k"]
    widths: Float[np.ndarray, " k"]
    heights: Float[np.ndarray, " k"]
    background: Float[np.ndarray, " b"]
    chosen: int


def find_peaks(
    x: Float[np.ndarray, " n"],
    y: Float[np.ndarray, " n"],
    count: int,
    shape: Callable[[Any], Any],
    backgrounds: Sequence[Sequence[Float[np.ndarray, " n"]]] = ((),),
) -> Peaks:
    """The most telling peaks of a curve, all of them upwards, or all of them dips.

    Arguments:
        x, y: the curve, in the order of x; points that are not finite are left out.
        count: how many peaks.
        shape: the profile of height 1 by the distance from its centre in full widths at half maximum.
        backgrounds: alternatives, each as columns (n,) whose factors are fitted; the one that fits best is taken.
    """
    known = np.isfinite(x) & np.isfinite(y)
    if known.any() and not known.all():
        x, y, backgrounds = x[known], y[known], [[column[known] for column in each] for each in backgrounds]
    candidates = _candidates(x)
    dictionary = _columns(x, candidates, shape, ())
    cases = [(k, sign) for k in range(len(backgrounds)) for sign in (1, -1)]
    # a quick look at all of them, a second one at the few that are best
    quick = [_search(x, y, count, shape, backgrounds[k], sign, candidates, dictionary, ())[2] for k, sign in cases]
    quick = np.nan_to_num(quick, nan=np.inf, posinf=np.inf).tolist()  # one that is none is the worst
    hopeful = [i for i in np.argsort(quick, kind="stable")[:_KEPT] if quick[i] <= _HOPELESS * min(quick)]
    kept = [cases[i] for i in hopeful]
    each = [_search(x, y, count, shape, backgrounds[k], sign, candidates, dictionary, _FINER) for k, sign in kept]
    best = int(np.argmin(np.nan_to_num([residual for *_, residual in each], nan=np.inf, posinf=np.inf)))
    chosen = kept[best][0]
    places, factors, _ = each[best]
    order = np.argsort(places[:, 0], kind="stable")
    return Peaks(places[order, 0], places[order, 1], factors[:count][order], factors[count:], chosen)


def _columns(x: Any, places: Any, shape: Callable[[Any], Any], background: Sequence[Any]) -> Any:
    with np.errstate(all="ignore"):
        table = np.asarray(shape((x[:, None] - places[:, 0]) / places[:, 1]))
    table = np.concatenate([table, np.stack(background, axis=-1)], axis=1) if background else table
    return table if np.isfinite(table).all() else np.nan_to_num(table)


def _solved(table: Any, y: Any, peaks: int, sign: int) -> tuple[Any, float]:
    """Factors by least squares, peaks to the wrong side cut to nothing, and what is left then."""
    normal = table.T @ table
    normal[np.diag_indices_from(normal)] *= 1 + 1e-10
    normal[np.diag_indices_from(normal)] += 1e-300
    factors = np.linalg.lstsq(normal, table.T @ y, rcond=1e-14)[0]
    factors[:peaks] = sign * np.maximum(sign * factors[:peaks], 0.0)
    return factors, float(((y - table @ factors) ** 2).sum())


def _candidates(x: Any) -> Any:
    """Places and widths that are tried, (m, 2)."""
    span = float(x[-1] - x[0]) or 1.0
    gaps = np.diff(np.unique(x))
    least = max(float(np.median(gaps.astype(float))) if gaps.size else span, 1e-4 * span)
    widths = np.geomspace(min(1.5 * least, 0.5 * span), span, _WIDTHS)
    places = x[np.unique(np.linspace(0, x.size - 1, _PLACES).astype(int))]
    return np.stack(np.meshgrid(places, widths, indexing="ij"), axis=-1).reshape(-1, 2)


def _search(
    x: Any,
    y: Any,
    count: int,
    shape: Any,
    background: Sequence[Any],
    sign: int,
    candidates: Any,
    dictionary: Any,
    finer: tuple[float, ...],
) -> tuple[Any, Any, float]:
    found = np.zeros((0, 2))
    for _ in range(count):
        found = np.concatenate([found, candidates[[_next(dictionary, _columns(x, found, shape, background), y, sign)]]])
        for share in finer:
            found = _again(x, y, found, share, shape, background, sign)
    factors, residual = _solved(_columns(x, found, shape, background), y, count, sign)
    return found, factors, residual


def _next(dictionary: Any, table: Any, y: Any, sign: int) -> int:
    """The column that explains most of y besides the table."""
    basis = np.linalg.qr(table)[0] if table.shape[1] else table
    rest = y - basis @ (basis.T @ y)
    whole = np.einsum("ij,ij->j", dictionary, dictionary)
    length = whole - ((basis.T @ dictionary) ** 2).sum(axis=0)
    shared = np.maximum(sign * (rest @ dictionary), 0.0)
    # a column that the table has already explains nothing, however its rounding errors look
    told = np.where(length > 1e-6 * whole, shared**2 / np.maximum(length, 1e-300), 0.0)
    return int(np.argmax(told))


def _again(x: Any, y: Any, found: Any, share: float, shape: Any, background: Sequence[Any], sign: int) -> Any:
    """Every peak moved and widened a little, as long as that helps."""
    table = _columns(x, found, shape, background)
    best = _solved(table, y, len(found), sign)[1]
    for _ in range(12):
        before = best
        for i in range(len(found)):
            for move, widen in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                center, width = found[i, 0] + move * share * found[i, 1], found[i, 1] * (1 + share) ** widen
                kept = table[:, i].copy()
                table[:, i] = np.nan_to_num(shape((x - center) / width))
                residual = _solved(table, y, len(found), sign)[1]
                if residual < best:
                    found[i], best = (center, width), residual
                else:
                    table[:, i] = kept
        if best >= before * (1 - 1e-6):
            break
    return found
