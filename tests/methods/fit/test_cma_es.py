import sys

import numpy as np
import pytest

import classical_minima as minima
from classical_minima import CASES, ROSENBROCK, Costs, named, solve, with_seed
from fit_loop import box, free
from parametra.methods.fit.cma_es import CmaEs
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError, MissingExtraError

pytest.importorskip("cma")
METHOD = CmaEs()


@pytest.mark.parametrize("case", [c for c in CASES if c.name != "rosenbrock5"], ids=named)
def test_minima(case):
    # a fixed seed: what is random here is the same every time
    asked = minima.finds(METHOD, case, 1e-10)
    assert set(asked.wants) == {Want.COST}
    assert asked.count < 4000


def test_as_many_evaluations_as_the_package_by_itself():
    import cma

    asked = minima.finds(METHOD, ROSENBROCK, 1e-10)
    options = {"seed": 1, "verbose": -10, "verb_log": 0, "tolfun": 1e-11, "tolfunhist": 1e-11}
    strategy = cma.CMAEvolutionStrategy(list(ROSENBROCK.start), 0.2, options)
    strategy.optimize(lambda x: ROSENBROCK.above(np.asarray(x)))
    assert asked.count <= 1.5 * strategy.result.evaluations


def test_bounds():
    minima.stays_inside(METHOD, 1e-9, exactly=False)


def test_points_of_all_starts_go_in_one_batch():
    sizes = []
    evaluate = Costs(ROSENBROCK.above)

    def watched(request):
        sizes.append((len(request.points), sorted(set(request.starts.tolist()))))
        return evaluate(request)

    found = METHOD.solve(free(2), np.array([[-1.2, 1.0], [2.0, 2.0]]), watched)
    assert found.endings == (Ending.CONVERGED,) * 2
    assert sizes[1] == (12, [0, 1])
    assert sizes[-1] == (6, [int(np.argmax(found.iterations))])


def test_a_wall_of_nan_is_walked_around():
    minima.walks_around_nan(METHOD, 1e-9)


def test_a_start_that_fails_says_so():
    minima.says_when_nothing_works(METHOD)


def rastrigin(x):
    """121 minima in the box, the lowest, 1, at (0.7, -1.9)."""
    z = x - np.array([0.7, -1.9])
    return 21 + np.sum(z * z - 10 * np.cos(2 * np.pi * z))


def test_a_rugged_cost():
    # with a population of 80 three seeds of three found the lowest minimum
    found = solve(CmaEs(population=80), box((-5.12, 5.12), (-5.12, 5.12)), [[4.0, 4.0]], Costs(rastrigin))
    assert np.allclose(found.points[0], [0.7, -1.9], atol=1e-4)


def test_a_cloud_that_settles_above_a_point_it_passed_begins_again_there():
    # with a population of 40 and this seed the first cloud settles at 1.99, and has passed the slope above the lowest
    evaluate = Costs(rastrigin)
    found = solve(CmaEs(population=40), box((-5.12, 5.12), (-5.12, 5.12)), [[4.0, 4.0]], evaluate)
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points[0], [0.7, -1.9], atol=1e-4)
    assert evaluate.count < 5000


def test_the_seed_decides_and_nothing_global_is_touched():
    state = np.random.get_state()[1].copy()  # noqa: NPY002  cma uses it by default
    one, two, other = (
        solve(METHOD, with_seed(free(2), seed), [ROSENBROCK.start], Costs(ROSENBROCK.above)) for seed in (3, 3, 4)
    )
    assert one.points.tobytes() == two.points.tobytes() != other.points.tobytes()
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_one_parameter():
    found = solve(METHOD, free(1), [[3.0]], Costs(lambda x: np.cosh(x[0] - 0.7)))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points, 0.7, atol=1e-4)


def test_coordinates_of_very_different_size():
    minima.is_scale_free(METHOD)


def test_a_limit_is_called_one():
    found = solve(CmaEs(generations=5), free(2), [ROSENBROCK.start], Costs(ROSENBROCK.above))
    assert found.endings == (Ending.LIMIT,)
    assert found.message == "5 generations were not enough"


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "cma", None)
    with pytest.raises(
        MissingExtraError, match=r"^The method cma_es needs the package cma\. Install it with: pip inst"
    ):
        METHOD.solve(free(2), np.zeros((1, 2)), Costs(ROSENBROCK.above))


def test_settings():
    with pytest.raises(MethodError, match=r"^cma_es\(population=-1\): a whole number, zero or more, is wanted\.$"):
        CmaEs(population=-1)
