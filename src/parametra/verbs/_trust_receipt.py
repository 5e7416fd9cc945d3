"""The account of one answer of `trust`."""

from __future__ import annotations

import dataclasses
from typing import Any

from parametra.nouns.content_digest import digest_of
from parametra.nouns.receipt import Receipt, versions


def receipt_of(
    method: Any, *, evaluations: int, seconds: float, seed: int, data: Any = None, told: dict[str, Any] | None = None
) -> Receipt:
    """The receipt.

    Arguments:
        method: with its settings.
        evaluations: questions, comparisons, fits or tests, as the method counts them.
        seconds, seed: of the run; seed -1 is one that must not be told.
        data: what the answer is about, as arrays in tuples; None where even a hash of it would tell too much.
        told: further settings.
    """
    settings = {"method": method.card.name, **dataclasses.asdict(method), **(told or {})}
    return Receipt(
        evaluations=evaluations,
        model_calls=0,
        failures={},
        seconds=seconds,
        seed=seed,
        settings=settings,
        evaluator="direct",
        problem_hash="" if data is None else digest_of(data),
        citation=tuple(str(source) for source in method.card.sources),
        versions=versions("numpy", "scipy"),
    )
