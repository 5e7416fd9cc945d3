"""What "auto" takes for a fit, and why, in words; and the refusal of what cannot work."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from parametra import catalogue
from parametra.maths.losses import LOSSES, Loss
from parametra.nouns.asker import Want
from parametra.nouns.card import Ability, Card
from parametra.nouns.errors import MethodError, did_you_mean
from parametra.nouns.method_settings import of_their_kind
from parametra.nouns.problem import Problem
from parametra.nouns.search_space import SearchSpace
from parametra.runs.cost import Cost
from parametra.runs.differences import probe_points
from parametra.runs.drive import Evaluator
from parametra.verbs.linear_part import offers_for

NO_METHOD = "none"
"""What stands for a method where nothing is free."""

LEAST_STARTS = 20
"""Starts of a model that may have several basins: one basin seen 20 times leaves 0.5 % for another one."""


@dataclass(frozen=True)
class Choice:
    """A method and why it was taken.

    Arguments:
        method: its name.
        reason: in words.
        solved: labels of the coordinates that it does not search for, because their best values follow from the others.
    """

    method: str
    reason: str
    solved: tuple[str, ...] = ()


SOLVED_FOR = "solved for"
"""The note of a parameter that was not searched for."""


def with_solved(choice: Choice, method: Any, space: SearchSpace) -> Choice:
    """The choice, and which coordinates the method solves for."""
    if not hasattr(method, "solved_for"):
        return choice
    solved: tuple[str, ...] = method.solved_for(space)
    names = " and ".join(filter(None, [", ".join(solved[:-1]), solved[-1]]))
    words = f"{names}, in which the model is linear, {'is' if len(solved) == 1 else 'are'} solved for at each step"
    return replace(choice, reason=f"{choice.reason}; {words}", solved=solved)


def choose_method(problem: Problem, method: str, loss: Loss | None) -> Choice:
    """The method for a problem.

    Arguments:
        problem: what is to be fitted.
        method: a name, or "auto".
        loss: the robust loss asked for, None for none.

    Raises:
        MethodError: an unknown method, or one that needs what the problem does not offer.
    """
    offers = problem.offers
    if loss is not None and Ability.RESIDUALS not in offers:
        raise MethodError(
            f'loss="{loss.name}" needs residuals; this problem gives only a log-likelihood. Leave the loss out, or use '
            "a noise with residuals, such as Normal() or StudentT(sigma=...)."
        )
    if method == "auto":
        if Ability.ADVERSARY in offers:
            return Choice("extragradient", "some parameters are chosen against the fit")
        if Ability.PENALTY in offers:
            return Choice("proximal_gradient", "the penalty has corners, where gradients alone do not lead")
        if Ability.CONSTRAINTS in offers:
            return Choice("augmented_lagrangian", "the parameters must meet constraints")
        if Ability.RESIDUALS in offers:
            return Choice("levenberg_marquardt", "the problem offers residuals, whose Jacobian tells where to go")
        if Ability.SCORES in offers:
            return Choice("fisher_scoring", "the problem offers scores, whose expected information tells where to go")
        return Choice("lbfgs", "the likelihood has no least-squares structure, so its gradient is followed")
    refuse_what_cannot_work(problem, catalogue.card("fit", method), loss)
    return Choice(method, "it was asked for")


def refuse_what_cannot_work(problem: Problem, card: Card, loss: Loss | None) -> None:
    """Compare what a method needs with what a problem offers.

    Raises:
        MethodError: what is wanted, what is offered, and what to use instead.
    """
    method, offers = card.name, offers_for(problem, card)
    missing = [a for a in sorted(card.needs, key=lambda a: a.name) if a not in offers]
    if missing:
        offered = ", ".join(sorted(a.value for a in problem.offers))
        raise MethodError(
            f"`{method}` needs {missing[0].value}; this problem offers {offered}. "
            f'Use method="{choose_method(problem, "auto", loss).method}".'
        )
    if problem.losses(loss) and "robust losses" not in card.honours:
        raise MethodError(f'`{method}` knows no robust losses. Use method="levenberg_marquardt".')
    stated = {"constraints": problem.constraints, "penalty": problem.penalty, "adversary": problem.adversary}
    for word, given in stated.items():
        if given and word not in card.honours:
            raise MethodError(
                f"`{method}` knows no {word}, which this problem has. "
                f'Use method="{choose_method(problem, "auto", loss).method}".'
            )


def with_options(name: str, options: Sequence[tuple[str, object]]) -> Any:
    """A method with its settings.

    Raises:
        MethodError: a setting that the method does not have, or one that cannot be.
    """
    made = catalogue.method("fit", name)
    known = [one.name for one in dataclasses.fields(made)]
    for key, _ in options:
        if key not in known:
            raise MethodError(f'`{name}` has no option "{key}"; ' + did_you_mean(key, known))
    return made(**of_their_kind(made, dict(options)))


def stated_loss(loss: str | Loss | None, scale: float) -> Loss | None:
    """The loss that was asked for.

    Raises:
        MethodError: an unknown name or an impossible scale.
    """
    if loss is None or isinstance(loss, Loss):
        return loss
    if loss not in LOSSES or loss == "student_t":
        known = [name for name in LOSSES if name != "student_t"]
        raise MethodError(f'loss="{loss}": ' + did_you_mean(loss, known))
    try:
        return None if loss == "linear" else Loss(loss, scale)
    except ValueError as error:
        raise MethodError(f"loss_scale={scale}: {error}") from None


def cost_of(problem: Problem, loss: Loss | None, card: Card | None = None) -> Cost:
    """The cost that a method minimises: residuals where the problem offers them, scores where the method needs them."""
    if card is not None and Ability.SCORES in card.needs:
        return Cost(least_squares=False, scores=True)
    least_squares = Ability.RESIDUALS in problem.offers
    return Cost(least_squares, problem.losses(loss) if least_squares else ())


def how_many_starts(
    problem: Problem, starts: int | str, evaluator: Evaluator, card: Card | None = None
) -> tuple[int, str]:
    """How many starts, and why.

    Raises:
        MethodError: neither "auto" nor a whole number above zero.
    """
    if isinstance(starts, bool) or not (starts == "auto" or (isinstance(starts, int) and starts >= 1)):
        raise MethodError(f'starts={starts!r}: give "auto" or a whole number, 1 or more.')
    if isinstance(starts, int):
        return starts, "as asked for"
    if problem.fit_space.dimension == 0:
        return 1, "nothing is free"
    if card is not None and "one search" in card.honours:
        return 1, f"{card.name} searches the whole box at once"
    limits = problem.limits
    if is_linear(problem, evaluator) and (limits is None or limits.linear.all()):
        return 1, "the model is linear in its parameters, so there is one basin"
    return most_starts(problem), "the model may have several basins"


def most_starts(problem: Problem) -> int:
    """How many starts "auto" takes at most."""
    return max(LEAST_STARTS, 4 * problem.fit_space.dimension)


def is_linear(problem: Problem, evaluator: Evaluator) -> bool:
    """True when the Jacobian of plain squares is the same at three points: then there is one basin."""
    if not evaluator.cost.least_squares or evaluator.cost.losses or problem.adversary:
        return False
    answers = evaluator.evaluate(probe_points(problem), Want.JACOBIAN)
    jacobian = answers.jacobian
    if jacobian is None or not answers.ok.all():
        return False
    tolerance = 1e-6 if evaluator.derivative == "central differences" else 1e-12
    largest = np.abs(jacobian).max(axis=(0, 1))  # of each column, which has a unit of its own
    return bool(np.all(np.abs(jacobian - jacobian[:1]) <= tolerance * largest))
