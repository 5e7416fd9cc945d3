"""What a design is asked for: where the model stands, which numbers are wanted, and what counts as known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.arrays import Float
from parametra.nouns.errors import MethodError, ParametraError, did_you_mean
from parametra.nouns.fit_result import Fit
from parametra.nouns.keys import generator
from parametra.nouns.problem import Problem
from parametra.nouns.statement import is_number, shown
from parametra.verbs.design_quantities import Quantity, quantities

OVER = ("estimate", "uncertainty", "priors")


@dataclass(frozen=True)
class Place:
    """Where the design is made.

    Arguments:
        problem: its discrete parameters fixed.
        x: (d,) in `problem.fit_space`.
        scale: the standard deviation of the residuals where it is estimated, 1 elsewhere.
        freedom: degrees of freedom of `scale`, infinite where it is known.
        problem_hash: of what was fitted.
    """

    problem: Problem
    x: Float[np.ndarray, " d"]
    scale: float
    freedom: float


def place_of(problem: Problem, fit: Fit | None, values: Mapping[str, Any] | None) -> Place:
    """Where a fit has come to, or the values that are stated.

    Raises:
        ParametraError: nothing was found, another problem was fitted, or values are missing or out of their domain.
    """
    profiled = problem.profiled
    if values is not None:
        known = {**problem.space.guess_named, **values}
        _known_names(problem, values)
        if problem.space.discrete:
            problem = problem.with_fixed({n: known[n] for n in problem.space.discrete})
        missing = [n for n in problem.fit_space.names if n in problem.fit_space.free and n not in values]
        if missing or (profiled is not None and profiled not in values):
            name = missing[0] if missing else profiled
            raise MethodError(f'values has no "{name}"; a design at stated values needs all parameters.')
        x = np.asarray(problem.fit_space.from_named({n: known[n] for n in problem.fit_space.names}), dtype=np.float64)
        scale = 1.0 if profiled is None else float(known[profiled])
        return Place(problem, x, scale, np.inf)
    if fit is None or not fit.starts.basins:
        why = "" if fit is None else fit.status.message
        raise MethodError(f"the fit found nothing to go on from: {why}")
    missing = sorted(set(problem.space.names) - set(fit.values))
    if missing:
        raise MethodError(f"the fit has no {', '.join(missing)}: it is of another problem. Fit this one first.")
    if problem.space.discrete:
        problem = problem.with_fixed({n: fit.values[n] for n in problem.space.discrete})
    x = np.asarray(problem.fit_space.from_named({n: fit.values[n] for n in problem.fit_space.names}), dtype=np.float64)
    if profiled is None:
        return Place(problem, x, 1.0, np.inf)
    scale = float(fit.row(profiled).value)
    if not scale > 0:
        raise MethodError(
            f"the fit leaves no residuals, so {profiled} is zero and nothing is said of how far measurements scatter. "
            "State sigma in the data or in the noise."
        )
    return Place(problem, x, scale, float(problem.degrees_of_freedom))


def _known_names(problem: Problem, values: Mapping[str, Any]) -> None:
    for name in values:
        if name not in problem.space.names:
            raise MethodError(f'values: there is no parameter "{name}"; {did_you_mean(str(name), problem.space.names)}')


def criterion_of(stated: object, target: object) -> Any:
    """The criterion's method; with a target and no word for it, the worst parameter.

    Raises:
        MethodError: an unknown one.
    """
    name = stated if stated is not None else "worst_parameter" if target else "d_optimal"
    known = {each: catalogue.method("design", each) for each in catalogue.methods("design")}
    for each, method in known.items():
        if isinstance(name, str) and name.lower() in (each, method.short.lower()):
            return method()
    words = [m.short for m in known.values()] + list(known)
    raise MethodError(f"there is no criterion {shown(name)}; {did_you_mean(str(name), words)}")


def chosen(found: Sequence[Quantity], names: Sequence[str] | None, where: str) -> list[int]:
    """The numbers of the quantities of these labels or names; of the free parameters for None.

    Raises:
        MethodError: an unknown name.
    """
    if names is None:
        return [i for i, q in enumerate(found) if q.role == "free"]
    index: list[int] = []
    for name in names:
        mine = [i for i, q in enumerate(found) if name in (q.label, q.name)]
        if not mine:
            raise MethodError(f'{where}: there is no "{name}"; {did_you_mean(str(name), [q.label for q in found])}')
        index += mine
    return index


@dataclass(frozen=True)
class Aim:
    """What is made small.

    Arguments:
        method: the criterion's.
        names: labels or names of what is looked at; None for all free parameters.
        relative: whether errors are shares of the values.
        allowed: label to the share of the value that its standard error may be, where there is a target.
    """

    method: Any
    names: tuple[str, ...] | None
    relative: bool
    allowed: dict[str, float]

    def wanted(self, problem: Problem, x: Float[np.ndarray, " d"]) -> Float[np.ndarray, "r d"]:
        """Gradients of what is looked at, scaled as the criterion sees them."""
        found = quantities(problem, x)
        looks_at = self.method.looks_at
        if self.allowed and self.method.short == "worst":
            index = chosen(found, list(self.allowed), "target")
            by = {i: self._allowance(found[i]) * (abs(found[i].value) or 1.0) for i in index}
            return np.stack([found[i].gradient / by[i] for i in index])
        index = chosen(found, self.names, "quantities")
        if looks_at == "one" and len(index) != 1:
            raise MethodError(
                f"the criterion c looks at one quantity, and {len(index)} are meant. Name it: "
                f'quantities=["{found[0].label}"].'
            )
        if looks_at == "coordinates" and self.names is None:
            moved = np.any([found[i].gradient != 0 for i in index], axis=0) if index else np.zeros(x.size, dtype=bool)
            return np.eye(x.size)[moved]
        if not index:
            raise MethodError("no parameter is free, so there is nothing to make known.")
        scale = [abs(found[i].value) if self.relative and found[i].value else 1.0 for i in index]
        return np.stack([found[i].gradient / s for i, s in zip(index, scale, strict=True)])

    def _allowance(self, quantity: Quantity) -> float:
        return self.allowed.get(quantity.label, self.allowed.get(quantity.name, np.nan))

    def goals(self, found: Sequence[Quantity]) -> dict[int, float]:
        """Number of the quantity to the standard error that it may have."""
        index = chosen(found, list(self.allowed), "target") if self.allowed else []
        return {i: self._allowance(found[i]) * (abs(found[i].value) or 1.0) for i in index}


def aim_of(problem: Problem, x: np.ndarray, criterion: object, names: object, relative: object, target: object) -> Aim:
    """What is asked for, checked.

    Raises:
        MethodError: an unknown criterion or name, or a target that is no share.
    """
    if names is not None and (isinstance(names, str) or not isinstance(names, Sequence)):
        raise MethodError(f"quantities is a list of names; {shown(names)} came.")
    if not isinstance(relative, bool):
        raise MethodError(f"relative is True or False; {shown(relative)} came.")
    allowed: dict[str, float] = {}
    if target is not None:
        if not isinstance(target, Mapping) or not target:
            raise MethodError(f'target is a mapping of name to relative error, as {{"K": 0.1}}; {shown(target)} came.')
        for name, value in target.items():
            if not is_number(value) or not 0 < value < np.inf:
                raise MethodError(f"target of {name}: {shown(value)} is no relative error; 0.1 is ten per cent.")
            allowed[str(name)] = float(value)
    aim = Aim(criterion_of(criterion, target), None if names is None else tuple(names), relative, allowed)
    found = quantities(problem, x)
    if allowed:
        aim.goals(found)
    wanted = aim.wanted(problem, x)
    if aim.method.short == "D" and np.linalg.matrix_rank(wanted) < len(wanted):
        raise MethodError(
            "the criterion D looks at a volume, and some of these quantities follow from the others. Name fewer."
        )
    if aim.method.short == "modified_E" and np.linalg.matrix_rank(wanted) < x.size:
        raise MethodError(
            "modified E compares the eigenvalues of the information of all parameters, those of the noise among them; "
            'name them all in quantities, or take the criterion "E".'
        )
    return aim


def draws_of(
    problem: Problem, x: Float[np.ndarray, " d"], information: np.ndarray, over: str, count: int, seed: int
) -> Float[np.ndarray, "S d"]:
    """Points of the parameters that a design is averaged over; none at the estimate alone.

    Arguments:
        problem: its discrete parameters fixed.
        x: the estimate.
        information: (d, d) there, of data and priors.
        over: "estimate", "uncertainty": normal around the estimate with the inverse information, within the bounds, and
            with the bounds for what the data leave open; or "priors".
        count: how many.
        seed: of the draws.

    Raises:
        ParametraError: draws that cannot be made.
    """
    if over == "estimate":
        return np.zeros((0, x.size))
    random = generator(seed, "design", 0)
    space = problem.fit_space
    if over == "priors":
        u = random.random((space.cube_dimension, count))
        named = space.named_from_cube(u)
        points = [space.from_named({n: np.asarray(named[n])[..., s] for n in space.names}) for s in range(count)]
        return np.stack([np.asarray(p, dtype=np.float64) for p in points])
    width = space.upper - space.lower
    # a flat prior between the bounds has this variance; it only matters where the data say less
    weak = np.where(np.isfinite(width), 12 / np.where(np.isfinite(width) & (width > 0), width, 1.0) ** 2, 0.0)
    whole = information + np.diag(weak)
    length = np.sqrt(np.diag(whole))
    if not (length > 0).all():
        open_ = [space.labels[i] for i in np.flatnonzero(length <= 0)]
        raise MethodError(
            f"the data do not determine {', '.join(open_)}, and without bounds there is nothing to average over. "
            'State bounds, or take over="estimate".'
        )
    values, vectors = np.linalg.eigh(whole / np.outer(length, length))
    if values[0] <= 1e-12:
        raise ParametraError(
            "the data leave a combination of the parameters open, and without bounds there is nothing to average over. "
            'State bounds, or take over="estimate".'
        )
    half = random.standard_normal((-(-count // 2), x.size))
    both = np.concatenate([half, -half])[:count]  # pairs, so that the mean is the estimate
    step = (both / np.sqrt(values)) @ vectors.T / length
    return _inside(problem, x, step)


def _inside(problem: Problem, x: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Points x + step, the step being made where there are no bounds: next to zero it is one of the logarithm."""
    space = problem.fit_space
    room = np.minimum(np.where(np.isfinite(space.upper - space.lower), space.upper - space.lower, np.inf), 1.0)
    start = np.clip(x, space.lower + 1e-6 * room, space.upper - 1e-6 * room)
    line = np.asarray(space.box_to_line(start))
    near = 1e-6
    slope = (np.asarray(space.line_to_box(line + near)) - np.asarray(space.line_to_box(line - near))) / (2 * near)
    return np.stack([np.asarray(space.line_to_box(line + step / slope)) for step in steps])
