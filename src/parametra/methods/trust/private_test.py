"""Test of tests: any test of a hypothesis, made differentially private by cutting the rows into parts.

Each part is tested by itself with the person's own p-value function; how many parts come out below a cut is a count
that one person's row changes by 1 at most, and the private binomial test of `_tulap` judges it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.methods.trust import _tulap
from parametra.nouns.card import Card, Source
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import ZERO_TOO, Range, check_settings

WANTED_POWER = 0.8
"""The power at which parts and cut are chosen to see the smallest effect."""

_FEWEST_ROWS = 2
_MOST_PARTS = 1000
_CUTS = np.array([0.01, 0.02, 0.03, 0.05, *np.round(np.arange(0.075, 0.601, 0.025), 3)])
_LARGEST_EFFECT = 100.0
_HALVINGS = 30


@dataclass(frozen=True)
class Plan:
    """How the rows are cut, chosen without a look at them.

    Arguments:
        parts: m, how many.
        cut: a part counts when its p-value is at most this.
        threshold: the noisy count at which the null hypothesis is rejected.
        effect: mean over standard deviation that a two-sided one-sample t-test sees with 80 % power by this plan; NaN
            where no effect is large enough.
    """

    parts: int
    cut: float
    threshold: float
    effect: float


@dataclass(frozen=True)
class PrivateTest:
    """p = P(Binomial(m, c) + noise >= #{parts with p-value <= c} + noise), noise of scale 1/epsilon.

    Good for telling whether there is an effect while no person's row shows: whatever one row is, each outcome is at
    most exp(epsilon) times as likely with another one in its place. Works with any function that gives p-values, since
    it is only called on parts of the rows. With a public data set use the test itself: privacy costs rows, some 4 to 6
    times as many at epsilon = 1, and far more at 0.1.

    `parts` and `cut` may depend on the number of rows and on epsilon, never on the rows. Left out, they are those with
    which a two-sided one-sample t-test would see the smallest effect with 80 % power; the paper tunes by a theoretical
    power too, which test to take for it is ours. A part on which the function fails or gives no number counts as not
    significant (the paper draws a uniform p-value there, which is less careful); how many did cannot be told, since
    that would not be private.

    Arguments:
        epsilon: the privacy that is spent; repeated questions add theirs.
        size: probability of a false alarm that is accepted.
        parts: m; 0 chooses.
        cut: c; 0 chooses.
    """

    card: ClassVar[Card] = Card(
        name="private_test",
        verb="trust",
        summary="Any test of a hypothesis, differentially private, by testing parts of the rows and a noisy count.",
        good_for="one yes or no about rows of persons, with any p-value function.",
        prefer_instead="the test itself where rows are public; a test made private for its own statistic where one "
        "exists and rows are few.",
        needs=frozenset(),
        honours=frozenset(),
        cost="one call of the p-value function a part; 4 to 6 times the rows of the public test at epsilon = 1.",
        sources=(
            Source(
                "Z. Kazan, K. Shi, A. Groce, A. Bray",
                2023,
                "The test of tests: a framework for differentially private hypothesis testing",
                "arXiv:2302.04260",
            ),
            Source(
                "J. Awan, A. Slavkovic",
                2018,
                "Differentially private uniformly most powerful tests for binomial data",
                "arXiv:1805.09236",
            ),
            Source(
                "K. Nissim, S. Raskhodnikova, A. Smith",
                2007,
                "Smooth sensitivity and sampling in private data analysis",
                "doi:10.1145/1250790.1250803",
            ),
        ),
    )
    epsilon: float = 1.0
    size: float = 0.05
    parts: int = 0
    cut: float = 0.0

    def __post_init__(self) -> None:
        """Raises MethodError for a setting that is none."""
        share = Range(above=0.0, below=1.0)
        check_settings(self, {"size": share, "parts": ZERO_TOO, "cut": Range(above=None, at_least=0.0, below=1.0)})

    def plan(self, rows: int) -> Plan:
        """Parts, cut and threshold for so many rows.

        Raises:
            MethodError: fewer rows than parts with two rows each.
        """
        fewest = max(self.parts, 1) * _FEWEST_ROWS
        if rows < fewest:
            raise MethodError(
                f"private_test(parts={self.parts}): {rows} rows came, and parts of {_FEWEST_ROWS} rows or more are "
                f"wanted, {fewest} rows in all. Take fewer parts."
            )
        return _best_plan(rows, float(self.epsilon), float(self.size), self.parts, float(self.cut))

    def noisy_count(
        self, p_values: Float[np.ndarray, " m"], plan: Plan, random: np.random.Generator
    ) -> tuple[float, float]:
        """(count + noise, its p-value): all that may be told of the parts' p-values."""
        count = float(np.sum(p_values <= plan.cut))
        noisy = count + float(_tulap.noise(random, self.epsilon)[0])
        return noisy, float(_tulap.p_value(noisy, plan.parts, plan.cut, self.epsilon))

    def power(self, share: float, plan: Plan) -> float:
        """Probability that the private test rejects when a part comes below the cut with this probability."""
        return float(_tulap.power(np.array([share]), plan.parts, np.array([plan.threshold]), self.epsilon)[0])


def parts_of(rows: int, parts: int, random: np.random.Generator) -> tuple[np.ndarray, ...]:
    """A random cut of 0 .. rows - 1 into parts whose sizes differ by 1 at most, each in rising order."""
    return tuple(np.sort(part) for part in np.array_split(random.permutation(rows), parts))


def p_values_of(
    p_value: Callable[[Any], Any], taken: Callable[[np.ndarray], Any], parts: tuple[np.ndarray, ...]
) -> Float[np.ndarray, " m"]:
    """The p-value of each part; 1 where the function fails or gives none. `taken` gives the rows of a part."""
    return np.array([_one(p_value, taken(part)) for part in parts])


def _one(p_value: Callable[[Any], Any], rows: Any) -> float:
    try:
        found = float(p_value(rows))
    except Exception:  # noqa: BLE001  which rows make a person's function fail is not for telling
        return 1.0
    return found if 0.0 <= found <= 1.0 else 1.0


def t_test_power(rows: Any, cut: Any, effect: Any) -> Any:
    """P(p-value <= cut) of the two-sided one-sample t-test for mean over standard deviation `effect`."""
    from scipy.special import nctdtr, stdtrit

    freedom = np.asarray(rows, dtype=np.float64) - 1.0
    limit = stdtrit(freedom, 1.0 - np.asarray(cut) / 2.0)
    shift = np.asarray(effect) * np.sqrt(freedom + 1.0)
    wrong_side = np.nan_to_num(nctdtr(freedom, shift, -limit))  # SciPy gives NaN for some that are below 1e-9
    return 1.0 - nctdtr(freedom, shift, limit) + wrong_side


@lru_cache(maxsize=256)
def _best_plan(rows: int, epsilon: float, size: float, parts: int, cut: float) -> Plan:
    """The plan with the smallest effect at 80 % power; the largest power at any effect where none reaches it."""
    cuts = np.array([cut]) if cut else _CUTS
    best: Plan | None = None
    strongest, strongest_power = None, -1.0
    for m in [parts] if parts else _candidates(rows, epsilon):
        threshold, needed, most = _of_parts(m, epsilon, size, cut)
        limit = _LARGEST_EFFECT if best is None else best.effect
        effects = _effect(rows // m, cuts, needed, limit)
        if np.isfinite(effects).any():
            c = int(np.nanargmin(effects))
            best = Plan(m, float(cuts[c]), float(threshold[c]), float(effects[c]))
        c = int(np.argmax(most))
        if most[c] > strongest_power:
            strongest, strongest_power = Plan(m, float(cuts[c]), float(threshold[c]), np.nan), float(most[c])
    found = best or strongest
    if found is None:
        raise MethodError(f"private_test: {rows} rows came, and 2 or more are wanted.")
    return found


@lru_cache(maxsize=4096)
def _of_parts(m: int, epsilon: float, size: float, cut: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each cut: the threshold, the share of parts that 80 % power needs, and the power when all are below."""
    cuts = np.array([cut]) if cut else _CUTS
    threshold = _tulap.critical(m, cuts, epsilon, size)
    needed = _tulap.share_needed(m, threshold, epsilon, WANTED_POWER)
    return threshold, needed, _tulap.power(np.ones(cuts.size), m, threshold, epsilon)


def _candidates(rows: int, epsilon: float) -> list[int]:
    """Numbers of parts to try, every one to 30 and some 30 beyond: what the noise of 1/epsilon asks for, and more."""
    most = min(rows // _FEWEST_ROWS, _MOST_PARTS, 40 + int(60.0 / epsilon))
    beyond = np.geomspace(31, max(most, 31), 30).astype(int).tolist()
    return [m for m in dict.fromkeys([*range(1, 31), *beyond]) if m <= most]


def _effect(
    rows: int, cuts: Float[np.ndarray, " c"], share: Float[np.ndarray, " c"], limit: float
) -> Float[np.ndarray, " c"]:
    """The effect below `limit` at which a part is below the cut with probability `share`; NaN where there is none."""
    found = np.full(cuts.size, np.nan)
    here = np.flatnonzero(t_test_power(rows, cuts, limit) >= share)
    low, high = np.zeros(here.size), np.full(here.size, limit)
    for _ in range(_HALVINGS if here.size else 0):
        middle = 0.5 * (low + high)
        enough = t_test_power(rows, cuts[here], middle) >= share[here]
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    found[here] = high
    return found


METHOD = PrivateTest
