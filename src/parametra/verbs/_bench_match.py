"""A comparison while it is played: the reference is looked for, then everybody runs from the same starts."""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.losses import Loss
from parametra.nouns.asker import Want
from parametra.nouns.errors import ParametraError
from parametra.nouns.keys import generator
from parametra.nouns.problem import Problem
from parametra.nouns.search_space import SearchSpace
from parametra.nouns.status import Outcome
from parametra.runs.choose_evaluator import choose_evaluator
from parametra.runs.interrupt import Interrupt
from parametra.runs.progress import Progress
from parametra.verbs._bench_run import Run, run_one
from parametra.verbs._bench_watch import Watch
from parametra.verbs.fit import start_points
from parametra.verbs.fit_choice import LEAST_STARTS, cost_of

REFERENCE_BUDGET = 10
"""How many times the evaluations of one run the search for the reference may use."""

_ROUNDS = 4  # how often everything is run again because a lower cost was found
_DEEPER = 0.5  # a run goes on to this share of the finest accuracy, so that a slightly lower reference changes nothing
_LOWER = 0.25  # a fall of the reference by more than this share of it has everything run again
_NOTHING = 1e-12  # a relative fall that is none


@dataclass
class Match:
    """What is asked (the arguments of `bench_fit`, checked), and the reference so far."""

    problem: Problem
    accuracies: tuple[float, ...]
    names: tuple[str, ...]
    refused: dict[str, str]
    auto: str
    seeds: int
    budget: int
    seconds: float | None
    seed: int
    loss: Loss | None
    progress: Progress
    reference: float = math.inf
    found_by: str = ""
    evaluations: int = 0
    seconds_used: float = 0.0
    stop: Outcome | None = None
    _first_costs: tuple[float, ...] = ()
    _evaluators: dict[bool, tuple[Any, float]] = field(default_factory=dict)
    _began: float = field(default_factory=time.perf_counter)

    @property
    def scale(self) -> float:
        """What the guess has to lose; another start where that is nothing; half a unit where all have nothing."""
        least = _NOTHING * max(abs(self.reference), 1e-300)
        falls = [cost - self.reference for cost in self._first_costs]
        return next((fall for fall in falls if least < fall < math.inf), 0.5)

    def target(self, accuracy: float) -> float:
        """The cost at which an accuracy is reached."""
        return self.reference + accuracy * self.scale

    def play(self) -> dict[str, list[Run]]:
        """Find the reference, then run everybody; again, while somebody finds a cost that is lower still."""
        starts = start_points(self.problem, self.seeds, self.seed)
        runs: dict[str, list[Run]] = {}
        with Interrupt() as interrupt:
            self._search(starts)
            for _ in range(_ROUNDS):
                before, enough = self.reference, _LOWER * self.accuracies[-1] * self.scale
                runs = self._round(starts, interrupt)
                if self.stop is not None or not self.reference < before - enough:
                    break
        self.seconds_used = time.perf_counter() - self._began
        return runs

    @property
    def evaluator(self) -> Any:
        """What evaluates the cost that is compared: that of most methods."""
        return self._evaluator_of("")[0]

    def _evaluator_of(self, name: str) -> tuple[Any, float]:
        """The evaluator of a method, and how much more its cost is: one that follows scores has all constants in it."""
        cost = cost_of(self.problem, self.loss, catalogue.card("fit", name) if name else None)
        if cost.scores not in self._evaluators:
            made = choose_evaluator(self.problem, cost, 1)
            offset = 0.0
            if cost.scores:
                guess = self.problem.fit_space.guess[None]
                ours, theirs = (e.evaluate(guess, Want.COST).cost[0] for e in (self.evaluator, made))
                offset = float(theirs - ours)
            self._evaluators[cost.scores] = (made, offset)
        return self._evaluators[cost.scores]

    def _search(self, starts: np.ndarray) -> None:
        """The costs at the starts, and the reference: the method of "auto" from many starts."""
        costs = [Watch(self.evaluator, self.problem.search_space(), 1, -math.inf) for _ in starts]
        for watch, start in zip(costs, starts, strict=True):
            watch.evaluate(start[None], Want.COST)
        self._first_costs = tuple(float(watch.lowest) for watch in costs)
        self.evaluations += len(starts)
        count = max(LEAST_STARTS, 4 * self.problem.fit_space.dimension)
        many = start_points(self.problem, count, self.seed)
        found = self._one(self.auto, many, 0, REFERENCE_BUDGET * self.budget, -math.inf)
        self._lower(found.lowest, f"{self.auto} from {count} starts")

    def _round(self, starts: np.ndarray, interrupt: Interrupt) -> dict[str, list[Run]]:
        """Start by start, so that a comparison that is cut short is fair: an incomplete start is left out."""
        runs: dict[str, list[Run]] = {name: [] for name in self.names if name not in self.refused}
        target = self.target(_DEEPER * self.accuracies[-1])
        for i in range(self.seeds):
            for n, name in enumerate(list(runs)):
                if interrupt.requested:
                    self.stop = Outcome.STOPPED
                if self.stop is None:
                    try:
                        run = self._one(name, starts[i : i + 1], i, self.budget, target)
                    except ParametraError as error:  # a package that is missing, or a problem too large for it
                        self.refused[name] = str(error)
                        del runs[name]
                        continue
                    runs[name].append(run)
                    self._lower(run.lowest, name)
                    done = (i + (n + 1) / max(len(runs), 1)) / self.seeds
                    self.progress.update(min(done, 1.0), self.evaluations, self.reference, Counter)
                if self.stop is not None:
                    return {name: mine[:i] for name, mine in runs.items()}
        return runs

    def _space(self, seed: int) -> SearchSpace:
        """Derivatives are counted as differences, so methods are told that they are."""
        return replace(self.problem.search_space(seed), differences=True)

    def _one(self, name: str, starts: np.ndarray, index: int, budget: int, target: float) -> Run:
        seed = int(generator(self.seed, "bench_fit", index).integers(2**31))
        left = None if self.seconds is None else max(self.seconds - (time.perf_counter() - self._began), 1e-3)
        run = run_one(name, self._evaluator_of, self._space(seed), starts, budget, target, left)
        self.evaluations += run.spent
        self.stop = self.stop or run.stop
        return run

    def _lower(self, cost: float, name: str) -> None:
        if cost < self.reference:
            self.reference, self.found_by = cost, name
