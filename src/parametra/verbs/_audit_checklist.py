"""The checklist of an audit: what a report of a fit should tell, filled in from the problem and its fit."""

from __future__ import annotations

import numpy as np

from parametra.nouns.audit_result import ChecklistItem
from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem


def checklist_of(problem: Problem, fit: Fit, choices: dict[str, tuple[str, ...]]) -> tuple[ChecklistItem, ...]:
    """What a report of this fit should tell.

    Arguments:
        problem: what was fitted.
        fit: what was found.
        choices: what the audit varied.

    Source: the topics are those of M. Li, S. Kudugunta and L. Zettlemoyer (2025), (Mis)Fitting: a survey of scaling
    laws, arXiv:2502.18969
    """
    # a single formula has no name of its own: it is the only output
    only = problem.outputs[0]
    form = "; ".join(f"{name or only} = {formula.text}" for name, formula in problem.model.formulas)
    form = form or problem.model.name
    estimates = ", ".join(f"{r.label} = {r.value:.6g}" for r in fit.rows if r.role in ("free", "noise", "derived"))
    settings = fit.receipt.settings
    loss = settings.get("loss")
    objective = fit.estimator + (f", robust loss {loss} of scale {settings.get('loss_scale')}" if loss else "")
    noise = "; ".join(f"{name}: {words}" for name, words in fit.noise.items())
    varied = "; ".join(f"{name} ({', '.join(each)})" for name, each in choices.items())
    return (
        ChecklistItem("What was asked", "The form of the law", form),
        ChecklistItem("What was asked", "Why this form, and which others were considered", ""),
        ChecklistItem("What was asked", "Which variables vary, and which were held fixed", _variables(problem)),
        ChecklistItem("How the data were made", "How each run was trained: data, optimiser, schedule, tuning", ""),
        ChecklistItem("How the data were made", "How sizes, tokens and compute were counted", ""),
        ChecklistItem("How the data were made", "Whether points are final or from the middle of a run", ""),
        ChecklistItem("Data", "Points", _points(fit)),
        ChecklistItem("Data", "The range of each variable", _ranges(problem)),
        ChecklistItem("Data", "Which points were left out before, and by which rule", ""),
        ChecklistItem("Fit", "What is minimised, and on which scale", f"{objective}; {noise}"),
        ChecklistItem("Fit", "Method", f"{fit.method}: {fit.choice}"),
        ChecklistItem(
            "Fit", "Starts", f"{fit.starts.count}, {fit.starts.converged} of them converged: {fit.starts.why}"
        ),
        ChecklistItem("Fit", "How it ended", str(fit.status)),
        ChecklistItem("Fit", "Doubts", " ".join(fit.doubts) or "none"),
        ChecklistItem("Result", "Estimates, to six digits", estimates),
        ChecklistItem("Result", "Uncertainty", fit.uncertainty),
        ChecklistItem("Result", "What was varied", varied),
        ChecklistItem("Result", "Points that were foretold and not fitted", ""),
        ChecklistItem("To repeat it", "Versions, seed and statement", _again(fit)),
        ChecklistItem("To repeat it", "Where data and code are", ""),
    )


def _points(fit: Fit) -> str:
    return f"{fit.points}" + (f", {fit.masked} left out" if fit.masked else "") + f", for {fit.free} free parameters"


def _variables(problem: Problem) -> str:
    inputs = list(dict.fromkeys(name for data in problem.data_sets for name in data.inputs))
    held = ", ".join(
        f"{name} held fixed" for name in problem.stated_space.names if name not in problem.stated_space.free
    )
    return "; ".join(filter(None, [f"{', '.join(inputs)} vary", held]))


def _ranges(problem: Problem) -> str:
    told: list[str] = []
    for data in problem.data_sets:
        where = f"{data.name}: " if len(problem.data_sets) > 1 else ""
        for name, values in {**data.inputs, **{o: data.observations(o)[0] for o in data.outputs}}.items():
            told.append(f"{where}{name} {float(np.min(values)):.4g} to {float(np.max(values)):.4g}")
    return "; ".join(told)


def _again(fit: Fit) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in fit.receipt.versions.items())
    return f"{versions}; seed {fit.receipt.seed}; problem {fit.receipt.problem_hash[:12]}"
