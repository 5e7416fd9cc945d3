"""Can this problem be fitted? Looks at all that can be known beforehand, and runs the model a few times."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np

from parametra.maths.losses import Loss
from parametra.nouns.card import Ability
from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, NoiseError, ParametraError
from parametra.nouns.fit_json import plain
from parametra.nouns.problem import Problem
from parametra.nouns.units_check import any_unit, check_units, mistyped_units
from parametra.runs.choose_evaluator import AnyEvaluator, choose_evaluator
from parametra.runs.cost import Cost
from parametra.verbs._check_cost import Estimate, estimate
from parametra.verbs._check_gradient import compare
from parametra.verbs._check_points import failing_corners
from parametra.verbs.fit import Plan, choose
from parametra.verbs.fit_doubts import row_doubts
from parametra.verbs.fit_feasibility import unmeetable
from parametra.verbs.fit_running import Running, running

OK, WARNING, PROBLEM = "ok", "warning", "problem"
_LONG = 600.0
_WIDTH = 100
_ZERO = (
    "output {output} is predicted 0 at the guess{at} (row {row}{where}): a proportional sigma is 0 there, so points "
    "fail. Leave such rows out, or let an additive part stand beside the proportional one: a noise of "
    'kind = "formula", which the page on noise has ready.'
)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Arguments:
        level: "ok", "warning" (the fit can run, but look at this) or "problem" (it cannot).
        subject: "data", "units", "guess", "noise", "bounds", "gradient", "constraints", "model", "plan", "starts"
            or "cost".
        message: what was found, and what to do where something is to be done.
    """

    level: str
    subject: str
    message: str


@dataclass(frozen=True, repr=False)
class Check:
    """What `check` found. `print` it; `ok` is False when a fit cannot run.

    Arguments:
        title: of the problem.
        findings: everything that was looked at.
        plan: what a fit would do; None when it cannot run.
        cost: what it is expected to cost; None when it cannot run.
    """

    title: str
    findings: tuple[Finding, ...]
    plan: Plan | None
    cost: Estimate | None

    @property
    def ok(self) -> bool:
        """True when nothing was found that a fit cannot run with."""
        return all(finding.level != PROBLEM for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The object that `parametra check --json` prints."""
        found = {
            "kind": "check",
            "title": self.title,
            "ok": self.ok,
            "findings": [vars(finding) for finding in self.findings],
            "plan": None if self.plan is None else vars(self.plan),
            "cost": None if self.cost is None else {**vars(self.cost), "words": self.cost.words},
        }
        return plain(found)

    def __str__(self) -> str:
        count = sum(finding.level != OK for finding in self.findings)
        verdict = "nothing speaks against a fit" if self.ok else "this cannot be fitted yet"
        if self.ok and count:
            verdict = f"it can be fitted; look at the warning{'s' * (count != 1)}"
        return "\n".join([f"{self.title}: {verdict}", "", *(_line(finding) for finding in self.findings)])

    __repr__ = __str__


def _line(finding: Finding) -> str:
    head = f"{finding.level:<8} {finding.subject:<9} "
    return "\n".join(wrap(head + finding.message, _WIDTH, subsequent_indent=" " * len(head)))


@dataclass(frozen=True)
class Asked:
    """What a ledger tells of a check."""

    method: str
    starts: int | str


def check(
    problem: Problem,
    *,
    method: str = "auto",
    starts: int | str = "auto",
    loss: str | Loss | None = None,
    pool: object = None,
    ledger: str | Path | None = None,
    fresh: bool = False,
    timeout: float | None = None,
    memory: int | str | None = None,
) -> Check:
    """Look at a problem before it is fitted.

    Runs the model at the guess and in the corners of the bounds, compares its derivative with differences, checks the
    units, and says what a fit would do, why, and what it will cost. Good before a long fit, and when one fails.

    Arguments:
        problem: the problem.
        method, starts, loss, pool, ledger, fresh, timeout, memory: as for `fit`.

    Raises:
        ParametraError: an unknown method or loss, or a number of starts that cannot be.
    """
    wish = Running(pool, ledger, fresh, timeout, memory)
    with running(problem, wish, Asked(method, starts), "check") as session:
        found = _checked(session.problem, method, starts, loss)
        session.ended("done", "")
    return found


def _checked(problem: Problem, method: str, starts: int | str, loss: str | Loss | None) -> Check:
    held = {name: problem.space.guess_named[name] for name in problem.space.discrete}
    first = problem.with_fixed(held) if held else problem
    findings = [_of_data(problem, data) for data in problem.data_sets]
    findings += _of_rows(problem)
    findings.append(_of_units(problem))
    try:
        first.looked_at()
    except NoiseError as error:
        findings.append(Finding(PROBLEM, "noise", str(error)))
        return Check(problem.title, tuple(findings), None, None)
    except ModelError as error:
        findings.append(Finding(PROBLEM, "guess", str(error)))
        return Check(problem.title, tuple(findings), None, None)
    rows = Ability.RESIDUALS in first.offers
    evaluator = choose_evaluator(first, Cost(rows, scores=not rows and Ability.SCORES in first.offers), 1)
    findings.append(Finding(OK, "guess", "the model is finite there, and has the shape of the data"))
    findings += _of_zeros(first)
    if first.fit_space.dimension:
        findings += [_of_bounds(first, evaluator), _of_gradient(first, evaluator)]
    if first.constraints:
        findings.append(_of_constraints(first))
    plan = choose(problem, method=method, starts=starts, loss=loss)
    cost = estimate(first, evaluator, plan)
    findings += _of_plan(plan, cost)
    untraced = str(getattr(problem.model.function, "untraced", ""))
    findings += [Finding(WARNING, "model", untraced)] if untraced else []
    return Check(problem.title, tuple(findings), plan, cost)


def _of_data(problem: Problem, data: Data) -> Finding:
    words = [f"{data.name}: {data.rows} row{'s' * (data.rows != 1)}"]
    words.append("inputs " + ", ".join(data.inputs) if data.inputs else "no inputs")
    words.append("outputs " + ", ".join(f"{name} ({_sigma(data, name)})" for name in data.outputs))
    read = [name for noise in problem.noise.values() for name in noise.columns if name in data.columns]
    if read:
        words.append(f"read by the noise: {', '.join(dict.fromkeys(read))}")
    unread = [name for name in data.columns if name not in read]
    if unread:
        words.append(f"not used: {', '.join(unread)}")
    if data.masked:
        words.append(f"{data.masked} values left out as missing")
    return Finding(WARNING if data.masked else OK, "data", "; ".join(words))


def _sigma(data: Data, output: str) -> str:
    if output in data.sigma_columns:
        return f"sigma from {data.sigma_columns[output]}"
    return "sigma given" if output in data.sigma else "no sigma"


def _of_rows(problem: Problem) -> list[Finding]:
    """What the model doubts about the rows, in each data set that it doubts."""
    found: list[Finding] = []
    for name, told in row_doubts(problem):
        where = f"{name}: " if len(problem.data_sets) > 1 else ""
        found.append(Finding(WARNING, "data", where + told))
    return found


def _of_zeros(problem: Problem) -> list[Finding]:
    """Outputs that are predicted zero where the noise is a share of the prediction."""
    found: dict[str, Finding] = {}
    for i, output, value in problem.picked(problem.looked_at(), problem.arrays):
        zero = np.flatnonzero(np.asarray(value) == 0.0)
        if zero.size and output not in found and getattr(problem.noise[output], "multiplies_prediction", False):
            data = problem.data_sets[i]
            index = data.observed[output]
            row = int(zero[0] if index is None else index[zero[0]])
            at = next((f" at {k} = {v[row]:.6g}" for k, v in data.inputs.items() if v.ndim == 1), "")
            where = f' of "{data.name}"' if len(problem.data_sets) > 1 else ""
            told = _ZERO.format(output=output, at=at, row=row + 1, where=where)
            found[output] = Finding(WARNING, "noise", told)
    return list(found.values())


def _of_units(problem: Problem) -> Finding:
    try:
        told = check_units(problem)
        mistyped = mistyped_units(problem) if any_unit(problem) else ""
        return Finding(WARNING, "units", f"{mistyped} {told}") if mistyped else Finding(OK, "units", told)
    except ParametraError as error:
        return Finding(PROBLEM, "units", str(error))


def _of_bounds(problem: Problem, evaluator: AnyEvaluator) -> Finding:
    count, failing = failing_corners(problem, evaluator)
    if not failing:
        return Finding(OK, "bounds", f"the model is finite in all {count} corners of the bounds that were tried")
    remedy = "Starts that fall there are lost and are counted; narrow the bounds if the model has no meaning there."
    return Finding(WARNING, "bounds", f"the model is not finite {failing}. {remedy}")


def _of_constraints(problem: Problem) -> Finding:
    told = unmeetable(problem, 0)
    if told:
        return Finding(PROBLEM, "constraints", told)
    stated = ", ".join(one.name or one.text for one in problem.constraints)
    return Finding(OK, "constraints", f"some parameters meet {stated}")


def _of_gradient(problem: Problem, evaluator: AnyEvaluator) -> Finding:
    found = compare(problem, evaluator)
    if math.isnan(found.difference):
        return Finding(WARNING, "gradient", "it is not finite at the guess, nor beside it: guess elsewhere")
    how, nothing = f"by {evaluator.derivative}, checked against differences of the model's values", "equal to rounding"
    if hasattr(problem.model.function, "derivative") and evaluator.derivative != "central differences":
        how, nothing = f"{evaluator.derivative} against central differences", "equal within the error of these"
    exact = f"{how}: largest difference {found.difference:.1g}" if found.difference else f"{how}: {nothing}"
    if found.difference <= found.good:
        return Finding(OK, "gradient", exact)
    remedy = (
        "a step, a kink, random numbers or a loose tolerance in the model makes it so, and a search may stop too early."
        " Smooth the model there, or tighten its tolerance."
    )
    return Finding(WARNING, "gradient", f"{exact}, at {found.label}: {remedy}")


def _of_plan(plan: Plan, cost: Estimate) -> list[Finding]:
    combinations = f", for each of {plan.combinations} combinations" if plan.combinations > 1 else ""
    by = f", derivatives by {plan.derivative}" if plan.derivative else ""
    return [
        Finding(OK, "model", f"evaluated {plan.evaluator}{by}"),
        Finding(OK, "plan", f"{plan.method}: {plan.reason}"),
        Finding(OK, "starts", f"{plan.starts}{combinations}: {plan.starts_reason}"),
        Finding(WARNING if cost.seconds > _LONG else OK, "cost", cost.words),
    ]
