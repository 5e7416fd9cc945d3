import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parametra as pm
from parametra.nouns._constraint_limits import AFFINE, CONSTANT, CURVED, degree
from parametra.nouns.constraint import constraints_of, equalities, independent_equations, limits_of
from parametra.nouns.errors import FormulaError, ParameterError
from parametra.nouns.formula import Formula
from parametra.nouns.space import Space

SPACE = Space(
    {
        "a": pm.Real(0, 1),
        "b": pm.Log(0.1, 10, guess=2),
        "c": 2.0,
        "w": pm.Real(0, 1, shape=(3,)),
        "s": pm.Simplex(3),
        "t": pm.Tied("2 * a + 1"),
        "q": pm.Tied("c * a"),
        "k": pm.Fixed(3.0),
        "n": pm.Integer(1, 4),
    }
)
FITTED = SPACE.fix({"n": 2})


def read(thing, space=SPACE):
    return constraints_of(thing, space)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("a + b <= 1", [("a + b <= 1", -np.inf, 1)]),
        ("a >= b", [("a >= b", 0, np.inf)]),
        ("1 >= a", [("1 >= a", -np.inf, 1)]),
        ("0 <= a - b <= 2", [("0 <= a - b <= 2", 0, 2)]),
        ("2 * pi >= a - b >= -1", [("2 * pi >= a - b >= -1", -1, 2 * np.pi)]),
        ("a <= b <= c", [("a <= b", -np.inf, 0), ("b <= c", -np.inf, 0)]),
        ("0 <= a <= b <= 3", [("0 <= a", 0, np.inf), ("a <= b", -np.inf, 0), ("b <= 3", -np.inf, 3)]),
        ("a**2 + b**2 == 1", [("a**2 + b**2 == 1", 1, 1)]),
        ("a ==\n b == c", [("a == b", 0, 0), ("b == c", 0, 0)]),
        ("where(a > 0.5, a, b) <= (a + b) * 2", [("where(a > 0.5, a, b) <= (a + b) * 2", -np.inf, 0)]),
        ("w[0] <= w[2]", [("w[0] <= w[2]", -np.inf, 0)]),
        ("n <= 3", [("n <= 3", -np.inf, 3)]),
        ("t <= 2", [("t <= 2", -np.inf, 2)]),
    ],
)
def test_texts(text, rows):
    assert [(c.label, float(c.lower), float(c.upper)) for c in read(text)] == rows


@pytest.mark.parametrize(
    ("thing", "error", "said"),
    [
        ("a < 1", FormulaError, '"<" is refused, because a fit may end on the edge, which belongs to a constraint'),
        ("a > 1", FormulaError, 'write ">="'),
        ("a = 1", FormulaError, '"=" is no comparison; write "=="'),
        ("a != 1", FormulaError, "leaves out single points"),
        ("a + b", FormulaError, "nothing is compared"),
        ("", FormulaError, "nothing is compared"),
        ("a <= 1 and b <= 2", FormulaError, "state one for each condition"),
        ("a <= ", FormulaError, "the formula is empty"),
        ("a +* b <= 1", FormulaError, "a +* b"),
        ("a.real <= 1", FormulaError, "a.real"),
        ("__import__('os') <= 1", FormulaError, "__import__"),
        ("(" * 4000 + "a" + ")" * 4000 + " <= 1", FormulaError, "deep"),
        ("aa <= 1", FormulaError, 'the constraint aa <= 1: "aa" is no parameter; did you mean "a"?'),
        ("w[3] <= 1", FormulaError, "w has 3 elements"),
        ("1 <= 2", FormulaError, '"1 <= 2" names no parameter; it is always true.'),
        ("2 <= 1", FormulaError, "always false"),
        ("log(-1) <= a", FormulaError, '"log(-1)" is nan'),
        ("2 <= a <= 1", FormulaError, "nothing is at least 2 and at most 1"),
        ("k <= 4", ParameterError, "it names k, of which nothing is to be determined, so it always holds"),
        ("k >= 4", ParameterError, "so it can never hold"),
        (3, ParameterError, 'a constraint is text such as "a + b <= 1"'),
        ({1: "a <= 1"}, ParameterError, "the name of a constraint must be text; 1 came"),
        (pm.ordered("a", "zz"), ParameterError, 'ordered("a", "zz"): there is no parameter "zz"'),
        (pm.ordered("a"), ParameterError, '"a" alone must be an array of two or more'),
        (pm.ordered("a", "a"), ParameterError, 'ordered("a", "a"): "a" is named twice'),
        (pm.simplex("a", "b", "a"), ParameterError, '"a" is named twice'),
        (pm.ordered(), ParameterError, "name two parameters or more"),
        (pm.Constraint(lambda a, z: a * z, upper=1), FormulaError, '"z" is no parameter'),
        (pm.Constraint(lambda a: "text", upper=1), ParameterError, "cannot be computed at the guess, ValueError"),
        (pm.Constraint(lambda a: [], upper=1), ParameterError, "it gives an empty array"),
        (pm.Constraint(lambda w: w, upper=[1, 2]), ParameterError, "it has 3 values and 2 limits"),
        (pm.Constraint(lambda a: 1 / 0, upper=1), ParameterError, "ZeroDivisionError"),
    ],
)
def test_mistakes(thing, error, said):
    with pytest.raises(error) as caught:
        read(thing)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: pm.Constraint(3, upper=1), "Constraint(3): a function of parameters or a formula is wanted"),
        (lambda: pm.Constraint("a + b"), "it has neither lower nor upper"),
        (lambda: pm.Constraint("a", lower=2, upper=1), "nothing is at least 2 and at most 1"),
        (lambda: pm.Constraint("a", upper="1x"), 'upper="1x": a number is wanted'),
        (lambda: pm.Constraint("a", upper=float("nan")), "a number is wanted"),
        (lambda: pm.Constraint("a", lower=[1, 2], upper=[1, 2, 3]), "lower has the shape (2,) and upper (3,)"),
    ],
)
def test_mistakes_of_constraints(make, said):
    with pytest.raises(ParameterError) as caught:
        make()
    assert said in str(caught.value)


def test_the_profiled_scale_cannot_be_constrained():
    data = pm.Data({"x": np.arange(5.0), "y": np.arange(5.0)}, inputs=["x"], output="y")
    with pytest.raises(ParameterError, match='"sigma" is not searched but computed from the residuals'):
        pm.Problem("a * x", data, {"a": 1.0}, constraints=["sigma <= a"])


@pytest.mark.parametrize("beside", [{"penalty": {"lasso": 1.0}}, {"adversary": ["b"]}])
def test_no_method_serves_both(beside):
    from parametra.nouns.constraint import refuse_beside

    with pytest.raises(ParameterError, match="which no method serves together"):
        refuse_beside(read("a <= c"), penalty="penalty" in beside, adversary="adversary" in beside)


def test_patterns():
    assert [c.label for c in read(pm.ordered("a", "b", "c"))] == ["ordered (a <= b)", "ordered (b <= c)"]
    assert [c.label for c in read(pm.ordered("w"))] == ["ordered (w[0] <= w[1])", "ordered (w[1] <= w[2])"]
    # a and b never are negative, so that they need no row
    assert [c.label for c in read(pm.simplex("a", "b", "c"))] == ["simplex (c >= 0)", "simplex (a + b + c == 1)"]
    assert [c.label for c in read(pm.simplex("w"))] == ["simplex (w[0] + w[1] + w[2] == 1)"]


def test_ways_to_state_them():
    table = {"total": "a + b == 1", "ordered": ["a", "b"], "simplex": [["a", "c"], ["w"]], "two": ["a <= c", "b <= c"]}
    labels = [c.label for c in read(table)]
    assert labels == [
        "total (a + b == 1)",
        "ordered (a <= b)",
        "simplex (c >= 0)",
        "simplex (a + c == 1)",
        "simplex (w[0] + w[1] + w[2] == 1)",
        "two (a <= c)",
        "two (b <= c)",
    ]
    again = read(read(table))  # what was read passes through unchanged
    assert [c.label for c in again] == labels
    product = pm.Constraint(lambda a, b: [a * b, a + b], lower=[0, 1], upper=5, name="both")
    (c,) = read([product])
    assert (c.size, c.label) == (2, "both ([0, 1] <= <lambda>(...) <= 5)")
    assert read(None) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k * 2", CONSTANT),
        ("3 * a - c / 2 + k", AFFINE),
        ("(a + c) * k / 4", AFFINE),
        ("t - w[1]", AFFINE),
        ("a * c", CURVED),
        ("1 / a", CURVED),
        ("b", CURVED),  # searched in its logarithm
        ("s[0]", CURVED),
        ("q", CURVED),
        ("exp(a)", CURVED),
        ("a**2", CURVED),
        ("where(a > 0.5, a, c)", CURVED),
        ("abs(k - 5) * a", AFFINE),
    ],
)
def test_linear_ones_are_recognised(text, expected):
    assert degree(Formula.parse(text), FITTED) == expected


ALL = [
    "a + b <= 1",
    "a * c <= w",
    "s[0] <= s[1]",
    "t * q >= 0",
    "exp(a) - b**1.5 <= w[1]",
    pm.Constraint(lambda a, b, w: np.array([a * b, w[0] ** 2 + a]), upper=[1, 2]),
    pm.Constraint(lambda a, c: abs(a - 0.2) + c**2, upper=3),
    pm.Constraint(lambda a, w: a + 2 * w, upper=1),
]


LIMITS = limits_of(read(ALL), FITTED)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0.05, 0.95), min_size=8, max_size=8))
def test_derivatives_are_those_of_differences(u):
    space, limits = FITTED, LIMITS
    lower = np.where(np.isfinite(space.lower), space.lower, -2.0)
    upper = np.where(np.isfinite(space.upper), space.upper, 3.0)
    x = lower + np.array(u) * (upper - lower)
    slopes = limits.jacobian(x[None])[0]
    for c in range(x.size):
        step = np.eye(x.size)[c] * 1e-6
        difference = (limits.values((x + step)[None]) - limits.values((x - step)[None]))[0] / 2e-6
        kink = np.abs(x[0] - 0.2) < 1e-4
        assert np.allclose(slopes[:, c], difference, atol=1e-5) or kink


def test_many_points_at_once():
    limits = limits_of(read(ALL), FITTED)
    points = np.stack([FITTED.guess, FITTED.guess * 0.9, FITTED.guess * 0.8])
    assert np.array_equal(limits.values(points), np.concatenate([limits.values(p[None]) for p in points]))
    assert np.allclose(limits.jacobian(points), np.concatenate([limits.jacobian(p[None]) for p in points]), rtol=1e-14)


def test_linear_functions_are_recognised():
    limits = limits_of(
        read([pm.Constraint(lambda a, w: a + 2 * w, upper=1), pm.Constraint(lambda a: a**2, upper=1)]), FITTED
    )
    assert limits.linear.tolist() == [True, True, True, False]


def test_limits_survive_pickling_and_know_their_misses():
    limits = limits_of(read(["a + c <= 1", "a - c == 0"]), FITTED)
    again = pickle.loads(pickle.dumps(limits))
    x = FITTED.guess
    assert np.array_equal(limits.values(x[None]), again.values(x[None]))
    assert limits.equal.tolist() == [False, True]
    assert np.allclose(limits.missed(limits.values(x[None])[0]), [1.5, 1.5])
    assert np.isinf(limits.missed(np.array([np.nan, 0.0]))[0])


def test_what_has_nothing_free_any_more():
    held = SPACE.fix({"n": 4})
    assert limits_of(read("n <= 4"), held) is None
    limits = limits_of(read("n <= 3"), held)
    assert limits.missed(limits.values(held.guess[None])[0]).tolist() == [1.0]


def test_a_function_that_fails_somewhere_has_no_value_there():
    def fragile(a):
        if a > 0.8:
            raise RuntimeError
        return a

    limits = limits_of(read(pm.Constraint(fragile, upper=0.5)), FITTED)
    x = FITTED.guess.copy()
    x[0] = 0.9
    assert np.isnan(limits.values(x[None])).all()


def test_equations_are_counted():
    constraints = read(["a + c == 1", "2 * a + 2 * c == 2", "w[0] == w[1] == w[2]", "a <= c"])
    assert equalities(constraints) == 4
    assert independent_equations(constraints, FITTED) == 3
