"""The bootstrap: draw data again many times, fit each, and see how the estimates scatter and lean."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.bootstrap_intervals import (
    NEGLIGIBLE,
    bias_corrected_accelerated,
    bias_of,
    iterated_correction,
    percentile,
    skewness,
)
from parametra.nouns.bootstrap_data import KINDS, ReplicateData, case_data, parametric_data, residual_data
from parametra.nouns.bootstrap_engine import Refitting
from parametra.nouns.bootstrap_quantities import Quantities
from parametra.nouns.bootstrap_result import Bootstrap, BootstrapRow
from parametra.nouns.card import Ability, Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.keys import generator
from parametra.nouns.method_settings import Range, check_settings
from parametra.nouns.receipt import Receipt, versions
from parametra.nouns.status import Outcome, Status

LEAST = 50
"""Refits below which nothing is said of a distribution."""

MANY_FAILED = 0.05
"""Share of failed refits from which intervals are doubted."""


@dataclass(frozen=True)
class METHOD:
    """Standard errors, intervals and bias from refits of data that were drawn again.

    Good for: small samples, estimates whose distribution is skewed, quantities derived from the parameters, and the
    bias, which no curvature tells. Prefer profile_likelihood where a parameter is hardly determined: refits of data
    simulated from a flat direction scatter as far as the bounds let them.

    parametric simulates from the fit and needs a noise that is right; residual draws errors from the residuals and
    needs them to be alike; case draws rows and needs neither, but many rows. Priors are left as they are.

    Arguments:
        kind: "parametric", "residual" or "case".
        replicates: data sets.
        level: of the intervals.
        rounds: of the correction of the bias: 0 for none, 1 for the usual one, more for the iterated one (parametric
            only). A bias below a quarter of the standard error is never corrected.

    Raises:
        MethodError: a setting that cannot be, or a kind that the problem's noise does not allow.
    """

    kind: str = "parametric"
    replicates: int = 1000
    level: float = 0.95
    rounds: int = 1

    card: ClassVar[Card] = Card(
        name="bootstrap",
        verb="identify",
        summary="Refits of data drawn again: standard errors, percentile and BCa intervals, bias and its correction.",
        good_for="few data, skewed estimates, derived quantities, and the bias, which a curvature does not tell",
        prefer_instead="profile_likelihood where a parameter is hardly determined, or one evaluation takes long",
        needs=frozenset({Ability.LIKELIHOOD, Ability.CONTINUOUS}),
        honours=frozenset({"bounds", "robust losses", "priors"}),
        cost="some 10 evaluations with derivatives for each of 1000 data sets",
        sources=(
            Source("B. Efron", 1987, "Better bootstrap confidence intervals", "doi:10.1080/01621459.1987.10478410"),
            Source(
                "A. C. Davison and D. V. Hinkley",
                1997,
                "Bootstrap Methods and their Application",
                "doi:10.1017/CBO9780511802843",
            ),
            Source(
                "N. Miolane, S. Holmes and X. Pennec",
                2017,
                "Template shape estimation: correcting an asymptotic bias",
                "arXiv:1610.01502",
            ),
        ),
    )

    def __post_init__(self) -> None:
        check_settings(
            self,
            ranges={"level": Range(below=1.0), "rounds": Range(above=None, at_least=0.0)},
            one_of={"kind": KINDS},
        )
        if self.replicates < LEAST:
            raise MethodError(f"bootstrap(replicates={self.replicates}): {LEAST} or more are wanted, 1000 are usual.")
        if self.rounds > 1 and self.kind != "parametric":
            raise MethodError(f'bootstrap(rounds={self.rounds}): only kind="parametric" can draw data elsewhere.')

    def solve(
        self,
        refitting: Refitting,
        *,
        seed: int = 0,
        errors: Mapping[str, float | None] | None = None,
        evaluator: str = "",
        problem_hash: str = "",
    ) -> Bootstrap:
        """Draw, refit, and say what came of it.

        Arguments:
            refitting: a fitted problem that can be fitted to other data.
            seed: of the random numbers.
            errors: the fit's own standard errors by label.
            evaluator, problem_hash: for the receipt.
        """
        began = time.perf_counter()
        quantities = Quantities.of(refitting.problem)
        data = self._data(refitting, refitting.x, seed)
        refits = refitting.refit(data)
        spent, failed = refits.evaluations, Counter(refits.reasons)
        values = quantities.at(refits.points, refits.scale)
        estimate = quantities.at(refitting.x[None], np.array([refitting.scale]))[0]
        rows: tuple[BootstrapRow, ...] = ()
        rounds, settled = 0, True
        if int(refits.ok.sum()) >= LEAST:
            linear = self._linear(refitting, quantities, data, refitting.x)
            truth = estimate.copy()
            if refitting.problem.profiled is not None and data.scale is not None:
                truth[quantities.labels.index(refitting.problem.profiled)] = data.scale
            bias, error = bias_of(values[refits.ok], truth, None if linear is None else linear[refits.ok])
            deviation = values[refits.ok].std(axis=0, ddof=1)
            negligible = np.abs(bias) < NEGLIGIBLE * deviation
            corrected = np.where(negligible | (self.rounds == 0), estimate, estimate - bias)
            if self.rounds and not negligible.all():
                rounds = 1
                if self.rounds > 1:
                    found, error, rounds, settled, more, why = self._iterated(refitting, quantities, estimate, seed)
                    corrected = np.where(negligible, estimate, found)
                    spent, failed = spent + more, failed + why
            rows = self._rows(quantities, estimate, values[refits.ok], linear, refits.ok, bias, error, corrected)
            rows = tuple(_with_notes(r, refitting, refits.points, errors or {}) for r in rows)
        settings = {"method": "bootstrap", "kind": self.kind, "replicates": self.replicates, "level": self.level}
        return Bootstrap(
            status=_status(self.replicates, int(refits.ok.sum()), refits.reasons),
            title=refitting.problem.title,
            kind=self.kind,
            level=self.level,
            rows=rows,
            replicates=values,
            failed=dict(failed),
            rounds=rounds,
            settled=settled,
            receipt=Receipt(
                evaluations=spent,
                model_calls=spent,
                failures={},
                seconds=time.perf_counter() - began,
                seed=seed,
                settings={**settings, "rounds": self.rounds},
                evaluator=evaluator,
                problem_hash=problem_hash,
                citation=tuple(str(source) for source in self.card.sources),
                versions=versions("numpy", "scipy", "jax"),
            ),
        )

    def _data(self, refitting: Refitting, x: Float[np.ndarray, " d"], seed: int) -> ReplicateData:
        random = generator(seed, f"identify.bootstrap.{self.kind}", 0)
        if self.kind == "parametric":
            return parametric_data(refitting.problem, refitting.named(x), self.replicates, random)
        if self.kind == "case":
            drawn = case_data(refitting.problem, self.replicates, random)
            freedom = max(refitting.problem.degrees_of_freedom, 0) / refitting.problem.size
            return replace(drawn, scale=refitting.scale * freedom**0.5)
        residuals, leverage = refitting.residuals()
        return residual_data(residuals, leverage, refitting.problem.size, self.replicates, random)

    def _linear(
        self, refitting: Refitting, quantities: Quantities, data: ReplicateData, x: Float[np.ndarray, " d"]
    ) -> np.ndarray | None:
        """The part of each change that is linear in the data, (R, q); None where derivatives are not to be had."""
        found = refitting.linear_changes(data, x)
        if found is None:
            return None
        changes, in_scale = found
        linear = changes @ quantities.slopes(x, refitting.scale, changes.std(axis=0)).T
        profiled = refitting.problem.profiled
        if profiled is not None:
            # its expectation is not known, so it tells the skewness and leaves the mean alone
            linear[:, quantities.labels.index(profiled)] = in_scale
        # nor is any where priors pull
        unknown = [
            q for q, n in enumerate(quantities.labels) if n == profiled or refitting.problem.space.explicit_priors
        ]
        linear[:, unknown] -= linear[:, unknown].mean(axis=0)
        return linear

    def _iterated(
        self, refitting: Refitting, quantities: Quantities, estimate: np.ndarray, seed: int
    ) -> tuple[np.ndarray, np.ndarray, int, bool, int, Counter[str]]:
        """The bias where the truth is thought to be, for every quantity, after all rounds."""
        space = refitting.problem.fit_space
        spent, failed = 0, Counter[str]()
        there: dict[str, np.ndarray] = {}

        def bias_at(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            nonlocal spent, failed
            data = self._data(refitting, x, seed)
            refits, ok = (found := refitting.refit(data)), found.ok
            spent, failed = spent + refits.evaluations, failed + Counter(refits.reasons)
            if int(ok.sum()) < LEAST:
                raise MethodError(
                    "the bias cannot be corrected in rounds: where the truth would be, next to no refit converges. "
                    "Use rounds=1."
                )
            truth = quantities.at(x[None], np.array([refitting.scale]))[0]
            values = quantities.at(refits.points, refits.scale)[ok]
            linear = self._linear(refitting, quantities, data, x)
            there["bias"], there["error"] = bias_of(values, truth, None if linear is None else linear[ok])
            changes = None if linear is None else refitting.linear_changes(data, x)
            return bias_of(refits.points[ok], x, None if changes is None else changes[0][ok])

        def admissible(x: np.ndarray) -> np.ndarray:
            return np.clip(x, space.lower, space.upper)

        found = iterated_correction(bias_at, refitting.x, self.rounds, admissible)
        return estimate - there["bias"], there["error"], len(found.biases), found.settled, spent, failed

    def _rows(
        self,
        quantities: Quantities,
        estimate: np.ndarray,
        values: np.ndarray,
        linear: np.ndarray | None,
        ok: np.ndarray,
        bias: np.ndarray,
        error: np.ndarray,
        corrected: np.ndarray,
    ) -> tuple[BootstrapRow, ...]:
        acceleration = np.zeros(estimate.size) if linear is None else skewness(linear[ok]) / 6
        deviation = values.std(axis=0, ddof=1)
        rows: list[BootstrapRow] = []
        for q, label in enumerate(quantities.labels):
            own = values[:, q][np.isfinite(values[:, q])]
            if own.size < LEAST or not np.isfinite(estimate[q]):
                continue
            low, high, _ = bias_corrected_accelerated(own, float(estimate[q]), float(acceleration[q]), self.level)
            found = np.isfinite(low) and np.isfinite(high)
            rows.append(
                BootstrapRow(
                    label=label,
                    unit=quantities.units[q],
                    estimate=float(estimate[q]),
                    standard_error=float(deviation[q]),
                    percentile=percentile(own, self.level),
                    accelerated=(low, high) if found else None,
                    bias=float(bias[q]),
                    bias_error=float(error[q]),
                    corrected=float(corrected[q]),
                    negligible=bool(np.abs(bias[q]) < NEGLIGIBLE * deviation[q]),
                )
            )
        return tuple(rows)


def _with_notes(
    row: BootstrapRow, refitting: Refitting, points: np.ndarray, errors: Mapping[str, float | None]
) -> BootstrapRow:
    space = refitting.problem.fit_space
    notes: list[str] = []
    if row.accelerated is None:
        notes.append("all refits lie on one side of the estimate: no BCa interval")
    if not row.negligible and abs(row.bias) < 2 * row.bias_error:
        notes.append("the bias cannot be told from chance: more replicates would tell")
    labels = list(space.labels)
    if row.label in labels:
        own = points[:, labels.index(row.label)]
        lower, upper = space.lower[labels.index(row.label)], space.upper[labels.index(row.label)]
        close = 1e-6 * (upper - lower if np.isfinite(upper - lower) else max(abs(row.estimate), 1.0))
        for side, share in (("lower", np.mean(own <= lower + close)), ("upper", np.mean(own >= upper - close))):
            if share >= 0.005:
                notes.append(f"{100 * share:.0f} % of the refits end at its {side} bound")
    given = errors.get(row.label)
    return replace(row, note="; ".join(notes), curvature_error=given)


def _status(asked: int, ok: int, reasons: Mapping[str, int]) -> Status:
    if ok == asked:
        return Status(Outcome.CONVERGED, f"all {asked} refits converged")
    ended = next((why for why in reasons if "is spent" in why or why == "the run was stopped"), "")
    if ended:
        outcome = Outcome.BUDGET if "is spent" in ended else Outcome.STOPPED
        return Status(outcome, f"{ended} after {ok} of {asked} refits. Give it more, or ask for fewer replicates.")
    why = "; ".join(f"{n} x {reason}" for reason, n in reasons.items())
    if ok < LEAST:
        return Status(
            Outcome.FAILED,
            f"only {ok} of {asked} refits converged ({why}), too few to say anything. Use profile_likelihood, or fix "
            "what the data do not determine.",
        )
    if asked - ok > MANY_FAILED * asked:
        return Status(
            Outcome.CONVERGED,
            f"{ok} of {asked} refits converged; with so many failed ({why}) errors and intervals are too small, "
            "because it is the extreme data sets that fail. Use profile_likelihood.",
        )
    return Status(Outcome.CONVERGED, f"{ok} of {asked} refits converged")
