"""The result of `identify`: a verdict for each parameter, and what it rests on."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from parametra.nouns.bootstrap_result import Bootstrap
from parametra.nouns.coverage_result import Coverage
from parametra.nouns.errors import MissingExtraError, ParametraError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification_json import to_json
from parametra.nouns.identification_rows import Contour, Profile, Verdict
from parametra.nouns.identification_text import text
from parametra.nouns.information import Determined, FisherInformation
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View


@storable
@dataclass(frozen=True, repr=False)
class Identification:
    """How far each parameter can be trusted. `print` it, or ask for `table()`, `plot()`, `to_xarray()`, `save(path)`.

    Arguments:
        status: how the run ended, with a remedy.
        title: of the problem.
        level: of the intervals.
        rows: a verdict for each parameter.
        combinations: parameters that the data cannot tell apart, and what they determine instead.
        information: the Fisher information at the estimate.
        profiles: of the parameters that were walked.
        contours: of pairs.
        fit: the estimate that all this is about.
        doubts: what makes these verdicts less certain than they look.
        methods: by which they were made.
        receipt: what it cost beside the fit.
        bootstrap, coverage: their results; None where they were not asked for.
    """

    status: Status
    title: str
    level: float
    rows: tuple[Verdict, ...]
    combinations: tuple[Determined, ...]
    information: FisherInformation
    profiles: tuple[Profile, ...]
    contours: tuple[Contour, ...]
    fit: Fit
    doubts: tuple[str, ...]
    methods: tuple[str, ...]
    receipt: Receipt
    bootstrap: Bootstrap | None = None
    coverage: Coverage | None = None
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def message(self) -> str:
        """How the run ended, in words."""
        return self.status.message

    @property
    def verdicts(self) -> dict[str, Verdict]:
        """The verdicts by label."""
        return {row.label: row for row in self.rows}

    @property
    def intervals(self) -> dict[str, tuple[float, float] | None]:
        """The best interval of each parameter by label; infinite where it is open."""
        return {row.label: row.interval for row in self.rows}

    @property
    def views(self) -> tuple[View, ...]:
        """Data beside prediction, as in the fit."""
        return self.view_source() if self.view_source is not None else self.fit.views

    def verdict(self, label: str) -> Verdict:
        """The verdict on one parameter. Raises ParametraError for an unknown label."""
        if label not in self.verdicts:
            raise ParametraError(f'nothing is said here of "{label}"; ' + did_you_mean(label, list(self.verdicts)))
        return self.verdicts[label]

    def profile(self, label: str) -> Profile:
        """The profile of one parameter. Raises ParametraError where it was not walked."""
        for one in self.profiles:
            if one.label == label:
                return one
        raise ParametraError(
            f'there is no profile of "{label}"; ' + did_you_mean(label, [one.label for one in self.profiles])
        )

    def table(self) -> ResultTable:
        """Every parameter with its verdict and its intervals side by side."""
        columns = ("name", "verdict", "estimate", "unit", "lower", "upper", "curvature lower", "curvature upper")
        columns += ("profile lower", "profile upper", "bootstrap lower", "bootstrap upper")
        columns += ("posterior lower", "posterior upper", "why", "remedy", "flag")
        rows: list[tuple[Any, ...]] = []
        for r in self.rows:
            ends = [end for one in (r.interval, r.curvature, r.profile, r.bootstrap, r.posterior) for end in _both(one)]
            rows.append((r.label, r.word, r.estimate, r.unit, *ends, r.why, r.remedy, r.flag))
        return ResultTable(columns, tuple(rows))

    def plot(self, kind: str = "profiles", **settings: Any) -> Any:
        """A matplotlib figure: "profiles", "intervals", "spectrum", "correlation" or "contour"."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._identify_figure").draw(self, kind, **settings)

    def to_xarray(self) -> Any:
        """An xarray.Dataset: estimate and the ends of the intervals by `parameter`, and the verdicts."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "identification.to_xarray()") from None
        labels = [r.label for r in self.rows]
        found: dict[str, Any] = {"estimate": ("parameter", [r.estimate for r in self.rows])}
        for name in ("interval", "curvature", "profile", "bootstrap", "posterior"):
            for end, side in enumerate(("lower", "upper")):
                ends = [_number(getattr(r, name), end) for r in self.rows]
                found[side if name == "interval" else f"{name}_{side}"] = ("parameter", ends)
        found["verdict"] = ("parameter", [r.word for r in self.rows])
        return xr.Dataset(found, coords={"parameter": labels}, attrs={"title": self.title, "level": self.level})

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra identify --json` prints."""
        return to_json(self)

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__


def _both(interval: tuple[float, float] | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else interval


def _number(interval: tuple[float, float] | None, end: int) -> float:
    return float("nan") if interval is None else interval[end]
