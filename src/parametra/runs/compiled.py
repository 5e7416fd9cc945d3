"""The compiled evaluator: a traceable model, differentiated by JAX and compiled by XLA for the CPU, in 64 bits.

A kernel depends on the statement of the problem and on the shapes of its data, not on the numbers in them, so the next
data set of the same shape compiles nothing; neither does the next process, which finds the kernel on disk.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths import kernel_store as store
from parametra.maths import ode_compile
from parametra.nouns.asker import Answers, Want
from parametra.nouns.lifting import lift
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.runs import _kernel_program as programs
from parametra.runs._kernel import file_name, kernel
from parametra.runs._kernel_digest import statement_digest
from parametra.runs.cost import Cost, answers_from_residuals

_lifted: weakref.WeakKeyDictionary[Any, Callable[..., Any] | None] = weakref.WeakKeyDictionary()


class Compiled:
    """Evaluates a problem whose model JAX can trace.

    Arguments:
        problem: what to evaluate; its model must be traceable, see `traceable`.
        cost: which cost.
    """

    kind = "compiled"
    derivative = "automatic differentiation"
    vectorised = True

    def __init__(self, problem: Problem, cost: Cost) -> None:
        self.problem = problem
        self.cost = cost
        self.calls = 0
        self.failures: Counter[str] = Counter()
        self._ready: dict[tuple[str, bool], tuple[Any, list[Any]]] = {}

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        self.calls += len(points)
        with np.errstate(all="ignore"):
            if want is Want.PREDICTED:
                return self._predicted(points)
            if want is Want.SCORE:
                return self._score(points)
            if want is Want.NORMAL:
                return self._normal(points)
            if want is Want.GRADIENT:
                return self._gradient(points)
            if not self.cost.least_squares:
                return self._scored(points) if self.cost.scores and want is Want.JACOBIAN else self._value(points)
            if want is Want.JACOBIAN:
                found = self._run("jacobian", points)
                return answers_from_residuals(found["rows"], np.swapaxes(found["columns"], 1, 2), self.cost, want)
            return answers_from_residuals(self._run("residuals", points)["rows"], None, self.cost, want)

    def with_cost(self, cost: Cost) -> Compiled:
        """The same evaluator of another cost of the same form."""
        other = copy.copy(self)
        other.__dict__.update(cost=cost, _ready={})
        return other

    def _normal(self, points: np.ndarray) -> Answers:
        found = self._run("normal", points)
        cost, product = found["cost"], found["product"]
        normal, gradient = product[:, :-1, :-1], product[:, :-1, -1]
        ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient, normal=normal)

    def _gradient(self, points: np.ndarray) -> Answers:
        found = self._run("gradient", points)
        cost, gradient = found["cost"], found["slopes"]
        ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient)

    def _value(self, points: np.ndarray) -> Answers:
        cost = self._run("value", points)["cost"]
        ok = np.isfinite(cost)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok)

    def _scored(self, points: np.ndarray) -> Answers:
        found = self._run("jacobian", points)
        cost, residuals, jacobian = found["cost"], found["rows"], np.swapaxes(found["columns"], 1, 2)
        ok = np.isfinite(cost) & np.isfinite(residuals).all(axis=1) & np.isfinite(jacobian.sum(axis=(1, 2)))
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, residuals=residuals, jacobian=jacobian)

    def _predicted(self, points: np.ndarray) -> Answers:
        found = self._run("predicted", points)
        predicted, jacobian = found["rows"], np.swapaxes(found["columns"], 1, 2)
        ok = np.isfinite(predicted.sum(axis=1)) & np.isfinite(jacobian.sum(axis=(1, 2)))
        return Answers(cost=np.where(ok, 0.0, np.inf), ok=ok, predicted=predicted, jacobian=jacobian)

    def _score(self, points: np.ndarray) -> Answers:
        found = self._run("score", points)
        cost, slope = found["cost"], found["score"]
        ok = np.isfinite(cost) & np.isfinite(slope).all(axis=1)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, predicted=found["predicted"], score=slope)

    def _run(self, kind: str, points: np.ndarray) -> dict[str, np.ndarray]:
        """The outputs of a kernel, with the library's own sines where an argument was too large for the fast ones."""
        found = self._run_as(kind, points, fast=True)
        far = found.pop("far")
        if far.any():
            again = self._run_as(kind, points[far], fast=False)
            for name, values in again.items():
                found[name][far] = values
        return found

    def _run_as(self, kind: str, points: np.ndarray, *, fast: bool) -> dict[str, np.ndarray]:
        if (kind, fast) not in self._ready:
            made = kernel(kind, self.problem, self.cost, fast=fast)
            self._ready[kind, fast] = made, made.prepared(self.problem)
        made, prepared = self._ready[kind, fast]
        return made.answers(points, prepared)


@dataclass(frozen=True)
class Lifted:
    """A NumPy function that is lifted when it is called, which a kernel from the disk never does."""

    function: Callable[..., Any]

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """What the lifted function gives."""
        found = _lift(self.function)
        if found is None:
            raise TypeError(f"{self.function!r} is not a plain function")
        return found(*arguments, **named)


def _lift(function: Callable[..., Any]) -> Callable[..., Any] | None:
    try:
        known = function in _lifted
    except TypeError:  # not hashable or not weakly referable: lift it anew
        known = False
    if known:
        return _lifted[function]
    lifted = lift(function)
    with contextlib.suppress(TypeError):
        _lifted[function] = lifted
    return lifted


def speaks_jax(problem: Problem) -> bool:
    """True when the model is a function that returns JAX arrays."""
    if problem.model.function is None or "jax" not in sys.modules:
        return False
    import jax

    return any(isinstance(v, jax.Array) for part in problem.looked_at() for v in part.values())


def traceable(problem: Problem) -> Problem | None:
    """The problem with a model that JAX can trace: as it is, or with its NumPy function lifted; None when neither can.

    A lifted function is not verified here: see `verified`.
    """
    function = problem.model.function
    if function is None or (speaks_jax(problem) and _traces(problem)):
        return problem
    other = copy.copy(problem)
    m = problem.model
    other.model = Model(m.name, m.formulas, Lifted(function), m.arguments, m.optional)
    other.__dict__.pop("signature", None)
    statement = statement_digest(other)
    name = "" if statement is None else file_name("traces", statement)
    if name and store.read(name) is not None:
        return other
    if _lift(function) is None or not _traces(other):
        return None
    if name:
        store.write(name, {}, [])
    return other


def _traces(problem: Problem) -> bool:
    import jax
    import jax.numpy as jnp

    space = problem.fit_space

    def probe(x: Any, arrays: Any) -> Any:
        return [v for _, _, v in problem.compared(space.to_named(x, jnp), arrays, jnp)]

    try:
        with jax.enable_x64(True):
            jax.eval_shape(probe, jax.ShapeDtypeStruct((space.dimension,), np.dtype(np.float64)), problem.arrays)
    except Exception:  # noqa: BLE001  whatever an untraceable function raises says just that
        return False
    return True


def compilations() -> int:
    """How many functions this process has compiled.

    Neither the second problem of the same shape nor the second process must raise it.
    """
    return programs.compiled_here + ode_compile.compiled_here
