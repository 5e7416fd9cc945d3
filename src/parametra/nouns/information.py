"""What the Fisher information at an estimate says, and the combinations that it names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns.paragraph import listed_and
from parametra.nouns.storage import storable


@storable
@dataclass(frozen=True)
class Determined:
    """Parameters that the data cannot tell apart, and what they determine instead.

    Arguments:
        names: the parameters.
        determined: combinations that are known, as formulas: ("rate * volume",).
        more: how many further combinations are determined that have no such simple form.
        lost: how many directions are not determined: so many of the parameters must be fixed, or measured.
        exact: True where no data of this design can tell them apart; False where these data hardly do.
        errors: relative standard errors of the combinations, where they are not exact.
    """

    names: tuple[str, ...]
    determined: tuple[str, ...]
    more: int
    lost: int
    exact: bool
    errors: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """In a sentence, with what to do."""
        listed = listed_and(self.names)
        if not self.exact:
            known = listed_and(
                tuple(f"{c} (to {100 * e:.2g} %)" for c, e in zip(self.determined, self.errors, strict=True))
            )
            return f"these data tell {known} much better than {listed}"
        several = len(self.determined) + self.more > 1
        rest = f"{self.more} more combination{'s' * (self.more > 1)}" if self.more else ""
        only = listed_and(tuple(filter(None, (*self.determined, rest if self.determined else ""))))
        if only:
            what = f"only {only} {'are' if several else 'is'} determined"
        elif self.more:
            some = f"{self.more} combination{'s' * (self.more > 1)} of {listed}"
            what = f"only {some} {'are' if several else 'is'} determined"
        else:
            what = f"nothing is determined of {listed}"
        single = len(self.names) == 1
        fix = listed if single else f"{'one' if self.lost == 1 else self.lost} of {listed}"
        return f"{what}; fix {fix}, or measure something that depends on {'it' if single else 'them'} otherwise"

    def __str__(self) -> str:
        return self.words


@storable
@dataclass(frozen=True)
class FisherInformation:
    """The Fisher information at an estimate, d coordinates of the box.

    Arguments:
        labels: names of the coordinates.
        covariance: (d, d) of the coordinates: the inverse over the directions that are determined; NaN at a bound.
        eigenvalues: of the information by relative changes, the largest first; one over the square of the relative
            standard error along each eigenvector. Coordinates at a bound are left out.
        vectors: (d, k) the eigenvectors as columns; their squares are the parameters' weights.
        metric: (d,) the metric of coordinate identifiability: one over the relative standard error, zero where the
            data do not tell.
        condition: of the Jacobian with columns of one length.
        flat: (d,) coordinates that a direction without information touches at the estimate.
        structural: (d,) those that such directions touch at its neighbours too.
        held: (d,) coordinates at a bound.
        combinations: what is determined of those.
    """

    labels: tuple[str, ...]
    covariance: Float[np.ndarray, "d d"]
    eigenvalues: Float[np.ndarray, " k"]
    vectors: Float[np.ndarray, "d k"]
    metric: Float[np.ndarray, " d"]
    condition: float
    flat: Bool[np.ndarray, " d"]
    structural: Bool[np.ndarray, " d"]
    held: Bool[np.ndarray, " d"]
    combinations: tuple[Determined, ...]

    @property
    def invertible(self) -> bool:
        """Whether every direction off the bounds is determined."""
        return not bool(self.flat.any())

    def regularised(self, strength: float = 1.0) -> Float[np.ndarray, "d d"]:
        """The covariance of relative changes, with a penalty along the directions that are not told, and only there.

        sum_j v_j v_j' / (e_j + strength [e_j < strength]) over the eigenvalues e_j and eigenvectors v_j: it can always
        be had, leaves the error of every direction that is told as it is, and gives the others the spread that the
        penalty allows. Good for predictions from a model that is not identifiable (arXiv:2501.01283).

        Arguments:
            strength: 1 / (relative spread)^2 that is granted to what is not told; 1 is a factor of about e.
        """
        told = self.eigenvalues >= strength
        spread = 1 / np.where(told, self.eigenvalues, np.maximum(self.eigenvalues, 0.0) + strength)
        return (self.vectors * spread) @ self.vectors.T
