"""Item characteristic curves: the chance of a right answer against ability, as the field looks at a fit."""

from __future__ import annotations

from typing import Any

import numpy as np

from parametra.models.item_response._bank import ItemBank

_MOST = 12
"""Items that are drawn; of more, those at equal steps of difficulty."""


def item_curves(fit: Any, problem: Any, axes: Any) -> None:
    """Curves of the items, and beneath them what all items together tell of each ability."""
    features = getattr(problem.model.function, "features", None)
    estimate = fit.estimate
    if features is None:
        difficulty = np.asarray(estimate["difficulty"])
    else:
        difficulty = estimate["intercept"] + features @ np.asarray(estimate["weights"]) + estimate.get("residual", 0.0)
    bank = ItemBank(difficulty, fit.values["discrimination"], fit.values.get("guessing", 0.0))
    ability = np.linspace(-4, 4, 161)
    order = np.argsort(bank.difficulty, kind="stable")
    drawn = order[np.unique(np.linspace(0, bank.size - 1, min(bank.size, _MOST)).round().astype(int))]
    for item, curve in zip(drawn, bank.chance(ability)[:, drawn].T, strict=True):
        axes.plot(ability, curve, label=f"item {int(item)}", linewidth=1.4)
    told = bank.test_information(ability)
    axes.fill_between(ability, told / max(float(told.max()), 1e-300) * 0.25, color="0.85", label="test information")
    axes.set(xlabel="ability", ylabel="chance of a right answer", ylim=(0, 1), xlim=(-4, 4))
    axes.legend(ncols=2, fontsize=8, loc="upper left")
