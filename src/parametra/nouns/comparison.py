"""The result of `compare`: which model, how surely, and what is left over."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.nouns.comparison_json import to_json
from parametra.nouns.comparison_parts import Candidate, Pair
from parametra.nouns.comparison_text import text
from parametra.nouns.errors import MissingExtraError, ParametraError, did_you_mean
from parametra.nouns.receipt import Receipt
from parametra.nouns.result_table import ResultTable
from parametra.nouns.status import Status
from parametra.nouns.storage import save, storable
from parametra.nouns.view import View

_DRAWN_BY = {"criteria": "_comparison_figure", "predictions": "_comparison_figure", "residuals": "_residuals_figure"}


@storable
@dataclass(frozen=True, repr=False)
class Comparison:
    """The result of `compare`. `print` it, or ask for `table()`, `plot(kind)`, `to_xarray()`, `save(path)`.

    Arguments:
        status: how the run ended, with a remedy.
        title: the models' names.
        verdict: the answer in words; "" where there is none.
        criterion: what ranks the models: "aic", "aicc" or "bic"; `choice` says why.
        points: observations that all models predict.
        candidates: the models that could be compared, in the order in which they came.
        pairs: every two of them.
        weights: criterion to model to weight, exp(-difference / 2) made to sum to one.
        left_out: name to why a model is not among them.
        folds: how cross-validation was done, or why it was not.
        doubts: what makes this less certain than its numbers look.
        receipt: what it cost and what it was made with, the fits made here among it.
    """

    status: Status
    title: str
    verdict: str
    criterion: str
    choice: str
    points: int
    candidates: tuple[Candidate, ...]
    pairs: tuple[Pair, ...]
    weights: dict[str, dict[str, float]]
    left_out: dict[str, str]
    folds: str
    doubts: tuple[str, ...]
    receipt: Receipt
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def views(self) -> tuple[View, ...]:
        """Data beside the prediction of every model, those of the first one first."""
        if "_views" not in self.__dict__:
            self.__dict__["_views"] = self.view_source() if self.view_source is not None else ()
        return self.__dict__["_views"]

    def views_of(self, name: str) -> tuple[View, ...]:
        """Data beside the prediction of one model. Raises ParametraError for an unknown name."""
        place = self.candidates.index(self.candidate(name))
        each = len(self.views) // len(self.candidates)
        return self.views[place * each : (place + 1) * each]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the models that were compared."""
        return tuple(c.name for c in self.candidates)

    @property
    def best(self) -> str:
        """The model with the lowest criterion; the verdict says how surely it is better. "" where none was compared."""
        ranking = self.ranking()
        return ranking[0] if ranking else ""

    def ranking(self, criterion: str = "") -> tuple[str, ...]:
        """Names by a criterion, the lowest first; that of this comparison when none is given.

        Raises:
            ParametraError: an unknown criterion.
        """
        criterion = criterion or self.criterion
        if criterion not in ("aic", "aicc", "bic"):
            raise ParametraError(
                f'there is no criterion "{criterion}"; {did_you_mean(criterion, ("aic", "aicc", "bic"))}'
            )
        return tuple(c.name for c in sorted(self.candidates, key=lambda c: c.criterion(criterion)))

    def candidate(self, name: str) -> Candidate:
        """One model. Raises ParametraError for an unknown name."""
        for one in self.candidates:
            if one.name == name:
                return one
        raise ParametraError(f'"{name}" is not in this comparison; {did_you_mean(name, self.names)}')

    def pair(self, one: str, other: str) -> Pair:
        """Two models, in either order. Raises ParametraError for unknown names, or for twice the same."""
        for pair in self.pairs:
            if {pair.better, pair.other} == {one, other}:
                return pair
        for name in (one, other):
            self.candidate(name)
        raise ParametraError(f'"{one}" is not compared with itself; give two names.')

    def table(self) -> ResultTable:
        """One row a model, the best first: likelihood, criteria, weight, held-out density, evidence, signs of tests."""
        columns = (
            *("model", "free", "log-likelihood", "AIC", "AICc", "BIC", "difference", "weight"),
            *("held-out log density", "log evidence", "clear signs in the residuals", "status"),
        )
        lowest = min((c.criterion(self.criterion) for c in self.candidates), default=float("nan"))
        rows: list[tuple[Any, ...]] = []
        for name in self.ranking():
            c = self.candidate(name)
            signs = ", ".join(check.name for check in c.checks if check.p_value is not None and check.p_value < 0.01)
            criteria = (c.criterion("aic"), c.fit.aicc, c.criterion("bic"), c.criterion(self.criterion) - lowest)
            rows.append(
                (
                    *(name, c.fit.free, c.fit.log_likelihood, *criteria, self.weights[self.criterion][name]),
                    *(
                        None if c.held_out is None else c.held_out.total,
                        c.evidence.log,
                        signs,
                        c.fit.status.outcome.value,
                    ),
                )
            )
        return ResultTable(columns, tuple(rows))

    def plot(self, kind: str = "criteria", model: str = "", **settings: Any) -> Any:
        """A matplotlib figure.

        Arguments:
            kind: "criteria": differences of the criteria with their errors; "predictions": all models over the data;
                "residuals": those of one model, against order and prediction, their shape and their memory.
            model: whose residuals; the best when left out.
            settings: size=(width, height) in inches.

        Raises:
            ParametraError: an unknown kind or model, or nothing to draw.
        """
        if kind not in _DRAWN_BY:
            raise ParametraError(f'there is no figure "{kind}"; {did_you_mean(kind, _DRAWN_BY)}')
        # drawing lives on a higher floor; it is found by name, as methods are
        drawn_by = importlib.import_module(f"parametra.report.{_DRAWN_BY[kind]}")
        return drawn_by.draw(self, kind, model or self.best, **settings)

    def to_xarray(self) -> Any:
        """An xarray.Dataset: numbers by `model`, differences of the criterion by `model` and `other`."""
        try:
            import xarray as xr
        except ImportError:
            raise MissingExtraError("xarray", "xarray", "comparison.to_xarray()") from None
        nan = float("nan")
        names = list(self.names)
        place = {name: i for i, name in enumerate(names)}
        apart, error = np.full((2, len(names), len(names)), nan)
        for pair in self.pairs:
            i, j = place[pair.better], place[pair.other]
            apart[i, j], apart[j, i] = -pair.difference, pair.difference
            error[i, j] = error[j, i] = nan if pair.error is None else pair.error
        numbers = {
            "log_likelihood": [c.fit.log_likelihood for c in self.candidates],
            "free_parameters": [c.fit.free for c in self.candidates],
            **{key: [c.criterion(key) for c in self.candidates] for key in ("aic", "aicc", "bic")},
            "weight": [self.weights[self.criterion][name] for name in names] if names else [],
            "held_out": [nan if c.held_out is None else c.held_out.total for c in self.candidates],
            "log_evidence": [nan if c.evidence.log is None else c.evidence.log for c in self.candidates],
        }
        return xr.Dataset(
            {
                **{key: ("model", values) for key, values in numbers.items()},
                "difference": (("model", "other"), apart),
                "difference_error": (("model", "other"), error),
                "log_density": (("model", "observation"), np.array([c.log_density for c in self.candidates])),
            },
            coords={"model": names, "other": names},
            attrs={"criterion": self.criterion, "verdict": self.verdict, "status": self.status.outcome.value},
        )

    def save(self, path: Any) -> None:
        """Write this result to a JSON file; `parametra.load(path)` reads it back, number by number."""
        save(self, path)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra compare --json` prints; infinity and NaN are null."""
        return to_json(self)

    def __str__(self) -> str:
        return text(self)

    __repr__ = __str__
