"""The only loop: ask, evaluate, record, tell, show progress, check the budget.

The ledger's place is `Drive.evaluate`, through which every evaluation of every method passes: what is known is looked
up before the evaluator is called, what is new is written after it.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Answers, Asker, Ending, OneShot, Request, Solutions, Want
from parametra.nouns.search_space import SearchSpace
from parametra.nouns.status import Outcome, Status
from parametra.runs.budget import Budget
from parametra.runs.cost import Cost
from parametra.runs.interrupt import Interrupt
from parametra.runs.progress import Progress
from parametra.runs.recorded import NOT_RUN, Calls, Phase, RecordedModel, RunStopped


@runtime_checkable
class Evaluator(Protocol):
    """What evaluates a batch of points: see `direct.py` and `compiled.py`."""

    @property
    def kind(self) -> str: ...
    @property
    def derivative(self) -> str: ...
    @property
    def cost(self) -> Cost: ...
    @property
    def failures(self) -> Counter[str]: ...
    @property
    def calls(self) -> int: ...
    def evaluate(self, points: np.ndarray, want: Want) -> Answers: ...
    def with_cost(self, cost: Cost) -> Evaluator: ...


NOT_FINITE = "the model, or what follows from it, gave NaN or infinity"

PART = 64
"""Starts in one task for another process, whatever the number of processes."""


@dataclass(frozen=True)
class Done:
    """What another process sends back of a stretch of starts."""

    solutions: Solutions
    evaluations: int
    failed: int
    calls: int
    failures: Counter[str]


@runtime_checkable
class Elsewhere(Protocol):
    """Other processes that run starts for a drive: see `workers.py`."""

    def run_in_parts(self, drive: Drive, method: Any, space: SearchSpace, starts: np.ndarray) -> Solutions: ...


@runtime_checkable
class Walker(Protocol):
    """What asks and is told until it halts, and keeps what it knows itself: the walk along a profile."""

    @property
    def halted(self) -> bool: ...
    @property
    def fraction(self) -> float: ...
    def ask(self) -> Request: ...
    def tell(self, answers: Answers) -> None: ...


class _RunEnded(Exception):  # noqa: N818  a signal out of a library's loop, never seen by a person
    """The budget is spent or the person has stopped the run, in the middle of a library's own loop."""


@dataclass
class Drive:
    """One run: its counters, and the best point of every start, so that nothing computed is lost.

    Arguments:
        evaluator: who answers.
        budget: what the run may cost.
        progress: where it is told.
        workers: processes that share the starts, None for this one alone.
        wish: the evaluator that was asked for, which the workers choose too.
        elsewhere, calls_elsewhere: failures by reason, and calls of the model, in the workers and by other evaluators.
        share: where in the whole run the next method begins and ends, for the progress, when several follow.
    """

    evaluator: Evaluator
    budget: Budget
    progress: Progress
    evaluations: int = 0
    failed: int = 0
    ended: str = ""
    outcome: Outcome = Outcome.CONVERGED
    began: float = field(default_factory=time.perf_counter)
    share: tuple[float, float] = (0.0, 1.0)
    workers: Elsewhere | None = None
    wish: str = "auto"
    elsewhere: Counter[str] = field(default_factory=Counter[str])
    calls_elsewhere: int = 0
    _interrupt: Interrupt = field(default_factory=Interrupt)
    _best: dict[int, tuple[float, np.ndarray]] = field(default_factory=dict)
    _lowest: float = np.inf
    _looked: int = 0
    _fraction: float = 0.0
    _remedy: str = "Run it again to go on"

    @property
    def seconds(self) -> float:
        """Wall-clock time since the run began."""
        return time.perf_counter() - self.began

    def run(self, method: Asker | OneShot, space: SearchSpace, starts: Float[np.ndarray, "S d"]) -> Solutions:
        """Drive a method from these starts to its end, or to the end of the budget, and return what it has."""
        calls = self.model_calls
        if calls is not None:
            calls.stop, calls.tell, calls.ended, calls.phase = self.why_stop, self.tell_running, False, Phase.LOOP
        try:
            with self._interrupt, _one_thread(many=len(starts) > 1):
                if self.workers is not None and len(starts) > PART and "workers" in method.card.honours:
                    return self.workers.run_in_parts(self, method, space, starts)
                if isinstance(method, OneShot):
                    return self._one_shot(method, space, starts)
                state = method.start(space, starts)
                while not method.halted(state) and not self._over():
                    request = method.ask(state)
                    try:
                        answers = self.evaluate(request)
                    except RunStopped as stopped:
                        self._stopped(stopped)
                        return self._what_is_known(method.solutions(state), request, starts)
                    state = method.tell(state, answers)
                    self._tell_progress(method.fraction(state))
                return method.solutions(state)
        finally:
            if calls is not None:
                calls.stop, calls.ended, calls.phase = lambda: "", bool(self.ended), Phase.AFTER
            self.progress.close()

    def follow(self, walk: Walker) -> None:
        """Drive what asks and is told, but has no starts, to its end or to the end of the budget."""
        calls = self.model_calls
        if calls is not None:
            calls.stop, calls.tell, calls.ended, calls.phase = self.why_stop, self.tell_running, False, Phase.LOOP
        try:
            with self._interrupt:
                while not walk.halted and not self._over():
                    request = walk.ask()
                    try:
                        answers = self.evaluate(request)
                    except RunStopped as stopped:
                        self._stopped(stopped)
                        return
                    walk.tell(answers)
                    self._tell_progress(walk.fraction)
        finally:
            if calls is not None:
                calls.stop, calls.ended, calls.phase = lambda: "", bool(self.ended), Phase.AFTER

    def _stopped(self, stopped: RunStopped) -> None:
        """The run was ended in the middle of a batch."""
        if not self.ended:
            self.outcome, self.ended, self._remedy = Outcome.STOPPED, stopped.reason, stopped.remedy

    def why_stop(self) -> str:
        """Why the batch that is running is to be broken off, "" while it may go on: for models that take long."""
        if self._interrupt.requested:
            return "the run was stopped"
        limit = self.budget.seconds
        if limit is not None and self.seconds >= limit:
            self.outcome, self.ended = Outcome.BUDGET, f"the budget of {limit:g} seconds is spent"
            return self.ended
        return ""

    def tell_running(self, left: int) -> None:
        """A call of the model has ended, and so many of its batch have not."""
        self.progress.update(self._fraction, self.evaluations, self._lowest, self._reasons, left)

    def evaluate(self, request: Request) -> Answers:
        """Answer a request, counting. Every evaluation of every method passes here."""
        return self._evaluate(request, self.evaluator)

    def _evaluate(self, request: Request, by: Evaluator) -> Answers:
        mine = request.starts >= 0
        whose = int(np.count_nonzero(mine))
        if 0 < whose < mine.size:  # lanes with nothing to do stand at the end and need no answer
            request = Request(request.points[mine], request.want, request.starts[mine])
        told = by.failures.total()
        answers = by.evaluate(request.points, request.want)
        bad = answers.ok.size - int(np.count_nonzero(answers.ok))
        if bad > (told := by.failures.total() - told):
            self.elsewhere[NOT_FINITE] += bad - told
        self.evaluations += len(request.points) if whose else 0
        self.failed += bad if whose else 0
        self._lowest = min(self._lowest, float(answers.cost.min(initial=np.inf)))
        if self.model_calls is not None:
            self.model_calls.best = min(self.model_calls.best, self._lowest)
        return answers

    def look(self, request: Request, evaluator: Evaluator) -> Answers:
        """Answer what is asked before the run. It counts, but does not take from a run its first batch.

        Arguments:
            request: what is asked.
            evaluator: who answers. One that compiles is verified by the first batch it answers, which one point is not.
        """
        before, calls, failures = self.evaluations, evaluator.calls, Counter(evaluator.failures)
        answers = self._evaluate(request, evaluator)
        self._looked += self.evaluations - before
        if evaluator is not self.evaluator:
            self.calls_elsewhere += evaluator.calls - calls
            self.elsewhere += evaluator.failures - failures
        return answers

    def _keep_best(self, request: Request, answers: Answers) -> None:
        """The best point of every start: what is left of a library's routine when it must be broken off."""
        best = self._best
        for i, (start, cost) in enumerate(zip(request.starts.tolist(), answers.cost.tolist(), strict=True)):
            if start >= 0 and (start not in best or cost < best[start][0]) and cost < np.inf:
                best[start] = (cost, request.points[i])

    @property
    def failures(self) -> Counter[str]:
        """Failures by reason, here and in the workers; of recorded calls each once, however often it is looked up."""
        found, calls = self.evaluator.failures + self.elsewhere, self.model_calls
        if calls is None:
            return found
        return (
            Counter({why: n for why, n in found.items() if why not in calls.failed and why != NOT_RUN}) + calls.failed
        )

    @property
    def model_calls(self) -> Calls | None:
        """The calls of a model that is recorded or runs in a pool, None for any other."""
        problem: Any = getattr(self.evaluator, "problem", None)
        return problem.model.calls if problem is not None and isinstance(problem.model, RecordedModel) else None

    @property
    def calls(self) -> int:
        """How often the model was called, here and in the workers."""
        if self.model_calls is not None:
            return self.model_calls.made
        return self.evaluator.calls + self.calls_elsewhere

    def _reasons(self) -> Counter[str]:
        return self.failures

    def is_over(self) -> bool:
        """Whether the budget is spent or the person has stopped the run."""
        return self._over()

    def seconds_left(self) -> float | None:
        """What is left of the budget of time, None without one."""
        return None if self.budget.seconds is None else max(self.budget.seconds - self.seconds, 1e-3)

    def add_from_worker(self, done: Done, fraction: float) -> None:
        """Count what a worker did."""
        self.evaluations += done.evaluations
        self.failed += done.failed
        self.calls_elsewhere += done.calls
        self.elsewhere += done.failures
        self._lowest = min(self._lowest, float(np.min(done.solutions.cost, initial=np.inf)))
        self._tell_progress(fraction)

    def forget(self) -> None:
        """Forget the best points: the next method asks about another cost. The counters go on."""
        self._best.clear()
        self._lowest = np.inf

    def _one_shot(self, method: OneShot, space: SearchSpace, starts: np.ndarray) -> Solutions:
        def evaluate(request: Request) -> Answers:
            if self._over():
                raise _RunEnded
            answers = self.evaluate(request)
            self._keep_best(request, answers)
            self._tell_progress(len(self._best) / max(len(starts), 1))
            return answers

        try:
            return method.solve(space, starts, evaluate)
        except _RunEnded:
            return self._best_so_far(starts)
        except RunStopped as stopped:
            self._stopped(stopped)
            return self._best_so_far(starts)

    def _what_is_known(self, solutions: Solutions, request: Request, starts: np.ndarray) -> Solutions:
        """Where the method stood, or the best of a first batch that was broken off."""
        if solutions.best >= 0 or self.model_calls is None:
            return solutions
        self.model_calls.ended = True  # what is not known by now stays so
        found = self.evaluator.evaluate(request.points, Want.COST)
        self._keep_best(request, found)
        return self._best_so_far(starts)

    def _best_so_far(self, starts: np.ndarray) -> Solutions:
        points, cost = starts.copy(), np.full(len(starts), np.inf)
        for start, (value, point) in self._best.items():
            points[start], cost[start] = point, value
        best = int(np.argmin(cost)) if np.isfinite(cost).any() else -1
        endings = tuple(Ending.RUNNING for _ in starts)
        return Solutions(points, cost, endings, np.zeros(len(starts), dtype=np.int64), best, self.ended)

    def _over(self) -> bool:
        if self._interrupt.requested:
            self.outcome, self.ended = Outcome.STOPPED, "the run was stopped"
        elif self.evaluations > self._looked:  # one batch at least, so that there is something to return
            spent = self.budget.spent(self.evaluations, self.seconds)
            if spent:
                self.outcome, self.ended = Outcome.BUDGET, f"{spent} is spent"
        return bool(self.ended)

    def _tell_progress(self, fraction: float) -> None:
        first, last = self.share
        self._fraction = first + (last - first) * fraction
        self.progress.update(self._fraction, self.evaluations, self._lowest, self._reasons)

    def status(self, solutions: Solutions) -> Status:
        """How the run ended, with the remedy."""
        if solutions.best < 0 and self.ended:
            remedy = "Give it more" if self.outcome is Outcome.BUDGET else self._remedy
            return Status(self.outcome, f"{self.ended} before any point was known. {remedy}.")
        if solutions.best < 0:
            often = self.failures.most_common(3)
            # one reason needs no count, which is of points and their neighbours
            reasons = "; ".join(f"{n} x {why}" if len(often) > 1 else why for why, n in often).rstrip(".")
            why = f": {reasons}" if reasons else ": the model gave no finite value at any of them"
            return Status(
                Outcome.FAILED,
                f"no start could be evaluated{why}. Check the bounds and the guess with `parametra check`.",
            )
        if self.outcome is not Outcome.CONVERGED:
            remedy = "Give it more to go on" if self.outcome is Outcome.BUDGET else self._remedy
            limit, after = self.budget.evaluations, f" after {self.evaluations} evaluations"
            if self.outcome is Outcome.BUDGET and limit is not None and self.evaluations > limit:
                after = f": {self.evaluations} were made, because a batch is not broken off"
            return Status(self.outcome, f"{self.ended}{after}. {remedy}; this is the best point so far.")
        ending = solutions.endings[solutions.best]
        if ending is Ending.CONVERGED:
            return Status(Outcome.CONVERGED, solutions.message)
        return Status(
            Outcome.BUDGET,
            f"the method stopped at its own limit before it converged: {solutions.message}. Start from this estimate "
            "again, or give narrower bounds; this is the best point so far.",
        )


class _one_thread:  # noqa: N801  reads as a phrase where it is used
    """One BLAS thread while many lanes run: small matrices only lose by more, which also fight with the kernels."""

    def __init__(self, *, many: bool) -> None:
        self.many = many

    def __enter__(self) -> None:
        self.limits = None
        if self.many:
            from threadpoolctl import threadpool_limits

            self.limits = threadpool_limits(limits=1, user_api="blas")

    def __exit__(self, *_: object) -> None:
        if self.limits is not None:
            self.limits.restore_original_limits()
