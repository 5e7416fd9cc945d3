"""Where a model has no answer at the guess: the other starts go on, and what is to be found out is found out at one.

What a model can do (many points at once, derivatives) is tried out around the guess, so a fit wants a place where it
has an answer. A model that is broken is none that fails: it is refused at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from parametra.maths.arrays import Float
from parametra.nouns.asker import Request, Want
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed, told
from parametra.nouns.keys import generator
from parametra.nouns.parameter import Continuous
from parametra.nouns.problem import MEND_IT, Problem, maybe_64_bits
from parametra.runs.drive import NOT_FINITE, Drive
from parametra.runs.recorded import RecordedModel

DRAWS = 4
"""How often a start at which the model has no answer is drawn again."""


def start_points(
    problem: Problem, count: int, seed: int, spread: Float[np.ndarray, " d"] | None = None
) -> Float[np.ndarray, "S d"]:
    """The starts in box coordinates: the guess, then draws that depend on the seed and their number only.

    Arguments:
        problem: what is to be fitted.
        count, seed: how many, and of what.
        spread: by what the ways from the guess are multiplied, see `fit_spread`; None for 1.
    """
    guess = problem.fit_space.guess
    return np.stack([guess, *(_spread(guess, _drawn(problem, seed, i), spread) for i in range(1, count))])


def _spread(guess: np.ndarray, drawn: np.ndarray, spread: np.ndarray | None) -> np.ndarray:
    return drawn if spread is None else np.where(spread == 1.0, drawn, guess + spread * (drawn - guess))


def drawn_again(
    problem: Problem,
    drive: Drive,
    starts: Float[np.ndarray, "S d"],
    seed: int,
    spread: Float[np.ndarray, " d"] | None = None,
) -> Float[np.ndarray, "S d"]:
    """The starts, those at which a differential equation cannot be integrated drawn anew, at most `DRAWS` times.

    The guess stays as it is. Other models are not asked: theirs cost more or tell at once.

    Arguments:
        problem: what is to be fitted.
        drive: evaluates and counts.
        starts: as `start_points` gave them.
        seed: of the starts.
        spread: as for `start_points`.
    """
    if len(starts) == 1 or not getattr(problem.model.function, "integrated", ""):
        return starts
    found = starts.copy()
    left = np.arange(1, len(starts))
    for draw in range(DRAWS + 1):
        answers = drive.evaluate(Request(found[left], Want.COST, left))
        left = left[~answers.ok]
        if not left.size or draw == DRAWS or drive.is_over():
            break
        for i in left:
            draws = generator(seed, "fit", int(i))
            drawn = [problem.fit_space.draw_start(draws) for _ in range(draw + 2)][-1]
            found[i] = _spread(problem.fit_space.guess, drawn, spread)
    return found


def where_it_works(problem: Problem, count: int, seed: int) -> tuple[Problem, str]:
    """The problem, with its guess at the first start at which the model has an answer; and why it has none at its own.

    Arguments:
        problem: what is to be fitted.
        count: how many starts there will be, 1 for the guess alone.
        seed: of the starts.

    Returns:
        The same problem and "" where it has an answer at the guess.

    Raises:
        ParametraError: as `Problem.looked_at`: the model is broken, has no answer at any start, or takes long.
    """
    try:
        problem.looked_at()
    except ModelError:
        why = _failure(problem)
        if not why:
            raise
        for i in range(1, count):
            moved = guessed_at(problem, problem.fit_space.to_named(_drawn(problem, seed, i)))
            if not _failure(moved):
                moved.looked_at()
                return moved, why
        raise
    return problem, ""


def seen_from(problem: Problem, named: Mapping[str, Any]) -> Problem:
    """The problem, with its guess moved to these values where the model has no answer at its own.

    Raises:
        ParametraError: as `Problem.looked_at`, of a model that is broken.
    """
    try:
        problem.looked_at()
    except ModelError:
        if not _failure(problem):
            raise
        return guessed_at(problem, named)
    return problem


def guessed_at(problem: Problem, named: Mapping[str, Any]) -> Problem:
    """The same problem with other guesses.

    Arguments:
        problem: what was stated.
        named: values of its free parameters; others are left aside.
    """
    stated = problem.stated_space.parameters
    guessed = {n: dataclasses.replace(p, guess=named[n]) for n, p in stated.items() if _guesses(p) and n in named}
    return problem.restated(parameters={**stated, **guessed})


def _guesses(parameter: Any) -> bool:
    return isinstance(parameter, Continuous)


def _drawn(problem: Problem, seed: int, number: int) -> np.ndarray:
    return problem.fit_space.draw_start(generator(seed, "fit", number))


def _failure(problem: Problem) -> str:
    """Why the model has no answer at the guess; "" where it has one, is broken, or is too dear to be tried again."""
    if isinstance(problem.model, RecordedModel) or hasattr(problem.model.function, "costly"):
        return ""
    named = problem.space.guess_named
    try:
        with np.errstate(all="ignore"), maybe_64_bits():
            rows = problem.picked(problem.predictions(named, problem.arrays), problem.arrays)
    except EvaluationFailed as error:
        return "" if error.reason.endswith(MEND_IT) else error.reason
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        return told(error)
    except Exception:  # noqa: BLE001  broken, whatever it raises: `looked_at` has said so
        return ""
    values = [np.asarray(value) for _, _, value in rows]
    if not all(value.dtype.kind in "fiu" for value in values):
        return ""
    return "" if all(np.isfinite(value).all() for value in values) else NOT_FINITE
