"""The object that `parametra fit --json` prints: everything by name, NaN and infinity as null."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from parametra.nouns.fit_record import FitRecord


def to_json(fit: FitRecord) -> dict[str, Any]:
    """A fit as plain dicts, lists, numbers and words."""
    s = fit.starts
    found = {
        "kind": "fit",
        "title": fit.title,
        "status": fit.status.outcome.value,
        "message": fit.status.message,
        "estimate": fit.estimate,
        "standard_error": fit.standard_error,
        "interval": fit.interval,
        "unit": {r.label: r.unit for r in fit.rows if r.unit},
        "role": {r.label: r.role for r in fit.rows},
        "notes": fit.notes,
        "correlation": fit.correlation,
        "constraints": [{**dataclasses.asdict(c), "distance": c.distance, "state": c.state} for c in fit.constraints],
        "doubts": list(fit.doubts),
        "log_likelihood": fit.log_likelihood,
        "chi_square": fit.chi_square,
        "chi_square_tests_the_fit": fit.chi_square_tests,
        "reduced_chi_square": fit.reduced_chi_square,
        "p_value": fit.p_value,
        "degrees_of_freedom": fit.degrees_of_freedom,
        "points": fit.points,
        "masked": fit.masked,
        "free_parameters": fit.free,
        "aic": fit.aic,
        "aicc": fit.aicc,
        "bic": fit.bic,
        "starts": {
            "count": s.count,
            "why": s.why,
            "converged": s.converged,
            "failed": s.failed,
            "best_share": s.best_share,
            "missed_chance": s.missed_chance,
            "basins": [dataclasses.asdict(b) for b in s.basins],
            "costs": list(s.costs),
        },
        "method": fit.method,
        "choice": fit.choice,
        "estimator": fit.estimator,
        "uncertainty": fit.uncertainty,
        "noise": fit.noise,
        "sources": list(fit.sources),
        "receipt": dataclasses.asdict(fit.receipt),
        "path": None if fit.path is None else dataclasses.asdict(fit.path),
    }
    return plain(found)


def plain(value: Any) -> Any:
    """NumPy turned into plain Python; what JSON has no number for becomes None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int, bool)) else str(value)
