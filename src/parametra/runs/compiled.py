"""The compiled evaluator: a traceable model, batched and compiled by JAX, 64 bits, the data as arguments.

A kernel depends on the statement of the problem and on the shapes of its data, not on the numbers in them, so the next
data set of the same shape compiles nothing. Kernels of the last problems are kept.
"""

from __future__ import annotations

import contextlib
import copy
import sys
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from parametra.nouns.asker import Answers, Want
from parametra.nouns.lifting import lift
from parametra.nouns.model import Model
from parametra.nouns.problem import Problem
from parametra.runs.cost import Cost, answers_from_residuals

LANES = 16
"""Points in one call of the batched kernel; a batch is padded to a multiple of it."""

_KERNELS_KEPT = 64
_kernels: OrderedDict[tuple[Any, ...], _QuicklyCompiled] = OrderedDict()
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
        self._arrays: Any = None

    def evaluate(self, points: np.ndarray, want: Want) -> Answers:
        """Answer a request for points (B, d)."""
        import jax

        self.calls += len(points)
        with jax.enable_x64(True):
            if self._arrays is None:
                self._arrays = jax.device_put(self.problem.arrays)
            if not self.cost.least_squares:
                return self._gradient(points, want)
            if want is Want.NORMAL:
                return self._normal(points)
            if want is Want.GRADIENT:
                return self._gradient(points, want)
            one = self._kernel("jacobian")
            parts = [one(x, self._arrays) for x in points]
        residuals = np.stack([np.asarray(r) for r, _ in parts])
        jacobian = np.stack([np.asarray(j).T for _, j in parts])
        keep = jacobian if want is Want.JACOBIAN else None
        return answers_from_residuals(residuals, keep, self.cost, want)

    def with_cost(self, cost: Cost) -> Compiled:
        """The same evaluator of another cost of the same form."""
        other = copy.copy(self)
        other.cost = cost
        return other

    def _normal(self, points: np.ndarray) -> Answers:
        kernel = self._kernel("normal")
        n, d = points.shape
        padded = -(-n // LANES) * LANES
        if padded != n:
            points = np.concatenate([points, np.broadcast_to(points[:1], (padded - n, d))])
        parts = [kernel(points[i : i + LANES], self._arrays) for i in range(0, padded, LANES)]
        product, cost = (np.concatenate([np.asarray(p[k]) for p in parts])[:n] for k in range(2))
        normal, gradient = product[:, :d, :d], product[:, :d, d]
        ok = np.isfinite(cost) & np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient, normal=normal)

    def _gradient(self, points: np.ndarray, want: Want) -> Answers:
        kernel = self._kernel("gradient")
        parts = [kernel(x, self._arrays) for x in points]
        cost = np.array([float(v) for v, _ in parts])
        gradient = np.stack([np.asarray(g) for _, g in parts])
        ok = np.isfinite(cost)
        if want is Want.COST:
            return Answers(cost=np.where(ok, cost, np.inf), ok=ok)
        ok &= np.isfinite(gradient).all(axis=1)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient)

    def _kernel(self, kind: str) -> _QuicklyCompiled:
        key = (kind, self.problem.signature, self.cost)
        if key in _kernels:
            _kernels.move_to_end(key)
        else:
            _kernels[key] = _build(kind, self.problem, self.cost)
            if len(_kernels) > _KERNELS_KEPT:
                _kernels.popitem(last=False)
        return _kernels[key]


def _build(kind: str, problem: Problem, cost: Cost) -> _QuicklyCompiled:
    import jax
    import jax.numpy as jnp

    space = problem.fit_space
    d = space.dimension

    def residuals(x: Any, arrays: Any) -> Any:
        return problem.residuals(space.to_named(x, jnp), arrays, jnp)

    def with_jacobian(of_x: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
        """Residuals (m,) and the transposed Jacobian (d, m), by forward derivatives."""
        return jax.vmap(lambda v: jax.jvp(of_x, (x,), (v,)), out_axes=(None, 0))(jnp.eye(d))

    def normal(x: Any, arrays: Any) -> tuple[Any, Any]:
        """[J r]'[J r], which holds J'J, J'r and r'r in one product, and the cost."""
        r, columns = with_jacobian(lambda z: residuals(z, arrays), x)
        value = cost.value(r, jnp) if cost.losses else 0.0
        if cost.losses:
            a, b = cost.factors(r, jnp)
            r, columns = r * b, columns * a
        both = jnp.concatenate([columns, r[None]])
        product = both @ both.T
        return product, value if cost.losses else 0.5 * product[d, d]

    def lanes(points: Any, arrays: Any) -> tuple[Any, Any]:
        # one lane after the other: its Jacobian stays in the cache, where a batched one would not (7 times slower)
        return jax.lax.map(lambda x: normal(x, arrays), points)

    def value(x: Any, arrays: Any) -> Any:
        if cost.least_squares:
            return cost.value(residuals(x, arrays), jnp)
        return -problem.log_density(space.to_named(x, jnp), arrays, jnp)

    if kind == "normal":
        return _QuicklyCompiled(lanes)
    if kind == "gradient":
        return _QuicklyCompiled(jax.value_and_grad(value))
    return _QuicklyCompiled(lambda x, arrays: with_jacobian(lambda z: residuals(z, arrays), x))


class _QuicklyCompiled:
    """A jitted function, compiled by XLA's older code generator for CPUs, which takes half the time for the same speed.

    The option belongs to XLA and may go; where it is not known, the function is compiled as usual.
    """

    options: ClassVar[dict[str, Any]] = {"xla_cpu_use_fusion_emitters": False}

    def __init__(self, function: Callable[..., Any]) -> None:
        import jax

        self.function = function
        self.jitted = jax.jit(function, compiler_options=self.options)
        self.checked = False

    def __call__(self, *arguments: Any) -> Any:
        import jax

        if self.checked:
            return self.jitted(*arguments)
        try:
            result = self.jitted(*arguments)
        except jax.errors.JaxRuntimeError as error:
            if "option" not in str(error):
                raise
            self.jitted = jax.jit(self.function)
            result = self.jitted(*arguments)
        self.checked = True
        return result


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
    if problem.model.function is None or (speaks_jax(problem) and _traces(problem)):
        return problem
    function = problem.model.function
    try:
        known = function in _lifted
    except TypeError:  # not hashable or not weakly referable: lift it anew
        known = False
    lifted = _lifted[function] if known else lift(function)
    if not known:
        with contextlib.suppress(TypeError):
            _lifted[function] = lifted
    if lifted is None:
        return None
    other = copy.copy(problem)
    m = problem.model
    other.model = Model(m.name, m.formulas, lifted, m.arguments, m.optional)
    other.__dict__.pop("signature", None)
    return other if _traces(other) else None


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
    """How many kernels this process holds; the second problem of the same shape must not raise it."""
    jitted: list[Any] = [kernel.jitted for kernel in _kernels.values()]
    return sum(int(one._cache_size()) for one in jitted)  # noqa: SLF001  JAX counts nowhere else
