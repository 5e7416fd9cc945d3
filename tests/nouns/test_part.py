import numpy as np
import pytest

import parametra as pm
from parametra.nouns.part import part_of


def line(n=40, **settings):
    x = np.linspace(0, 4, n)
    y = 1 + 2 * x + 0.1 * np.cos(7 * x)
    return pm.Data({"x": x, "y": y, "s": 0.1 + 0.01 * x}, inputs=["x"], output="y", **settings)


PARAMETERS = {"a": 0.5, "b": 1.5}
ROWS = np.array([1, 4, 5, 17, 38])


@pytest.mark.parametrize("sigma", [None, "s", 0.3])
def test_residuals_of_a_part_are_those_rows_of_the_whole(sigma):
    problem = pm.Problem("a + b * x", line(sigma=sigma), PARAMETERS)
    part = part_of(problem, [ROWS])
    named = problem.space.guess_named
    whole, some = (p.residuals(named, p.arrays) for p in (problem, part))
    np.testing.assert_array_equal(some, whole[ROWS])
    assert part.size == 5
    assert problem.size == 40


def test_missing_values_and_sigma_given_by_the_noise():
    data = line()
    y = data.outputs["y"].copy()
    y[[4, 30]] = np.nan
    masked = pm.Data({"x": data.inputs["x"], "y": y}, inputs=["x"], output="y", missing="mask")
    noise = pm.Normal(sigma=0.1 + 0.01 * np.arange(40))
    problem = pm.Problem("a + b * x", masked, PARAMETERS, noise=noise)
    part = part_of(problem, [ROWS])
    named = problem.space.guess_named
    whole, some = (p.residuals(named, p.arrays) for p in (problem, part))
    kept = [int(np.flatnonzero(masked.observed["y"] == r)[0]) for r in ROWS if r != 4]
    np.testing.assert_array_equal(some, whole[kept])


def test_a_model_that_looks_at_other_rows_has_no_part():
    def normalised(x, a, b):
        return a + b * x / x.max()

    def closed_over(a, b, matrix=np.ones((40, 2))):  # noqa: B008  the matrix of all rows, as people write it
        return matrix @ np.array([a, b])

    for model in (normalised, lambda x, a, b: a + np.cumsum(b * x), closed_over):
        problem = pm.Problem(model, line(sigma="s"), PARAMETERS)
        assert part_of(problem, [ROWS]) is None
