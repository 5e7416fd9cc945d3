"""Adaptive tests: the next item is the one that tells most of the person who is being asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.arrays import Bool, Float, Int
from parametra.models.item_response._bank import ItemBank
from parametra.nouns.errors import ModelError
from parametra.nouns.result_table import ResultTable

CRITERIA = ("information", "expected_variance", "random")

_NODES = np.linspace(-6, 6, 241)


class AdaptiveTest:
    """One person's test, question by question.

        test = adaptive_test(bank, stop_error=0.3)
        while (item := test.next_item()) is not None:
            test.tell(item, right=ask(item))
        test.ability, test.error

    Made by `adaptive_test`.
    """

    def __init__(
        self,
        bank: ItemBank,
        criterion: str,
        stop_error: float,
        most: int,
        mean: float,
        spread: float,
        among: int,
        seed: Any,
    ) -> None:
        self.bank, self.criterion, self.stop_error, self.most, self.among = bank, criterion, stop_error, most, among
        self.asked: list[int] = []
        self.answers: list[bool] = []
        self._ability = mean + spread * _NODES
        weight = np.exp(-0.5 * _NODES**2)
        self._posterior = weight / weight.sum()
        self._left: Bool[np.ndarray, " k"] = np.ones(bank.size, dtype=bool)
        self._chance = bank.chance(self._ability)
        self._generator = np.random.default_rng(seed)

    @property
    def ability(self) -> float:
        """The mean of the posterior so far."""
        return float(self._posterior @ self._ability)

    @property
    def error(self) -> float:
        """Its standard deviation."""
        return float(np.sqrt(self._posterior @ (self._ability - self.ability) ** 2))

    @property
    def finished(self) -> bool:
        """Whether the error is small enough, or there is nothing left to ask."""
        return self.error <= self.stop_error or len(self.asked) >= self.most or not self._left.any()

    def next_item(self) -> int | None:
        """The number of the item to ask next; None when the test is over."""
        if self.finished:
            return None
        left = np.flatnonzero(self._left)
        if self.criterion == "random":
            return int(self._generator.choice(left))
        score = self._score(left)
        if self.among == 1:
            return int(left[np.argmax(score)])
        best = np.argsort(-score, kind="stable")[: self.among]
        return int(left[self._generator.choice(best)])

    def tell(self, item: int, right: bool) -> None:
        """Take in an answer. Raises ModelError for an item that is not in the bank, or was answered already."""
        if not 0 <= item < self.bank.size or not self._left[item]:
            raise ModelError(f"item {item} is not among those left to ask; next_item() gives one that is.")
        chance = self._chance[:, item]
        posterior = self._posterior * (chance if right else 1 - chance)
        self._posterior = posterior / posterior.sum()
        self._left[item] = False
        self.asked.append(int(item))
        self.answers.append(bool(right))

    def without_each(self) -> tuple[Float[np.ndarray, " q"], Float[np.ndarray, "m q"]]:
        """Abilities, and for each answer so far the posterior on them that the others alone give."""
        chance = self._chance[:, self.asked].T
        said = np.where(np.array(self.answers, dtype=bool)[:, None], chance, 1 - chance)
        rest = self._posterior / np.maximum(said, 1e-300)
        return self._ability, rest / rest.sum(axis=1, keepdims=True)

    def _score(self, left: Int[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        if self.criterion == "information":
            return self.bank.take(left).information(np.array(self.ability))
        return -self._expected_variance(left)

    def _expected_variance(self, left: Int[np.ndarray, " m"]) -> Float[np.ndarray, " m"]:
        """The variance of the posterior after each item, averaged over both answers."""
        total = np.zeros(left.size)
        for chance in (self._chance[:, left], 1 - self._chance[:, left]):
            joint = self._posterior[:, None] * chance
            weight = joint.sum(axis=0)
            centre = self._ability @ joint
            total += self._ability**2 @ joint - centre**2 / np.maximum(weight, 1e-300)
        return total

    def __repr__(self) -> str:
        so_far = f"ability {self.ability:.3g} ± {self.error:.2g}"
        return f"<AdaptiveTest: {len(self.asked)} of {self.bank.size} items asked, {so_far}>"


def adaptive_test(
    bank: ItemBank,
    *,
    criterion: str = "expected_variance",
    stop_error: float = 0.3,
    most: int | None = None,
    mean: float = 0.0,
    spread: float = 1.0,
    among: int = 1,
    seed: Any = 0,
) -> AdaptiveTest:
    """A test that chooses its next item by the answers so far.

    Arguments:
        bank: the items, taken for known.
        criterion: "expected_variance", what is expected to be left of the posterior's variance after the answer;
            "information", the highest Fisher information at the ability so far, which takes less time and is worse for
            the first items only; "random", to compare with.
        stop_error: the test is over when the standard error of the ability is this small.
        most: or when so many items were asked; the whole bank when left out.
        mean, spread: of the abilities of those who are tested.
        among: the item is drawn from so many of the best, so that not everybody is asked the same.
        seed: of the random numbers.

    Raises:
        ModelError: an unknown criterion, settings that cannot be.

    Source: van der Linden (1998), Bayesian item selection criteria for adaptive testing, doi:10.1007/BF02294775
    """
    if criterion not in CRITERIA:
        raise ModelError(f'criterion="{criterion}": known here: {", ".join(CRITERIA)}.')
    if not (stop_error >= 0 and spread > 0):
        raise ModelError(f"stop_error is 0 or above and spread above 0; stop_error={stop_error}, spread={spread} came.")
    most = bank.size if most is None else most
    if most < 1 or among < 1:
        raise ModelError(f"most and among are whole numbers, 1 or more; most={most}, among={among} came.")
    return AdaptiveTest(bank, criterion, stop_error, most, mean, spread, among, seed)


@dataclass(frozen=True, eq=False)
class SimulatedTests:
    """How adaptive tests went for persons whose abilities are known.

    Arguments:
        ability: the true ones.
        estimate, error: as the tests ended.
        items: how many each took.
        exposure: the share of the tests in which each item of the bank was asked.
        criterion: how items were chosen.
    """

    ability: Float[np.ndarray, " n"]
    estimate: Float[np.ndarray, " n"]
    error: Float[np.ndarray, " n"]
    items: Int[np.ndarray, " n"]
    exposure: Float[np.ndarray, " k"]
    criterion: str

    @property
    def root_mean_square_error(self) -> float:
        """How far estimates lie from the truth."""
        return float(np.sqrt(np.mean((self.estimate - self.ability) ** 2)))

    def table(self) -> ResultTable:
        """One row a person."""
        columns = ("ability", "estimate", "standard error", "items")
        values = (self.ability, self.estimate, self.error, self.items)
        return ResultTable(columns, tuple(zip(*(each.tolist() for each in values), strict=True)))

    def __repr__(self) -> str:
        errors = f"error {self.root_mean_square_error:.3f} (told {np.sqrt(np.mean(self.error**2)):.3f})"
        asked = f"{self.items.mean():.1f} items by {self.criterion}"
        return f"<SimulatedTests of {len(self.ability)} persons: {asked}, {errors}>"


@runtime_checkable
class Learning(Protocol):
    """Items that are known better after each test."""

    @property
    def bank(self) -> ItemBank: ...
    def learned_from(self, test: AdaptiveTest) -> Learning: ...


def simulate_adaptive_test(
    bank: ItemBank | Learning,
    ability: Sequence[float] | np.ndarray,
    *,
    truth: ItemBank | None = None,
    seed: int = 0,
    **settings: Any,
) -> SimulatedTests:
    """Tests of persons whose abilities are known, which tell how many items a test will take.

    Arguments:
        bank: the items as the test knows them. A `PredictedBank` learns from each person for those who come later.
        ability: of the persons, in the order in which they are tested.
        truth: the items as they are, where the bank holds estimates or predictions of them.
        seed: of the random numbers. Whether a person answers an item right does not depend on when it is asked, so
            that criteria are compared on the same answers.
        settings: as for `adaptive_test`.

    Raises:
        ModelError: as for `adaptive_test`; a truth of another number of items.
    """
    known = bank if isinstance(bank, ItemBank) else bank.bank
    real = known if truth is None else truth
    if real.size != known.size:
        raise ModelError(f"truth has {real.size} items and the bank {known.size}; they are the same items.")
    able = np.asarray(ability, dtype=float)
    right = np.random.default_rng(seed).random((able.size, real.size)) < real.chance(able)
    tests: list[AdaptiveTest] = []
    for person in range(able.size):
        test = adaptive_test(known, seed=(seed, person), **settings)
        while (item := test.next_item()) is not None:
            test.tell(item, bool(right[person, item]))
        tests.append(test)
        if not isinstance(bank, ItemBank):
            bank = bank.learned_from(test)
            known = bank.bank
    counts = np.bincount(np.concatenate([np.array(test.asked, dtype=int) for test in tests]), minlength=real.size)
    return SimulatedTests(
        able,
        np.array([test.ability for test in tests]),
        np.array([test.error for test in tests]),
        np.array([len(test.asked) for test in tests]),
        counts / max(able.size, 1),
        str(settings.get("criterion", "expected_variance")),
    )
