"""The result of `design`: where to measure next, and how well everything will then be known."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.design_text import text
from parametra.nouns.errors import MissingExtraError, ParametraError, did_you_mean
from parametra.nouns.fit_json import plain
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View


@storable
@dataclass(frozen=True)
class DesignPoint:
    """A setting at which to measure.

    Arguments:
        data_set: which one it belongs to.
        output: what is measured there, "" for all outputs.
        inputs: name to value.
        count: how many measurements; 0 in a design of weights.
        weight: share of the effort in the design of weights, 0 for a point that only whole numbers want.
        cost: of one measurement.
    """

    data_set: str
    output: str
    inputs: dict[str, Any]
    count: int
    weight: float
    cost: float


@storable
@dataclass(frozen=True)
class DesignRow:
    """One number that is to be known.

    Arguments:
        label: "K", "beta[1]".
        role: "free", "tied", "noise" or "derived".
        value: that the design was made at.
        unit: "" when not stated.
        before: its standard error now; infinite where the data do not tell it, None where data do not count.
        after: its standard error with the points; infinite where they do not tell it either.
        interval_before, interval_after: 95 %, None where there is none.
        note: what must be known about it, "" when nothing.
    """

    label: str
    role: str
    value: float
    unit: str
    before: float | None
    after: float
    interval_before: tuple[float, float] | None
    interval_after: tuple[float, float] | None
    note: str = ""

    @property
    def relative_before(self) -> float | None:
        """The standard error now as a share of the value."""
        return None if self.before is None or not self.value else self.before / abs(self.value)

    @property
    def relative_after(self) -> float | None:
        """The standard error with the points as a share of the value."""
        return self.after / abs(self.value) if self.value else None


@storable
@dataclass(frozen=True)
class DesignField:
    """The candidates of one data set (and of one output, where outputs are measured alone).

    Arguments:
        data_set, output: whose they are; output is "" for all of them together.
        inputs: name to values (n,).
        units: of the inputs that have one stated.
        sensitivity: (n,) of the equivalence theorem: 1 where the best design of weights measures, at most 1 elsewhere.
        weight: (n,) in the design of weights.
        count: (n,) measurements in the design of points.
    """

    data_set: str
    output: str
    inputs: dict[str, Any]
    units: dict[str, str]
    sensitivity: Float[np.ndarray, " n"]
    weight: Float[np.ndarray, " n"]
    count: Float[np.ndarray, " n"]


@storable
@dataclass(frozen=True)
class DesignCurve:
    """A prediction along an input, with its standard error before and after.

    Arguments:
        data_set, output, unit: what it is of.
        input, input_unit: along what.
        x, prediction, before, after: (n,) each; before is NaN where data do not count.
        data_x, data_y: the data that are there.
    """

    data_set: str
    output: str
    unit: str
    input: str
    input_unit: str
    x: np.ndarray
    prediction: np.ndarray
    before: np.ndarray
    after: np.ndarray
    data_x: np.ndarray
    data_y: np.ndarray


@storable
@dataclass(frozen=True, repr=False)
class Design:
    """The result of `design`. `print` it, or ask for `table()`, `points_table()`, `plot()`, `save(path)`.

    Arguments:
        status: how it ended.
        title: of the problem.
        verdict: what to do and what comes of it, in sentences.
        criterion: the method's name; `aim` is what it makes small.
        over: "estimate", or "uncertainty" or "priors" where it is an average over so many `draws`.
        existing: whether the data that are there count.
        points: where to measure, in whole numbers.
        weights: the best shares of the effort, which `points` come near.
        proven: the share of the effort that the weights need at most of what any other design needs, by the
            equivalence theorem: 1 where they are the best of all candidates.
        efficiency: of the points against the weights; 1 where nothing is lost by whole numbers.
        rows: every number with its error before and after.
        completing: the fewest points that make a singular information invertible, where it is singular now.
        undetermined: labels that the data do not determine, now.
        remaining: labels that they will not determine with the points either.
        candidates: what could be measured.
        curves: predictions with their errors before and after, for pictures.
        spent: what the points cost together.
        notes: what was taken for granted.
        receipt: what it cost and what it was made with.
    """

    status: Status
    title: str
    verdict: tuple[str, ...]
    criterion: str
    aim: str
    over: str
    draws: int
    existing: bool
    points: tuple[DesignPoint, ...]
    weights: tuple[DesignPoint, ...]
    proven: float
    efficiency: float
    rows: tuple[DesignRow, ...]
    completing: tuple[DesignPoint, ...]
    undetermined: tuple[str, ...]
    remaining: tuple[str, ...]
    candidates: tuple[DesignField, ...]
    curves: tuple[DesignCurve, ...]
    spent: float
    notes: tuple[str, ...]
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """A design has no data beside a fit; its pictures are made of `candidates` and `curves`."""
        return ()

    @property
    def size(self) -> int:
        """How many measurements it asks for."""
        return sum(point.count for point in self.points)

    @property
    def before(self) -> dict[str, float | None]:
        """Standard error now, by label."""
        return {row.label: row.before for row in self.rows}

    @property
    def after(self) -> dict[str, float]:
        """Standard error with the points, by label."""
        return {row.label: row.after for row in self.rows}

    def row(self, label: str) -> DesignRow:
        """The row of a label. Raises ParametraError for an unknown one."""
        found = {row.label: row for row in self.rows}
        if label not in found:
            raise ParametraError(f'this design has no "{label}"; {did_you_mean(label, found)}')
        return found[label]

    def table(self) -> ResultTable:
        """Every number with its standard error and 95 % interval before and after."""
        columns = ("name", "value", "error before", "error after", "lower before", "upper before", "lower after")
        nothing = (None, None)
        return ResultTable(
            (*columns, "upper after", "unit", "note"),
            tuple(
                (r.label, r.value, r.before, r.after)
                + (r.interval_before or nothing)
                + (r.interval_after or nothing)
                + (r.unit, r.note)
                for r in self.rows
            ),
        )

    def points_table(self) -> ResultTable:
        """Where to measure and how often, with the share of the effort in the design of weights."""
        names = list(dict.fromkeys(name for point in self.points for name in point.inputs))
        several = len({p.data_set for p in self.points}) > 1
        alone = any(p.output for p in self.points)
        columns = (*(["data set"] * several), *(["output"] * alone), *names, "measurements", "weight", "cost")
        return ResultTable(
            columns,
            tuple(
                (
                    *([p.data_set] * several),
                    *([p.output] * alone),
                    *(p.inputs.get(name) for name in names),
                    p.count,
                    p.weight,
                    p.cost * p.count,
                )
                for p in self.points
            ),
        )

    def plot(self, kind: str = "weights", *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure: "weights" (candidates and their sensitivity), "intervals" or "band"."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._design_figure").draw(self, kind, size=size)

    def to_xarray(self) -> Any:
        """An xarray.Dataset: value, before and after by `parameter`, with intervals."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "design.to_xarray()") from None
        nan = float("nan")
        ends = [(r.interval_before or (nan, nan), r.interval_after or (nan, nan)) for r in self.rows]
        return xr.Dataset(
            {
                "value": ("parameter", [r.value for r in self.rows]),
                "before": ("parameter", [nan if r.before is None else r.before for r in self.rows]),
                "after": ("parameter", [r.after for r in self.rows]),
                "lower_before": ("parameter", [b[0] for b, _ in ends]),
                "upper_before": ("parameter", [b[1] for b, _ in ends]),
                "lower_after": ("parameter", [a[0] for _, a in ends]),
                "upper_after": ("parameter", [a[1] for _, a in ends]),
            },
            coords={"parameter": [r.label for r in self.rows], "unit": ("parameter", [r.unit for r in self.rows])},
            attrs={"title": self.title, "criterion": self.criterion, "efficiency": self.efficiency},
        )

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra design --json` prints; infinity and NaN are null."""
        found = {
            "kind": "design",
            "title": self.title,
            "status": self.status.outcome.value,
            "message": self.status.message,
            "verdict": list(self.verdict),
            "criterion": self.criterion,
            "over": self.over,
            "draws": self.draws,
            "existing_data_count": self.existing,
            "points": [vars(point) for point in self.points],
            "weights": [vars(point) for point in self.weights],
            "proven_efficiency_of_weights": self.proven,
            "efficiency_of_points": self.efficiency,
            "spent": self.spent,
            "parameters": {
                r.label: {
                    "value": r.value,
                    "unit": r.unit,
                    "standard_error_before": r.before,
                    "standard_error_after": r.after,
                    "interval_before": r.interval_before,
                    "interval_after": r.interval_after,
                    "note": r.note,
                }
                for r in self.rows
            },
            "undetermined_before": list(self.undetermined),
            "undetermined_after": list(self.remaining),
            "completing": [vars(point) for point in self.completing],
            "notes": list(self.notes),
            "receipt": vars(self.receipt),
        }
        return plain(found)

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__
