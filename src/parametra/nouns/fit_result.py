"""The result of `fit`: the parameters, how far each can be trusted, and how the run went."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns.errors import MissingExtraError
from parametra.nouns.fit_json import to_json
from parametra.nouns.fit_record import FitRecord
from parametra.nouns.fit_text import role_note, text
from parametra.nouns.result_table import ResultTable
from parametra.nouns.storage import save, storable


@storable
@dataclass(frozen=True, repr=False)
class Fit(FitRecord):
    """The result of `fit`. `print` it, or ask for `table()`, `plot()`, `to_xarray()`, `save(path)`.

    The fields are those of `FitRecord`; everything is addressed by name.
    """

    def table(self) -> ResultTable:
        """Every number with its standard error, interval, unit and note."""
        columns = ("name", "estimate", "standard error", "95 % lower", "95 % upper", "unit", "note")
        return ResultTable(
            columns,
            tuple(
                (r.label, r.value, r.standard_error, *(r.interval or (None, None)), r.unit, r.note or role_note(r))
                for r in self.rows
            ),
        )

    def plot(self, kind: str = "fit", **settings: Any) -> Any:
        """A matplotlib figure: "fit" (data, curve, band, residuals), "waterfall", "correlation" or "path"."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report.figures").draw(self, kind, **settings)

    def to_xarray(self) -> Any:
        """An xarray.Dataset: estimate, standard_error, lower and upper by `parameter`, and the correlation matrix."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "fit.to_xarray()") from None
        rows = [r for r in self.rows if isinstance(r.value, (int, float)) and r.role != "choice"]
        nan = float("nan")
        labels = [r.label for r in rows]
        rho = np.full((len(rows), len(rows)), nan)
        found = self.correlation
        for i, a in enumerate(labels):
            for j, b in enumerate(labels):
                rho[i, j] = found.get(a, {}).get(b, nan)
        return xr.Dataset(
            {
                "estimate": ("parameter", [float(r.value) for r in rows]),
                "standard_error": ("parameter", [nan if r.standard_error is None else r.standard_error for r in rows]),
                "lower": ("parameter", [nan if r.interval is None else r.interval[0] for r in rows]),
                "upper": ("parameter", [nan if r.interval is None else r.interval[1] for r in rows]),
                "correlation": (("parameter", "other"), rho),
            },
            coords={"parameter": labels, "other": labels, "unit": ("parameter", [r.unit for r in rows])},
            attrs={
                "title": self.title,
                "status": self.status.outcome.value,
                "log_likelihood": self.log_likelihood,
                "method": self.method,
            },
        )

    def save(self, path: Any) -> None:
        """Write this result to a JSON file, views included; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra fit --json` prints; see the documentation of the command line."""
        return to_json(self)

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__
