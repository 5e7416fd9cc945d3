"""What many starts found: the basins, how many starts reached each, and what may have been missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parametra.nouns.storage import storable


@storable
@dataclass(frozen=True)
class Basin:
    """One local optimum.

    Arguments:
        cost: its cost, as in the waterfall.
        count: how many starts ended there.
        estimate: the parameters there, by name.
        same_as_best: True when it is as good as the best one at other parameter values.
        behind: how much lower its log-likelihood is than the best one's.
    """

    cost: float
    count: int
    estimate: dict[str, Any]
    same_as_best: bool = False
    behind: float = 0.0


@storable
@dataclass(frozen=True)
class Starts:
    """The starts of a fit.

    Arguments:
        count: how many were run.
        converged: how many converged.
        failed: how many could not be evaluated, or ended at no minimum and not at the best point either.
        best_share: share of all starts that reached the best basin, or another one that is as good.
        basins: the optima found, best first.
        missed_chance: estimated chance that one more start would find a basin not seen yet, w (w + 1) / (N (N - 1))
            for w basins seen in N converged starts (Boender and Rinnooy Kan 1987, doi:10.1007/BF02591684). None where
            that says nothing: one start, two that agree, or a best point that is no minimum.
        costs: the final cost of every start, lowest first; infinity where it failed.
        why: why so many.
    """

    count: int
    converged: int
    failed: int
    best_share: float
    basins: tuple[Basin, ...]
    missed_chance: float | None
    costs: tuple[float, ...]
    why: str = ""
