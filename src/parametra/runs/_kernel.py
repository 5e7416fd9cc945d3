"""A kernel: two compiled functions, one for each data set and one for each batch of points, and what tells of them.

Where a kernel comes from, best first: this process has it; the disk has it; it is traced, and the disk has what the
trace says; it is compiled.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths import kernel_store as store
from parametra.nouns.content_digest import Unknown, digest_of, surroundings
from parametra.nouns.problem import Problem
from parametra.runs import _kernel_program as programs
from parametra.runs._kernel_digest import statement_digest
from parametra.runs._kernel_rows import Leaves, function_of
from parametra.runs.cost import Cost

_KEPT = 64
_kernels: OrderedDict[Hashable, Kernel] = OrderedDict()


@dataclass(frozen=True)
class Kernel:
    """What answers one kind of question about problems of one form.

    Arguments:
        prepare: from the leaves of a problem's arrays to the arrays that `run` reads.
        run: from points (P, d), a number of groups and these arrays, to the outputs (P, ...).
        points, group: P, and how many points a group has.
        outputs: their names.
    """

    prepare: programs.Program
    run: programs.Program
    points: int
    group: int
    outputs: tuple[str, ...]

    def prepared(self, problem: Problem) -> list[Any]:
        """What `answers` needs of a data set."""
        leaves = [self.prepare.put(array) for array in Leaves.of(problem.arrays).arrays]
        made = self.prepare(leaves)
        if type(self.prepare) is type(self.run):
            return made
        return [self.run.put(np.array(self.prepare.numbers(one))) for one in made]

    def answers(self, points: np.ndarray, prepared: list[Any]) -> dict[str, np.ndarray]:
        """The outputs at points (B, d), by name."""
        found: list[list[np.ndarray]] = []
        for first in range(0, len(points), self.points):
            chunk = points[first : first + self.points]
            count = len(chunk)
            padded = np.empty((self.points, points.shape[1]))
            padded[:count], padded[count:] = chunk, chunk[0]
            groups = np.array(-(-count // self.group))
            results = self.run([self.run.put(padded), self.run.put(groups), *prepared])
            found.append([self.run.numbers(one)[:count] for one in results])
        return {name: np.concatenate([part[k] for part in found]) for k, name in enumerate(self.outputs)}


def kernel(kind: str, problem: Problem, cost: Cost, *, fast: bool = True) -> Kernel:
    """The kernel of a kind for a problem, from wherever it is to be had.

    Arguments:
        kind: one of `_kernel_rows.KINDS`.
        problem: its model must be traceable.
        cost: the cost.
        fast: see `batched`.
    """
    statement = statement_digest(problem)
    key: Hashable = (kind, fast, cost, statement or problem.signature)
    if key in _kernels:
        _kernels.move_to_end(key)
        return _kernels[key]
    made = None
    name = "" if statement is None else file_name("statement", kind, fast, cost, statement)
    if name:
        made = _loaded(name)
    if made is None:
        made = _traced(kind, problem, cost, fast, name)
    _kernels[key] = made
    if len(_kernels) > _KEPT:
        _kernels.popitem(last=False)
    return made


def forget() -> None:
    """Let go of the kernels that this process has, for measurements and tests; those on disk stay."""
    _kernels.clear()


def file_name(*facts: object) -> str:
    """The name under which something that follows from these facts is kept on disk; empty where it cannot be told."""
    if store.folder() is None:
        return ""
    try:
        return digest_of(surroundings(), programs.OPTIONS, facts)
    except Unknown:
        return ""


def _loaded(name: str) -> Kernel | None:
    found = store.read(name)
    if found is None:
        return None
    head, parts = found
    try:
        results = [[(tuple(shape), kind) for shape, kind in part] for part in head["results"]]
        prepare, run = (programs.Written(c, r).loaded() for c, r in zip(parts, results, strict=True))
        return Kernel(prepare, run, int(head["points"]), int(head["group"]), tuple(head["outputs"]))
    except Exception:  # noqa: BLE001  a file of another version, or a jaxlib without these calls: compiled instead
        return None


def _traced(kind: str, problem: Problem, cost: Cost, fast: bool, name: str) -> Kernel:
    import jax

    from parametra.runs._kernel_lanes import batched
    from parametra.runs._kernel_split import fingerprint, split

    d = problem.fit_space.dimension
    leaves = Leaves.of(problem.arrays).arrays
    with jax.enable_x64(True):
        number = jax.ShapeDtypeStruct((), np.dtype(np.float64))
        shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in leaves]
        parts = split(function_of(kind, problem, cost), [number] * d, shapes)
        if not name:
            name = file_name("trace", kind, fast, cost, d, fingerprint(jax.tree.leaves(parts.outputs)))
            found = _loaded(name) if name else None
            if found is not None:
                return found
        both = batched(parts, kind, d, fast=fast)
        prepare, prepare_written = programs.compiled(both.prepare, shapes)
        points = jax.ShapeDtypeStruct((both.points, d), np.dtype(np.float64))
        groups = jax.ShapeDtypeStruct((), np.dtype(np.int64))
        arrays = [jax.ShapeDtypeStruct(shape, np.dtype(kind)) for shape, kind in prepare_written.results]
        run, run_written = programs.compiled(both.run, [points, groups, *arrays])
    if name and prepare_written.code and run_written.code:
        head = {
            "points": both.points,
            "group": both.group,
            "outputs": both.outputs,
            "results": [prepare_written.results, run_written.results],
        }
        store.write(name, head, [prepare_written.code, run_written.code])
    return Kernel(prepare, run, both.points, both.group, both.outputs)
