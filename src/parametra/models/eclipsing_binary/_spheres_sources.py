"""The publications behind the two spheres and the timings of their eclipses."""

from __future__ import annotations

from parametra.nouns.card import Source

TKACHENKO = Source(
    "M. G. Tkachenko and I. L. Andronov",
    2014,
    "Determination of Characteristics of Eclipsing Binaries with Spots: Phenomenological vs Physical Models",
    "arXiv:1409.7814",
)
DAVID = Source(
    "T. J. David and others",
    2016,
    "New Pleiades Eclipsing Binaries and a Hyades Transiting System Identified by K2",
    "arXiv:1602.01901",
)
STERKEN = Source("C. Sterken", 2005, "The O-C Diagram: Basic Procedures", "ads:2005ASPC..335....3S")
