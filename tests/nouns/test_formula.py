"""Formulas: what is refused and how, values by NumPy and JAX, derivatives against JAX and differences."""

import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.nouns.errors import FormulaError
from parametra.nouns.formula import Formula

REFUSED = {
    "": "the formula is empty",
    "a +": "cannot read the formula",
    "a.b": "a dot after a name is not allowed",
    "f(a)": 'there is no function "f"',
    "ecp(a)": 'there is no function "ecp".*exp',
    "exp(a, b)": "exp takes 1 argument, 2 came",
    "exp(x=1)": "by position, not by keyword",
    "exp(*a)": "by position|not allowed|star",
    "__import__('os')": 'there is no function "__import__"',
    "'a'": "text is not allowed",
    "lambda: 1": "lambda is not allowed",
    "[a for a in b]": "this kind of expression is not allowed",
    "f'{a}'": "text is not allowed",
    "a[b]": "an index is a whole number after a name",
    "a[0].b": "a dot after a name",
    "(a := 1)": "an assignment := is not allowed",
    "9**9**9**9": "can be read in two ways",
    "a**(9**9)": "an exponent that is itself a power of numbers",
    "(" * 3000 + "a" + ")" * 3000: "nested deeper than 100 levels",
    "-" * 5000 + "a": "nested deeper than 100 levels",
    "a" * 20000: "a formula may have 10000 characters, this one has 20000",
    "1e400": "a number in the formula is too large",
    "1" * 400: "a number in the formula is too large",
    "True": "True is not allowed",
    "1j": "not allowed",
    "a ^ b": r"\^ is no operator of a formula; write \*\* for a power",
    "a // b": "no operator",
    "a < b": "a condition is no number",
    "a and b": "a condition is no number",
    "a if b else c": "a condition is a comparison",
    "where(a, 1, 2)": "a condition is a comparison",
    "where(a is b, 1, 2)": "conditions compare with",
    "where(a in b, 1, 2)": "conditions compare with",
    "max(a)": "max takes 2 or more arguments, 1 came",
    "a # comment": "a formula has no comments",
    "a b": "cannot read the formula",
    "a = 1": "cannot read the formula",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda t: t[:20])
def test_refusals(text):
    with pytest.raises(FormulaError, match=REFUSED[text]) as caught:
        Formula.parse(text, where="model")
    assert str(caught.value).startswith("model: ")


def test_a_long_sum_is_not_deep():
    formula = Formula.parse(" + ".join(f"{i} * a" for i in range(900)))
    assert formula.evaluate({"a": 2.0}) == 2.0 * sum(range(900))


def test_unknown_names():
    with pytest.raises(
        FormulaError, match=r'model: "rat" in the formula "rat \* t" is not known; did you mean "rate"\?'
    ):
        Formula.parse("rat * t").check_names(["rate", "t"], "model")


def test_an_index_beyond_the_array():
    with pytest.raises(FormulaError, match=r"b\[2\].*2"):
        Formula.parse("b[2]").evaluate({"b": np.zeros(2)})
    with pytest.raises(FormulaError, match="is a single number; write b"):
        Formula.parse("b[0]").evaluate({"b": 1.0})


def test_as_a_noun():
    formula = Formula.parse("a *\n  exp(-b * t)")
    assert str(formula) == "a * exp(-b * t)"
    assert formula.names == {"a", "b", "t"}
    assert pickle.loads(pickle.dumps(formula)) == formula
    assert hash(formula) == hash(Formula.parse("a * exp(-b * t)"))
    assert Formula.parse("2 * pi").names == frozenset()


X = np.array([0.3, 1.1, 2.7])
VALUES = [
    ("where(x > 1, x, -x)", np.where(X > 1, X, -X)),
    ("x if 0.5 < x < 2 else 0", np.where((X > 0.5) & (X < 2), X, 0)),
    ("where(not x > 1 or x == 2.7, 1, 0)", np.where((X <= 1) | (X == 2.7), 1, 0)),
    ("min(x, 1, 2) + max(x, 1)", np.minimum(X, 1) + np.maximum(X, 1)),
    ("x**3 - x**-2 + x**0.5", X**3 - X**-2.0 + np.sqrt(X)),
    ("log10(x) + atan2(x, 2)", np.log10(X) + np.arctan2(X, 2)),
    ("2**x", 2**X),
    ("-x**2", -(X**2)),
    ("x / 2 / 2", X / 4),
    ("x - 1 - 1", X - 2),
]


@pytest.mark.parametrize(("text", "wanted"), VALUES)
def test_values(text, wanted):
    np.testing.assert_allclose(Formula.parse(text).evaluate({"x": X}), wanted, rtol=1e-14)


def test_elements_of_an_array():
    formula = Formula.parse("w[0] * x + w[1]")
    values, slopes = formula.evaluate_with_tangents(
        {"w": np.array([[2.0], [5.0]]), "x": X}, {"w": {0: np.array([[1.0], [0.0]]), 1: np.array([[0.0], [1.0]])}}
    )
    np.testing.assert_allclose(values, 2 * X + 5)
    np.testing.assert_allclose(slopes[0], X)
    np.testing.assert_allclose(slopes[1] * np.ones(3), np.ones(3))


def test_slopes_at_special_points():
    def slope(text, a):
        return float(Formula.parse(text).evaluate_with_tangents({"a": a}, {"a": {0: 1.0}})[1].get(0, 0.0))

    assert slope("abs(a)", 0.0) == 0.0
    assert slope("a**0", 3.0) == 0.0
    assert slope("a**1", 0.0) == 1.0
    assert slope("sqrt(a)", 0.0) == np.inf
    assert slope("floor(a)", 1.5) == 0.0
    assert slope("where(a > 1, a * a, 7)", 0.5) == 0.0


leaves = st.sampled_from(["a", "b", "x", "2", "0.7"])


def combined(children):
    functions = [
        "exp(-abs({}))",
        "sin({})",
        "log(1.5 + ({})**2)",
        "tanh({})",
        "sqrt(2 + cos({}))",
        "arctan({})",
        "erf({})",
    ]
    one = st.builds(lambda f, c: f.format(c), st.sampled_from(functions), children)
    operators = ["({} + {})", "({} - {})", "({} * {})", "({} / (1.1 + abs({})))", "hypot({}, 1 + abs({}))"]
    more = [*operators, "((0.5 + abs({}))**(0.2 * {}))", "where({} > 0.123, {}, 1.5)"]
    two = st.builds(lambda f, c, d: f.format(c, d), st.sampled_from(more), children, children)
    return one | two


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.recursive(leaves, combined, max_leaves=8))
def test_any_formula_agrees_with_jax_in_value_and_slope(text):
    formula = Formula.parse(text)
    a, b = 0.81, -1.37
    value, slopes = formula.evaluate_with_tangents({"a": a, "b": b, "x": X}, {"a": {0: 1.0}, "b": {1: 1.0}})
    with jax.enable_x64(True):
        x = jnp.asarray(X)

        def function(p):
            return jnp.broadcast_to(formula.evaluate({"a": p[0], "b": p[1], "x": x}, jnp), (3,))

        at = jnp.asarray([a, b])
        wanted, jacobian = np.asarray(function(at)), np.asarray(jax.jacfwd(function)(at))
    np.testing.assert_allclose(np.broadcast_to(value, (3,)), wanted, rtol=1e-12, atol=1e-13)
    for c in (0, 1):
        mine = np.broadcast_to(slopes.get(c, 0.0), (3,))
        np.testing.assert_allclose(mine, jacobian[:, c], rtol=1e-10, atol=1e-12)


def test_a_batch_is_a_loop():
    formula = Formula.parse("a * exp(-b * x) + b**2")
    a, b = np.array([[1.0], [2.0]]), np.array([[0.5], [0.25]])
    together, slopes = formula.evaluate_with_tangents({"a": a, "b": b, "x": X}, {"a": {0: 1.0}, "b": {1: 1.0}})
    for k in range(2):
        value, one = formula.evaluate_with_tangents(
            {"a": a[k, 0], "b": b[k, 0], "x": X}, {"a": {0: 1.0}, "b": {1: 1.0}}
        )
        np.testing.assert_array_equal(together[k], value)
        for c in (0, 1):
            np.testing.assert_array_equal(slopes[c][k], one[c])
