"""What a result cost and what it was made with, so that it can be made again."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Any

from parametra.nouns.storage import storable
from parametra.nouns.version import VERSION


@storable
@dataclass(frozen=True)
class Receipt:
    """The account of one run.

    Arguments:
        evaluations: points at which the problem was evaluated, with or without derivatives.
        model_calls: how often the model itself was called.
        failures: failed model calls by reason.
        seconds: wall-clock time of the run.
        seed: the seed that every random number came from.
        settings: what was asked for.
        evaluator: how the model was evaluated and differentiated.
        versions: of this package and of what computed.
        problem_hash: of the model, the parameters and the data; the same statement has the same hash.
        citation: the publications behind the method.
        reused: calls of the model that a ledger knew already.
    """

    evaluations: int
    model_calls: int
    failures: dict[str, int]
    seconds: float
    seed: int
    settings: dict[str, Any]
    evaluator: str
    problem_hash: str
    citation: tuple[str, ...]
    versions: dict[str, str] = field(default_factory=dict)
    reused: int = 0


def versions(*packages: str) -> dict[str, str]:
    """Versions of this package and of those named, as far as they are loaded.

    They are asked of the modules: reading the installed packages' own files takes longer than a small fit.
    """
    loaded = {package: sys.modules[package] for package in packages if package in sys.modules}
    return {"parametra": VERSION, **{package: str(module.__version__) for package, module in loaded.items()}}
