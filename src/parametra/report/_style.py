"""How figures look: colours that colour-blind readers can tell apart, quiet axes, and text that is only text.

Colours: Okabe and Ito (2008), Color universal design, https://jfly.uni-koeln.de/color/
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from parametra.nouns.axis_label import axis_label

BLUE, ORANGE, GREEN, VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PURPLE, YELLOW, BLACK, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#1A1A1A", "#8A8A8A"
BASINS = (ORANGE, GREEN, PURPLE, SKY, VERMILION, YELLOW)

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "xtick.color": BLACK,
    "ytick.color": BLACK,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "text.usetex": False,
    "svg.hashsalt": "parametra",  # the same figure is the same file
    "svg.fonttype": "path",
}


@contextmanager
def styled() -> Generator[None]:
    """While this lasts, matplotlib draws in this style, whatever the person has set; afterwards as before."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_SETTINGS)
        yield


def plain(text: str) -> str:
    """Text in which a dollar sign is a dollar sign and not mathematics."""
    return text.replace("$", r"\$")


def labelled(name: str, unit: str) -> str:
    """What an axis says, with dollar signs that are dollar signs."""
    return plain(axis_label(name, unit))


def shortened(text: str, most: int) -> str:
    """Text with its middle left out where it is too long for its place."""
    if len(text) <= most:
        return text
    half = (most - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
