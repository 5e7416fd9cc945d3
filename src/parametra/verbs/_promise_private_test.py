"""The price of privacy for a t-test: rows for 80 % power, and the rate of false alarms, of three p-value functions.

Power: mean 1, standard deviation 1, two-sided one-sample t-test at 5 %, epsilon 1; exact, by the noncentral t
distribution and the private binomial test, and by simulation. Size: 60 rows for which the null hypothesis holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from parametra.methods.trust import _tulap
from parametra.methods.trust.private_test import WANTED_POWER, PrivateTest, parts_of, t_test_power
from parametra.nouns.keys import generator
from parametra.nouns.trust_promise import Claim
from parametra.nouns.trust_result import Panel, Trace
from parametra.verbs._promise import Simulated

EFFECT, EPSILON, SIZE = 1.0, 1.0, 0.05
_NULL_ROWS = 60
_MOST_TIMES = 6.0
"""The paper: 5 to 6 times as many rows as the public test."""


def simulate(*, runs: int | None, seed: int) -> Simulated:
    """Size, power and rows that are needed, over the runs (10000 when None)."""
    count = 10_000 if runs is None else runs
    method = PrivateTest(epsilon=EPSILON, size=SIZE)
    ns = np.arange(4, 81)
    exact = np.array([_exact_power(method, int(n)) for n in ns])
    public = t_test_power(ns, SIZE, EFFECT)
    rows, public_rows = (int(ns[np.argmax(p >= WANTED_POWER)]) for p in (exact, public))
    share, share_error = _rejected(method, rows, count, seed, EFFECT, t_test)
    claims = [
        Claim("rows for 80 % power, times those of the public test", _MOST_TIMES, "at most", rows / public_rows),
        Claim("rows for 80 % power, private", None, "", float(rows)),
        Claim("rows for 80 % power, public", None, "", float(public_rows)),
        Claim(
            f"power with {rows} rows, simulated", WANTED_POWER, "at least", share, share_error, 3.0 * share_error,
        ),
    ]  # fmt: skip
    for name, test in (("t-test", t_test), ("sign test", sign_test), ("Kolmogorov-Smirnov test", uniform_test)):
        alarms, error = _rejected(method, _NULL_ROWS, count, seed, 0.0, test)
        claims.append(Claim(f"false alarms, {name}", SIZE, "at most", alarms, error, 3.0 * error))
    return Simulated(
        "at epsilon = 1 six times the rows of the public test are enough, and false alarms are as rare as asked, for "
        "any function that gives p-values.",
        tuple(claims), _pictures(ns, exact, public, tuple(claims[4:])), count,
    )  # fmt: skip


def t_test(x: np.ndarray) -> np.ndarray:
    """p-values of the two-sided one-sample t-test along the last axis."""
    from scipy.special import stdtr

    n = x.shape[-1]
    t = x.mean(axis=-1) / (x.std(axis=-1, ddof=1) / np.sqrt(n))
    return 2.0 * stdtr(n - 1.0, -np.abs(t))


def sign_test(x: np.ndarray) -> np.ndarray:
    """p-values of the two-sided sign test of median 0 along the last axis: conservative, since counts are few."""
    from scipy.special import bdtr

    n = x.shape[-1]
    fewer = np.minimum((x > 0).sum(axis=-1), (x < 0).sum(axis=-1))
    return np.minimum(1.0, 2.0 * bdtr(fewer.astype(np.float64), n, 0.5))


def uniform_test(x: np.ndarray) -> np.ndarray:
    """p-values of Kolmogorov and Smirnov's one-sided test that values are standard normal, along the last axis."""
    from scipy.special import ndtr, smirnov

    n = x.shape[-1]
    above = np.arange(1, n + 1) / n - ndtr(np.sort(x, axis=-1))
    return smirnov(n, np.clip(above.max(axis=-1), 0.0, 1.0))


def _exact_power(method: PrivateTest, n: int) -> float:
    """Of the private t-test with n rows: parts differ by one row at most, so there are two chances of success."""
    plan = method.plan(n)
    small, more = divmod(n, plan.parts)
    chances = [float(t_test_power(rows, plan.cut, EFFECT)) for rows in (small + 1, small)]
    several = [_tulap.binomial(m, p) for m, p in zip((more, plan.parts - more), chances, strict=True)]
    counts = np.convolve(*several)
    tail = _tulap.at_most(np.arange(plan.parts + 1) - plan.threshold, method.epsilon)
    return float(counts @ tail)


def _rejected(
    method: PrivateTest, n: int, runs: int, seed: int, effect: float, test: Callable[[np.ndarray], Any]
) -> tuple[float, float]:
    """How often the private test rejects, and the standard error: simulated rows, the noise averaged over exactly."""
    random = generator(seed, f"promise private_test {n} {effect}", 0)
    plan = method.plan(n)
    x = random.standard_normal((runs, n)) + effect
    below = [test(x[:, part]) <= plan.cut for part in parts_of(n, plan.parts, random)]
    chance = _tulap.at_most(np.sum(below, axis=0) - plan.threshold, method.epsilon)  # of count + noise >= threshold
    return float(chance.mean()), float(chance.std(ddof=1) / np.sqrt(runs)) if runs > 1 else 0.0


def _pictures(ns: np.ndarray, exact: np.ndarray, public: np.ndarray, alarms: tuple[Claim, ...]) -> tuple[Panel, ...]:
    x, nothing = ns.astype(np.float64), np.zeros(0)
    ends = np.array([-0.5, len(alarms) - 0.5])
    return (
        Panel(
            "t-test, effect of one standard deviation", "rows", "power",
            (
                Trace("80 %", x[[0, -1]], np.full(2, WANTED_POWER), nothing, "bound"),
                Trace("public", x, public, nothing, "other"),
                Trace("private, epsilon 1", x, exact, nothing, "delivered"),
            ),
        ),
        Panel(
            "null hypothesis holds", "", "share of false alarms",
            (
                Trace("promise", ends, np.full(2, SIZE), nothing, "promise"),
                Trace(
                    "delivered", np.arange(float(len(alarms))), np.array([c.delivered for c in alarms]),
                    np.array([2.0 * (c.error or 0.0) for c in alarms]), "delivered", joined=False,
                ),
            ),
            ("t", "sign", "Kolmogorov-Smirnov"),
        ),
    )  # fmt: skip
