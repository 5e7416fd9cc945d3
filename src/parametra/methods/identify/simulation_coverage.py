"""Simulate from the fit, refit, and count how often intervals hold the value that the data were simulated with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.bootstrap_data import ReplicateData, parametric_data
from parametra.nouns.bootstrap_engine import Refitting
from parametra.nouns.bootstrap_refits import Refits
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.coverage_result import Coverage, CoverageRow
from parametra.nouns.errors import MethodError
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import Range, check_settings
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status

IntervalMaker = Callable[[ReplicateData, Refits], tuple[np.ndarray, np.ndarray]]
"""From data sets and their refits to the lower and upper ends, (R, d) each, in the coordinates of the box.

NaN where there is no interval, infinity for an open end.
"""

LEAST = 100
"""Data sets below which nothing is said of a share."""

_TELLS = 0.015
"""A standard error of the share above which nothing finer is said than that the promise is not refuted."""

_BARE = 0.01
"""Data sets without an interval, for each with one, that are worth a word."""


@dataclass(frozen=True)
class METHOD:
    """How often intervals cover: the share of R simulated data sets whose interval holds the truth.

    share = covered / R, with standard error sqrt(share (1 - share) / R): 2000 data sets tell 95 % to half a per cent.
    Intervals are called too short or too long where the 99 % interval of the share leaves the promise out, which
    happens to a right interval once in a hundred times.

    Good for: knowing whether the intervals of this very problem can be believed. Prefer the doubts of a fit for a
    quick warning: this costs R fits. It takes the fit for the truth, and says nothing of a wrong model.

    Arguments:
        replicates: data sets.
        level: of the intervals that are made here, those by curvature.

    Raises:
        MethodError: a setting that cannot be, or a noise that cannot be simulated.
    """

    replicates: int = 2000
    level: float = 0.95

    card: ClassVar[Card] = Card(
        name="simulation_coverage",
        verb="identify",
        summary="Simulate from the fit, refit, and count how often the intervals hold the truth.",
        good_for="knowing whether intervals can be believed: few points, bounds, strong curvature",
        prefer_instead="the doubts of a fit for a quick warning: this costs thousands of refits",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors"}),
        cost="some 10 evaluations with derivatives for each of 2000 data sets",
        sources=(
            Source(
                "T. P. Morris, I. R. White and M. J. Crowther",
                2019,
                "Using simulation studies to evaluate statistical methods",
                "doi:10.1002/sim.8086",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_settings(self, ranges={"level": Range(below=1.0)})
        if self.replicates < LEAST:
            raise MethodError(
                f"simulation_coverage(replicates={self.replicates}): {LEAST} or more are wanted, 2000 are usual."
            )

    def solve(
        self,
        refitting: Refitting,
        *,
        seed: int = 0,
        makers: Mapping[str, IntervalMaker] | None = None,
        evaluator: str = "",
        problem_hash: str = "",
    ) -> Coverage:
        """Simulate, refit, and count.

        Arguments:
            refitting: a fitted problem that can be fitted to other data.
            seed: of the random numbers.
            makers: other kinds of intervals by name, of the same level.
            evaluator, problem_hash: for the receipt.
        """
        began = time.perf_counter()
        random = generator(seed, "identify.simulation_coverage", 0)
        data = parametric_data(refitting.problem, refitting.named(refitting.x), self.replicates, random)
        refits = refitting.refit(data)
        rows: list[CoverageRow] = []
        risk = risk_error = float("nan")
        if int(refits.ok.sum()) >= LEAST:
            known: dict[str, IntervalMaker] = {"curvature": lambda _, found: self.by_curvature(refitting, found)}
            for name, make in {**known, **(makers or {})}.items():
                lower, upper = make(data, refits)
                rows += self._rows(refitting, name, np.asarray(lower), np.asarray(upper), refits.ok)
            risk, risk_error = refitting.risk(refits)
        d, n = refitting.x.size, refitting.problem.size
        return Coverage(
            status=_status(self.replicates, refits, rows),
            title=refitting.problem.title,
            rows=tuple(rows),
            replicates=self.replicates,
            failed=refits.reasons,
            risk=risk,
            risk_error=risk_error,
            thumb=(d + (refitting.problem.profiled is not None)) / (2 * n),
            receipt=Receipt(
                evaluations=refits.evaluations,
                model_calls=refits.evaluations,
                failures={},
                seconds=time.perf_counter() - began,
                seed=seed,
                settings={"method": "simulation_coverage", "replicates": self.replicates, "level": self.level},
                evaluator=evaluator,
                problem_hash=problem_hash,
                citation=tuple(str(source) for source in self.card.sources),
                versions=versions("numpy", "scipy", "jax"),
            ),
        )

    def by_curvature(self, refitting: Refitting, refits: Refits) -> tuple[np.ndarray, np.ndarray]:
        """Symmetric intervals as a fit gives them, x ± t s sqrt(C), cut at the bounds; none for what a bound holds."""
        from scipy.special import ndtri, stdtrit

        problem = refitting.problem
        freedom = problem.degrees_of_freedom
        share = 0.5 + 0.5 * self.level
        t = float(ndtri(share) if problem.profiled is None else stdtrit(freedom, share))
        error = np.sqrt(np.diagonal(refits.covariance(), axis1=1, axis2=2))
        half = np.where(refits.held, np.nan, t * error)
        space = problem.fit_space
        return np.maximum(refits.points - half, space.lower), np.minimum(refits.points + half, space.upper)

    def _rows(
        self,
        refitting: Refitting,
        name: str,
        lower: np.ndarray,
        upper: np.ndarray,
        ok: np.ndarray,
    ) -> list[CoverageRow]:
        """The count of each coordinate."""
        if lower.shape != (ok.size, refitting.x.size) or upper.shape != lower.shape:
            raise MethodError(
                f'the intervals "{name}" have the shapes {lower.shape} and {upper.shape}; wanted is one for each data '
                f"set and coordinate, {(ok.size, refitting.x.size)}."
            )
        return [
            count_row(label, name, self.level, lower[ok, c], upper[ok, c], float(refitting.x[c]))
            for c, label in enumerate(refitting.problem.fit_space.labels)
        ]


def count_row(
    label: str,
    name: str,
    level: float,
    lower: Float[np.ndarray, " R"],
    upper: Float[np.ndarray, " R"],
    truth: float,
) -> CoverageRow:
    """How often intervals hold the truth, and whether that is what they promise.

    Arguments:
        label, name: of the coordinate and of who made the intervals.
        level: what they promise.
        lower, upper: their ends, NaN where there is none.
        truth: the true value.
    """
    there = ~(np.isnan(lower) | np.isnan(upper))
    of = int(there.sum())
    below, above = int((upper[there] < truth).sum()), int((lower[there] > truth).sum())
    covered = of - below - above
    share = covered / of if of else float("nan")
    error = float(np.sqrt(share * (1 - share) / of)) if of else float("nan")
    within = wilson(covered, of) if of else (0.0, 1.0)
    return CoverageRow(
        label=label,
        intervals=name,
        level=level,
        covered=covered,
        of=of,
        below=below,
        above=above,
        without=int(there.size - of),
        share=share,
        error=error,
        range=within,
        verdict=_verdict(level, of, within),
    )


def wilson(covered: int, of: int, quantile: float = 2.5758293035489004) -> tuple[float, float]:
    """The interval of a share, 99 % by default (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""
    share, z2 = covered / of, quantile**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = quantile / (1 + z2 / of) * float(np.sqrt(share * (1 - share) / of + z2 / (4 * of**2)))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _verdict(level: float, of: int, within: tuple[float, float]) -> str:
    if within[1] < level:
        return "too short"
    if within[0] > level:
        return "too long"
    if not of or float(np.sqrt(level * (1 - level) / of)) > _TELLS:
        return "cannot tell"
    return "as stated"


def _status(asked: int, refits: Refits, rows: list[CoverageRow]) -> Status:
    ok = int(refits.ok.sum())
    why = "; ".join(f"{n} x {reason}" for reason, n in refits.reasons.items())
    if ok < LEAST:
        spent = any("is spent" in reason for reason in refits.reasons)
        return Status(
            Outcome.BUDGET if spent else Outcome.FAILED,
            f"only {ok} of {asked} simulated data sets could be fitted ({why}), too few to count. "
            + ("Give it more." if spent else "Fix what the data do not determine."),
        )
    parts: list[str] = []
    for verdict in ("too short", "too long", "cannot tell"):
        named = [f"{r.label} ({r.intervals})" for r in rows if r.verdict == verdict]
        if named:
            said = {"cannot tell": "too few data sets to tell of"}.get(verdict, f"{verdict}:")
            parts.append(f"{said} {', '.join(named)}")
    bare = [f"{r.label} ({100 * r.without / (r.of + r.without):.0f} %)" for r in rows if r.without > _BARE * r.of]
    if bare:
        parts.append(f"in a share of the data sets there is no interval at all: {', '.join(bare)}")
    told = "; ".join(parts) if parts else "all intervals cover as they say"
    lost = f". {asked - ok} of {asked} data sets could not be fitted and are not counted ({why})" if ok < asked else ""
    return Status(Outcome.CONVERGED, told + lost)
