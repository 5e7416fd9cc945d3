"""The result of a bootstrap: how the estimates scatter and lean when the data are drawn again."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.bootstrap_text import bootstrap_text
from parametra.nouns.errors import MissingExtraError, ParametraError, did_you_mean
from parametra.nouns.fit_json import plain
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View


@storable
@dataclass(frozen=True)
class BootstrapRow:
    """What the refits say of one number.

    Arguments:
        label: "H0", "beta[1]".
        unit: "" when not stated.
        estimate: that of the data.
        standard_error: the standard deviation of the refits.
        percentile: the interval between their quantiles.
        accelerated: the BCa interval, None where there is none.
        bias: their mean less the estimate, and `bias_error` what that is uncertain by.
        corrected: the estimate without its bias; the estimate itself where the bias is negligible.
        negligible: whether the bias is below a quarter of the standard error.
        curvature_error: the standard error that the fit gave, None where it gave none.
        note: what must be known about this number, "" when nothing.
    """

    label: str
    unit: str
    estimate: float
    standard_error: float
    percentile: tuple[float, float]
    accelerated: tuple[float, float] | None
    bias: float
    bias_error: float
    corrected: float
    negligible: bool
    curvature_error: float | None = None
    note: str = ""

    @property
    def interval(self) -> tuple[float, float]:
        """BCa where there is one, otherwise percentile."""
        return self.percentile if self.accelerated is None else self.accelerated


@storable
@dataclass(frozen=True, repr=False)
class Bootstrap:
    """The result of a bootstrap. `print` it, or ask for `table()`, `plot()`, `to_xarray()`, `save(path)`.

    Arguments:
        status: how the run ended.
        title: of the problem.
        kind: "parametric", "residual" or "case".
        level: of the intervals.
        rows: one a number.
        replicates: (R, q) the estimates of all data sets, in the order of the rows; NaN where the refit failed.
        failed: why refits failed, and how many.
        rounds: of the correction of the bias; 0 where none was asked for.
        settled: whether the last round changed nothing that can be told from chance.
        receipt: what it cost and what it was made with.
    """

    status: Status
    title: str
    kind: str
    level: float
    rows: tuple[BootstrapRow, ...]
    replicates: Float[np.ndarray, "R q"]
    failed: dict[str, int]
    rounds: int
    settled: bool
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """Refits have no data beside a prediction."""
        return ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the rows."""
        return tuple(row.label for row in self.rows)

    @property
    def standard_error(self) -> dict[str, float]:
        """By label."""
        return {row.label: row.standard_error for row in self.rows}

    @property
    def interval(self) -> dict[str, tuple[float, float]]:
        """By label: BCa where there is one, otherwise percentile."""
        return {row.label: row.interval for row in self.rows}

    @property
    def bias(self) -> dict[str, float]:
        """By label."""
        return {row.label: row.bias for row in self.rows}

    @property
    def corrected(self) -> dict[str, float]:
        """Estimates without their bias, by label."""
        return {row.label: row.corrected for row in self.rows}

    def row(self, label: str) -> BootstrapRow:
        """The row of a label. Raises ParametraError for an unknown one."""
        for row in self.rows:
            if row.label == label:
                return row
        raise ParametraError(f'this bootstrap has no "{label}"; ' + did_you_mean(label, self.labels))

    def table(self) -> ResultTable:
        """Every number with its error, intervals, bias and note."""
        columns = (
            "name",
            "estimate",
            "standard error",
            "percentile lower",
            "percentile upper",
            "BCa lower",
            "BCa upper",
            "bias",
            "error of bias",
            "corrected",
            "unit",
            "note",
        )
        return ResultTable(
            columns,
            tuple(
                (
                    r.label,
                    r.estimate,
                    r.standard_error,
                    *r.percentile,
                    *(r.accelerated or (None, None)),
                    r.bias,
                    r.bias_error,
                    r.corrected,
                    r.unit,
                    r.note,
                )
                for r in self.rows
            ),
        )

    def plot(self, *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure: how the refits scatter around each estimate, with both intervals."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._bootstrap_figure").draw(self, size=size)

    def to_xarray(self) -> Any:
        """An xarray.Dataset by `parameter`, with all replicates. Raises MissingExtraError without xarray."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "bootstrap.to_xarray()") from None
        single = ("estimate", "standard_error", "bias", "bias_error", "corrected")
        ends = {
            f"{kind}_{end}": ("parameter", [float((getattr(r, kind) or (np.nan, np.nan))[i]) for r in self.rows])
            for kind in ("percentile", "accelerated")
            for i, end in enumerate(("lower", "upper"))
        }
        return xr.Dataset(
            {
                **{name: ("parameter", [float(getattr(r, name)) for r in self.rows]) for name in single},
                **ends,
                "replicates": (("replicate", "parameter"), self.replicates),
            },
            coords={"parameter": list(self.labels), "unit": ("parameter", [r.unit for r in self.rows])},
            attrs={"title": self.title, "kind": self.kind, "status": self.status.outcome.value},
        )

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """Everything but the replicates as plain dicts; infinity and NaN are null."""
        found = {
            "kind": "bootstrap",
            "title": self.title,
            "status": self.status.outcome.value,
            "message": self.status.message,
            "resampled": self.kind,
            "level": self.level,
            "replicates": len(self.replicates),
            "failed": self.failed,
            "rounds": self.rounds,
            "settled": self.settled,
            "parameters": {r.label: vars(r) for r in self.rows},
            "receipt": vars(self.receipt),
        }
        return plain(found)

    def __str__(self) -> str:
        return bootstrap_text(self)

    __repr__ = __str__
