"""The result of a simulation of coverage: how often intervals hold the truth when the truth is known."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from parametra.nouns.errors import MissingExtraError, ParametraError
from parametra.nouns.fit_json import plain
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View

_WIDTH = 100


@storable
@dataclass(frozen=True)
class CoverageRow:
    """How often one kind of intervals holds the true value of one coordinate.

    Arguments:
        label: of the coordinate.
        intervals: who made them: "curvature", "profile", ...
        level: what they promise.
        covered, of: in so many of so many data sets that have an interval.
        below, above: data sets whose whole interval lies below, or above, the truth.
        without: data sets that gave no interval.
        share: covered / of; `error` is its binomial standard error.
        range: 99 % interval of the share (Wilson 1927, doi:10.1080/01621459.1927.10502953).
        verdict: "as stated", "too short", "too long", "cannot tell".
    """

    label: str
    intervals: str
    level: float
    covered: int
    of: int
    below: int
    above: int
    without: int
    share: float
    error: float
    range: tuple[float, float]
    verdict: str

    @property
    def words(self) -> str:
        """The verdict with its numbers."""
        said = (
            f"nominal {100 * self.level:g} %: covers {100 * self.share:.1f} ± {100 * self.error:.1f} %, {self.verdict}"
        )
        total = self.of + self.without
        return said + (f"; none in {100 * self.without / total:.1f} % of the data sets" if self.without else "")


@storable
@dataclass(frozen=True, repr=False)
class Coverage:
    """The result of a simulation of coverage. `print` it, or ask for `table()`, `plot()`, `row(label)`, `save(path)`.

    Arguments:
        status: how the run ended, and which intervals do not keep their promise.
        title: of the problem.
        rows: one a coordinate and kind of intervals.
        replicates: data sets that were simulated; `failed` says which could not be fitted.
        risk: mean Kullback-Leibler divergence from the fit to a refit, for each observation; `risk_error` is its
            standard error. The rule of thumb is p / (2 n), here `thumb`. NaN where it is not known.
        receipt: what it cost and what it was made with.
    """

    status: Status
    title: str
    rows: tuple[CoverageRow, ...]
    replicates: int
    failed: dict[str, int]
    risk: float
    risk_error: float
    thumb: float
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """There are no data beside a prediction here."""
        return ()

    def row(self, label: str, intervals: str = "curvature") -> CoverageRow:
        """The row of a coordinate and a kind of intervals. Raises ParametraError for an unknown one."""
        for row in self.rows:
            if (row.label, row.intervals) == (label, intervals):
                return row
        known = ", ".join(f"{r.label} ({r.intervals})" for r in self.rows)
        raise ParametraError(f'there is no coverage of "{label}" by {intervals}; known here: {known}.')

    def table(self) -> ResultTable:
        """Every row with its counts and its verdict."""
        columns = (
            "name",
            "intervals",
            "nominal",
            "covered",
            "of",
            "below",
            "above",
            "without",
            "share",
            "error",
            "verdict",
        )
        return ResultTable(
            columns,
            tuple(
                (
                    r.label,
                    r.intervals,
                    r.level,
                    r.covered,
                    r.of,
                    r.below,
                    r.above,
                    r.without,
                    r.share,
                    r.error,
                    r.verdict,
                )
                for r in self.rows
            ),
        )

    def plot(self, *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure: the share of each row with its error, beside what was promised."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._bootstrap_figure").draw_coverage(self, size=size)

    def to_xarray(self) -> Any:
        """An xarray.Dataset by `row`. Raises MissingExtraError without xarray."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "coverage.to_xarray()") from None
        numbers = ("level", "covered", "of", "below", "above", "without", "share", "error")
        words = ("label", "intervals", "verdict")
        return xr.Dataset(
            {name: ("row", [float(getattr(r, name)) for r in self.rows]) for name in numbers},
            coords={name: ("row", [str(getattr(r, name)) for r in self.rows]) for name in words},
            attrs={"title": self.title, "status": self.status.outcome.value, "risk": self.risk},
        )

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain dicts; infinity and NaN are null."""
        found = {
            "kind": "coverage",
            "title": self.title,
            "status": self.status.outcome.value,
            "message": self.status.message,
            "replicates": self.replicates,
            "failed": self.failed,
            "rows": [{**vars(r), "words": r.words} for r in self.rows],
            "risk": self.risk,
            "risk_error": self.risk_error,
            "thumb": self.thumb,
            "receipt": vars(self.receipt),
        }
        return plain(found)

    def __str__(self) -> str:
        failed = "; ".join(f"{n} x {why}" for why, n in self.failed.items())
        table = ResultTable(
            ("parameter", "intervals", "", "truth below it", "above it"),
            tuple((r.label, r.intervals, r.words, str(r.above), str(r.below)) for r in self.rows),
        )
        spent = f"{self.receipt.evaluations} evaluations in {self.receipt.seconds:.2g} s"
        parts = [
            f"{self.title}\n" + "\n".join(wrap(str(self.status), _WIDTH)),
            str(table) if self.rows else "",
            "\n".join(wrap(f"refits that failed: {failed}", _WIDTH)) if failed else "",
            self._risk_words(),
            f"{self.replicates} data sets simulated from the fit and fitted; {spent}",
        ]
        return "\n\n".join(part for part in parts if part)

    __repr__ = __str__

    def _risk_words(self) -> str:
        if math.isnan(self.risk):
            return ""
        words = f"A refit is {self.risk:.3g} ± {self.risk_error:.1g} away from the truth for each observation "
        words += f"(Kullback-Leibler), where large samples have p / (2 n) = {self.thumb:.3g}"
        return "\n".join(wrap(words + ".", _WIDTH))
