"""Parameters of systems of differential equations from trajectories alone, and what is read where there are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from parametra.maths import trajectory_search as module
from parametra.maths.trajectory_search import System, trajectory_search

DECAY = System(
    lambda at, states: [-at["rate"] * (states[0] - at["rest"])],
    lambda at: [np.ones_like(at["rate"])],
    lambda at, states: {"y": states[0]},
    {"rate": (0.01, 100.0), "rest": (-1.0, 2.0)},
)


def test_a_decay_is_found_beside_gaps_in_the_data() -> None:
    time = np.linspace(0.0, 3.0, 40)
    y = 0.3 + 0.7 * np.exp(-2.0 * time)
    y[[3, 17]] = np.nan
    found = trajectory_search(DECAY, time, {"y": y})
    assert found == pytest.approx({"rate": 2.0, "rest": 0.3}, rel=0.02)


def test_where_nothing_was_observed_it_is_the_middle_of_the_box() -> None:
    found = trajectory_search(DECAY, np.array([0.0, 1.0]), {"y": np.full(2, np.nan)})
    assert found == pytest.approx({"rate": 1.0, "rest": 0.5})


def test_the_last_part_of_the_search_is_all_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for times whose difference, added to the first, is less than the last by rounding."""
    time = np.linspace(*np.sort(np.random.default_rng(0).uniform(0, 10, (1000, 2)), axis=1).T, 12)
    short = time[:, time[0] + (time[-1] - time[0]) < time[-1]]
    assert short.shape[1] > 0
    parts: list[Any] = []

    def search(residuals: Any, box: Any, masks: Any, **_: Any) -> dict[str, float]:
        del residuals, box
        parts.append(masks[-1])
        return {}

    monkeypatch.setattr(module, "box_search", search)
    for each in short.T:
        trajectory_search(DECAY, each, {"y": np.exp(-each)})
    assert all(mask.all() for mask in parts)
