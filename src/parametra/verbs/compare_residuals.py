"""What a model leaves over, and what tests say of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.residual_tests import Tested, breusch_pagan, durbin_watson, ljung_box, normality, runs
from parametra.nouns._noise_contract import Noise, Scatter
from parametra.nouns._noise_limited import Limited, Windowed, log_up_to
from parametra.nouns.asker import Want
from parametra.nouns.comparison_parts import Check, Residuals
from parametra.nouns.keys import generator
from parametra.nouns.problem import maybe_64_bits
from parametra.runs.cost import Cost
from parametra.verbs.at_estimate import AtEstimate

WEAK, CLEAR = 0.05, 0.01
"""P-values below which a test is a weak sign, and a clear one."""

_LEAST = {"runs": 8, "neighbours": 8, "memory": 20, "shape": 8, "spread": 12}
"""Residuals below which a test says nothing."""

_MOST_LAGS = 10


def residuals_of(at: AtEstimate, seed: int) -> Residuals:
    """Residuals that are standard normal when the model is right, each stretch in the order of its input.

    Arguments:
        at: the fitted problem.
        seed: of the random part of quantile residuals.

    Source: Dunn and Smyth (1996), Randomized quantile residuals, doi:10.1080/10618600.1996.10474708.
    """
    problem, named = at.problem, at.fit.values
    kinds: set[str] = set()
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    along: list[str] = []
    with np.errstate(all="ignore"), maybe_64_bits():
        rows = problem.compared(named, problem.arrays)
        views = at.fit.views if len(at.fit.views) == len(rows) else (None,) * len(rows)
        for k, ((i, output, f), view) in enumerate(zip(rows, views, strict=True)):
            predicted = np.asarray(f, dtype=np.float64)
            scatter = problem.scatter(i, output, predicted, named, problem.arrays, np)
            kind, values = _standard(problem.noise[output], scatter, generator(seed, "compare.residuals", k))
            if values is None:
                return _without(f"the noise of {output} ({problem.noise[output].describe()}) has {kind}")
            kinds.add(kind)
            x = np.arange(1.0, predicted.size + 1) if view is None else view.x
            along.append("" if view is None else view.input)
            order = np.argsort(x, kind="stable")
            parts.append((values[order], x[order], predicted[order]))
    values, x, predicted = (np.concatenate(column) for column in zip(*parts, strict=True))
    if not np.isfinite(values).all():
        return _without(f"{int((~np.isfinite(values)).sum())} residuals are not finite at the estimate")
    one = along[0] if len(set(along)) == 1 else ""
    kind = "quantile" if "quantile" in kinds else "standardised"
    words = "" if all(n.pointwise for n in problem.noise.values()) else "whitened by the correlation of the noise"
    return Residuals(kind, words, one, values, x, predicted, tuple(part[0].size for part in parts))


def _without(why: str) -> Residuals:
    empty = np.empty(0)
    return Residuals("none", why, "", empty, empty, empty)


def _standard(noise: Noise, scatter: Scatter, draws: np.random.Generator) -> tuple[str, np.ndarray | None]:
    """How residuals were made, and they; why there are none, and None."""
    if noise.offers_residuals and noise.robust_loss is None:
        width = 1.0
        if noise.profiles_scale:
            (scale,) = noise.parameters(scatter.output, alone=scatter.alone)
            width = float(np.asarray(scatter.values[scale]))
        if not width > 0:
            return "no scatter that could be estimated", None
        return "standardised", -np.asarray(noise.residuals(scatter), dtype=np.float64) / width
    below = _up_to(noise, scatter, discrete=noise.support in ("counts", "shares"))
    if below is None:
        return "no distribution function", None
    low, high = below
    u = draws.uniform(size=low.size)
    from scipy.special import ndtri

    inside = np.clip(low + u * (high - low), 1e-300, 1 - 1e-16)
    return "quantile", np.asarray(ndtri(inside), dtype=np.float64)


def _up_to(noise: Noise, scatter: Scatter, *, discrete: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """F just below what was observed and F there; over a limit, F at its ends."""
    inner: Any = noise.of if isinstance(noise, Limited) and not isinstance(noise, Windowed) else noise

    def at(values: np.ndarray) -> np.ndarray | None:
        if not isinstance(inner, Windowed) and inner.log_cdf(scatter) is None:
            return None
        moved = dataclasses.replace(scatter, observed=values)
        window = inner.log_window(scatter) if isinstance(inner, Windowed) else 0.0
        return np.exp(np.asarray(log_up_to(inner, moved, values) - window, dtype=np.float64))

    observed = np.asarray(scatter.observed, dtype=np.float64)
    high = at(observed)
    if high is None:
        return None
    low = at(observed - 1) if discrete else high
    if low is None:
        return None
    told = noise.censoring(scatter)
    if told is None:
        return low, high
    codes, upper = told
    ends = at(np.where(codes == 0, observed, np.asarray(upper, dtype=np.float64)))
    if ends is None:
        return None
    low = np.where(codes == 1, ends, np.where(codes == 2, 0.0, np.where(codes == 3, high, low)))
    return low, np.where(codes == 1, 1.0, np.where(codes == 0, high, ends))


def checks_of(at: AtEstimate, residuals: Residuals) -> tuple[Check, ...]:
    """What tests say of these residuals.

    Arguments:
        at: the fitted problem, whose Jacobian the test of neighbours needs.
        residuals: as from `residuals_of`.
    """
    values, n = residuals.values, residuals.values.size
    order = f"along {residuals.along}" if residuals.along else "in the order of the rows"
    if residuals.kind == "none":
        return tuple(Check(name, "", None, None, None, f"not made: {residuals.why}") for name in _LEAST)
    both = bool((values > 0).any() and (values < 0).any())
    same = bool(np.ptp(values) <= 1e-12 * max(float(np.abs(values).max()), 1e-300))
    jacobian = _jacobian(at, residuals)
    left = n - jacobian.shape[1]
    lags = min(_MOST_LAGS, n // 5)
    size = _size(residuals)
    found = [
        _made("runs", n, lambda: runs(values), "" if both else "all residuals have one sign", _runs_words, order),
        _made(
            "neighbours",
            n,
            lambda: durbin_watson(values, jacobian),
            "" if left >= 5 and not same else f"{left} degrees of freedom are too few",
            _neighbour_words,
            order,
        ),
        _made("memory", n, lambda: ljung_box(values, lags), "", _memory_words, order),
        _made("shape", n, lambda: normality(values), "all residuals are equal" * same, _shape_words, ""),
    ]
    columns = {"spread by prediction": size}
    if residuals.along and np.isfinite(residuals.x).all():
        columns[f"spread by {residuals.along}"] = residuals.x
    for name, column in columns.items():
        flat = np.ptp(column) <= 1e-12 * max(float(np.abs(column).max()), 1e-300)
        why = "it is the same everywhere" if flat else ""

        def made(beside: np.ndarray = column) -> Tested:
            return breusch_pagan(values, beside[:, None])

        found.append(_made(name, n, made, why, _spread_words, name.removeprefix("spread by ")))
    return tuple(found)


def _size(residuals: Residuals) -> np.ndarray:
    """The size of the predictions, as a share of the largest of its output."""
    first, parts = 0, list[np.ndarray]()
    for count in residuals.groups:
        part = np.abs(residuals.predicted[first : first + count])
        parts.append(part / (float(part.max()) or 1.0) if len(residuals.groups) > 1 else part)
        first += count
    return np.concatenate(parts)


def _jacobian(at: AtEstimate, residuals: Residuals) -> Float[np.ndarray, "n d"]:
    """Of the residuals, in their order; without columns where there is none."""
    nothing = np.zeros((residuals.values.size, 0))
    if residuals.kind != "standardised" or not at.drive.evaluator.cost.least_squares or not at.x.size:
        return nothing
    answers = at.drive.evaluator.with_cost(Cost(True)).evaluate(at.x[None], Want.JACOBIAN)
    if answers.jacobian is None or not answers.ok[0]:
        return nothing
    whole = np.asarray(answers.jacobian[0])[: at.problem.size][:, at.around.inside]
    return whole[_order(at, residuals)]


def _order(at: AtEstimate, residuals: Residuals) -> np.ndarray:
    """Which row of the problem each residual is."""
    views, first, parts = at.fit.views, 0, list[np.ndarray]()
    for k, count in enumerate(residuals.groups):
        x = views[k].x if len(views) == len(residuals.groups) else np.arange(count)
        parts.append(first + np.argsort(x, kind="stable"))
        first += count
    return np.concatenate(parts)


def _made(
    name: str, n: int, make: Callable[[], Tested], why: str, words: Callable[[Tested, str], str], order: str
) -> Check:
    least = _LEAST[name.split(maxsplit=1)[0]]
    if n < least:
        why = f"{n} residuals are too few; {least} are wanted"
    if why:
        return Check(name, "", None, None, None, f"not made: {why}")
    tested = make()
    return Check(name, tested.method, tested.statistic, tested.expected, tested.p_value, words(tested, order))


def _sign(p: float) -> str:
    return "no sign of" if p >= WEAK else "a weak sign of" if p >= CLEAR else "a clear sign of"


def _runs_words(tested: Tested, order: str) -> str:
    many = "too few" if tested.statistic < tested.expected else "too many"
    return f"{_sign(tested.p_value)} {many} runs: {tested.statistic:.0f} {order}, {tested.expected:.1f} are expected"


def _neighbour_words(tested: Tested, order: str) -> str:
    how = "alike" if tested.statistic < tested.expected else "unlike"
    return f"{_sign(tested.p_value)} neighbours {order} that are {how}"


def _memory_words(tested: Tested, order: str) -> str:
    return f"{_sign(tested.p_value)} memory over several steps {order}"


def _shape_words(tested: Tested, order: str) -> str:
    del order
    return f"{_sign(tested.p_value)} a shape that is not the noise's"


def _spread_words(tested: Tested, order: str) -> str:
    return f"{_sign(tested.p_value)} a scatter that changes with the {order}"
