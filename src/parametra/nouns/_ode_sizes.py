"""How large each state is, for tolerances that know no unit: a share of the largest that the state has been.

    tolerance = relative |y| + share max(|y|, the largest |y| in this segment so far and where any began, what stands
    for it)

A segment goes from one event to the next. What a state was in the midst of one is forgotten at its end. LSODA, whose
tolerances stay as they are while it runs, knows of the beginnings alone.

A state that begins at nothing has no size yet. A little of the largest state stands for it, and where all states begin
at nothing, a little of the way that the slopes would take them in the whole time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from parametra.maths.arrays import Float

_LITTLE = 1e-6
"""Of the largest state. Less of it would be below the rounding of terms that cancel, and steps would follow that."""

_NOTHING = 1e-14
"""Of the largest state: what is left where terms cancel, and no size."""

Slope = Callable[[np.ndarray], np.ndarray]


class Sizes:
    """The sizes of the states (n, B) of some lanes where segments begin, which never become smaller on the way.

    Arguments:
        states, lanes: n and B.
    """

    def __init__(self, states: int, lanes: int) -> None:
        self._seen = np.zeros((states, lanes))
        self._least = np.zeros((states, lanes))

    def see(self, which: np.ndarray, y: Float[np.ndarray, "n G"], *, computed: bool = False) -> None:
        """Take states along.

        Arguments:
            which: the G lanes; each goes on from its states, or no lane's sizes would be its own affair.
            y: their states, perhaps NaN.
            computed: whether they solve equations, so that what should be 0 is as large as rounding.
        """
        seen = np.fmax(self._seen[:, which], np.abs(np.where(np.isfinite(y), y, 0.0)))
        largest = seen.max(axis=0, initial=0.0)
        unknown = (seen <= _NOTHING * largest) | computed
        self._seen[:, which] = seen
        self._least[:, which] = np.maximum(self._least[:, which], np.where(unknown, _LITTLE * largest, 0.0))

    def of(
        self, which: np.ndarray, slope: Slope, times: tuple[Float[np.ndarray, " B"], Float[np.ndarray, " B"]]
    ) -> Float[np.ndarray, "n G"]:
        """The sizes in some of the lanes.

        Arguments:
            which: the G lanes.
            slope: the slopes (n, G) at times (G,), where the states stand.
            times: (B,) between which these lanes are integrated.
        """
        size = np.maximum(self._seen, self._least)[:, which]
        empty = ~(size > 0.0).any(axis=0)
        if empty.any():
            begin, end = (time[which] for time in times)
            steep = np.zeros(which.size)
            for time in (begin, end):
                found = np.abs(slope(time)).max(axis=0, initial=0.0)
                steep = np.fmax(steep, np.where(np.isfinite(found), found, 0.0))
            way = _LITTLE * steep * (end - begin)
            size = np.where(empty, np.where(way > 0.0, way, 1.0), size)
        return size
