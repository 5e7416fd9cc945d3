"""The product-limit estimate of survival from right-censored times (Kaplan and Meier 1958).

S(t) = prod over events t_j <= t of (1 - d_j / n_j)
var S = S^2 sum d_j / (n_j (n_j - d_j))                     Greenwood
z = 1.96: log-log  S^exp(+-z sd / (S |log S|))   log  S exp(+-z sd / S)   plain  S +- z sd
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float

KINDS = ("log-log", "log", "plain")


@dataclass(frozen=True)
class KaplanMeier:
    """Survival at each time that somebody had an event, (k,) each.

    Arguments:
        time: of events, rising.
        at_risk: how many were still watched just before; events: how many had it then.
        survival: just after; standard_error: Greenwood's.
        lower, upper: pointwise interval; NaN where nobody is left.
        level, kind: of the interval.
    """

    time: Float[np.ndarray, " k"]
    at_risk: Float[np.ndarray, " k"]
    events: Float[np.ndarray, " k"]
    survival: Float[np.ndarray, " k"]
    standard_error: Float[np.ndarray, " k"]
    lower: Float[np.ndarray, " k"]
    upper: Float[np.ndarray, " k"]
    level: float
    kind: str

    def at(self, times: Any) -> Float[np.ndarray, "..."]:
        """Survival at any times: 1 before the first event, and level between events."""
        index = np.searchsorted(self.time, np.asarray(times, dtype=np.float64), side="right")
        return np.asarray(np.concatenate([[1.0], self.survival])[index])

    def quantile(self, share: float = 0.5) -> tuple[float, float, float]:
        """When this share has had the event, and its interval, by where the curve and its limits come below 1 - share.

        Infinity where they never do. A curve that stays at exactly 1 - share counts at the middle of that step.
        """
        return tuple(_crossing(self.time, curve, 1 - share) for curve in (self.survival, self.lower, self.upper))  # pyright: ignore[reportReturnType]

    @property
    def median(self) -> tuple[float, float, float]:
        """The median time, and its interval."""
        return self.quantile(0.5)

    def table(self) -> dict[str, list[float]]:
        """The columns by name."""
        names = ("time", "at_risk", "events", "survival", "standard_error", "lower", "upper")
        return {name: getattr(self, name).tolist() for name in names}

    def __repr__(self) -> str:
        events = float(self.events.sum())
        middle, low, high = self.median
        return (
            f"KaplanMeier: {events:g} events at {self.time.size} times, median {middle:g}, "
            f"{100 * self.level:g} % interval {low:g} .. {high:g} ({self.kind})"
        )


def product_limit(time: Any, event: Any, *, level: float = 0.95, kind: str = "log-log") -> KaplanMeier:
    """The product-limit estimate.

    Arguments:
        time: (n,) when somebody had an event, or was last seen.
        event: (n,) True for an event. Who is censored at the time of an event was still at risk of it.
        level: of the interval.
        kind: "log-log", "log" (R's default) or "plain".

    Raises:
        ValueError: another kind, lengths that differ, nobody.
    """
    from scipy.special import ndtri

    when, happened = np.asarray(time, dtype=np.float64), np.asarray(event).astype(bool)
    if kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}; came {kind!r}.")
    if when.ndim != 1 or when.shape != happened.shape or when.size == 0 or not np.isfinite(when).all():
        raise ValueError(
            f"finite times and as many marks of events are wanted, (n,) each; came {when.shape} and {happened.shape}."
        )
    moments, events = np.unique(when[happened], return_counts=True)
    at_risk = when.size - np.searchsorted(np.sort(when), moments, side="left")
    survival = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events))))
        error = np.where(survival > 0, survival * relative, np.nan)
        lower, upper = _interval(survival, relative, float(ndtri(0.5 + level / 2)), kind)
    return KaplanMeier(
        moments, at_risk.astype(float), events.astype(float), survival, error, lower, upper, float(level), kind
    )


def _interval(survival: np.ndarray, relative: np.ndarray, z: float, kind: str) -> tuple[np.ndarray, np.ndarray]:
    if kind == "log-log":
        half = np.exp(z * relative / np.abs(np.log(survival)))
        low, high = survival**half, survival ** (1 / half)
    elif kind == "log":
        low, high = survival * np.exp(-z * relative), np.minimum(survival * np.exp(z * relative), 1.0)
    else:
        low, high = (np.clip(survival * (1 + side * z * relative), 0.0, 1.0) for side in (-1, 1))
    return np.where(survival > 0, low, np.nan), np.where(survival > 0, high, np.nan)


def _crossing(time: np.ndarray, curve: np.ndarray, share: float) -> float:
    """The first time that a curve is at or below a share; in the middle of a step that is exactly there."""
    known = np.nan_to_num(curve, nan=0.0)  # where nobody is left, the limits have gone too
    below = np.flatnonzero(known <= share + 1e-12)
    if not below.size:
        return float("inf")
    first = int(below[0])
    exactly = abs(known[first] - share) <= 1e-12 and first + 1 < time.size
    return float(0.5 * (time[first] + time[first + 1]) if exactly else time[first])
