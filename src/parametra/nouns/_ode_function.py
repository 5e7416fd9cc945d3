"""A function of named numbers, written for one lane: run in JAX where it can be traced, in NumPy otherwise."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns._ode_digest import digest_of_function
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.evaluation import EvaluationFailed, told
from parametra.nouns.lifting import lift
from parametra.nouns.model import ONLY
from parametra.nouns.problem import MEND_IT, maybe_64_bits

BLOCK = 64
"""Lanes that are computed together: always as many, so that none depends on how many others there are."""

_AGREES = 1e-9
"""Relative difference at which a lifted function is still taken for the original."""

_BUGS = (NameError, TypeError, AttributeError, LookupError, ImportError, NotImplementedError, AssertionError)
"""What is raised by mistakes of a function; arithmetic raises other things, at some parameters and not at others."""


class NamedFunction:
    """A function of numbers by name that returns numbers by name.

    Arguments:
        function: `def rhs(t, S, I, beta)`, which returns a mapping, or a sequence in the order of the results.
        results: the names of what it returns; () takes those of the mapping that it returns, or a single one.
        what: what it is, which opens messages.

    Raises:
        ModelError: its arguments cannot be told by name.
    """

    def __init__(self, function: Callable[..., Any], results: tuple[str, ...], what: str) -> None:
        self.function = function
        self.results = self.wanted = results
        self.what = what
        self.arguments, self.optional = _arguments(function, what)
        self._traceable: Callable[..., Any] | None = None
        self._looked_at = False
        self._kernels: dict[Any, Any] = {}

    @property
    def name(self) -> str:
        """What its author called it."""
        return str(getattr(self.function, "__name__", self.what))

    @property
    def untraced(self) -> str:
        """What it costs that JAX cannot trace it, in a sentence; "" where it can, or before `look`."""
        if self.traceable or not self._looked_at:
            return ""
        costs = "LSODA integrates it point by point, and " if self.wanted else "it is called point by point, and "
        return (
            f"{self.name} cannot be traced by JAX (a Python if on numbers?), so {costs}derivatives are differences. "
            "numpy.where instead of if is compiled."
        )

    @property
    def names(self) -> frozenset[str]:
        """The names of its arguments."""
        return frozenset(self.arguments)

    @property
    def digest(self) -> str:
        """A hash of its instructions and of what they refer to."""
        return digest_of_function(self.function)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_traceable": None, "_looked_at": False, "_kernels": {}}

    # ---- what it can do

    def look(self, given: Mapping[str, Any]) -> None:
        """Find out, at one lane, what it returns and whether JAX can trace it, as it is or lifted.

        A lifted function is believed when it gives the same numbers there.

        Raises:
            ModelError: it returns something else than is wanted.
        """
        if self._looked_at:
            return
        import jax

        numbers = {name: given[name] for name in self.arguments if name in given}
        plain = self._plain(numbers)
        with jax.enable_x64(True):
            for candidate in (self.function, lift(self.function)):
                if candidate is None:
                    continue
                try:
                    found = jax.jit(partial(self._row, candidate))(numbers)
                except Exception:  # noqa: BLE001, S112  whatever an untraceable function raises says just that
                    continue
                if np.allclose(found, plain, rtol=_AGREES, atol=0.0, equal_nan=True):
                    self._traceable = candidate
                    break
        self._looked_at = True

    @property
    def traceable(self) -> bool:
        """Whether JAX can trace it; after `look`."""
        return self._traceable is not None

    def _row(self, function: Callable[..., Any], numbers: Mapping[str, Any]) -> Any:
        import jax.numpy as jnp

        returned = self._in_order(function(**numbers))
        return jnp.stack([jnp.asarray(value, dtype=float) for value in returned])

    def _in_order(self, returned: Any) -> list[Any]:
        if returned is None:
            names = "initial" if self.wanted else "the outputs"
            raise ModelError(f"{self.name} returns None; return a dict by name, or a list in the order of {names}.")
        if isinstance(returned, Mapping):
            self.results = self.results or tuple(map(str, returned))
            for name in self.results:
                if name not in returned:
                    raise ModelError(
                        f'{self.what} returns nothing for "{name}"; ' + did_you_mean(name, map(str, returned))
                    )
            for name in returned:
                if name not in self.results:
                    raise ModelError(f'{self.what} returns "{name}"; ' + did_you_mean(str(name), self.results))
            return [returned[name] for name in self.results]
        self.results = self.results or (ONLY,)
        one = not isinstance(returned, (tuple, list)) and np.ndim(returned) == 0
        parts: list[Any] = [returned] if one else list(returned)
        if len(parts) != len(self.results):
            raise ModelError(
                f"{self.what} returns {len(parts)} numbers, where {len(self.results)} are wanted: "
                f"{', '.join(self.results)}. Return a dict by name, or as many."
            )
        return parts

    def _checked(self, returned: Any) -> np.ndarray:
        parts = self._in_order(returned)
        for name, part in zip(self.results, parts, strict=True):
            if np.shape(part) != ():
                raise ModelError(
                    f'{self.what} returns an array of shape {np.shape(part)} for "{name}", where one number is wanted: '
                    "it is called for one lane at one time."
                )
        return np.asarray(parts, dtype=float)

    # ---- running it

    def _plain(self, numbers: Mapping[str, Any]) -> np.ndarray:
        """The results at one lane, as the function gives them by itself.

        Raises:
            EvaluationFailed: it raised something.
            ModelError: it returned something else than is wanted, or raised what no guess can mend.
        """
        try:
            with maybe_64_bits():
                return self._checked(self.function(**numbers))
        except (ModelError, EvaluationFailed):
            raise
        except _BUGS as error:
            bug = f"your function {self.name} raised {told(error)}{_place(self.function, error)}. {MEND_IT}"
            # later it may stand where few points come: these have failed, and the others have not
            raise EvaluationFailed(bug) if self._looked_at else ModelError(bug) from error
        except Exception as error:  # a person's function may raise anything
            raise EvaluationFailed(f"{type(error).__name__}: {error}") from error

    def values(self, given: Mapping[str, Any], shape: tuple[int, ...]) -> list[np.ndarray]:
        """The results for arrays that broadcast to a shape; arrays of elements have one axis more, in front."""
        lanes = self._flat(given, shape)
        self.look({name: value[..., 0] for name, value in lanes.items()})
        if not self.traceable:
            count = int(np.prod(shape))
            rows = [self._plain({k: v[..., i] for k, v in lanes.items()}) for i in range(count)]
            return [row.reshape(shape) for row in np.asarray(rows).reshape(count, len(self.results)).T]
        return list(self._blocks("values", lanes, [], shape)[0])

    def with_tangents(
        self, given: Mapping[str, Any], tangents: Mapping[str, Mapping[int, Any]], shape: tuple[int, ...]
    ) -> tuple[list[np.ndarray], list[dict[int, np.ndarray]]]:
        """The results and their derivatives by each direction that anything moves."""
        lanes = self._flat(given, shape)
        self.look({name: value[..., 0] for name, value in lanes.items()})
        if not self.traceable:
            raise ModelError(f"{self.what} cannot be differentiated: JAX cannot trace it.")
        moved = {name: each for name, each in tangents.items() if name in lanes and each}
        directions = sorted({q for each in moved.values() for q in each})
        if not directions:
            return self.values(given, shape), [{} for _ in self.results]
        stacked: list[dict[str, np.ndarray]] = []
        for q in directions:
            zeros = {name: np.zeros_like(value) for name, value in lanes.items()}
            stacked.append({**zeros, **self._flat({k: t[q] for k, t in moved.items() if q in t}, shape, lanes)})
        values, slopes = self._blocks("tangents", lanes, stacked, shape)
        by_result = [{q: slopes[i][k] for i, q in enumerate(directions)} for k in range(len(self.results))]
        return list(values), by_result

    def traced(self, found: Mapping[str, Any], lanes: int) -> list[Any]:
        """The results in JAX, each (lanes,)."""
        import jax
        import jax.numpy as jnp

        function = self._traceable
        if function is None:
            raise ModelError(f"{self.what} cannot be traced by JAX.")
        given: dict[str, Any] = {}
        for name in self.arguments:
            if name in found:
                value = jnp.asarray(found[name], dtype=float)
                given[name] = value if value.ndim else jnp.broadcast_to(value, (lanes,))
        rows = jax.vmap(partial(self._row, function), in_axes=-1, out_axes=-1)(given)
        return list(rows)

    def _flat(
        self, given: Mapping[str, Any], shape: tuple[int, ...], like: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Every argument with its lanes along one last axis."""
        flat: dict[str, np.ndarray] = {}
        for name in self.arguments:
            if name not in given:
                continue
            value = np.asarray(given[name], dtype=float)
            elements = value.shape[: max(0, value.ndim - len(shape))]
            if like is not None:
                elements = like[name].shape[:-1]
            flat[name] = np.broadcast_to(value, (*elements, *shape)).reshape(*elements, -1)
        return flat

    def _blocks(
        self, kind: str, lanes: dict[str, np.ndarray], tangents: list[dict[str, np.ndarray]], shape: tuple[int, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Results (k, *shape) and their tangents (q, k, *shape), block by block."""
        import jax

        count = int(np.prod(shape))
        values = np.empty((len(self.results), count))
        slopes = np.empty((len(tangents), len(self.results), count))
        kernel = self._kernel(kind)
        with jax.enable_x64(True):
            for first in range(0, count, BLOCK):
                index = np.minimum(np.arange(first, first + BLOCK), count - 1)
                part, size = {k: v[..., index] for k, v in lanes.items()}, min(BLOCK, count - first)
                if kind == "values":
                    values[:, first : first + size] = np.asarray(kernel(part))[:, :size]
                    continue
                moved = {k: np.stack([each[k][..., index] for each in tangents]) for k in lanes}
                value, slope = kernel(part, moved)
                values[:, first : first + size] = np.asarray(value)[:, :size]
                slopes[:, :, first : first + size] = np.asarray(slope)[:, :, :size]
        return values.reshape(-1, *shape), slopes.reshape(len(tangents), len(self.results), *shape)

    def _kernel(self, kind: str) -> Any:
        import jax

        if kind not in self._kernels:
            one = jax.vmap(partial(self._row, self._traceable or self.function), in_axes=-1, out_axes=-1)
            if kind == "values":
                self._kernels[kind] = jax.jit(one)
            else:

                def tangents(lanes: Any, moved: Any) -> Any:
                    values, push = jax.linearize(one, lanes)
                    return values, jax.vmap(push)(moved)

                self._kernels[kind] = jax.jit(tangents)
        return self._kernels[kind]


def _place(function: Callable[..., Any], error: Exception) -> str:
    """Where in the function's own file something was raised, "" where there is none."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f", in line {lines[-1]} of {Path(str(file)).name}" if lines else ""


def _arguments(function: Callable[..., Any], what: str) -> tuple[tuple[str, ...], frozenset[str]]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError) as error:
        raise ModelError(f"{what}: the arguments of the function cannot be read ({error}).") from None
    odd = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if odd:
        raise ModelError(
            f"{what}: the function takes {odd[0]}, whose names cannot be told. Name time, states and parameters as its "
            "arguments: def rhs(t, S, I, beta)."
        )
    if not parameters:
        raise ModelError(f"{what}: the function takes no arguments; name the states and parameters that it uses.")
    optional = frozenset(p.name for p in parameters if p.default is not p.empty)
    return tuple(p.name for p in parameters), optional
