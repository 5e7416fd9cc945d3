"""OptCS: choose new instances whose unknown outcome is likely large, and know how many of them are false on average.

The false-discovery rate holds although the score was chosen, or fitted, with the very data that calibrate it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.card import Card, Source
from parametra.nouns.method_settings import Range, check_settings

PRUNINGS = ("homogeneous", "heterogeneous", "none")
_CHUNK = 4_000_000
"""Numbers in one array of p-values: rows of new instances are taken together as far as they fit."""


@dataclass(frozen=True)
class Found:
    """What the method says of each of m new instances.

    Arguments:
        p_values: (m,) conformal p-values of "the outcome is not above the cutoff".
        chosen: (m,) index of the candidate that each was judged by.
        scores: (m,) its score by that candidate.
        sizes: (m,) how many would be selected if this one were certain.
        selected: (m,) the selection.
    """

    p_values: Float[np.ndarray, " m"]
    chosen: Float[np.ndarray, " m"]
    scores: Float[np.ndarray, " m"]
    sizes: Float[np.ndarray, " m"]
    selected: Bool[np.ndarray, " m"]


@dataclass(frozen=True)
class ConformalSelection:
    """p_j = (1 + #{i labelled, not interesting: score_i >= score_j}) / (n + 1), the score chosen anew for each j.

    For each new instance j the score is the candidate with the most rejections in a rehearsal that treats j as one of
    the labelled rows, not interesting; so, if j is not, it is exchangeable with them whatever was chosen. Then j passes
    when p_j <= level R_j / m with the R_j of its rehearsal, and of those that pass the largest set is kept in which
    u R_j <= number kept, u uniform in (0, 1). The expected share of false ones in it is at most `level`, in finite
    samples, for exchangeable rows and any candidates.

    Good for shortlists (compounds to synthesise, galaxies to point at, answers to trust) when several models compete
    and labels are too few to be split. With one score fixed beforehand this is plain conformal selection. With more
    than a few thousand new instances and many candidates prefer sample splitting, since work grows as m^2.

    Procedure and proof are the paper's. Ours: instances are "interesting" or not, and a learner sees
    max(outcome - cutoff, 0) only, which for a new instance that is not interesting is zero whatever its outcome is; so
    learners keep the proof without a condition on their form.

    Arguments:
        level: false-discovery rate that is accepted.
        pruning: u: "homogeneous" one for all, "heterogeneous" one for each, "none": 1, no chance in it, and fewer
            selected.
    """

    card: ClassVar[Card] = Card(
        name="conformal_selection",
        verb="trust",
        summary="A selection with a false-discovery rate that holds after the score was chosen with the same data.",
        good_for="shortlists by the best of several models, or by a model fitted with all labels.",
        prefer_instead="sample splitting where labels are plenty; plain conformal prediction for an interval each.",
        needs=frozenset(),
        honours=frozenset(),
        cost="m^2 comparisons a candidate for m new instances; a fit for each of them and each learner.",
        sources=(
            Source(
                "T. Bai, Y. Jin",
                2024,
                "Optimized conformal selection: powerful selective inference after conformity score optimization",
                "arXiv:2411.17983",
            ),
            Source(
                "Y. Jin, E. J. Candes",
                2023,
                "Selection by prediction with conformal p-values",
                "arXiv:2210.01408",
            ),
            Source(
                "Y. Benjamini, Y. Hochberg",
                1995,
                "Controlling the false discovery rate: a practical and powerful approach to multiple testing",
                "doi:10.1111/j.2517-6161.1995.tb02031.x",
            ),
        ),
    )
    level: float = 0.1
    pruning: str = "homogeneous"

    def __post_init__(self) -> None:
        """Raises MethodError for a setting that is none."""
        check_settings(self, {"level": Range(above=0.0, below=1.0)}, {"pruning": PRUNINGS})

    def among(
        self,
        scores: Float[np.ndarray, "k n"],
        interesting: Bool[np.ndarray, " n"],
        new: Float[np.ndarray, "k m"],
        random: np.random.Generator,
    ) -> Found:
        """Select by the best of K scores that were fixed before the labels were seen.

        Arguments:
            scores, new: of labelled and of new rows; larger promises more.
            interesting: which labelled rows are.
            random: where u comes from.
        """
        m, rows = new.shape[1], len(interesting) + 1
        counts = _not_worse(scores[:, ~interesting], new)
        sizes = np.array([self._rehearsals(count, one, rows) for count, one in zip(counts, new, strict=True)])
        chosen = sizes.argmax(axis=0)
        everyone = np.arange(m)
        shown = new[chosen, everyone]
        return self._pruned((1.0 + counts[chosen, everyone]) / rows, chosen, shown, sizes[chosen, everyone], random)

    def learned(
        self,
        learn: Callable[[int], tuple[Float[np.ndarray, "k n"], Float[np.ndarray, "k m"]]],
        interesting: Bool[np.ndarray, " n"],
        m: int,
        random: np.random.Generator,
    ) -> Found:
        """Select by the best of K scores that are learned from the labelled rows and one new row, anew for each.

        Arguments:
            learn: index j of a new row -> scores of labelled and of new rows, learned with row j among the labelled
                ones as not interesting; their order must not matter.
            interesting: which labelled rows are.
            m: number of new rows.
            random: where u comes from.
        """
        rows = len(interesting) + 1
        p_values, shown, sizes = np.empty((3, m))
        chosen = np.empty(m, dtype=np.int64)
        for j in range(m):
            scores, new = learn(j)
            counts = _not_worse(scores[:, ~interesting], new)
            found = np.array([self._rehearsal(c, one, rows, j) for c, one in zip(counts, new, strict=True)])
            chosen[j] = found.argmax()
            sizes[j], shown[j] = found[chosen[j]], new[chosen[j], j]
            p_values[j] = (1.0 + counts[chosen[j], j]) / rows
        return self._pruned(p_values, chosen, shown, sizes, random)

    def _rehearsals(
        self, counts: Float[np.ndarray, " m"], new: Float[np.ndarray, " m"], rows: int
    ) -> Float[np.ndarray, " m"]:
        """R_j of one score for every j, in pieces that fit into memory."""
        m = len(new)
        step = max(1, _CHUNK // m)
        pieces: list[np.ndarray] = []
        for first in range(0, m, step):
            js = np.arange(first, min(first + step, m))
            table = counts + (new[js, None] >= new)  # j is one of the labelled rows here
            table[np.arange(len(js)), js] = 0.0  # and certain among the new ones
            pieces.append(benjamini_hochberg(table / rows, self.level))
        return np.concatenate(pieces)

    def _rehearsal(self, counts: Float[np.ndarray, " m"], new: Float[np.ndarray, " m"], rows: int, j: int) -> float:
        table = counts + (new[j] >= new)
        table[j] = 0.0
        return float(benjamini_hochberg(table[None] / rows, self.level)[0])

    def _pruned(
        self,
        p_values: Float[np.ndarray, " m"],
        chosen: np.ndarray,
        shown: Float[np.ndarray, " m"],
        sizes: Float[np.ndarray, " m"],
        random: np.random.Generator,
    ) -> Found:
        m = len(p_values)
        passed = p_values <= self.level * sizes / m
        u: float | np.ndarray = 1.0
        if self.pruning == "homogeneous":
            u = float(random.uniform())
        elif self.pruning == "heterogeneous":
            u = random.uniform(size=m)
        wanted = np.where(passed, u * sizes, np.inf)
        ordered = np.sort(wanted)
        enough = np.flatnonzero(ordered <= np.arange(1, m + 1))
        kept = enough[-1] + 1 if enough.size else 0
        return Found(p_values, chosen.astype(np.float64), shown, sizes, wanted <= kept)


def benjamini_hochberg(p_values: Float[np.ndarray, "b m"], level: float) -> Float[np.ndarray, " b"]:
    """max{r : r-th smallest p-value <= level r / m}, 0 where there is none, for each row of p-values."""
    m = p_values.shape[1]
    r = np.arange(1, m + 1)
    under = np.sort(p_values, axis=1) <= level * r / m
    return np.max(np.where(under, r, 0), axis=1).astype(np.float64)


def _not_worse(scores: Float[np.ndarray, "k u"], new: Float[np.ndarray, "k m"]) -> Float[np.ndarray, "k m"]:
    """#{i : score_i >= new score}, for each new row and candidate."""
    ordered = np.sort(scores, axis=1)
    found = [o.size - np.searchsorted(o, one, side="left") for o, one in zip(ordered, new, strict=True)]
    return np.array(found, dtype=np.float64)


METHOD = ConformalSelection
