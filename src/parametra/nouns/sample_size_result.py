"""The result of the p-n criterion: whether a sample is large enough for a model of so many parameters."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from parametra.nouns.errors import MissingExtraError
from parametra.nouns.fit_json import plain
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View

_WIDTH = 100


@storable
@dataclass(frozen=True, repr=False)
class SampleSize:
    """Whether n is enough for p. `print` it, or ask for `table()`, `plot()`, `to_json()`, `save(path)`.

    Arguments:
        status: how the computation ended.
        family: of distributions.
        n, p: observations and parameters.
        first, second: of risk = first / n + second / n^2, the expected Kullback-Leibler divergence from the member
            nearest to the truth to the estimate.
        gap: by how much the error of the best guess between the two may fall short of a half.
        threshold: 8 gap^2, the risk that allows it.
        receipt: what it was made with.
    """

    status: Status
    family: str
    n: int
    p: int
    first: float
    second: float
    gap: float
    threshold: float
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """There are no data beside a prediction here."""
        return ()

    def risk_at(self, n: float) -> float:
        """The risk of a sample of another size."""
        return self.first / n + self.second / n**2

    @property
    def risk(self) -> float:
        """Of this sample."""
        return self.risk_at(float(self.n))

    @property
    def needed(self) -> int:
        """The smallest sample whose risk is at most the threshold."""
        root = max(self.first**2 + 4 * self.second * self.threshold, 0.0)
        return math.ceil((self.first + math.sqrt(root)) / (2 * self.threshold))

    @property
    def enough(self) -> bool:
        """Whether the risk is at most the threshold, and the expansion holds there: its second term is the smaller."""
        return self.risk <= self.threshold and self.holds

    @property
    def holds(self) -> bool:
        """Whether the second term of the expansion is smaller than the first."""
        return abs(self.second) / self.n <= self.first

    @property
    def inflation(self) -> float:
        """First term over p / 2: 1 where the model is right, above where the data scatter more than it says."""
        return self.first / (self.p / 2)

    def table(self) -> ResultTable:
        """The numbers, one a row."""
        rows: tuple[tuple[str, Any, str], ...] = (
            ("n", self.n, "observations"),
            ("p", self.p, "parameters"),
            ("risk", self.risk, "expected divergence from the nearest member to the estimate"),
            ("first term", self.first / self.n, f"{self.inflation:.3g} times p / (2 n)"),
            ("second term", self.second / self.n**2, "of order 1 / n^2"),
            ("threshold", self.threshold, f"8 gap^2 for a gap of {self.gap:g}"),
            ("needed n", self.needed, "where the risk comes to the threshold"),
        )
        return ResultTable(("number", "value", "meaning"), rows)

    def plot(self, *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure: the risk by sample size, with the threshold and where this sample is."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._bootstrap_figure").draw_sample_size(self, size=size)

    def to_xarray(self) -> Any:
        """An xarray.Dataset of the numbers. Raises MissingExtraError without xarray."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "to_xarray()") from None
        return xr.Dataset(
            {str(name): float(value) for name, value, _ in self.table().rows}, attrs={"family": self.family}
        )

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain dicts."""
        names = ("family", "n", "p", "first", "second", "gap", "threshold", "risk", "needed", "enough", "holds")
        found = {name: getattr(self, name) for name in names}
        head = {"kind": "sample_size", "status": self.status.outcome.value, "message": self.status.message}
        return plain({**head, **found, "receipt": vars(self.receipt)})

    def __str__(self) -> str:
        return "\n\n".join([f"{self.family}\n" + "\n".join(wrap(str(self.status), _WIDTH)), str(self.table())])

    __repr__ = __str__
