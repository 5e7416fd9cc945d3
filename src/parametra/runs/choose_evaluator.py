"""Which evaluator answers: NumPy at once, or kernels that must be compiled first but are faster by the batch.

The choice rests on sizes alone, never on a clock, so that the same problem is computed the same way everywhere.
"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import numpy as np

from parametra.nouns.asker import Answers, Want
from parametra.nouns.errors import MethodError, ModelError, did_you_mean
from parametra.nouns.noise import LogLikelihood
from parametra.nouns.problem import Problem
from parametra.runs.compiled import Compiled, speaks_jax, traceable
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.runs.recorded import RecordedModel

WORTH_COMPILING = 400_000
"""Points x derivatives x starts above which a batch in NumPy takes longer than loading JAX and compiling a kernel."""

WORTH_COMPILING_CALLS = 1_500
"""The same in calls of a model that takes one point at a time."""

KINDS = ("auto", "direct", "compiled")


class Both:
    """Normal equations go to the compiled evaluator, what is asked of single points to the direct one.

    The first batch is answered by both, and only when they agree is the compiled one believed: this is what verifies a
    lifted NumPy function.
    """

    def __init__(self, direct: Direct, compiled: Compiled) -> None:
        self.direct = direct
        self.compiled = compiled
        self.problem = direct.problem
        self.cost = direct.cost
        self.verified = False
        self.refused = ""

    @property
    def kind(self) -> str:
        """How batches are evaluated."""
        return "direct" if self.refused else "compiled"

    @property
    def derivative(self) -> str:
        """How the model is differentiated."""
        if self.refused:
            return f"{self.direct.derivative}; {self.refused}"
        return f"{self.compiled.derivative}, single points by {self.direct.derivative}"

    @property
    def calls(self) -> int:
        """How often the model was evaluated."""
        return self.direct.calls + self.compiled.calls

    @property
    def failures(self) -> Counter[str]:
        """Failures by reason."""
        return self.direct.failures + self.compiled.failures

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        if self.refused or want is not Want.NORMAL:
            return self.direct.evaluate(points, want)
        answers = self.compiled.evaluate(points, want)
        if not self.verified:
            self._verify(points, answers)
            if self.refused:
                return self.direct.evaluate(points, want)
        return answers

    def with_cost(self, cost: Cost) -> Both:
        """The same evaluator of another cost."""
        other = copy.copy(self)
        other.direct, other.compiled, other.cost = self.direct.with_cost(cost), self.compiled.with_cost(cost), cost
        return other

    def _verify(self, points: np.ndarray, answers: Answers) -> None:
        few = points[:2]
        plain = self.direct.evaluate(few, Want.NORMAL)
        once, again = (self.direct.evaluate(few, Want.COST) for _ in range(2))
        both = plain.ok & answers.ok[:2]
        exact = self.direct.derivative != "central differences"
        if not np.array_equal(once.cost[both], again.cost[both]):
            self.refused = "the model does not give the same answer twice, so it was not compiled"
        elif not np.array_equal(plain.ok, answers.ok[:2]) or not np.allclose(
            plain.cost[both], answers.cost[:2][both], rtol=1e-9
        ):
            self.refused = "compiled, the model gave other values, so it is run as it is"
        elif plain.gradient is not None and answers.gradient is not None:
            size = np.linalg.norm(plain.gradient, axis=1, keepdims=True)
            if plain.normal is not None:  # at a minimum a gradient is only rounding, of the products that it sums
                longest = np.sqrt(2 * np.maximum(plain.cost, 0.0) * np.trace(plain.normal, axis1=1, axis2=2))
                size = size + 1e-3 * longest[:, None]
            gap = np.abs(plain.gradient - answers.gradient[:2])[both]
            if not np.all(gap <= (1e-7 if exact else 1e-3) * size[both]):
                self.refused = "compiled, the model gave other derivatives, so it is run as it is"
        self.verified = True


AnyEvaluator = Direct | Compiled | Both


def choose_evaluator(problem: Problem, cost: Cost, starts: int, wish: str = "auto") -> AnyEvaluator:
    """The evaluator for a problem and a number of starts.

    Arguments:
        problem: what is evaluated.
        cost: which cost.
        starts: how many starts will run together.
        wish: "auto", or "direct" or "compiled" to insist.

    Raises:
        MethodError: an unknown wish.
        ModelError: "compiled" for a model that cannot be traced.
    """
    if wish not in KINDS:
        raise MethodError(f'evaluator="{wish}": ' + did_you_mean(wish, KINDS))
    recorded = isinstance(problem.model, RecordedModel)
    if recorded and wish == "compiled":
        raise MethodError('evaluator="compiled" runs in this process; leave out pool, ledger, timeout and memory.')
    by_rows = cost.least_squares or cost.scores
    if recorded or wish == "direct" or not problem.fit_space.dimension:
        return Direct(problem, cost)
    if not cost.least_squares and not _density_traces(problem):
        return _only_direct(problem, cost, wish)
    if speaks_jax(problem):
        return Compiled(problem, cost)
    if wish == "compiled":
        compiled = Compiled(_traced(problem), cost)
        return Both(Direct(problem, cost), compiled) if by_rows and starts > 1 else compiled
    if problem.model.function is None and not by_rows:
        return Compiled(problem, cost)
    direct = Direct(problem, cost)
    if not _worth_compiling(direct, starts):
        return direct
    lifted = traceable(problem)
    if lifted is None:
        return direct
    return Both(direct, Compiled(lifted, cost)) if by_rows else direct


def _traced(problem: Problem) -> Problem:
    lifted = traceable(problem)
    if lifted is None:
        raise ModelError(
            f'evaluator="compiled": {problem.model.name} cannot be traced by JAX, also not with numpy replaced by '
            'jax.numpy. Write it with jax.numpy, or leave the evaluator at "auto".'
        )
    return lifted


def _only_direct(problem: Problem, cost: Cost, wish: str) -> Direct:
    if wish == "compiled":
        raise ModelError(
            'evaluator="compiled": the log likelihood cannot be traced by JAX. Write it with jax.numpy, or leave the '
            'evaluator at "auto".'
        )
    return Direct(problem, cost)


def _density_traces(problem: Problem) -> bool:
    """False when a person's own log likelihood cannot be traced; the densities of the house all can."""
    noises: list[Any] = [part for n in problem.noise.values() for part in (n, getattr(n, "noise", None))]
    if not any(isinstance(n, LogLikelihood) and callable(n.function) for n in noises):
        return True
    import jax
    import jax.numpy as jnp

    predictions = [
        jax.ShapeDtypeStruct(np.shape(value), np.dtype(np.float64))
        for _, _, value in problem.picked(problem.looked_at(), problem.arrays)
    ]
    outputs = [(i, o) for i, a in enumerate(problem.arrays) for o in a["observed"]]
    named = problem.space.guess_named

    def densities(values: list[Any], arrays: Any) -> list[Any]:
        scatters = [
            (o, problem.scatter(i, o, value, named, arrays, jnp)) for (i, o), value in zip(outputs, values, strict=True)
        ]
        return [problem.noise[o].log_density(scatter) for o, scatter in scatters]

    try:
        with jax.enable_x64(True):
            jax.eval_shape(densities, predictions, problem.arrays)
    except Exception:  # noqa: BLE001  whatever an untraceable function raises says just that
        return False
    return True


def _worth_compiling(direct: Direct, starts: int) -> bool:
    space = direct.problem.fit_space
    if starts <= 1:
        return False
    work = direct.problem.size * (space.dimension + 1) * starts
    calls = starts * (space.dimension + 1)
    return work > WORTH_COMPILING or (not direct.vectorised and calls > WORTH_COMPILING_CALLS)
