"""Two sections of the Law School Admission Test, five items each, 1000 persons: counts of every pattern of answers."""

from __future__ import annotations

import itertools

import numpy as np

from parametra.models.item_response._patterns import responses
from parametra.nouns.card import Source
from parametra.nouns.data import Data

BOCK_LIEBERMAN = Source(
    "R. D. Bock and M. Lieberman",
    1970,
    "Fitting a response model for n dichotomously scored items",
    "doi:10.1007/BF02291262",
)
BOCK_AITKIN = Source(
    "R. D. Bock and M. Aitkin",
    1981,
    "Marginal maximum likelihood estimation of item parameters: application of an EM algorithm",
    "doi:10.1007/BF02293801",
)
RIZOPOULOS = Source(
    "D. Rizopoulos",
    2006,
    "ltm: an R package for latent variable modeling and item response theory analyses",
    "doi:10.18637/jss.v017.i05",
)

# from 00000 to 11111, the last item changing first
_SECTION_6 = (
    *(3, 6, 2, 11, 1, 1, 3, 4, 1, 8, 0, 16, 0, 3, 2, 15),
    *(10, 29, 14, 81, 3, 28, 15, 80, 16, 56, 21, 173, 11, 61, 28, 298),
)
_SECTION_7 = (
    *(12, 19, 1, 7, 3, 19, 3, 17, 10, 5, 3, 7, 7, 23, 8, 28),
    *(7, 39, 11, 34, 14, 51, 15, 90, 6, 25, 7, 35, 18, 136, 32, 308),
)


def section_6() -> Data:
    """Section 6, the first data of the marginal likelihood (Bock and Lieberman 1970)."""
    return _section(_SECTION_6, "Bock and Lieberman (1970)")


def section_7() -> Data:
    """Section 7 (Bock and Lieberman 1970; Bock and Aitkin 1981)."""
    return _section(_SECTION_7, "Bock and Lieberman (1970)")


def _section(counts: tuple[int, ...], source: str) -> Data:
    patterns = np.array(list(itertools.product((0.0, 1.0), repeat=5)))
    return responses(patterns, persons=counts, source=source)
