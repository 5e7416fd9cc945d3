"""The probability of a pattern of answers, ability integrated out, and its exact derivatives forwards and backwards.

    P(answers) = integral of  prod over items P(answer | ability)  times the density of ability

Of n patterns, k items and q nodes, both ways are products of matrices: (n, k) by (k, q), and (k, n) by (n, q) back.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.normal_quadrature import equal_steps
from parametra.models.item_response._curve import log_chances, slopes
from parametra.nouns.model import ONLY

ABILITY = ("ability_mean", "ability_spread")
"""What a group may name for itself."""

_PASSES_BACK = 2
"""What a gradient costs, in passes forwards."""

_ITEM = ("difficulty", "discrimination", "guessing", "intercept", "weights", "residual")


def enough_nodes(items: int) -> int:
    """Nodes whose steps are finer than what so many items can tell of an ability.

    The posterior of an ability has a standard deviation s, here for items of discrimination 1.4 that a person gets
    right half the time; steps of 0.9 s leave an error of e^-24.
    """
    spread = 1 / math.sqrt(1 + 0.5 * items)
    return max(61, 2 * math.ceil(6 / (0.9 * spread)) + 1)


@dataclass(frozen=True)
class PulledBack:
    """Derivatives of a number by parameters: (N,) or (elements, N) each, and why points failed, "" for none."""

    gradient: dict[str, np.ndarray]
    failed: list[str]


class _Last:
    """The last pass of a model; never sent to another process."""

    def __init__(self) -> None:
        self.kept: tuple[bytes, np.ndarray, _Pass] | None = None

    def __reduce__(self) -> tuple[type[_Last], tuple[()]]:
        return _Last, ()


@dataclass(frozen=True, eq=False)
class AnswerProbability:
    """The logarithm of the probability of each pattern of answers (n, k): 1 right, 0 wrong, -1 not asked.

    A difficulty is a parameter, or intercept + features @ weights + residual.

    Arguments:
        nodes: of the integral over ability.
        features: (k, m), what is known of the items; None where difficulties are parameters.
    """

    nodes: int
    features: Float[np.ndarray, "k m"] | None = None
    names: frozenset[str] = field(default=frozenset((*_ITEM, *ABILITY)), init=False)
    _last: _Last = field(default_factory=_Last, init=False, repr=False)

    @property
    def content_hash(self) -> str:
        """What a ledger knows it by."""
        features = b"" if self.features is None else np.ascontiguousarray(self.features).tobytes()
        return hashlib.sha256(f"{type(self).__qualname__} 1 {self.nodes} ".encode() + features).hexdigest()

    def __call__(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> Any:
        """Log probabilities (n,), with their slopes along the imaginary parts of complex parameters."""
        there = self._pass({k: np.asarray(np.real(v)) for k, v in parameters.items()}, np.asarray(inputs["answers"]))
        if not any(np.iscomplexobj(value) for value in parameters.values()):
            return there.log_probability
        along = there.along({k: np.asarray(np.imag(v)) for k, v in parameters.items() if np.iscomplexobj(v)})
        return there.log_probability + 1j * along

    @staticmethod
    def backwards_pays(directions: int) -> bool:
        """Whether a gradient costs less than derivatives in so many directions: it costs one more pass."""
        return directions > _PASSES_BACK

    def pull_back(
        self,
        parameters: Mapping[str, Any],
        inputs: Mapping[str, Any],
        weigh: Callable[[dict[str, np.ndarray], np.ndarray], Mapping[str, np.ndarray]],
    ) -> PulledBack:
        """Derivatives of a number by the parameters of N points.

        Arguments:
            parameters: (N, 1) and (elements, N, 1); without those axes where they do not change.
            inputs: the answers.
            weigh: from log probabilities (N, n) to what the number changes by with each of them.
        """
        count = max(np.shape(value)[-2] for value in parameters.values() if np.ndim(value) >= 2)
        each: list[dict[str, np.ndarray]] = []
        failed: list[str] = []
        for i in range(count):
            own = {k: np.asarray(v)[..., i, 0] if np.ndim(v) >= 2 else np.asarray(v) for k, v in parameters.items()}
            there = self._pass(own, np.asarray(inputs["answers"]))
            worth = weigh({ONLY: there.log_probability[None]}, np.array([i]))[ONLY][0]
            each.append(there.back(worth))
            failed.append("" if np.isfinite(there.log_probability).all() else "a pattern of answers is impossible")
        gradient = {name: np.stack([one[name] for one in each], axis=-1) for name in each[0]}
        return PulledBack(gradient, failed)

    def _pass(self, values: dict[str, np.ndarray], answers: np.ndarray) -> _Pass:
        """At these parameters; kept, because derivatives in every direction begin there."""
        key = b"".join(name.encode() + np.ascontiguousarray(value).tobytes() for name, value in sorted(values.items()))
        kept = self._last.kept
        if kept is not None and kept[0] == key and kept[1] is answers:
            return kept[2]
        sheet = kept[2].sheet if kept is not None and kept[1] is answers else _Sheet(answers)
        found = _Pass(self, values, sheet)
        self._last.kept = (key, answers, found)
        return found


class _Sheet:
    """Answers (n, k) as products of matrices: of a table (k, q) for right answers with one for all that were asked."""

    def __init__(self, answers: np.ndarray) -> None:
        self.right = (answers == 1).astype(float)
        self.wrong = (answers == 0).astype(float)
        asked = answers >= 0
        self.asked = None if asked.all() else asked.astype(float)

    def total(self, if_right: np.ndarray, if_wrong: np.ndarray) -> np.ndarray:
        """(n, q): what every answer adds, summed over the items. A wrong answer is one that was asked, less right."""
        found = self.right @ (if_right - if_wrong)
        found += if_wrong.sum(axis=0) if self.asked is None else self.asked @ if_wrong
        return found

    def back(self, by_total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(k, q) twice: derivatives by what right and by what wrong answers add, from those by the totals (n, q)."""
        for_right = self.right.T @ by_total
        return for_right, (by_total.sum(axis=0) if self.asked is None else self.asked.T @ by_total) - for_right


class _Pass:
    """One point: forwards once, then along directions or backwards as often as is asked."""

    def __init__(self, model: AnswerProbability, values: dict[str, np.ndarray], sheet: _Sheet) -> None:
        self.features, self.values, self.sheet = model.features, values, sheet
        self.nodes, weights = equal_steps(model.nodes)
        items = sheet.right.shape[1]
        self.scale = values.get("ability_mean", np.zeros(())), values.get("ability_spread", np.ones(()))
        self.ability = self.scale[0] + self.scale[1] * self.nodes
        self.slope = _column(values["discrimination"], items)
        self.difficulty = _column(self._difficulty(values), items)
        guessing = values.get("guessing")
        self.guessing = None if guessing is None else _column(guessing, items)
        self.step = self.slope * (self.ability - self.difficulty)
        log_right, log_wrong = log_chances(self.step, self.guessing)
        joint = sheet.total(log_right, log_wrong)
        joint += np.log(weights)
        highest = joint.max(axis=1, keepdims=True)
        self.posterior = np.exp(np.subtract(joint, highest, out=joint), out=joint)
        total = self.posterior.sum(axis=1, keepdims=True)
        self.posterior /= total
        self.log_probability: np.ndarray = (np.log(total) + highest)[:, 0]

    def _difficulty(self, values: Mapping[str, np.ndarray]) -> np.ndarray:
        """Difficulties, or their change, where something is known of the items."""
        nothing = np.zeros(())
        if self.features is None:
            return values.get("difficulty", nothing)
        weights = values.get("weights")
        known = nothing if weights is None else self.features @ weights
        return np.asarray(values.get("intercept", nothing) + known + values.get("residual", nothing))

    def along(self, direction: Mapping[str, np.ndarray]) -> Float[np.ndarray, " n"]:
        """Slopes of the log probabilities where the parameters change by this direction; names left out stay."""
        found = np.zeros(self.log_probability.size)
        for name, change in direction.items():
            found += self.jacobian[name] @ change if change.ndim else self.jacobian[name] * change
        return found

    @cached_property
    def jacobian(self) -> dict[str, np.ndarray]:
        """Derivatives of the log probabilities by every parameter: (n,), or (n, elements).

        They are averages over the posterior of ability, all of them columns of one product of matrices.
        """
        items, right, wrong = len(self.step), self.sheet.right, self.sheet.wrong
        if_right, if_wrong, right_guess, wrong_guess = slopes(self.step, self.guessing)
        tables = [if_wrong, if_wrong * self.nodes]
        if self.guessing is not None:
            tables += [if_right, if_right * self.nodes, right_guess]
        averages = self.posterior @ np.concatenate(tables).T
        parts = [averages[:, i : i + items] for i in range(0, averages.shape[1], items)]
        if self.guessing is None:  # with a right answer, both are more by 1 than with a wrong one
            parts += [parts[0] + 1, parts[1] + (self.posterior @ self.nodes)[:, None]]
        by_step = right * parts[2] + wrong * parts[0]
        by_step_and_node = right * parts[3] + wrong * parts[1]
        by_difficulty = -by_step * self.slope[:, 0]
        mean, spread = self.scale
        found: dict[str, Any] = {
            "discrimination": spread * by_step_and_node + by_step * (mean - self.difficulty[:, 0]),
            **dict.fromkeys(("difficulty", "intercept", "residual"), by_difficulty),
            "ability_mean": -by_difficulty.sum(axis=1),
            "ability_spread": by_step_and_node @ self.slope[:, 0],
        }
        if self.guessing is not None:
            found["guessing"] = right * parts[4] + wrong * wrong_guess[:, 0]
        if self.features is not None:
            found["weights"] = by_difficulty @ self.features
        # a number that all items share collects what each of them adds
        own = self.values
        shared = {name for name in found if name in own and not own[name].ndim and name not in ABILITY}
        return {name: by.sum(axis=1) if name in shared else by for name, by in found.items() if name in own}

    def back(self, worth: Float[np.ndarray, " n"]) -> dict[str, np.ndarray]:
        """Derivatives by every parameter of a number that changes by `worth` with each log probability."""
        for_right, for_wrong = self.sheet.back(self.posterior * worth[:, None])
        right, wrong, right_guess, wrong_guess = slopes(self.step, self.guessing)
        by_step = for_right * right + for_wrong * wrong
        by_ability = (by_step * self.slope).sum(axis=0)
        by_difficulty = -(by_step * self.slope).sum(axis=1)
        found: dict[str, Any] = {
            "discrimination": (by_step * (self.ability - self.difficulty)).sum(axis=1),
            "guessing": np.sum(for_right * right_guess + for_wrong * wrong_guess, axis=1),
            **dict.fromkeys(("difficulty", "intercept", "residual"), by_difficulty),
            "ability_mean": by_ability,
            "ability_spread": by_ability * self.nodes,
        }
        if self.features is not None:
            found["weights"] = self.features.T @ by_difficulty
        # a number that all items share collects what each of them adds
        own = self.values
        return {name: by if own[name].ndim else np.asarray(np.sum(by)) for name, by in found.items() if name in own}


def _column(value: Any, items: int) -> Float[np.ndarray, "k 1"]:
    return np.broadcast_to(value, items)[:, None]
