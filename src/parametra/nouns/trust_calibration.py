"""The result of `online_calibration`: the forecasts of a stream, and how well each kind of them was calibrated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import storable
from parametra.nouns.trust_result import Panel, Trace, TrustResult

WORDS = {
    "as it came": "the scores themselves",
    "scaled": "online scaling",
    "tracked": "scaled, then the frequency in its bin",
    "hedged": "scaled, then a draw that no adversary beats",
}
"""Every kind of forecast, and what it is."""

_ROLES = {"as it came": "naive", "scaled": "other", "tracked": "delivered", "hedged": "promise"}


@storable
@dataclass(frozen=True, repr=False)
class CalibratedStream(TrustResult):
    """Forecasts for a stream of T scores, each made before its outcome was known.

    Arguments:
        forecasts: kind to (T,) probabilities: "as it came", "scaled", "tracked", "hedged".
        outcomes: (T,) 0 or 1, NaN where not known yet.
        bins: of the calibration error.
        family: of the scaling.
        weights: its parameters at the end.
    """

    forecasts: dict[str, np.ndarray]
    outcomes: np.ndarray
    bins: int
    family: str
    weights: np.ndarray

    def calibration_error(self, kind: str) -> float:
        """Of one kind of forecast, over the outcomes that are known: see `calibration_error`."""
        known = np.isfinite(self.outcomes)
        return calibration_error(self.forecasts[kind][known], self.outcomes[known], self.bins)

    def log_loss(self, kind: str) -> float:
        """Mean of -log(probability of what happened), over the outcomes that are known."""
        known = np.isfinite(self.outcomes)
        return log_loss(self.forecasts[kind][known], self.outcomes[known])

    def table(self) -> ResultTable:
        """One row a kind of forecast."""
        columns = ("forecast", "calibration error", "log loss", "Brier score", "next", "what it is")
        known = np.isfinite(self.outcomes)
        rows = tuple(
            (
                kind,
                self.calibration_error(kind),
                self.log_loss(kind),
                float(np.mean((p[known] - self.outcomes[known]) ** 2)) if known.any() else float("nan"),
                float(p[-1]),
                WORDS[kind],
            )
            for kind, p in self.forecasts.items()
        )
        return ResultTable(columns, rows)

    def summary(self) -> str:
        known = int(np.isfinite(self.outcomes).sum())
        return (
            f"{self.table()}\n\n{known} outcomes, {len(self.outcomes) - known} to come; every forecast was made before "
            f"its outcome.\n"
            f"calibration error: mean difference of forecast and frequency, in {self.bins} bins."
        )

    def panels(self) -> tuple[Panel, ...]:
        known = np.isfinite(self.outcomes)
        nothing = np.zeros(0)
        diagonal = np.array([0.0, 1.0])
        reliable, running = [Trace("calibrated", diagonal, diagonal, nothing, "bound")], []
        for kind, p in self.forecasts.items():
            said, happened, _ = reliability(p[known], self.outcomes[known], self.bins)
            reliable.append(Trace(kind, said, happened, nothing, _ROLES[kind]))
            place, error = _running_error(p[known], self.outcomes[known], self.bins)
            running.append(Trace(kind, place, error, nothing, _ROLES[kind]))
        return (
            Panel(self.title, "forecast", "frequency of ones", tuple(reliable)),
            Panel("so far", "outcomes", "calibration error", tuple(running)),
        )

    def facts(self) -> dict[str, Any]:
        return {
            "kinds": self.table().records(),
            "bins": self.bins,
            "family": self.family,
            "weights": self.weights,
            "forecasts": self.forecasts,
            "outcomes": self.outcomes,
        }


def calibration_error(forecasts: Float[np.ndarray, " n"], outcomes: Float[np.ndarray, " n"], bins: int) -> float:
    """sum_b |sum of (outcome - forecast) in bin b| / n over equal bins of [0, 1]."""
    if not len(outcomes):
        return float("nan")
    b = np.minimum((forecasts * bins).astype(np.int64), bins - 1)
    return float(np.abs(np.bincount(b, outcomes - forecasts, bins)).sum() / len(outcomes))


def log_loss(forecasts: Float[np.ndarray, " n"], outcomes: Float[np.ndarray, " n"]) -> float:
    """Mean of -log(probability of what happened); infinite where the impossible did."""
    if not len(outcomes):
        return float("nan")
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(np.where(outcomes > 0.5, forecasts, 1.0 - forecasts))))


def reliability(
    forecasts: Float[np.ndarray, " n"], outcomes: Float[np.ndarray, " n"], bins: int
) -> tuple[Float[np.ndarray, " b"], Float[np.ndarray, " b"], Float[np.ndarray, " b"]]:
    """Mean forecast, frequency of ones and number, of every bin that is not empty."""
    b = np.minimum((forecasts * bins).astype(np.int64), bins - 1)
    count = np.bincount(b, minlength=bins).astype(np.float64)
    full = count > 0
    said, ones = np.bincount(b, forecasts, bins)[full], np.bincount(b, outcomes, bins)[full]
    return said / count[full], ones / count[full], count[full]


def _running_error(
    forecasts: Float[np.ndarray, " n"], outcomes: Float[np.ndarray, " n"], bins: int
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"]]:
    places = np.unique(np.linspace(min(20, len(outcomes)), len(outcomes), 60).astype(np.int64))
    errors = [calibration_error(forecasts[:n], outcomes[:n], bins) for n in places]
    return places.astype(np.float64), np.array(errors)
