"""The object that `parametra compare --json` prints: everything by name, NaN and infinity as null."""

from __future__ import annotations

import dataclasses
from typing import Any

from parametra.nouns.comparison_parts import Candidate, Pair
from parametra.nouns.fit_json import plain


def to_json(comparison: Any) -> dict[str, Any]:
    """A comparison as plain dicts, lists, numbers and words."""
    found = {
        "kind": "compare",
        "title": comparison.title,
        "status": comparison.status.outcome.value,
        "message": comparison.status.message,
        "verdict": comparison.verdict,
        "best": comparison.best,
        "criterion": comparison.criterion,
        "choice": comparison.choice,
        "points": comparison.points,
        "ranking": list(comparison.ranking()),
        "weights": comparison.weights,
        "models": {c.name: _model(c) for c in comparison.candidates},
        "pairs": [_pair(p) for p in comparison.pairs],
        "left_out": comparison.left_out,
        "cross_validation": comparison.folds,
        "doubts": list(comparison.doubts),
        "receipt": dataclasses.asdict(comparison.receipt),
    }
    return plain(found)


def _model(c: Candidate) -> dict[str, Any]:
    return {
        "status": c.fit.status.outcome.value,
        "estimate": c.fit.estimate,
        "free_parameters": c.fit.free,
        "log_likelihood": c.fit.log_likelihood,
        "chi_square": c.fit.chi_square,
        "p_value": c.fit.p_value,
        "aic": c.fit.aic,
        "aicc": c.fit.aicc,
        "bic": c.fit.bic,
        "held_out": None if c.held_out is None else {"total": c.held_out.total, "failed_folds": c.held_out.failed},
        "evidence": dataclasses.asdict(c.evidence),
        "residuals": {"kind": c.residuals.kind, "why": c.residuals.why, "along": c.residuals.along},
        "checks": {check.name: _without_name(dataclasses.asdict(check)) for check in c.checks},
        "doubts": list(c.doubts),
    }


def _pair(p: Pair) -> dict[str, Any]:
    found = dataclasses.asdict(p)
    if p.ratio_test is not None:
        found["ratio_test"]["best_p"] = p.ratio_test.best_p
    return found


def _without_name(check: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in check.items() if key != "name"}
