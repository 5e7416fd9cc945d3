"""The picture of a comparison: one panel a problem, the best on top, what never gets there at the edge."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from parametra.nouns.bench_result import Bench, Contestant
from parametra.nouns.errors import ParametraError
from parametra.nouns.receipt import Receipt
from parametra.nouns.status import Outcome, Status
from parametra.report._bench_figure import draw


def contestant(name, *reached, auto=False):
    found = np.array([[float(n)] for n in reached])
    return Contestant(name, auto, found, found, np.array([500.0]), np.array([500.0]), np.zeros(1), ("budget",))


def bench(*contestants, title="a problem"):
    receipt = Receipt(1, 1, {}, 0.1, 0, {}, "direct", "", ())
    status = Status(Outcome.CONVERGED, "all ran")
    return Bench(status, title, (1e-2, 1e-4, 1e-6), 0.0, "x", 1.0, 3, contestants, {}, 1, 500, (), receipt)


FIRST = contestant("first", 10, 20, 30, auto=True)
SECOND = contestant("second", 5, 40, 60)
NEVER = contestant("never_" * 12, 100, np.inf, np.inf)


def test_methods_are_sorted_and_what_never_gets_there_is_marked():
    (axes,) = draw([bench(SECOND, NEVER, FIRST)]).axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[:2] == ["first", "second"]
    assert len(names[2]) <= 40
    assert "…" in names[2]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first stands on top
    assert axes.get_xscale() == "log"
    assert [label.get_fontweight() for label in axes.get_yticklabels()] == ["bold", "normal", "normal"]
    assert [text.get_text() for text in axes.texts] == ["not the finest"]
    crosses = axes.collections[-1].get_offsets()
    assert crosses[:, 1].tolist() == [2.0]
    assert crosses[0, 0] > 100


def test_one_panel_a_problem():
    figure = draw([bench(FIRST, title=f"$problem$ {i}") for i in range(3)])
    assert [axes.get_title(loc="left") for axes in figure.axes] == [rf"\$problem\$ {i}" for i in range(3)]
    figure.draw_without_rendering()


def test_nobody_gets_anywhere():
    figure = draw([bench(contestant("lost", np.inf, np.inf, np.inf))])
    figure.draw_without_rendering()


def test_one_and_many_accuracies():
    for accuracies in ((1e-3,), tuple(10.0**-k for k in range(1, 6))):
        lone = contestant("only", *range(10, 10 + len(accuracies)))
        draw([dataclasses.replace(bench(lone), accuracies=accuracies)]).draw_without_rendering()


def test_nothing_to_draw():
    with pytest.raises(ParametraError, match="nothing to draw: a problem"):
        draw([bench()])
