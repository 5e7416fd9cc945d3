"""Which combinations data determine: known symmetries, and their names."""

import numpy as np
import pytest

from parametra.maths.combinations import Combination, best_known, blocks, determined

NAMES = ("a", "b", "c", "d")


def flat_at(function, values, step=1e-6):
    """Directions, by logarithms, that change nothing: the null space of central differences."""
    v = np.asarray(values, dtype=float)
    moved = [(function(v * np.exp(step * e)) - function(v * np.exp(-step * e))) / (2 * step) for e in np.eye(v.size)]
    _, s, vt = np.linalg.svd(np.array(moved).T, full_matrices=True)
    rank = int(np.sum(s > 1e-6 * s[0]))
    return vt[rank:].T


def found(function, *points):
    values = np.array(points, dtype=float)
    flats = [flat_at(function, v) for v in values]
    return [
        (
            [NAMES[i] for i in block],
            sorted(c.words(NAMES) for c in determined(block, values, flats)[0]),
            determined(block, values, flats)[1],
        )
        for block in blocks(flats[0])
    ]


X = np.linspace(0.1, 3, 25)
HERE, THERE = (2.0, 3.0, 0.7, 1.3), (1.1, 0.4, 2.5, 0.6)


@pytest.mark.parametrize(
    ("function", "names", "words"),
    [
        (lambda p: p[0] * p[1] * np.exp(-p[2] * X) + p[3], ["a", "b"], ["a * b"]),
        (lambda p: p[0] / p[1] * np.exp(-p[2] * X) + p[3], ["a", "b"], ["a / b"]),
        (lambda p: p[2] * np.exp(-(p[0] + p[1]) * X) + p[3], ["a", "b"], ["a + b"]),
        (lambda p: p[2] * np.exp(-(p[0] - p[1]) * X) + p[3], ["a", "b"], ["a - b"]),
        (lambda p: p[0] ** 2 * p[1] * X + p[2] * X**2 + p[3], ["a", "b"], ["a**2 * b"]),
        (lambda p: p[0] * p[1] * np.exp(-p[1] * p[2] * X) + p[3], ["a", "b", "c"], ["a * b", "a / c"]),
        (lambda p: p[0] * p[1] * p[2] * np.exp(-X) + p[3], ["a", "b", "c"], ["a * b * c"]),
    ],
)
def test_symmetries_get_their_names(function, names, words):
    assert found(function, HERE, THERE) == [(names, words, 0)]


def test_a_compartment_that_nobody_measures():
    # k12, k21, k10, k20 of two compartments, plasma observed: the bi-exponential tells k10 + k12, k20 + k21, k12 * k21
    def plasma(p):
        k12, k21, k10, k20 = p
        total, product = k10 + k12 + k20 + k21, (k10 + k12) * (k20 + k21) - k12 * k21
        root = np.sqrt(total**2 / 4 - product)
        fast, slow = total / 2 + root, total / 2 - root
        return ((fast - k20 - k21) * np.exp(-fast * X) + (k20 + k21 - slow) * np.exp(-slow * X)) / (fast - slow)

    assert found(plasma, HERE, THERE) == [(["a", "b", "c", "d"], ["a * b", "a + c", "b + d"], 0)]


def test_two_symmetries_are_told_apart():
    both = found(lambda p: p[0] * p[1] * X + np.exp(-(p[2] + p[3]) * X), HERE, THERE)
    assert both == [(["a", "b"], ["a * b"], 0), (["c", "d"], ["c + d"], 0)]


def test_what_has_no_simple_form_is_counted():
    assert found(lambda p: (p[0] + np.sin(3 * p[1])) * X + p[2] * X**2 + p[3], HERE, THERE) == [(["a", "b"], [], 1)]


def test_a_chance_at_one_point_is_no_symmetry():
    # at a = b the null direction of a + b**2 / 2 looks like one of a * b would at a = 1, b = 1; elsewhere it does not
    words = found(lambda p: (p[0] + p[1] ** 2 / 2) * X + p[2] * X**2 + p[3], (1.0, 1.0, 0.7, 1.3), THERE)
    assert words == [(["a", "b"], [], 1)]


def test_words():
    assert Combination("product", (0, 1, 2), (1, -1, -2)).words(NAMES) == "a / (b * c**2)"
    assert Combination("sum", (0, 1), (1, -1)).words(NAMES) == "a - b"


def test_what_is_known_much_better():
    # a and b known to 90 %, their ratio to 3 %
    direction = np.array([1.0, 1.0]) / np.sqrt(2)
    covariance = 2 * 0.9**2 * np.outer(direction, direction) + 0.5 * 0.03**2 * np.outer([1, -1], [1, -1])
    ((one, error),) = best_known([0, 1], np.array([2.0, 5.0]), covariance)
    assert one.words(NAMES) == "a / b"
    assert error == pytest.approx(np.sqrt(2) * 0.03, rel=1e-6)
    assert best_known([0, 1], np.array([2.0, 5.0]), np.diag([0.8, 0.9])) == []
