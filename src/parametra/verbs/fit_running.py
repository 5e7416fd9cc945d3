"""How the calls of a model run and where they are kept, for the time of one verb."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parametra.nouns.errors import LedgerError, MethodError
from parametra.nouns.evaluation import Job
from parametra.nouns.fit_result import Fit
from parametra.nouns.origin import origin
from parametra.nouns.problem import Problem
from parametra.nouns.receipt import Receipt
from parametra.runs.model_identity import model_identity
from parametra.runs.pool import CallLimits, Pool, Serial
from parametra.runs.recorded import Calls, RecordedModel
from parametra.verbs.fit_judge import hash_of

MOST_FAILURES = 0.8
"""Share of the calls that may fail where none is stated: random starts often fall where a model has no answer."""


_HERE = ", in this process: a call costs less than sending it to a pool"


@dataclass(frozen=True)
class Running:
    """Where calls run and are kept; the arguments of `fit` of the same names.

    Arguments:
        pool, ledger, fresh, timeout, memory, most_failures, take_over: as for `fit`.
    """

    pool: object = None
    ledger: str | Path | None = None
    fresh: bool = False
    timeout: float | None = None
    memory: int | str | None = None
    most_failures: float = MOST_FAILURES
    take_over: bool = False

    def applies_to(self, problem: Problem) -> bool:
        """Whether calls are recorded or run elsewhere.

        Not those of formulas, nor of models that take many points at once: these cost less than recording them.
        """
        function = problem.model.function
        asked = any(one is not None for one in (self.pool, self.ledger, self.timeout, self.memory))
        return (
            function is not None and not getattr(function, "batched", False) and (asked or hasattr(function, "costly"))
        )


@dataclass(frozen=True)
class Session:
    """One verb's run with its ledger.

    Arguments:
        problem: what is to be solved, its calls recorded where they are to be.
        ledger, run: where and as what it is kept; None and 0 for nowhere.
        calls: the calls, None where they are not recorded.
        beside: what the receipt says of where they ran.
    """

    problem: Problem
    ledger: Any = None
    run: int = 0
    calls: Calls | None = None
    beside: str = ""

    def done(self, found: Fit) -> Fit:
        """Keep how a fit ended; a ledger that cannot be written is a doubt, and costs no result."""
        if self.beside:
            receipt = dataclasses.replace(found.receipt, evaluator=found.receipt.evaluator + self.beside)
            found = dataclasses.replace(found, receipt=receipt)
        told = self.ended(found.status.outcome.value, found.status.message, found.receipt)
        return dataclasses.replace(found, doubts=(*found.doubts, told)) if told else found

    def ended(self, status: str, message: str, receipt: Receipt | None = None) -> str:
        """Keep how the run ended, in a word and in a sentence; what hinders it is returned."""
        if self.ledger is None:
            return ""
        calls, seconds = self.calls, None if receipt is None else receipt.seconds
        try:
            if calls is None:  # a run of which no call is recorded
                count = 0 if receipt is None else receipt.evaluations
                self.ledger.finish(self.run, status, message, evaluations=count, reused=0, seconds=seconds)
                return ""
            best = calls.best if math.isfinite(calls.best) else None
            reused = calls.reused if receipt is None else receipt.reused
            evaluations = calls.made + reused
            self.ledger.progress(self.run, evaluations, best, calls.often_failed)
            self.ledger.finish(
                self.run, status, message, evaluations=evaluations, reused=reused, best=best, seconds=seconds
            )
        except LedgerError as error:
            return str(error)
        return calls.trouble if calls.record is None else ""


@contextmanager
def running(problem: Problem, wish: Running, settings: Any, verb: str = "fit") -> Generator[Session]:
    """A run of a problem, its model's calls where they are wished to be.

    Arguments:
        problem: what is to be solved.
        wish: where calls run and are kept.
        settings: the other arguments of the verb, a record, which the ledger tells.
        verb: its name.

    Raises:
        MethodError: a setting that cannot be.
        LedgerError: a ledger that cannot be used.
    """
    _check(wish)
    recorded = wish.applies_to(problem)
    beside = ""
    if wish.pool is not None and not recorded:
        beside = _HERE
        from parametra.runs.choose_pool import refuse_unknown

        refuse_unknown(wish.pool)
    if not recorded and wish.ledger is None:
        yield Session(problem, beside=beside)
        return
    pool = _pool(wish) if recorded else Serial()
    try:
        if wish.ledger is None:
            calls = _calls(problem, pool, wish, None)
            yield Session(_recorded(problem, calls), calls=calls)
            return
        from parametra.nouns.stored_run import StatedRun
        from parametra.runs.ledger import Ledger  # a database, which few fits want

        asked = {k: v for k, v in dataclasses.asdict(settings).items() if isinstance(v, (int, float, str, type(None)))}
        typed, seed = origin(), int(asked.get("seed") or 0)
        stated = StatedRun(verb, problem.title, hash_of(problem), seed, asked, typed.file, typed.command)
        ledger = Ledger.open(wish.ledger)
        try:
            run = ledger.begin(stated, take_over=wish.take_over)
            if recorded:
                calls = _calls(problem, pool, wish, ledger, run)
                yield Session(_recorded(problem, calls), ledger, run, calls)
            else:
                yield Session(problem, ledger, run, beside=beside)
        finally:
            with suppress(LedgerError):  # what could not be written has been told by then, and must hide no result
                ledger.close()
    finally:
        pool.close()


def _check(wish: Running) -> None:
    if wish.timeout is not None and not wish.timeout > 0:
        raise MethodError(f"timeout={wish.timeout}: seconds above 0 are wanted. Leave it out for no limit.")
    if not 0 < wish.most_failures <= 1:
        raise MethodError(f"most_failures={wish.most_failures}: a share above 0 and up to 1 is wanted.")


def _pool(wish: Running) -> Pool:
    guarded = wish.timeout is not None or wish.memory is not None
    if wish.pool is None and not guarded:
        return Serial()
    from parametra.runs.choose_pool import choose_pool  # other processes take a while to load

    # this process cannot end a call that takes too long or too much; a process for it alone can
    return choose_pool(1 if wish.pool is None and guarded else wish.pool)


def _calls(problem: Problem, pool: Pool, wish: Running, record: Any, run: int = 0) -> Calls:
    limits = CallLimits(seconds=wish.timeout, memory=_bytes(wish.memory))
    job = Job(problem.model, tuple(a["inputs"] for a in problem.arrays))
    identity = model_identity(problem.model)
    return Calls(job, pool, limits, record, identity, run, fresh=wish.fresh, most_failures=wish.most_failures)


def _recorded(problem: Problem, calls: Calls) -> Problem:
    """The same problem, every call of whose model goes through `calls`."""
    m = problem.model
    scalars = problem.fit_space.scalar_only
    return problem.with_model(RecordedModel(m.name, m.formulas, m.function, m.arguments, m.optional, calls, scalars))


def _bytes(stated: int | str | None) -> int | None:
    if stated is None:
        return None
    from parametra.nouns._program_settings import size

    return size(stated, "memory")
