"""The expansion rate from the ages of passive galaxies: 31 published values."""

from __future__ import annotations

from parametra.nouns.card import Source
from parametra.nouns.data import Data

MORESCO = Source(
    "M. Moresco et al.",
    2022,
    "Unveiling the Universe with emerging cosmological probes",
    "doi:10.1007/s41114-022-00040-z",
)

_VALUES = """
0.07 69.0 19.6    0.09 69.0 12.0    0.12 68.6 26.2    0.17 83.0 8.0      0.179 75.0 4.0    0.199 75.0 5.0
0.20 72.9 29.6    0.27 77.0 14.0    0.28 88.8 36.6    0.352 83.0 14.0    0.3802 83.0 13.5  0.40 95.0 17.0
0.4004 77.0 10.2  0.4247 87.1 11.2  0.4497 92.8 12.9  0.47 89.0 49.6     0.4783 80.9 9.0   0.48 97.0 62.0
0.593 104.0 13.0  0.68 92.0 8.0     0.781 105.0 12.0  0.875 125.0 17.0   0.88 90.0 40.0    0.90 117.0 23.0
1.037 154.0 20.0  1.30 168.0 17.0   1.363 160.0 33.6  1.43 177.0 18.0    1.53 140.0 14.0   1.75 202.0 40.0
1.965 186.5 50.4
"""


def cosmic_chronometers() -> Data:
    """31 expansion rates in km/s/Mpc from seven publications, their errors taken as independent.

    Sources: arXiv:astro-ph/0412269, 0907.3149, 1201.3609, 1207.4541, 1503.01116, 1601.01701, 1702.00418.
    """
    numbers = [float(word) for word in _VALUES.split()]
    table = {"z": numbers[0::3], "H": numbers[1::3], "sigma": numbers[2::3]}
    units = {"z": "1", "H": "km/s/Mpc"}
    name = "cosmic chronometers"
    return Data(table, inputs=["z"], output="H", sigma="sigma", units=units, name=name, source="seven publications")
