"""The result of `bench_fit`: how many evaluations of the model each method needed to come how near to the best."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.bench_text import text
from parametra.nouns.errors import ParametraError, did_you_mean
from parametra.nouns.fit_json import plain
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View


@storable
@dataclass(frozen=True)
class Contestant:
    """One method in the comparison: R runs, each from a start of its own, judged at A accuracies.

    Arguments:
        name: the method, or two of them with a plus.
        auto: whether `fit` would choose it.
        evaluations: (A, R) evaluations of the model until the accuracy was reached, derivatives by forward differences
            (d more at each point); infinity where the run ended before.
        requests: (A, R) the same where derivatives are exact and cost nothing more.
        spent, spent_requests: (R,) how many the run used in all.
        cost: (R,) the lowest cost of the run.
        ends: (R,) "reached", "converged", "limit", "failed" or "budget".
    """

    name: str
    auto: bool
    evaluations: Float[np.ndarray, "A R"]
    requests: Float[np.ndarray, "A R"]
    spent: Float[np.ndarray, " R"]
    spent_requests: Float[np.ndarray, " R"]
    cost: Float[np.ndarray, " R"]
    ends: tuple[str, ...]

    def share(self, accuracy: int) -> float:
        """Share of the runs that reached the accuracy of this index."""
        return float(np.isfinite(self.evaluations[accuracy]).mean())

    def expected(self, accuracy: int, *, exact: bool = False) -> float:
        """Expected evaluations until an accuracy is reached, when a run that does not is followed by another one.

        sum of what all runs used until they reached it or ended / number of runs that reached it: Hansen et al.'s
        expected running time (doi:10.1080/10556788.2020.1808977). Infinity when none did.

        Arguments:
            accuracy: its index.
            exact: count requests, for a model whose derivatives are exact.
        """
        reached = (self.requests if exact else self.evaluations)[accuracy]
        whole = self.spent_requests if exact else self.spent
        found = np.isfinite(reached)
        return float(np.where(found, reached, whole).sum() / found.sum()) if found.any() else np.inf

    def quartiles(self, accuracy: int) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile over the runs; infinity where that many did not reach it."""
        ordered = np.sort(self.evaluations[accuracy])
        places = (np.array([0.25, 0.5, 0.75]) * (ordered.size - 1)).round().astype(int)
        low, middle, high = ordered[places].tolist()
        return low, middle, high


@storable
@dataclass(frozen=True, repr=False)
class Bench:
    """The result of `bench_fit`. `print` it, or ask for `table()`, `plot()`, `ranking()`, `save(path)`.

    Arguments:
        status: how the comparison ended.
        title: of the problem.
        accuracies: falling; `a` is reached where cost <= reference + a * scale.
        reference: the lowest cost that anything found here, no proven minimum; `reference_by` found it.
        scale: what the guess has to lose, its cost less the reference.
        dimension: d, free parameters.
        contestants: one a method, in alphabetical order.
        refused: method to why it cannot be used on this problem.
        runs: how many starts each method ran from; `budget` is what one run could use.
        notes: what must be known about these numbers.
        receipt: what it cost and what it was made with.
    """

    status: Status
    title: str
    accuracies: tuple[float, ...]
    reference: float
    reference_by: str
    scale: float
    dimension: int
    contestants: tuple[Contestant, ...]
    refused: dict[str, str]
    runs: int
    budget: int
    notes: tuple[str, ...]
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """A comparison has no data beside a prediction."""
        return ()

    def contestant(self, name: str) -> Contestant:
        """One method's part. Raises ParametraError for a name that is not here."""
        found = {c.name: c for c in self.contestants}
        if name not in found:
            raise ParametraError(f'"{name}" is not in this comparison; {did_you_mean(name, found)}')
        return found[name]

    def ranking(self, accuracy: float | None = None, *, exact: bool = False) -> tuple[str, ...]:
        """Methods by expected evaluations to an accuracy, fewest first; those that never get there by the next one.

        Arguments:
            accuracy: one of `accuracies`; None for the finest.
            exact: count requests, for a model whose derivatives are exact.

        Raises:
            ParametraError: an accuracy that was not asked for.
        """
        last = self._index(self.accuracies[-1] if accuracy is None else accuracy)

        def key(one: Contestant) -> tuple[float, ...]:
            return (*(one.expected(a, exact=exact) for a in range(last, -1, -1)), float(np.median(one.cost)))

        return tuple(c.name for c in sorted(self.contestants, key=lambda one: (key(one), one.name)))

    def behind(self, name: str, accuracy: float | None = None, *, exact: bool = False) -> float:
        """How many times the evaluations of the best method a method needs to reach an accuracy; 1 for the best.

        Arguments:
            name: the method; "auto" for the one that `fit` would choose.
            accuracy, exact: as for `ranking`.

        Raises:
            ParametraError: a method or an accuracy that is not here.
        """
        index = self._index(self.accuracies[-1] if accuracy is None else accuracy)
        chosen = next((c.name for c in self.contestants if c.auto), name) if name == "auto" else name
        mine = self.contestant(chosen).expected(index, exact=exact)
        best = min(c.expected(index, exact=exact) for c in self.contestants)
        return mine / best if np.isfinite(best) else np.nan

    def _index(self, accuracy: float) -> int:
        if accuracy not in self.accuracies:
            known = ", ".join(f"{a:g}" for a in self.accuracies)
            raise ParametraError(f"the accuracy {accuracy:g} was not asked for; known here: {known}.")
        return self.accuracies.index(accuracy)

    def table(self) -> ResultTable:
        """One row for each method and accuracy: expected evaluations, quartiles, share of runs, requests."""
        columns = (
            *("method", "auto", "accuracy", "expected evaluations", "lower quartile", "median", "upper quartile"),
            *("share reached", "expected requests", "times the best"),
        )
        rows: list[tuple[Any, ...]] = []
        for name in self.ranking():
            one = self.contestant(name)
            for i, accuracy in enumerate(self.accuracies):
                numbers = (*one.quartiles(i), one.share(i), one.expected(i, exact=True), self.behind(name, accuracy))
                rows.append((name, "auto" if one.auto else "", accuracy, one.expected(i), *numbers))
        return ResultTable(columns, tuple(rows))

    def plot(self, *, size: tuple[float, float] | None = None) -> Any:
        """A matplotlib figure: evaluations to each accuracy, a line a method, the best on top."""
        # drawing lives on a higher floor; it is found by name, as methods are
        return importlib.import_module("parametra.report._bench_figure").draw([self], size=size)

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra bench fit --json` prints; infinity and NaN are null."""
        found = {
            "kind": "bench_fit",
            "title": self.title,
            "status": self.status.outcome.value,
            "message": self.status.message,
            "accuracies": list(self.accuracies),
            "reference": self.reference,
            "reference_by": self.reference_by,
            "scale": self.scale,
            "dimension": self.dimension,
            "runs": self.runs,
            "budget": self.budget,
            "ranking": list(self.ranking()) if self.accuracies else [],
            "auto": next((c.name for c in self.contestants if c.auto), None),
            "methods": {
                c.name: {
                    f"{a:g}": {
                        "expected_evaluations": c.expected(i),
                        "quartiles": list(c.quartiles(i)),
                        "share_reached": c.share(i),
                        "expected_requests": c.expected(i, exact=True),
                        "times_the_best": self.behind(c.name, a),
                    }
                    for i, a in enumerate(self.accuracies)
                }
                for c in self.contestants
            },
            "final_costs": {c.name: c.cost for c in self.contestants},
            "ends": {c.name: list(c.ends) for c in self.contestants},
            "refused": self.refused,
            "notes": list(self.notes),
            "receipt": vars(self.receipt),
        }
        return plain(found)

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__
