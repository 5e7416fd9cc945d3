"""Fits with a penalty that chooses among many terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parametra.nouns.fit_result import Fit
from parametra.nouns.problem import Problem


def fit_penalised(problem: Problem, settings: Any, chosen: Mapping[str, Any]) -> Fit:
    """The result of a fit with a penalty."""
    raise NotImplementedError
