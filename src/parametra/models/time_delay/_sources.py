"""The publications behind the delays."""

from __future__ import annotations

from parametra.nouns.card import Source

TAK = Source(
    "H. Tak, K. Mandel, D. A. van Dyk, V. L. Kashyap, X.-L. Meng and A. Siemiginowska",
    2017,
    "Bayesian Estimates of Astronomical Time Delays between Gravitationally Lensed Stochastic Light Curves",
    "doi:10.1214/17-AOAS1027",
)
HOJJATI = Source(
    "A. Hojjati and E. V. Linder",
    2014,
    "Next Generation Strong Lensing Time Delay Estimation with Gaussian Processes",
    "arXiv:1408.5143",
)
KUNDIC = Source(
    "T. Kundic and others",
    1997,
    "A Robust Determination of the Time Delay in 0957+561A,B and a Measurement of the Global Value of Hubble's "
    "Constant",
    "arXiv:astro-ph/9610162",
)
RATHNAKUMAR = Source(
    "S. Rathna Kumar and others",
    2013,
    "COSMOGRAIL: the COSmological MOnitoring of GRAvItational Lenses XIV. Time delay of the doubly lensed quasar "
    "SDSS J1001+5027",
    "doi:10.1051/0004-6361/201322116",
)
CUEVAS_TELLO = Source(
    "J. C. Cuevas-Tello, P. Tino, S. Raychaudhury, X. Yao and M. Harva",
    2009,
    "Uncovering delayed patterns in noisy and irregularly sampled time series: an astronomy application",
    "arXiv:0908.3706",
)
