"""L-BFGS-B where the model fails beyond a wall that the first step jumps over."""

import numpy as np
import pytest

from parametra.methods.fit.lbfgs import Lbfgs
from parametra.nouns.asker import Answers, Ending
from parametra.nouns.search_space import SearchSpace


@pytest.mark.parametrize("start", [0.0, -5.0, 2.0])
def test_a_failed_first_step_is_turned_back_from(start):
    asked = []

    def evaluate(request):
        # -5 x - log(3 - x), which is not there from 3 on; its minimum is at 2.8
        x = request.points[:, 0]
        asked.append(float(x[0]))
        ok = x < 3
        room = np.where(ok, 3 - x, 1.0)
        cost = np.where(ok, -5 * x - np.log(room), np.nan)
        return Answers(ok=ok, cost=cost, gradient=(-5 + 1 / room)[:, None])

    space = SearchSpace(lower=np.array([-100.0]), upper=np.array([100.0]), seed=0)
    found = Lbfgs().solve(space, np.array([[start]]), evaluate)
    assert max(asked) >= 3, "no step failed, so this tests nothing"
    assert found.endings[0] is Ending.CONVERGED
    assert found.points[0, 0] == pytest.approx(2.8, abs=1e-6)
