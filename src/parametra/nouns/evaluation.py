"""One call of a model and what it came to: numbers, or why there are none. The same words for every verb and pool."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from parametra.nouns.errors import ModelError
from parametra.nouns.model import Model
from parametra.nouns.problem import maybe_64_bits

LONGEST_REASON = 200
"""Characters of a reason that are kept: reasons are counted, so they are short and speak of no single point."""


class Fate(Enum):
    """How a call of a model can end."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    INFEASIBLE = "infeasible"


class EvaluationFailed(Exception):  # noqa: N818  named by the outcome, which is no mistake of the person
    """What a model may raise to say that there is no answer at this point; any other exception says the same.

    Arguments:
        reason: one line, the same for all points that fail in this way.
        retry: whether the same call may succeed later, as after a lost licence or a full disk.
    """

    def __init__(self, reason: str, *, retry: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry


class EvaluationTimedOut(EvaluationFailed):
    """The call took longer than it may."""


class Infeasible(EvaluationFailed):
    """What a model may raise where the parameters make no sense together: no failure of the model."""


class Evaluation(NamedTuple):
    """What one call came to; made by the million, and so a tuple.

    Arguments:
        fate: how it ended.
        outputs: the predicted arrays by output, float64 or complex128; empty unless it is ok.
        reason: why there are no outputs, "" when there are.
        retry: whether another try may succeed.
        seconds: how long the call took.
    """

    fate: Fate
    outputs: Mapping[str, np.ndarray] = {}
    reason: str = ""
    retry: bool = False
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether there are outputs."""
        return self.fate is Fate.OK


@dataclass(frozen=True, eq=False)
class Job:
    """What all calls of one run share: the model, and the inputs of each data set."""

    model: Model
    inputs: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Call:
    """One call: which data set's inputs, and the model's own arguments by name."""

    data_set: int
    parameters: Mapping[str, Any]


def evaluate(job: Job, call: Call) -> Evaluation:
    """Call the model, here and now; whatever it raises is an outcome."""
    began = time.perf_counter()
    try:
        with np.errstate(all="ignore"), maybe_64_bits():
            found = job.model.predict(call.parameters, job.inputs[call.data_set])
            outputs = {output: _numbers(value) for output, value in found.items()}
    except Infeasible as error:
        return Evaluation(Fate.INFEASIBLE, reason=error.reason[:LONGEST_REASON], seconds=time.perf_counter() - began)
    except EvaluationTimedOut as error:
        return Evaluation(Fate.TIMED_OUT, reason=error.reason[:LONGEST_REASON], seconds=time.perf_counter() - began)
    except EvaluationFailed as error:
        seconds = time.perf_counter() - began
        return Evaluation(Fate.FAILED, {}, error.reason[:LONGEST_REASON], error.retry, seconds)
    except MemoryError:
        return Evaluation(Fate.FAILED, reason="the model ran out of memory", seconds=time.perf_counter() - began)
    except Exception as error:  # noqa: BLE001  whatever a person's model raises costs this call, and is told
        return Evaluation(Fate.FAILED, reason=told(error)[:LONGEST_REASON], seconds=time.perf_counter() - began)
    return Evaluation(Fate.OK, outputs, seconds=time.perf_counter() - began)


def told(error: BaseException) -> str:
    """An exception in words, also where its own words fail; one of ours is a sentence already."""
    try:
        if isinstance(error, ModelError):
            return str(error)
        return f"{type(error).__name__}: {error}"
    except Exception as second:  # noqa: BLE001  a person's exception may do anything
        return f"{type(error).__name__}, whose words raised {type(second).__name__}"


def _numbers(value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "c":
        return array.astype(np.complex128, copy=False)
    raise EvaluationFailed(f"the model gave {array.dtype}, where numbers are wanted")
