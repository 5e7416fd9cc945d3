import dataclasses

import numpy as np
import pytest

import classical_minima as minima
from classical_minima import CASES, ROSENBROCK, Costs, named, solve
from fit_loop import box
from parametra.methods.fit.grid import Grid
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = Grid()


@pytest.mark.parametrize("case", [c for c in CASES if c.name in {"rosenbrock", "beale", "bowl"}], ids=named)
def test_minima(case):
    asked = minima.finds(METHOD, case, 1e-7, bounded=True)
    assert set(asked.wants) == {Want.COST}
    assert asked.count < 6000


@pytest.mark.slow
def test_five_dimensions():
    case = next(c for c in CASES if c.name == "rosenbrock5")
    evaluate = Costs(case.above)
    found = solve(Grid(moves=300), case.bounds, [case.start], evaluate)
    assert found.cost[0] - 1 < 1e-2


def test_the_first_grid_alone_is_what_it_says():
    space, evaluate = box((0, 1), (-1, 3)), Costs(lambda x: (x[0] - 0.52) ** 2 + (x[1] - 1.1) ** 2)
    found = solve(Grid(points=4, levels=0), space, [[0.9, 2.9]], evaluate)
    lattice = {(a, b) for a in (0.125, 0.375, 0.625, 0.875) for b in (-0.5, 0.5, 1.5, 2.5)}
    assert {tuple(x) for x in evaluate.asked[1:]} == lattice
    assert tuple(found.points[0]) == (0.625, 1.5)
    assert found.endings == (Ending.LIMIT,)
    assert found.message == "the cells were to be halved 0 times, to 0.1 of the bounds"


def test_no_point_is_asked_twice_between_neighbours():
    evaluate = Costs(ROSENBROCK.above)
    solve(Grid(levels=1), ROSENBROCK.bounds, [ROSENBROCK.start], evaluate)
    assert len({x.tobytes() for x in evaluate.asked}) == evaluate.count


def test_bounds():
    minima.stays_inside(METHOD, 1e-7)


def test_a_corner_of_the_bounds():
    found = solve(METHOD, box((0, 1), (0, 1)), [[0.5, 0.5]], Costs(lambda x: x[0] - x[1] + 3))
    assert tuple(found.points[0]) == (0.0, 1.0)
    assert found.endings == (Ending.CONVERGED,)


def test_the_lowest_of_many_minima():
    def rastrigin(x):
        z = x - np.array([0.7, -1.9])
        return 21 + np.sum(z * z - 10 * np.cos(2 * np.pi * z))

    found = solve(Grid(points=50), box((-5.12, 5.12), (-5.12, 5.12)), [[4.0, 4.0]], Costs(rastrigin))
    assert np.allclose(found.points[0], [0.7, -1.9], atol=1e-4)


def test_a_wall_of_nan_is_walked_around():
    minima.walks_around_nan(METHOD, 1e-7, bounded=True)


def test_nothing_can_be_evaluated():
    minima.says_when_nothing_works(METHOD, bounded=True)


def test_one_search_takes_the_place_of_the_first_start():
    found = solve(METHOD, box((-2, 2), (-2, 2)), [[-1.2, 1.0], [2.0, 2.0]], Costs(ROSENBROCK.above))
    assert found.endings == (Ending.CONVERGED, Ending.LIMIT)
    assert found.points[1].tolist() == [2.0, 2.0]
    assert found.cost[1] == ROSENBROCK.above(np.array([2.0, 2.0]))
    assert found.best == 0


def test_the_same_to_the_bit_also_from_a_saved_state():
    minima.is_the_same_again(Grid(levels=3), bounded=True)


def test_one_parameter():
    found = solve(METHOD, box((-3, 5)), [[0.0]], Costs(lambda x: np.cosh(x[0] - 0.7)))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points, 0.7, atol=1e-4)


def test_a_limit_is_called_one():
    found = solve(Grid(moves=5), ROSENBROCK.bounds, [ROSENBROCK.start], Costs(ROSENBROCK.above))
    assert (found.endings, found.message) == ((Ending.LIMIT,), "5 grids were not enough")


def test_refusals():
    space = dataclasses.replace(box((0, 1), (-np.inf, 2), (0, np.inf)), labels=("a", "b", "c"))
    with pytest.raises(MethodError, match=r"^`grid` searches between finite bounds, which b, c lacks: state a lower"):
        METHOD.start(space, np.zeros((1, 3)))
    with pytest.raises(MethodError, match=r"^`grid` serves up to 8 parameters; here are 9, .* has 19683\. Use"):
        METHOD.start(box(*[(0, 1)] * 9), np.zeros((1, 9)))
    with pytest.raises(MethodError, match=r"^grid\(points=-1\): a whole number, zero or more, is wanted\.$"):
        Grid(points=-1)
