"""Which combinations of parameters data determine that do not determine the parameters themselves.

A function c(theta) is determined, to first order, where its gradient is orthogonal to every direction that changes no
prediction. A scaling symmetry has the same such directions at every point when parameters are counted in logarithms, a
translation when they are counted as they are; products, ratios, sums and differences of few parameters are therefore
tried, at several points at once, and the simplest ones that tell all that is determined are kept. Ours; the criterion
is that of identifiable functions (Meshkat, Eisenberg and DiStefano 2009, doi:10.1016/j.mbs.2009.08.010), without their
computer algebra.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from parametra.maths.arrays import Float

_MOST_TOGETHER = 4
_MOST_IN_BLOCK = 12
_APART = 0.3
"""The least singular value of gradients of length one that counts as another combination."""


@dataclass(frozen=True)
class Combination:
    """A product of powers, or a sum with signs, of some coordinates.

    Arguments:
        kind: "product" or "sum".
        members: which coordinates.
        powers: of a product, or the signs of a sum.
    """

    kind: str
    members: tuple[int, ...]
    powers: tuple[int, ...]

    def slope(self, values: Float[np.ndarray, " d"]) -> Float[np.ndarray, " d"]:
        """The gradient by the logarithms of the values, of the logarithm of a product or of a sum."""
        found = np.zeros(values.size)
        index = list(self.members)
        found[index] = self.powers if self.kind == "product" else np.array(self.powers) * values[index]
        return found

    def words(self, names: Sequence[str]) -> str:
        """As a formula: `a * b / c**2`, `a - b`."""
        if self.kind == "sum":
            first, *rest = zip(self.members, self.powers, strict=True)
            text = names[first[0]] if first[1] > 0 else f"-{names[first[0]]}"
            return text + "".join(f" {'+' if sign > 0 else '-'} {names[i]}" for i, sign in rest)
        above = [(i, p) for i, p in zip(self.members, self.powers, strict=True) if p > 0]
        below = [(i, -p) for i, p in zip(self.members, self.powers, strict=True) if p < 0]
        over = " * ".join(_power(names[i], p) for i, p in above) or "1"
        if not below:
            return over
        under = " * ".join(_power(names[i], p) for i, p in below)
        return f"{over} / ({under})" if len(below) > 1 else f"{over} / {under}"


def _power(name: str, power: int) -> str:
    return name if power == 1 else f"{name}**{power}"


def blocks(flat: Float[np.ndarray, "d k"], share: float = 1e-5) -> list[list[int]]:
    """Coordinates that flat directions (orthonormal columns) tie together."""
    projector = np.abs(flat @ flat.T)
    touched = np.flatnonzero(np.diag(projector) > share**2)
    left, found = set(touched.tolist()), list[list[int]]()
    while left:
        block, todo = set[int](), [min(left)]
        while todo:
            i = todo.pop()
            if i in left:
                left.remove(i)
                block.add(i)
                todo += [j for j in left if projector[i, j] > share]
        found.append(sorted(block))
    return found


def candidates(block: Sequence[int]) -> Iterator[Combination]:
    """Combinations of a block's coordinates, the simplest first."""
    members = list(block)[:_MOST_IN_BLOCK]
    for size in range(2, min(len(members), _MOST_TOGETHER) + 1):
        for chosen in combinations(members, size):
            signs = [(1, *rest) for rest in product((1, -1), repeat=size - 1)]
            yield from (Combination("product", chosen, one) for one in signs)
            yield from (Combination("sum", chosen, one) for one in signs)
            if size == 2:
                yield from (Combination("product", chosen, one) for one in ((2, 1), (1, 2), (2, -1), (1, -2)))


def determined(
    block: Sequence[int],
    values: Float[np.ndarray, "p d"],
    flat: Sequence[Float[np.ndarray, "d k"]],
    tolerance: float = 1e-4,
) -> tuple[list[Combination], int]:
    """The simplest combinations of a block that tell all that is determined of it.

    Arguments:
        block: coordinates that belong together.
        values: (p, d) the coordinates' values, as people see them, at several points.
        flat: per point the directions that change nothing, by the logarithms of the values.
        tolerance: how orthogonal a gradient must be to them.

    Returns:
        The combinations, and how many more there are that are none of the forms tried.
    """
    index = list(block)
    dimension = int(np.linalg.matrix_rank(flat[0][index], tol=1e-6)) if index else 0
    wanted = len(index) - dimension
    found: list[Combination] = []
    slopes: list[np.ndarray] = []
    for one in candidates(block):
        if len(found) >= wanted:
            break
        if not all(_orthogonal(one.slope(v), n, tolerance) for v, n in zip(values, flat, strict=True)):
            continue
        more = np.array([*slopes, one.slope(values[0])])
        if np.linalg.matrix_rank(more / np.linalg.norm(more, axis=1, keepdims=True), tol=1e-6) > len(slopes):
            found.append(one)
            slopes.append(one.slope(values[0]))
    return found, max(wanted - len(found), 0)


def _orthogonal(slope: np.ndarray, flat: np.ndarray, tolerance: float) -> bool:
    length = np.linalg.norm(slope)
    return bool(length > 0 and np.linalg.norm(slope @ flat) <= tolerance * length)


def best_known(
    block: Sequence[int], values: Float[np.ndarray, " d"], covariance: Float[np.ndarray, "d d"], gain: float = 4.0
) -> list[tuple[Combination, float]]:
    """Combinations that are known much better than any of their members, with their relative standard errors.

    Arguments:
        block: coordinates that are badly known.
        values: (d,) as people see them.
        covariance: (d, d) of their logarithms.
        gain: how much better.
    """
    single = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    found: list[tuple[Combination, float]] = []
    slopes: list[np.ndarray] = []
    ranked: list[tuple[float, int, Combination]] = []
    for order, one in enumerate(candidates(block)):
        if len(one.members) > 3:
            continue
        error = _relative_error(one, values, covariance)
        if error * gain <= min(single[i] for i in one.members):
            ranked.append((error * len(one.members), order, one))
    for _, _, one in sorted(ranked, key=lambda r: r[:2]):
        slope = one.slope(values) / np.linalg.norm(one.slope(values))
        # near a1 = a2 their sum and their product say nearly the same
        apart = np.linalg.svd(np.array([*slopes, slope]), compute_uv=False)[-1] > _APART
        if len(found) < len(block) - 1 and apart:
            found.append((one, _relative_error(one, values, covariance)))
            slopes.append(slope)
    return found


def _relative_error(one: Combination, values: np.ndarray, covariance: np.ndarray) -> float:
    slope = one.slope(values)
    if one.kind == "sum":
        total = float(np.sum(slope))  # the slope of a sum by a logarithm is its term
        slope = slope / total if total != 0 else np.full_like(slope, np.inf)
    return float(np.sqrt(max(slope @ covariance @ slope, 0.0))) if np.isfinite(slope).all() else float("inf")
