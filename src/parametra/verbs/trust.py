"""Statistical honesty for people who look at data again and again: four methods, and what they promise.

reusable_holdout     many questions to one holdout, each asked after a look at the answers before
conformal_selection  a shortlist with a false-discovery rate, after the score was chosen with the same data
online_calibration   probabilities of a model put right as outcomes come in, under drift
private_test         any test of a hypothesis, such that no person's row shows
promise              what one of them promises against what it delivers on simulated data
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from parametra.methods.trust import _tulap
from parametra.methods.trust.conformal_selection import ConformalSelection, Found
from parametra.methods.trust.online_calibration import Calibrator, OnlineCalibration
from parametra.methods.trust.private_test import PrivateTest, p_values_of, parts_of
from parametra.methods.trust.reusable_holdout import ReusableHoldout
from parametra.nouns.errors import DataError, MethodError
from parametra.nouns.keys import generator
from parametra.nouns.status import Outcome, Status
from parametra.nouns.trust_calibration import CalibratedStream
from parametra.nouns.trust_private import PrivateTestResult
from parametra.nouns.trust_selection import SelectedInstances
from parametra.verbs._holdout_keeper import HoldoutKeeper
from parametra.verbs._private_rows import count_of, quiet, rehearse, taker
from parametra.verbs._selection_rows import candidates, finite, learning, outcomes_and_cutoff
from parametra.verbs._trust_receipt import receipt_of

_UNTOLD = -1
"""The seed that a receipt shows where the true one must stay secret."""


def reusable_holdout(
    train: Any = None,
    holdout: Any = None,
    *,
    budget: int = 100,
    threshold: float = 0.0,
    noise: float = 1.0 / 32.0,
    spread: float = 0.0,
    bounds: Any = None,
    seed: int = 0,
) -> HoldoutKeeper:
    """A holdout that may be asked again and again: Thresholdout (doi:10.1126/science.aaa9375).

    Good for choosing variables, models and settings step by step while the last one's quality is still known. For a
    single question a plain holdout is better, where rows are few nested cross-validation.

    Arguments:
        train, holdout: rows of any kind that the questions take; None where values are given by `ask_values`.
        budget: how often the holdout may contradict the training rows before it falls silent.
        threshold: T, in units of a question's values; 0 takes 4 spread sqrt((1/n_train + 1/n_holdout) / 2).
        noise: of answers from the holdout, as a share of T.
        spread: standard deviation of a question's values; 0 takes that of its training values.
        bounds: between which all values lie, such as (0, 1); wanted for a proven tolerance.
        seed: of the noise.

    Returns:
        A keeper: `keeper.ask(question)`, `ask_each`, `ask_values`, `left`, `record()`.

    Raises:
        MethodError: a setting that is none.
        DataError: bounds that are none.
    """
    method = ReusableHoldout(budget=budget, threshold=float(threshold), noise=float(noise), spread=float(spread))
    return HoldoutKeeper(train, holdout, method, None if bounds is None else _between(bounds), seed)


def conformal_selection(
    outcomes: Any,
    scores: Any = None,
    new_scores: Any = None,
    *,
    cutoff: Any,
    learners: Any = None,
    inputs: Any = None,
    new_inputs: Any = None,
    level: float = 0.1,
    pruning: str = "homogeneous",
    names: Sequence[Any] | None = None,
    seed: int = 0,
) -> SelectedInstances:
    """Select new instances whose outcome is likely above the cutoff; at most `level` of them are false on average.

    Good for shortlists when several models compete, or one is fitted, with the same labels that calibrate: OptCS
    (arXiv:2411.17983). Labelled and new rows must be exchangeable, as draws from one population are.

    Arguments:
        outcomes: (n,) of labelled rows.
        scores, new_scores: of labelled and new rows, larger promises more, from models that did not see these labels:
            (n,) and (m,), (K, n) and (K, m), or mappings of name to (n,) and (m,).
        cutoff: an outcome above it is wanted; a number or (n,).
        learners: in place of scores: a function of (inputs, excess) that returns a function of inputs, or an object
            with fit and predict; a list or a mapping of them. It must not depend on the order of rows. `excess` is
            max(outcome - cutoff, 0).
        inputs, new_inputs: (n, p) and (m, p), for learners.
        level: the false-discovery rate.
        pruning: see `parametra methods` or docs/trust.md; "none" draws nothing and selects fewer.
        names: (m,) of the new instances.
        seed: of the draw that pruning makes.

    Returns:
        The selection, with a p-value for each new instance.

    Raises:
        DataError: arrays that do not fit or hold no numbers.
        MethodError: a setting or learner that is none, or both or neither of scores and learners.
    """
    began = time.perf_counter()
    method = ConformalSelection(level=level, pruning=pruning)
    margin = outcomes_and_cutoff(outcomes, cutoff)
    interesting, random = margin > 0.0, generator(seed, "trust", 0)
    if (learners is None) == (scores is None):
        raise MethodError("conformal_selection: either scores and new_scores, or learners with inputs, are wanted.")
    if learners is None:
        called, old, new = candidates(scores, new_scores, len(margin))
        found = method.among(old, interesting, new, random)
        data: Any = (margin, old, new)
        work = old.shape[0]
    else:
        called, learn, m = learning(learners, inputs, new_inputs, np.maximum(margin, 0.0))
        found = method.learned(learn, interesting, m, random)
        data = (margin, finite("inputs", inputs, 2), finite("new_inputs", new_inputs, 2))
        work = m * len(called)
    instances = [f"new {j + 1}" for j in range(len(found.p_values))] if names is None else [str(n) for n in names]
    if len(instances) != len(found.p_values):
        raise DataError(f"names: {len(found.p_values)} new instances came with {len(instances)} names.")
    order = np.argsort(found.p_values, kind="stable")
    seconds = time.perf_counter() - began
    return SelectedInstances(
        status=_selected(found, interesting, level),
        title="conformal selection",
        notes=(),
        receipt=receipt_of(method, evaluations=work, seconds=seconds, seed=seed, data=data),
        selected=tuple(int(j) for j in order if found.selected[j]),
        names=tuple(instances),
        p_values=found.p_values,
        candidates=tuple(called[int(k)] for k in found.chosen),
        scores=found.scores,
        level=float(level),
        labelled=len(margin),
        interesting=int(interesting.sum()),
    )


def online_calibration(
    scores: Any, outcomes: Any, *, family: str = "platt", width: float = 0.1, seed: int = 0
) -> CalibratedStream:
    """Put a stream of probabilities right: online Platt scaling with calibeating (arXiv:2305.00070).

    Good for a model whose world drifts, when outcomes follow its forecasts one by one; nothing is tuned. Where nothing
    drifts and labels are given at once, logistic regression of the outcomes on logit(score) does as well.

    Arguments:
        scores: (T,) probabilities from 0 to 1, in the order of time.
        outcomes: (T,) or shorter, 0 or 1; NaN, or missing at the end, where not known yet.
        family: "platt", or "beta", which also bends.
        width: of the bins.
        seed: of the draws of hedging.

    Returns:
        Every kind of forecast, each made before its outcome, and how well each was calibrated. For forecasts as they
        are needed, one by one, `calibrator(...)` gives an object with `forecast(score)` and `tell(outcome)`.

    Raises:
        DataError: scores that are no probabilities, outcomes that are not 0 or 1.
        MethodError: a setting that is none.
    """
    began = time.perf_counter()
    method = OnlineCalibration(family=family, width=float(width))
    p = finite("scores", scores, 1)
    if p.min() < 0.0 or p.max() > 1.0:
        raise DataError(
            f"scores: probabilities from 0 to 1 are wanted; came {p.min():g} .. {p.max():g}. Turn margins into "
            f"probabilities first: 1 / (1 + exp(-margin))."
        )
    y = _outcomes(outcomes, len(p))
    running, said = Calibrator(method, generator(seed, "trust", 0)), []
    for score, outcome in zip(p.tolist(), y.tolist(), strict=True):
        said.append(running.forecast(score))
        if math.isfinite(outcome):
            running.tell(outcome)
    kinds = ("scaled", "tracked", "hedged")
    known = int(np.isfinite(y).sum())
    seconds = time.perf_counter() - began
    return CalibratedStream(
        status=Status(Outcome.CONVERGED, f"{len(p)} forecasts, {known} outcomes."),
        title="online calibration",
        notes=()
        if known >= 10 * method.bins
        else (f"{known} outcomes are few for {method.bins} bins: the errors below are mostly chance.",),
        receipt=receipt_of(method, evaluations=known, seconds=seconds, seed=seed, data=(p, y)),
        forecasts={"as it came": p} | {kind: np.array([getattr(one, kind) for one in said]) for kind in kinds},
        outcomes=y,
        bins=method.bins,
        family=family,
        weights=running.weights,
    )


def calibrator(*, family: str = "platt", width: float = 0.1, seed: int = 0) -> Calibrator:
    """An object with `forecast(score)` and `tell(outcome)`, for a stream that is still going on.

    Arguments:
        family, width, seed: as for `online_calibration`.

    Raises:
        MethodError: a setting that is none.
    """
    return Calibrator(OnlineCalibration(family=family, width=float(width)), generator(seed, "trust", 0))


def private_test(
    p_value: Callable[[Any], Any],
    rows: Any,
    *,
    epsilon: float = 1.0,
    size: float = 0.05,
    parts: int = 0,
    cut: float = 0.0,
    rehearsal: Any = None,
    seed: int | None = None,
) -> PrivateTestResult:
    """Any test of a hypothesis such that no person's row shows: test of tests (arXiv:2302.04260).

    Good for one question about rows of persons. Costs 4 to 6 times the rows of the public test at epsilon = 1; with
    public rows use the test itself.

    Arguments:
        p_value: function of rows -> a number from 0 to 1, uniform or larger where the null hypothesis holds.
        rows: an array, a tuple or mapping of arrays of one length, or a data frame; one person a row. It is called
            with parts of it, of the same kind. How many rows there are is taken to be public.
        epsilon: the privacy that is spent, more is less private; repeated questions add theirs.
        size: probability of a false alarm that is accepted.
        parts, cut: m and c, chosen from the number of rows and epsilon alone when left out; see docs/trust.md.
        rehearsal: made-up rows that the function is tried on first; None makes standard normal ones, False has none.
        seed: None draws the noise from the system's entropy, which nobody knows afterwards. A seed is for simulations:
            who knows it can subtract the noise, and the result says so.

    Returns:
        The verdict; everything in it may be published.

    Raises:
        MethodError: a setting that is none, too few rows, a function that fails in the rehearsal.
        DataError: rows that are none.
    """
    began = time.perf_counter()
    method = PrivateTest(epsilon=float(epsilon), size=float(size), parts=parts, cut=float(cut))
    n = count_of(rows)
    plan = method.plan(n)
    rehearse(p_value, rows, n // plan.parts, rehearsal)
    entropy = secrets.randbits(256) if seed is None else None
    random = generator(seed or 0, "trust", 0) if entropy is None else np.random.default_rng(entropy)
    with quiet():
        found = p_values_of(p_value, taker(rows), parts_of(n, plan.parts, random))
    noisy, p = method.noisy_count(found, plan, random)
    rejected = p <= size
    counts = np.arange(plan.parts + 1.0)
    open_seed = "the seed is known, so the noise can be subtracted: this result is not private."
    verdict = "evidence against the null hypothesis" if rejected else "no evidence against the null hypothesis"
    seconds = time.perf_counter() - began
    return PrivateTestResult(
        status=Status(Outcome.CONVERGED, f"{verdict} at level {size:g} (p = {p:.2g})."),
        title=f"private test, epsilon {epsilon:g}",
        notes=() if seed is None else (open_seed,),
        receipt=receipt_of(method, evaluations=plan.parts, seconds=seconds, seed=_UNTOLD if seed is None else seed),
        p_value=p,
        rejected=bool(rejected),
        noisy_count=noisy,
        threshold=plan.threshold,
        epsilon=float(epsilon),
        size=float(size),
        rows=n,
        parts=plan.parts,
        cut=plan.cut,
        effect=plan.effect,
        counts=counts,
        null=_tulap.binomial(plan.parts, plan.cut),
    )


def _between(bounds: Any) -> tuple[float, float]:
    ends = finite("bounds", bounds, 1, 2)
    if not ends[0] < ends[1]:
        raise DataError(f"bounds: two numbers, the smaller one first, are wanted; came {bounds}.")
    return float(ends[0]), float(ends[1])


def _selected(found: Found, interesting: np.ndarray, level: float) -> Status:
    count, m, n = int(found.selected.sum()), len(found.p_values), len(interesting)
    if count:
        return Status(Outcome.CONVERGED, f"{count} of {m} new instances selected at false-discovery rate {level:g}.")
    least, passed = 1.0 / (n + 1), int((found.p_values <= level * found.sizes / m).sum())
    if passed:
        why = (
            f"{passed} had p-values that are small enough, and the draw that keeps the rate dropped them all. Drawing "
            f"again until it does not would break the promise; more labels or better scores make it rarer."
        )
    elif least > level:
        why = f"with {n} labelled rows no p-value can be below {least:.2g}; label {math.ceil(1 / level)} rows or more."
    elif not interesting.any():
        why = "no labelled row is above the cutoff, so a new one must outscore them all. Lower the cutoff."
    else:
        least = float(found.p_values.min())
        why = f"the smallest p-value is {least:.2g}; better scores, more labels or a larger level may help."
    return Status(Outcome.CONVERGED, f"none of {m} new instances selected: {why}")


def _outcomes(outcomes: Any, length: int) -> np.ndarray:
    try:
        y = np.asarray(outcomes, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError(f"outcomes: 0 or 1 each is wanted; came {outcomes!r:.60}.") from None
    if y.ndim != 1 or len(y) > length:
        raise DataError(f"outcomes: one for each of {length} scores, or fewer, are wanted; came shape {y.shape}.")
    if not np.isin(y[~np.isnan(y)], (0.0, 1.0)).all():
        raise DataError("outcomes: 0 or 1 each is wanted, NaN where it is not known yet; other numbers came.")
    return np.append(y, np.full(length - len(y), np.nan))
