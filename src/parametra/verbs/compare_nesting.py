"""Is a model a special case of another? Found out by fitting the large one to predictions of the small one."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.maths.covariance import Geometry, geometry
from parametra.methods.compare.likelihood_ratio import LikelihoodRatio
from parametra.nouns._noise_common import spread_in, with_settings
from parametra.nouns._noise_contract import Noise, parameter_name
from parametra.nouns.asker import Want
from parametra.nouns.comparison_parts import Nesting
from parametra.nouns.data import Data
from parametra.nouns.errors import ParametraError
from parametra.nouns.keys import generator
from parametra.nouns.noise import Normal
from parametra.nouns.noise_lifetimes import Exponential, Weibull
from parametra.nouns.noise_positive import Gamma
from parametra.nouns.problem import Problem, maybe_64_bits
from parametra.verbs.at_estimate import AtEstimate
from parametra.verbs.compare_search import Spent, search
from parametra.verbs.fit import start_points

_TRIALS = 3
"""Points of the small model that the large one must be able to say: the estimate, and others beside it."""

_STARTS = 20

_SAME = 1e-8
"""Sum of squares, in standard deviations of the noise, that is nothing."""

_ON_BOUND = 1e-3
"""Standard errors from a bound that are nothing."""

_CONSTANT = 1e-5
"""Relative to a standard error: a coordinate that is the same in all trials is held there by the small model."""


@dataclass(frozen=True)
class Special:
    """A nesting, and where in the box of the large model the small one's estimate is; None where that is not known."""

    nesting: Nesting
    x: Float[np.ndarray, " d"] | None = None


def nesting_of(small: tuple[str, AtEstimate], large: tuple[str, AtEstimate], spent: Spent, seed: int) -> Special:
    """Whether the small model is a special case of the large one.

    The large model is fitted to exact predictions of the small one at its estimate and at two points beside it. Where
    it says the same to 1e-4 standard deviations each time, it contains the small one as far as these data can tell;
    what keeps its value in all three, or sits at a bound, is how. That no way is found is no proof that there is none.

    Arguments:
        small, large: names and fitted problems; the small one has fewer free parameters.
        spent: is added to.
        seed: of the points and the starts.
    """
    (name, inner), (other, outer) = small, large
    if any(hasattr(at.problem.model.function, "costly") for _, at in (small, large)):
        return Special(Nesting("", "", "not tried", "a model takes long; state nested=True where it is a special case"))
    noisy = _noise_edges(inner.problem, outer.problem)
    if noisy is None:
        return Special(Nesting("", "", "tried", "their noises are of different kinds"))
    try:
        found = _trials(inner, outer, spent, seed)
    except ParametraError as error:
        return Special(Nesting("", "", "not tried", f"it could not be tried: {error}"))
    if found is None:
        return Special(Nesting("", "", "tried", f"{other} does not become {name} for any of its parameters"))
    return _judged((name, inner), (other, outer), found, noisy)


def stated_nesting(small: tuple[str, AtEstimate], large: tuple[str, AtEstimate]) -> Nesting:
    """What a person has stated: the model with fewer parameters is a special case of the other."""
    (name, inner), (other, outer) = small, large
    freedom = outer.fit.free - inner.fit.free
    words = "as stated, none of its further parameters at a bound"
    return Nesting(name, other, "stated", words, freedom=freedom)


def _noise_edges(small: Problem, large: Problem) -> tuple[list[str], list[str]] | None:
    """How the large model's noise becomes the small one's; None for other noises.

    Returns:
        Its parameters that are at a bound then, and what holds of its others, in words.
    """
    edges: list[str] = []
    words = _one_width(small, large)
    alone = len(large.outputs) == 1
    for output in large.outputs:
        mine, theirs = (_of_its_own(problem.noise[output]) for problem in (small, large))
        if not set(_sharing(large, output)) <= set(_sharing(small, output)):
            return None
        if (mine.signature, mine.describe()) == (theirs.signature, theirs.describe()):
            continue
        if (
            isinstance(mine, Exponential)
            and type(theirs) in (Weibull, Gamma)
            and getattr(theirs, "shape", None) == "estimated"
        ):
            words.append(f"{parameter_name('shape', output, alone)} = 1")
            continue
        word = f"{type(mine).__name__}("
        ends = theirs.edges(output, alone=alone)
        there = [name for name, each in ends.items() if any(one.instead.startswith(word) for one in each)]
        if not there:
            return None
        edges += there
    return edges, words


def _of_its_own(noise: Noise) -> Noise:
    """The same noise, its width its output's own: a common width is the case of equal ones."""
    spread = spread_in(noise)
    return noise if spread is None or not spread.common else with_settings(noise, {"common": False, "_sharing": ()})


def _sharing(problem: Problem, output: str) -> tuple[str, ...]:
    """The outputs whose width is that of this one, which is among them."""
    spread = spread_in(problem.noise[output])
    return (output,) if spread is None else spread.shared_by(output)


def _one_width(small: Problem, large: Problem) -> list[str]:
    """What the small model's common width says of the large one's widths, in words."""
    said: dict[str, None] = {}
    for output in small.outputs:
        names: dict[str, None] = {}
        for each in _sharing(small, output):
            spread = spread_in(large.noise[each])
            if spread is not None and spread.estimated_role is not None:
                named = each, len(large.outputs) == 1 or spread.common
                names[parameter_name(spread.estimated_role, *named)] = None
        if len(names) > 1:
            said[" = ".join(names)] = None
    return list(said)


@dataclass(frozen=True)
class _Said:
    """Where the large model says what the small one says.

    Arguments:
        labels: of the coordinates.
        points: (trials, d).
        geo: the geometry at the first.
    """

    labels: tuple[str, ...]
    points: Float[np.ndarray, "t d"]
    geo: Geometry


def _trials(inner: AtEstimate, outer: AtEstimate, spent: Spent, seed: int) -> _Said | None:
    """Where the large model says what the small one says; None where it does not."""
    points: list[np.ndarray] = []
    labels: tuple[str, ...] = ()
    geo: Geometry | None = None
    width = _typical_scatter(inner)
    for trial in range(_TRIALS):
        named = (
            inner.fit.values if trial == 0 else inner.named(_beside(inner, generator(seed, "compare.nesting", trial)))
        )
        posed = _posed(inner.problem, named, outer.problem, width)
        space = posed.fit_space
        first = np.asarray(space.guess).copy()
        for key, part in space.slices.items():  # what both call by one name is likely to be the same
            if (
                key in named
                and key in inner.problem.fit_space.slices
                and np.shape(named[key]) == posed.space[key].shape
            ):
                first[part] = _in_box(posed, key, named[key], first[part])
        found = search(posed, first[None], spent, seed)
        if not found.cost < _SAME and points:
            found = search(posed, np.stack([points[-1]]), spent, seed)
        if not found.cost < _SAME:
            found = search(posed, start_points(posed, _STARTS, seed), spent, seed)
        if not found.cost < _SAME:
            return None
        points.append(found.x)
        if geo is None:
            answers = found.drive.evaluator.evaluate(found.x[None], Want.JACOBIAN)
            if answers.jacobian is None:
                return None
            geo, labels = geometry(np.asarray(answers.jacobian[0]), tolerance=1e-6), tuple(space.labels)
    return None if geo is None else _Said(labels, np.stack(points), geo)


def _in_box(posed: Problem, key: str, value: Any, otherwise: np.ndarray) -> np.ndarray:
    parameter: Any = posed.fit_space[key]
    try:
        return np.asarray(parameter.to_box(value))
    except ParametraError:  # outside the bounds that it has here
        return otherwise


def _beside(at: AtEstimate, draws: np.random.Generator) -> np.ndarray:
    """A point about one standard error from the estimate, inside the bounds."""
    steps = at.around.geometry.steps
    moved = at.x.copy()
    if steps.size:
        moved[at.around.inside] += steps @ draws.choice([-0.7, 0.7], steps.shape[1]) * max(at.scale, 1e-9)
    return np.clip(moved, at.problem.fit_space.lower, at.problem.fit_space.upper)


def _typical_scatter(at: AtEstimate) -> dict[str, float]:
    """How far the data of each output lie from the predictions, which is what is far or near here."""
    problem, found = at.problem, dict[str, list[np.ndarray]]()
    with np.errstate(all="ignore"), maybe_64_bits():
        rows = problem.compared(at.fit.values, problem.arrays)
    for i, output, f in rows:
        observed, each = problem.arrays[i]["observed"][output], 1.0
        scatter = problem.scatter(i, output, np.asarray(f), at.fit.values, _plain(problem), np)
        each = np.asarray(problem.noise[output].per_prediction(scatter))
        found.setdefault(output, []).append(np.asarray(observed) / each - np.asarray(f))
    widths = {output: float(np.sqrt(np.mean(np.concatenate(parts) ** 2))) for output, parts in found.items()}
    return {output: width if width > 0 else 1.0 for output, width in widths.items()}


def _plain(problem: Problem) -> tuple[Any, ...]:
    return tuple({k: v for k, v in a.items() if k != "input_errors"} for a in problem.arrays)


def _posed(small: Problem, named: Any, large: Problem, width: dict[str, float]) -> Problem:
    """The large model, with the small one's predictions for data."""
    with np.errstate(all="ignore"), maybe_64_bits():
        said = {(i, output): np.asarray(f) for i, output, f in small.compared(named, small.arrays)}
    made: list[Data] = []
    for i, data in enumerate(large.data_sets):
        outputs = {name: values.copy() for name, values in data.outputs.items()}
        for output, values in outputs.items():
            index = data.observed[output]
            values[slice(None) if index is None else index] = said[i, output]
        other = copy.copy(data)
        for field, value in {"outputs": outputs, "sigma": {}, "sigma_columns": {}, "input_errors": {}}.items():
            object.__setattr__(other, field, value)
        made.append(other)
    noise = {output: Normal(sigma=width[output]) for output in large.outputs}
    without = {name: p for name, p in large.stated_space.parameters.items() if name not in _of_noise(large)}
    return large.restated(
        data=made,
        parameters=_without_priors(without),
        noise=noise,
        derived=None,
        penalty=None,
        adversary=(),
        doubts=None,
    )


def _of_noise(problem: Problem) -> set[str]:
    """Stated parameters that only the noise reads."""
    reads: set[str] = set()
    for noise in problem.noise.values():
        reads |= set(noise.reads or ())
    used = {p for b in problem.bindings for p in b.parameters.values()} | problem.space.tied_to
    return reads - used


def _without_priors(parameters: dict[str, Any]) -> dict[str, Any]:
    """Bounds as they are; a prior is no part of what a model can say."""
    found: dict[str, Any] = {}
    for name, parameter in parameters.items():
        prior = getattr(parameter, "prior", None)
        found[name] = parameter
        if prior is not None and hasattr(parameter, "lower"):
            found[name] = type(parameter)(
                parameter.lower, parameter.upper, guess=parameter.guess_value(), shape=parameter.shape
            )
    return found


def _judged(
    small: tuple[str, AtEstimate], large: tuple[str, AtEstimate], said: _Said, edges: tuple[list[str], list[str]]
) -> Special:
    """The nesting that these points tell."""
    (name, inner), (other, outer) = small, large
    noisy, equal = edges
    space, points, geo = outer.problem.fit_space, said.points, said.geo
    own = [space.labels.index(label) for label in said.labels]
    errors = np.sqrt(np.diag(geo.covariance))
    unit = np.where(errors > 0, errors, 1.0)
    held = inner.around.at_lower | inner.around.at_upper
    shared = {label for label, one in zip(inner.labels, held, strict=True) if one}
    further = np.array([label not in shared for label in said.labels], dtype=bool)
    low = np.all(points - space.lower[own] <= _ON_BOUND * unit, axis=0) & further
    high = np.all(space.upper[own] - points <= _ON_BOUND * unit, axis=0) & further
    edge, fixed = low | high, np.ptp(points, axis=0) <= _CONSTANT * unit
    bounds = (*(label for label, one in zip(said.labels, edge.tolist(), strict=True) if one), *noisy)
    freedom = outer.fit.free - inner.fit.free
    x = outer.x.copy()
    x[own] = points[0]
    named = space.to_named(x)
    words = [
        f"{label} = {_value(named, label, float(x[i]))}"
        for i, label, one in zip(own, said.labels, (fixed & further).tolist(), strict=True)
        if one
    ]
    words += [*(f"{label} at its bound" for label in noisy), *equal]
    told = f"{name} is {other} with {', '.join(words)}" if words else f"{name} is {other} for some of its parameters"
    lost = bool(geo.flat.shape[1])
    if lost or len(bounds) > freedom or shared:
        why = "a further parameter has no meaning there" if lost else "parameters of both are at bounds"
        told = f"{told}; {why}, so that the usual distribution does not hold"
        return Special(Nesting(name, other, "tried", told, bounds, freedom, (1.0,), regular=False), x)
    sides = np.where(low, 1.0, -1.0)[edge]
    covariance = np.eye(len(bounds))
    covariance[: sides.size, : sides.size] = geo.covariance[np.ix_(edge, edge)] * np.outer(sides, sides)
    weights = LikelihoodRatio().weights(covariance) if bounds else (1.0,)
    return Special(Nesting(name, other, "tried", told, bounds, freedom, weights), x)


def _value(named: Any, label: str, coordinate: float) -> str:
    value = named.get(label, coordinate)
    number = float(np.asarray(value)) if np.ndim(value) == 0 else coordinate
    return f"{number:.4g}" if abs(number) > 1e-9 else "0"
