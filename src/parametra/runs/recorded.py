"""A model whose calls are looked up, run in a pool where they are new, and recorded; evaluators know nothing of it.

A call is known by the model (a hash of its content), its inputs, and its arguments by name, bit for bit. What is known
is not run again; what ends is recorded as it ends, so that a run that is killed loses what was running, no more.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, runtime_checkable

import numpy as np

from parametra.nouns.errors import LedgerError, ParametraError
from parametra.nouns.evaluation import LONGEST_REASON, Call, Evaluation, EvaluationFailed, Fate, Infeasible, Job
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.runs.arguments import Arguments
from parametra.runs.pool import CallLimits, Pool

_REMEMBERED = 64 * 2**20
"""Bytes of outputs that are kept in memory: what one batch asks for twice, not a second ledger."""

ENOUGH_TO_JUDGE = 50
"""Calls before a share of failures means anything."""

NOT_RUN = "not run: the run had ended"
"""Why there is no answer after a run was stopped, where none was known."""

_MOST_REASONS = 20
"""Reasons that a ledger tells of a run; a model may have one of its own for every call."""

_COMMIT_SECONDS = 0.1
"""Longest time between two commits while calls end."""


class RunStopped(BaseException):
    """The run is to end in the middle of a batch; no `except Exception` around a model may hold it up.

    Arguments:
        reason: why, as a clause.
        remedy: what to do then, as a clause.
    """

    def __init__(self, reason: str, remedy: str = "Run it again to go on") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Phase(Enum):
    """Where a run stands, seen from the calls."""

    BEFORE = 0
    LOOP = 1
    AFTER = 2


@runtime_checkable
class Record(Protocol):
    """Where evaluations are kept: see `ledger.py`."""

    def statement(self, model_hash: str, names: tuple[str, ...], title: str = "") -> int: ...
    def lookup(
        self, statement: int, keys: Sequence[bytes], seconds_limit: float | None = None
    ) -> list[Evaluation | None]: ...
    def record(
        self,
        statement: int,
        keys: Sequence[bytes],
        evaluations: Sequence[Evaluation],
        seconds_limit: float | None = None,
    ) -> None: ...
    def progress(self, run: int, evaluations: int, best: float | None, failures: Mapping[str, int]) -> None: ...
    def commit(self) -> None: ...


@dataclass
class Calls:
    """The calls of one run: where they run, where they are kept, and what they came to so far.

    Arguments:
        job: the model itself, with the inputs of each data set.
        pool, limits: where calls run and what one may cost.
        record: where evaluations are kept; None keeps none beyond the batch.
        run: the number of this run there.
        identity: of the model with some inputs and with arguments that are no numbers: a hash of its content.
        fresh: whether what is kept is not looked up.
        most_failures: share of the calls that may fail before the run is stopped; looked at after each batch.
        stop: why the run is to end now, "" while it may go on; asked whenever a call ends.
        tell: called whenever a call ends, with the number still running or waiting.
        best: the lowest cost so far, which the loop says, for the ledger's list of runs.
        made, reused: calls that were made, and that were known.
        counted, seconds, failed: different calls so far, what they took when they were made, and why some gave nothing.
        ended: no call is made any more; what is not known has failed.
        phase: whether a method asks, or has yet to, or has done so.
        trouble: what a ledger or a pool that failed said.
    """

    job: Job
    pool: Pool
    limits: CallLimits
    record: Record | None
    identity: Callable[[Mapping[str, Any], Mapping[str, Any]], str]
    run: int = 0
    fresh: bool = False
    most_failures: float = 1.0
    stop: Callable[[], str] = lambda: ""
    tell: Callable[[int], None] = lambda left: None  # noqa: ARG005  the name says what comes
    ended: bool = False
    phase: Phase = Phase.BEFORE
    trouble: str = ""
    best: float = np.inf
    made: int = 0
    reused: int = 0
    counted: int = 0
    seconds: float = 0.0
    failed: Counter[str] = field(default_factory=Counter[str])
    batch_failures: Counter[str] = field(default_factory=Counter[str])
    _remembered: dict[int, dict[bytes, Evaluation]] = field(default_factory=dict[int, dict[bytes, Evaluation]])
    _remembered_bytes: int = 0
    _statements: dict[str, int] = field(default_factory=dict[str, int])
    _new: set[tuple[int, bytes]] = field(default_factory=set[tuple[int, bytes]])

    def answers(self, data_set: int, asked: Arguments) -> list[Evaluation]:
        """What the model gives at these arguments, in their order.

        Raises:
            RunStopped: before all were known; those that ended are recorded.
        """
        statement, keys = self._statement(data_set, asked), asked.keys
        counted = self._remembered.get(statement, {}).keys() & keys
        known = self._known(statement, keys)
        missing = {key: i for i, key in enumerate(keys) if key not in known}
        if missing and self.ended:
            known.update(dict.fromkeys(missing, Evaluation(Fate.FAILED, reason=NOT_RUN)))
        elif missing:
            calls = [Call(data_set, asked.call(i)) for i in missing.values()]
            known.update(self._run(calls, statement, list(missing)))
        self._remember(statement, known)
        self._count(one for key, one in known.items() if key not in counted)
        return [known[key] for key in keys]

    @property
    def often_failed(self) -> dict[str, int]:
        """The reasons that came most often, and how many calls failed for all others."""
        often = dict(self.failed.most_common(_MOST_REASONS))
        others = self.failed.total() - sum(often.values())
        return {**often, "other reasons": others} if others else often

    @contextmanager
    def trial(self) -> Generator[None]:
        """Calls within may fail without being counted: they try what the model can do."""
        before = self.counted, self.seconds, Counter(self.failed)
        try:
            yield
        finally:
            self.counted, self.seconds, self.failed = before

    def take_reused(self) -> int:
        """How many calls were known since this was last asked."""
        found, self.reused = self.reused, 0
        return found

    def _count(self, evaluations: Iterable[Evaluation]) -> None:
        """Stop the run when too many calls fail; between batches, so that no order of calls matters."""
        found = list(evaluations)
        self.counted += len(found)
        self.seconds += sum([one.seconds for one in found])
        bad = [one for one in found if one.fate is not Fate.OK]
        self.failed.update(one.reason for one in bad if one.fate is not Fate.INFEASIBLE and one.reason != NOT_RUN)
        failed = self.failed.total()
        many = self.counted >= ENOUGH_TO_JUDGE and failed > self.most_failures * self.counted
        if many and self.phase is Phase.LOOP and not self.ended:
            reasons = "; ".join(f"{n} x {why}" for why, n in self.failed.most_common(3))
            raise RunStopped(
                f"{failed} of {self.counted} calls of the model failed ({reasons}), more than the share of "
                f"{self.most_failures:g} that may fail,",
                "Mend the model, narrow the bounds, or raise most_failures",
            )

    @property
    def _seconds_limit(self) -> float | None:
        """How long a call may take: a limit of the run, or of the program itself."""
        own: float | None = getattr(self.job.model.function, "timeout", None)
        limit = own if self.limits.seconds is None else self.limits.seconds
        return None if limit is None else float(limit)

    def _known(self, statement: int, keys: Sequence[bytes]) -> dict[bytes, Evaluation]:
        remembered = self._remembered.get(statement, {})
        known = {key: remembered[key] for key in keys if key in remembered}
        rest = list(dict.fromkeys(k for k in keys if k not in known))
        if self.record is None or not rest:
            return known
        stored: list[Evaluation | None] = [None] * len(rest)
        with self._with_ledger():
            stored = self.record.lookup(statement, rest, self._seconds_limit)
        for key, one in zip(rest, stored, strict=True):
            # with `fresh`, what this run made itself is known all the same
            if one is not None and not (self.fresh and (statement, key) not in self._new):
                known[key] = one
                self.reused += 1
        return known

    def _run(self, calls: list[Call], statement: int, keys: list[bytes]) -> dict[bytes, Evaluation]:
        found: dict[bytes, Evaluation] = {}
        committed = time.monotonic()
        if reason := self.stop():
            raise RunStopped(reason)
        try:
            with closing(self.pool.run(self.job, calls, self.limits)) as ended:  # type: ignore[type-var]
                for i, evaluation in ended:
                    found[keys[i]] = evaluation
                    self.made += 1
                    if self.record is not None:
                        self.record.record(statement, [keys[i]], [evaluation], self._seconds_limit)
                        if self.fresh:
                            self._new.add((statement, keys[i]))
                        if time.monotonic() - committed > _COMMIT_SECONDS:
                            self._commit()
                            committed = time.monotonic()
                    self.tell(len(calls) - len(found))
                    if len(found) < len(calls) and (reason := self.stop()):
                        raise RunStopped(reason)
        except ParametraError as error:  # of the pool: a cluster that is gone
            self._end_with(error)
            self.ended = True
            lost = Evaluation(Fate.FAILED, reason=str(error)[:LONGEST_REASON])
            found.update({key: lost for key in keys if key not in found})
        finally:
            self._remember(statement, {key: one for key, one in found.items() if not one.retry})
            self._commit()
        return found

    def _commit(self) -> None:
        if self.record is not None:
            with self._with_ledger():
                self.record.progress(self.run, self.made + self.reused, self.best, self.often_failed)
                self.record.commit()

    @contextmanager
    def _with_ledger(self) -> Generator[None]:
        """A ledger that fails is not asked again after the run."""
        try:
            yield
        except LedgerError as error:
            self._end_with(error)
            self.record = None

    def _end_with(self, error: ParametraError) -> None:
        """A ledger or a pool that fails is told before the run, ends it while it goes on, and costs no result after it.

        In the run that is no `Exception`, which an evaluator would take for a failure of the model.
        """
        if self.phase is Phase.BEFORE:
            raise error
        self.trouble = str(error)
        if self.phase is Phase.LOOP:
            raise RunStopped(self.trouble.rstrip("."), "Mend that, and run it again to go on") from error

    def _statement(self, data_set: int, asked: Arguments) -> int:
        """The number of what these calls share: the model, the inputs, and arguments that are no numbers."""
        identity = self.identity(self.job.inputs[data_set], asked.others)
        known = self._statements.get(identity)
        if known is None:
            known = len(self._statements)
            if self.record is not None:
                known = self.record.statement(identity, asked.labels, self.job.model.name)
            self._statements[identity] = known
        return known

    def _remember(self, statement: int, known: Mapping[bytes, Evaluation]) -> None:
        if self._remembered_bytes > _REMEMBERED:
            self._remembered.clear()
            self._remembered_bytes = 0
        kept = self._remembered.setdefault(statement, {})
        before = len(kept)
        kept.update(known)
        each = next((one for one in known.values() if one.ok), None)  # outputs of one model are of one size
        size = 500 + (0 if each is None else sum(value.nbytes for value in each.outputs.values()))
        self._remembered_bytes += size * (len(kept) - before)


@dataclass(frozen=True)
class RecordedModel(Model):
    """The model of a problem, every call of which goes through `calls`.

    Arguments:
        calls: the calls of the run.
        scalars: whether all parameters are single numbers; a column (N, 1) of one is then N points.
    """

    calls: Calls | None = None
    scalars: bool = False

    def predict(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any], xp: Any = np) -> dict[str, Any]:
        """As `Model.predict`; for many points at once, rows of NaN where a call gave nothing.

        Raises:
            EvaluationFailed: a single call that gave nothing, with the reason.
        """
        data_set = self._data_set(inputs)
        if data_set is None or self.calls is None:
            return super().predict(parameters, inputs, xp)
        many = max((np.shape(value)[0] for value in parameters.values() if np.ndim(value) == 2), default=0)
        if self.scalars and many:
            return self._batch(self.calls, data_set, parameters, many)
        (found,) = self.calls.answers(data_set, Arguments.of([parameters]))
        if found.ok:
            return dict(found.outputs)
        kind = Infeasible if found.fate is Fate.INFEASIBLE else EvaluationFailed
        raise kind(found.reason)

    def prepare(self, points: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]) -> None:
        """Have the answers at these arguments ready, so that single calls find them."""
        data_set = self._data_set(inputs)
        if points and data_set is not None and self.calls is not None:
            self.calls.answers(data_set, Arguments.of(points))

    def _data_set(self, inputs: Mapping[str, Any]) -> int | None:
        """Which data set these inputs are; None for others, such as those that errors of the inputs move."""
        for i, mine in enumerate(self.calls.job.inputs if self.calls is not None else ()):
            if mine is inputs or _same(mine, inputs):
                return i
        return None

    def _batch(self, calls: Calls, data_set: int, parameters: Mapping[str, Any], many: int) -> dict[str, Any]:
        found = calls.answers(data_set, Arguments.of_columns(parameters, many))
        good = [one for one in found if one.fate is Fate.OK]
        if len(good) < len(found):
            calls.batch_failures.update(one.reason for one in found if not one.ok)
        shapes = Counter(map(_shapes, good))
        if not shapes:
            calls.batch_failures.clear()
            raise EvaluationFailed(found[0].reason)
        ((usual, _),) = shapes.most_common(1)
        like = next(one.outputs for one in good if _shapes(one) == usual)
        for shape, count in shapes.items():
            if shape != usual:
                calls.batch_failures[f"the model gave {_told(shape)}, and {_told(usual)} elsewhere"] += count
        return {name: np.stack([_row(one, name, value) for one in found]) for name, value in like.items()}


def _same(mine: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Whether these are the arrays of a data set, perhaps in another mapping."""
    if mine.keys() != inputs.keys():
        return False
    return all(mine[k] is inputs[k] or (np.ndim(mine[k]) == 0 and mine[k] == inputs[k]) for k in mine)


def _shapes(one: Evaluation) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple([(name, value.shape) for name, value in one.outputs.items()])


def _told(shapes: tuple[tuple[str, tuple[int, ...]], ...]) -> str:
    return ", ".join(f"{name or 'an array'} of shape {shape}" for name, shape in shapes) or "nothing"


def _row(one: Evaluation, name: str, like: np.ndarray) -> np.ndarray:
    value = one.outputs.get(name)
    return np.full(like.shape, np.nan) if value is None or value.shape != like.shape else value


def prepare(problem: Problem, points: np.ndarray) -> None:
    """Have everything ready that a problem's model will be asked for at these points (N, d), in one batch."""
    model = problem.model
    # a model that takes many points at once may offer the same
    ready = model.prepare if isinstance(model, RecordedModel) else getattr(model.function, "prepare", None)
    if ready is not None and len(points):
        named = [problem.fit_space.to_named(x) for x in points]
        for binding, a in zip(problem.bindings, problem.arrays, strict=True):
            ready([binding.parameters_of(each) for each in named], a["inputs"])
