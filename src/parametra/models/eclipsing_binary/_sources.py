"""The publications behind the shelf of phenomenological light curves."""

from __future__ import annotations

from parametra.nouns.card import Source

ANDRONOV = Source(
    "I. L. Andronov",
    2012,
    "Phenomenological modeling of the light curves of Algol-type eclipsing binary stars",
    "doi:10.1007/s10511-012-9259-0",
)
REVIEW = Source(
    "I. L. Andronov, M. G. Tkachenko and L. L. Chinarova",
    2016,
    "Phenomenological modeling of eclipsing binary stars",
    "arXiv:1602.04179",
)
GROUP = Source(
    "I. L. Andronov, M. G. Tkachenko and L. L. Chinarova",
    2015,
    "Phenomenological modelling of a group of eclipsing binary stars",
    "arXiv:1510.00333",
)
PROFILES_COMPARED = Source(
    "I. L. Andronov, M. G. Tkachenko and L. L. Chinarova",
    2016,
    "Comparative analysis of phenomenological approximations of the light curves of eclipsing binary stars with "
    "additional parameters",
    "arXiv:1611.03486",
)
PROTOTYPES = Source(
    "M. G. Tkachenko, I. L. Andronov and L. L. Chinarova",
    2016,
    "Phenomenological parameters of the prototype eclipsing binaries Algol, beta Lyrae and W UMa",
    "arXiv:1612.01204",
)
MIKULASEK = Source(
    "Z. Mikulasek",
    2015,
    "Phenomenological modelling of eclipsing system light curves",
    "doi:10.1051/0004-6361/201425244",
)
HD_23642 = Source(
    "T. J. David et al.",
    2016,
    "New Pleiades eclipsing binaries and a Hyades transiting system identified by K2",
    "arXiv:1602.01901",
)
