"""The result of `fit` as a record: every number of it, addressed by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.constraint_row import ConstraintRow
from parametra.nouns.equation import Equation
from parametra.nouns.errors import ParametraError, did_you_mean
from parametra.nouns.penalty_path import PenaltyPath
from parametra.nouns.receipt import Receipt
from parametra.nouns.starts import Starts
from parametra.nouns.status import Status
from parametra.nouns.storage import storable
from parametra.nouns.view import View


@storable
@dataclass(frozen=True)
class Row:
    """One number of the result.

    Arguments:
        label: "H0", "beta[1]".
        name: the parameter that it belongs to.
        role: "free", "noise", "tied", "fixed", "choice" or "derived".
        value: the estimate.
        standard_error: None where there is none; `note` says why.
        interval: 95 % (lower, upper); None where there is none.
        unit: "" when not stated.
        note: what must be known about this number, "" when nothing.
    """

    label: str
    name: str
    role: str
    value: Any
    standard_error: float | None = None
    interval: tuple[float, float] | None = None
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class FitRecord:
    """What a fit found.

    Arguments:
        status: how the run ended, with a remedy.
        title: of the problem.
        rows: every number with its error, interval and note: parameters, noise, derived quantities.
        values: all parameters by name, arrays as arrays.
        covariance_labels, covariance: of the estimates that have a standard error, in natural units.
        estimator: "maximum likelihood", ...
        uncertainty: how the standard errors were made, and what scale they rest on.
        points: observed values used. `masked` were left out because they are missing.
        free: parameters estimated, with those of the noise.
        log_likelihood: at the estimate, with all constants; aic, aicc and bic follow from it.
        chi_square: sum of squared residuals over their standard deviations; plain residual sum of squares when sigma
            is estimated (`chi_square_tests` False), which then says nothing of the quality of the fit.
        p_value: chance of a larger chi-square if the model is right; None when chi-square tests nothing.
        degrees_of_freedom: points less parameters of the model.
        starts: what the starts found.
        doubts: what makes this result less certain than its numbers look; empty when nothing was noticed.
        method, choice: the method and why it was taken.
        noise: output to what was assumed of its scatter.
        receipt: what it cost and what it was made with.
        constraints: where the estimate stands to each.
        path: of a penalty whose strength the data have chosen; None otherwise.
        equations: the model as people read it, line by line; () for a function.
        sources: the publications of a ready-made model, to be cited; those of the method are in the receipt.
    """

    status: Status
    title: str
    rows: tuple[Row, ...]
    values: dict[str, Any]
    covariance_labels: tuple[str, ...]
    covariance: Float[np.ndarray, "q q"]
    estimator: str
    uncertainty: str
    points: int
    masked: int
    free: int
    log_likelihood: float
    chi_square: float
    chi_square_tests: bool
    p_value: float | None
    degrees_of_freedom: int
    starts: Starts
    doubts: tuple[str, ...]
    method: str
    choice: str
    noise: dict[str, str]
    receipt: Receipt
    description: str = ""
    path: PenaltyPath | None = None
    constraints: tuple[ConstraintRow, ...] = ()
    equations: tuple[Equation, ...] = ()
    sources: tuple[str, ...] = ()
    view_source: Callable[[], tuple[View, ...]] | None = field(default=None, repr=False, compare=False)

    @property
    def message(self) -> str:
        """How the run ended, in words."""
        return self.status.message

    @property
    def estimate(self) -> dict[str, Any]:
        """Parameters, those of the noise among them, and derived quantities, by name."""
        return {**self.values, **{r.name: r.value for r in self.rows if r.role == "derived"}}

    @property
    def standard_error(self) -> dict[str, float | None]:
        """Standard error by label; None where there is none."""
        return {r.label: r.standard_error for r in self.rows if r.role not in ("fixed", "choice")}

    @property
    def interval(self) -> dict[str, tuple[float, float] | None]:
        """95 % interval by label; None where there is none."""
        return {r.label: r.interval for r in self.rows if r.role not in ("fixed", "choice")}

    @property
    def notes(self) -> dict[str, str]:
        """What must be known about a number, by label."""
        return {r.label: r.note for r in self.rows if r.note}

    @property
    def correlation(self) -> dict[str, dict[str, float]]:
        """Correlation of the estimates, by label and label."""
        sd = np.sqrt(np.diag(self.covariance))
        with np.errstate(invalid="ignore"):  # an exact fit with an estimated sigma has no errors at all
            rho = self.covariance / np.outer(sd, sd)
        names = self.covariance_labels
        return {a: {b: float(rho[i, j]) for j, b in enumerate(names)} for i, a in enumerate(names)}

    @property
    def reduced_chi_square(self) -> float | None:
        """chi_square / degrees_of_freedom; None without degrees of freedom."""
        return self.chi_square / self.degrees_of_freedom if self.degrees_of_freedom > 0 else None

    @property
    def aic(self) -> float:
        """2 k - 2 log L (Akaike 1974, doi:10.1109/TAC.1974.1100705)."""
        return 2 * self.free - 2 * self.log_likelihood

    @property
    def aicc(self) -> float | None:
        """AIC + 2 k (k + 1) / (n - k - 1), for few points; None when n is too small (doi:10.1093/biomet/76.2.297)."""
        left = self.points - self.free - 1
        return self.aic + 2 * self.free * (self.free + 1) / left if left > 0 else None

    @property
    def bic(self) -> float:
        """K log n - 2 log L (Schwarz 1978, doi:10.1214/aos/1176344136)."""
        return self.free * float(np.log(self.points)) - 2 * self.log_likelihood

    @property
    def views(self) -> tuple[View, ...]:
        """Data beside prediction for every output, with a curve and its error; computed when first asked for."""
        if "_views" not in self.__dict__:
            self.__dict__["_views"] = self.view_source() if self.view_source is not None else ()
        return self.__dict__["_views"]

    def row(self, label: str) -> Row:
        """The row of a label. Raises ParametraError for an unknown one."""
        for row in self.rows:
            if row.label == label:
                return row
        raise ParametraError(f'this fit has no "{label}"; ' + did_you_mean(label, [r.label for r in self.rows]))
