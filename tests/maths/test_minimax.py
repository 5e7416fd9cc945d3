"""Second-order conditions of minimax points on Hessians whose answer is known."""

import numpy as np
import pytest

from parametra.maths.minimax import equilibrated, second_order

ROOM = 5.0


def judged(hessian, against, x=None, lower=-ROOM):
    d = len(hessian)
    x = np.zeros(d) if x is None else np.asarray(x, dtype=float)
    unit = equilibrated(np.asarray(hessian, dtype=float), np.ones(d), np.inf)
    return second_order(
        np.asarray(hessian, dtype=float), np.array(against), x, np.full(d, lower), np.full(d, ROOM), unit
    )


@pytest.mark.parametrize(
    ("hessian", "words"),
    [
        ([[-6, 4], [4, -2]], ""),  # -3 x^2 + 4 x y - y^2: Schur complement -6 + 8
        ([[-10, 4], [4, -2]], "falls in one direction"),  # Schur complement -10 + 8
        ([[6, 4], [4, 2]], "no maximum over the adversary"),
        ([[0, 1], [1, 0]], ""),  # x y: every direction of x moves the adversary
        ([[-1, 0], [0, 0]], "falls in one direction"),  # a flat adversary that does not answer
        ([[-1, 1], [1, 0]], ""),  # it answers
        ([[1e8, 0], [0, -1e-8]], ""),  # scales do not matter
        ([[1, 0], [0, 0]], ""),
    ],
)
def test_known_cases(hessian, words):
    found = judged(hessian, [False, True])
    assert words in found
    assert bool(words) == bool(found)


def test_coordinates_at_their_bounds_take_no_part():
    assert "no maximum" in judged([[6, 4], [4, 2]], [False, True])
    assert judged([[6, 4], [4, 2]], [False, True], x=[0.0, ROOM]) == ""
    assert judged([[-1.0]], [False], x=[ROOM]) == ""
    assert "falls" in judged([[-1.0]], [False])


def test_equilibrated_rows_are_of_order_one():
    rng = np.random.default_rng(0)
    A = rng.normal(size=(6, 6)) * np.outer(*[np.logspace(-8, 8, 6)] * 2)
    A = A + A.T
    unit = equilibrated(A, np.ones(6), np.inf)
    np.testing.assert_allclose(np.abs(unit[:, None] * A * unit).max(axis=1), 1.0, rtol=1e-3)
    assert equilibrated(np.zeros((2, 2)), np.array([3.0, 4.0]), 10.0).tolist() == [3.0, 4.0]
    assert equilibrated(np.array([[1e-8]]), np.array([2.0]), 10.0).tolist() == [20.0]
