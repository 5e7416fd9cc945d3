"""Test functions of minimisation with known minima, and what every method that minimises must do with them."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import dataclass, field

import numpy as np

from fit_loop import box, free
from parametra.nouns.asker import Answers, Asker, Ending, Request, Solutions, Want


def rosenbrock(x):
    """A bent valley in d dimensions; 0 at (1, ..., 1)."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def beale(x):
    """Beale (1958); 0 at (3, 0.5)."""
    a, b = x
    return (1.5 - a + a * b) ** 2 + (2.25 - a + a * b**2) ** 2 + (2.625 - a + a * b**3) ** 2


def powell(x):
    """Powell's singular function (1962): no curvature along two directions at its minimum; 0 at the origin."""
    return (x[0] + 10 * x[1]) ** 2 + 5 * (x[2] - x[3]) ** 2 + (x[1] - 2 * x[2]) ** 4 + 10 * (x[0] - x[3]) ** 4


BOWL = np.array([[4.0, 1.5, 0.0], [1.5, 2.0, 0.4], [0.0, 0.4, 1.0]])


def bowl(x):
    """A tilted parabola; 0 at (1, -2, 3)."""
    z = x - np.array([1.0, -2.0, 3.0])
    return z @ BOWL @ z


@dataclass(frozen=True)
class Case:
    """A function, moved up by 1 so that its minimum is 1, and a usual start."""

    name: str
    function: object
    start: tuple[float, ...]
    within: float = 5.0

    def above(self, x):
        return self.function(x) + 1.0

    @property
    def bounds(self):
        return box(*[(v - self.within, v + 0.8 * self.within) for v in self.start])


ROSENBROCK = Case("rosenbrock", rosenbrock, (-1.2, 1.0))
CASES = (
    ROSENBROCK,
    Case("rosenbrock5", rosenbrock, (-1.2, 1.0, -1.2, 1.0, 1.5)),
    Case("beale", beale, (1.0, 1.0)),
    Case("powell", powell, (3.0, -1.0, 0.0, 1.0)),
    Case("bowl", bowl, (-1.0, 0.5, 1.0)),
)


def named(case):
    return case.name


@dataclass
class Costs:
    """Answers cost and gradient (complex step) of a function of one point; keeps what was asked."""

    function: object
    asked: list[np.ndarray] = field(default_factory=list)
    wants: list[Want] = field(default_factory=list)

    def __call__(self, request: Request) -> Answers:
        self.wants.append(request.want)
        self.asked += list(request.points.copy())
        with np.errstate(all="ignore"):
            cost = np.array([self.function(x) for x in request.points], dtype=float)
            gradient = None
            if request.want is Want.GRADIENT:
                gradient = np.stack([self.gradient(x) for x in request.points])
        ok = np.isfinite(cost)
        return Answers(cost=np.where(ok, cost, np.inf), ok=ok, gradient=gradient)

    def gradient(self, x):
        return np.array([np.imag(self.function(x + 1e-30j * e)) / 1e-30 for e in np.eye(x.size)])

    @property
    def count(self) -> int:
        return len(self.asked)


def solve(method, space, starts, evaluate, *, pickled=False) -> Solutions:
    """Drive a method to its end; the state may go through pickle at every step."""
    starts = np.atleast_2d(np.asarray(starts, dtype=float))
    if not isinstance(method, Asker):
        return method.solve(space, starts, evaluate)
    state = method.start(space, starts)
    for _ in range(200_000):
        if method.halted(state):
            return method.solutions(state)
        if pickled:
            state = pickle.loads(pickle.dumps(state))
        state = method.tell(state, evaluate(method.ask(state)))
        assert 0.0 <= method.fraction(state) <= 1.0
    raise AssertionError("the method does not end")


def finds(method, case, accuracy, *, bounded=False) -> Costs:
    """The method ends converged, with a cost not farther than `accuracy` above 1; returns what it asked."""
    evaluate = Costs(case.above)
    space = case.bounds if bounded else free(len(case.start))
    found = solve(method, space, [case.start], evaluate)
    assert found.endings == (Ending.CONVERGED,), found.message
    assert found.cost[0] - 1.0 <= accuracy
    assert found.cost[0] == case.above(found.points[0])
    assert found.best == 0 and found.message
    return evaluate


def stays_inside(method, accuracy=1e-7, *, exactly=True):
    """Rosenbrock's valley cut by a bound, from both sides: minima (1.5, 2.25) and (0.5, 0.25) on it."""
    for bounds, optimum in ((((1.5, 3), (-3, 3)), (1.5, 2.25)), (((-3, 0.5), (-3, 3)), (0.5, 0.25))):
        space, evaluate = box(*bounds), Costs(ROSENBROCK.above)
        found = solve(method, space, [[bounds[0][0], 2.5]], evaluate)
        assert found.endings == (Ending.CONVERGED,), found.message
        assert found.cost[0] - ROSENBROCK.above(np.array(optimum)) <= accuracy
        assert np.allclose(found.points[0], optimum, atol=max(1e-4, accuracy**0.5))
        assert not exactly or found.points[0][0] == optimum[0]
        assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluate.asked)


def walks_around_nan(method, accuracy=1e-7, *, bounded=False):
    """The model fails beyond x = 1.3; one of two starts cannot be evaluated at all."""

    def walled(x):
        return np.nan if np.real(x[0]) > 1.3 else ROSENBROCK.above(x)

    space = box((-4, 4), (-4, 4)) if bounded else free(2)
    found = solve(method, space, [[-1.2, 1.0]], Costs(walled))
    assert found.endings == (Ending.CONVERGED,), found.message
    assert found.cost[0] - 1.0 <= accuracy


def says_when_nothing_works(method, *, bounded=False):
    """A model that fails everywhere ends as failed, without a best start."""
    space = box((-4, 4), (-4, 4)) if bounded else free(2)
    found = solve(method, space, [[1.0, 1.0], [0.5, 2.0]], Costs(lambda x: np.nan))
    assert found.endings == (Ending.FAILED, Ending.FAILED)
    assert (found.best, found.message) == (-1, "no start could be evaluated")


def is_the_same_again(method, *, bounded=False):
    """The same to the bit twice, and when the state goes through pickle at every step."""
    space = ROSENBROCK.bounds if bounded else free(2)
    starts = [[-1.2, 1.0], [2.0, 2.0]]
    one, two, three = (
        solve(method, space, starts, Costs(ROSENBROCK.above), pickled=pickled) for pickled in (False, False, True)
    )
    assert one.points.tobytes() == two.points.tobytes() == three.points.tobytes()
    assert one.cost.tobytes() == three.cost.tobytes()


def does_not_mind_neighbours(method):
    """A start ends where it would end alone."""
    starts = [[-1.2, 1.0], [2.0, 2.0], [0.0, 3.0]]
    together = solve(method, free(2), starts, Costs(ROSENBROCK.above))
    for i, start in enumerate(starts):
        alone = solve(method, free(2), [start], Costs(ROSENBROCK.above))
        assert together.points[i].tobytes() == alone.points[0].tobytes()
    assert together.best == int(np.argmin(together.cost))


def is_scale_free(method, accuracy=1e-7):
    """Coordinates of very different size: Rosenbrock's in units of a million and a thousandth."""

    def stretched(x):
        return ROSENBROCK.above(x * np.array([1e-6, 1e3]))

    found = solve(method, free(2), [[-1.2e6, 1e-3]], Costs(stretched))
    assert found.endings == (Ending.CONVERGED,), found.message
    assert found.cost[0] - 1.0 <= accuracy


def with_seed(space, seed):
    return dataclasses.replace(space, seed=seed)
