"""Ends that are one solution but for the order of what is interchangeable, such as the peaks of a spectrum, made one.

A model of k peaks has k! copies of every optimum. Left alone they look like other solutions that the data cannot tell
from this one, and which copy is reported is a matter of the start. So every end is replaced by its copy in order before
anything is made of it; the estimate, its errors and the basins then speak of the same peak.

A statement may have broken the symmetry: a bound, a prior, a width that is fixed for one peak alone. So exchanges are
made only where parameters are stated alike, and where the predictions are seen to stay the same.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Solutions
from parametra.nouns.interchange import Interchange
from parametra.nouns.parameter import Continuous, Fixed, Parameter, Tied
from parametra.nouns.problem import Problem

_SAME = 1e-9
"""Predictions that differ by less than this share of the largest are the same: sums in another order."""


def in_order(problem: Problem, solutions: Solutions) -> Solutions:
    """The ends with what is interchangeable in its order; as they are where nothing is.

    Arguments:
        problem: what was fitted.
        solutions: where the starts ended.
    """
    interchange = problem.interchangeable
    if interchange is None or solutions.best < 0 or problem.constraints or problem.penalty or problem.adversary:
        return solutions
    classes = _classes(problem, interchange, solutions.points[solutions.best])
    if not classes:
        return solutions
    points = solutions.points.copy()
    for point in points:
        for members in classes:
            _sort(problem, interchange, members, point)
    return replace(solutions, points=points)


def _sort(problem: Problem, interchange: Interchange, members: list[int], point: Float[np.ndarray, " d"]) -> None:
    """Bring the groups of one class into their order, in place, by exchanges of two."""
    sign = -1.0 if interchange.falling else 1.0
    key = {k: problem.fit_space.slices[interchange.groups[k][0]].start for k in members}
    for i, k in enumerate(members):
        least = min(members[i:], key=lambda other: sign * point[key[other]])
        if sign * point[key[least]] < sign * point[key[k]]:
            point[:] = _exchanged(problem, interchange, point, k, least)


def _classes(problem: Problem, interchange: Interchange, x: Float[np.ndarray, " d"]) -> list[list[int]]:
    """Which groups may change places with one another, each class in the order of statement."""
    reads = [noise.reads for noise in problem.noise.values()]
    if any(each is None or interchange.names & each for each in reads):
        return []
    count = len(interchange.groups)
    label = list(range(count))
    for i, j in itertools.combinations(range(count), 2):
        if label[i] != label[j] and _alike(problem, interchange, i, j) and _unmoved(problem, interchange, x, i, j):
            label = [label[i] if each == label[j] else each for each in label]
    found = [[k for k in range(count) if label[k] == each] for each in dict.fromkeys(label)]
    return [members for members in found if len(members) > 1]


def _alike(problem: Problem, interchange: Interchange, i: int, j: int) -> bool:
    """Whether two groups are stated alike: as free, in the same bounds, with the same priors, or as known."""
    space = problem.fit_space
    if any(_numbers(space[interchange.groups[k][0]]) != 1 for k in (i, j)):
        return False
    pairs = zip(interchange.groups[i], interchange.groups[j], strict=True)
    return all(_same_statement(space[a], space[b]) for a, b in pairs)


def _numbers(parameter: Parameter) -> int:
    return parameter.dimension if isinstance(parameter, Continuous) else 0


def _same_statement(a: Parameter, b: Parameter) -> bool:
    if isinstance(a, Tied) or isinstance(b, Tied):  # what follows from others is seen in the predictions
        return True
    if isinstance(a, Fixed) and isinstance(b, Fixed):
        return bool(np.array_equal(np.asarray(a.value), np.asarray(b.value)))
    if not isinstance(a, Continuous) or not isinstance(b, Continuous) or type(a) is not type(b):
        return False
    bounds = np.array_equal(a.box_lower, b.box_lower) and np.array_equal(a.box_upper, b.box_upper)
    return bounds and a.shape == b.shape and repr(a.prior) == repr(b.prior)


def _unmoved(problem: Problem, interchange: Interchange, x: Float[np.ndarray, " d"], i: int, j: int) -> bool:
    """Whether the predictions stay the same when two groups change places."""
    space, arrays = problem.fit_space, problem.arrays
    with np.errstate(all="ignore"):
        before = problem.compared(space.to_named(x), arrays)
        after = problem.compared(space.to_named(_exchanged(problem, interchange, x, i, j)), arrays)
    for (_, _, a), (_, _, b) in zip(before, after, strict=True):
        first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        if not np.allclose(first, second, rtol=0.0, atol=_SAME * float(np.max(np.abs(first), initial=0.0))):
            return False
    return True


def _exchanged(
    problem: Problem, interchange: Interchange, x: Float[np.ndarray, " d"], i: int, j: int
) -> Float[np.ndarray, " d"]:
    """The point with two groups in each other's place; what is known or tied stays where it is."""
    slices, moved = problem.fit_space.slices, x.copy()
    for a, b in zip(interchange.groups[i], interchange.groups[j], strict=True):
        if a in slices and b in slices:
            moved[slices[a]], moved[slices[b]] = x[slices[b]], x[slices[a]]
    return moved
