"""Parameters: what is understood, what is refused and in which words, guesses, bounds, equality."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from parametra.maths.dirichlet import Dirichlet
from parametra.maths.distributions import Beta, Cauchy, Exponential, Gamma, Normal, Uniform
from parametra.nouns.errors import FormulaError, ParameterError
from parametra.nouns.formula import Formula
from parametra.nouns.parameter import (
    Choice,
    Fixed,
    Integer,
    Log,
    Parameter,
    Positive,
    Real,
    Simplex,
    Tied,
    parameter_from_table,
)
from parametra.nouns.prior import KINDS, prior_from_table
from parametra.nouns.statement import check_name

INF, NAN = math.inf, math.nan

REFUSED = {
    "Real(lower=100, upper=40): lower must be below upper; swap them": lambda: Real(100, 40),
    "Real(lower=5, upper=5): lower and upper are the same; take Fixed(5) for a known value": lambda: Real(5, 5),
    "Real(lower=inf): lower is inf; leave it out where there is no bound": lambda: Real(INF),
    "Log(upper=-inf): upper is -inf; leave it out where there is no bound": lambda: Log(upper=-INF),
    "Real(lower=-1.5e+308, upper=1.5e+308): the bounds are further apart than a number can be; leave them out": (
        lambda: Real(-1.5e308, 1.5e308)
    ),
    'Real(lower="low"): lower must be a number, and text came; write it without quotes': lambda: Real("low"),
    "Real(upper=True): upper must be a number or an array of numbers; True came": lambda: Real(upper=True),
    "Real(lower=nan): lower is NaN, which is not a number; give one, or leave lower out": lambda: Real(NAN),
    "Real(lower=[0, nan], shape=(2,)): lower holds NaN, which is not a number; give one, or leave lower out": (
        lambda: Real([0, NAN], shape=2)
    ),
    "Real(guess=[[1], [2, 3]]): guess must be a regular array; its rows differ in length": (
        lambda: Real(guess=[[1], [2, 3]])
    ),
    "Real(lower=0, upper=10, guess=12): the guess 12 lies outside [0, 10]; move it, or the bounds": (
        lambda: Real(0, 10, guess=12)
    ),
    "Real(guess=inf): the guess must be finite": lambda: Real(guess=INF),
    "Positive(guess=0): the guess 0 lies outside (0, inf); move it, or the bounds": lambda: Positive(guess=0),
    "Positive(upper=-1): upper must be larger than 0; for other values take Real(...)": lambda: Positive(-1),
    "Log(lower=0, upper=1): lower must be larger than 0; leave it out where there is no bound": lambda: Log(0, 1),
    "Real(lower=0, upper=1, prior=Uniform(lower=2, upper=3)): the prior lives on [2, 3] and the bounds allow [0, 1] "
    "only; let them overlap": lambda: Real(0, 1, prior=Uniform(2, 3)),
    "Real(lower=0, upper=1, prior=Normal(mean=9, sd=0.1)): Normal(mean=9, sd=0.1) has next to no probability between "
    "0 and 1; widen the bounds or move the prior": lambda: Real(0, 1, prior=Normal(9, 0.1)),
    "Real(prior=(70, 5)): prior must be a distribution of one number, such as Normal(mean=70, sd=5)": (
        lambda: Real(prior=(70, 5))
    ),
    "Real(lower=[0, 1, 2], shape=(2,)): lower has the shape (3,), which does not fit shape=(2,); state shape=(3,)": (
        lambda: Real([0, 1, 2], shape=(2,))
    ),
    "Real(lower=(0, 3), upper=2, shape=(2,)): lower must be below upper in element 1; swap them": (
        lambda: Real([0, 3], 2, shape=2)
    ),
    "Real(lower=0, guess=(1, -1), shape=(2,)): the guess -1 lies outside [0, inf) in element 1; move it, or the "
    "bounds": (lambda: Real(0, guess=[1, -1], shape=2)),
    "Real(shape=1.5): shape must be a whole number; 1.5 came": lambda: Real(shape=1.5),
    "Real(shape=(2, 0)): shape must be made of sizes of 1 or more": lambda: Real(shape=(2, 0)),
    "Real(unit=3): unit must be text; 3 came": lambda: Real(unit=3),
    "Fixed(value=1, description=None): description must be text; None came": lambda: Fixed(1, description=None),
    "Integer(lower=1.5, upper=3): lower must be a whole number; 1.5 came": lambda: Integer(1.5, 3),
    "Integer(lower=1, upper=inf): upper must be a whole number; inf came": lambda: Integer(1, INF),
    "Integer(lower=3, upper=1): lower must be below upper; swap them": lambda: Integer(3, 1),
    "Integer(lower=3, upper=3): lower and upper are the same; take Fixed(3) for a known value": lambda: Integer(3, 3),
    "Integer(lower=1, upper=3, guess=4): guess: 4 lies outside [1, 3]": lambda: Integer(1, 3, guess=4),
    "Integer(lower=1, upper=3, guess=1.5): guess must be a whole number; 1.5 came": lambda: Integer(1, 3, guess=1.5),
    "Integer(lower=1, upper=3, guess=[1, 2, 3], shape=(2,)): guess: an array of shape (2,) is wanted; one of shape "
    "(3,) came": lambda: Integer(1, 3, guess=[1, 2, 3], shape=2),
    "Integer(lower=1, upper=3, guess=[1, 2.5], shape=(2,)): guess: a whole number is wanted; [1, 2.5] came": (
        lambda: Integer(1, 3, guess=[1, 2.5], shape=2)
    ),
    "Choice(options=()): there is no option; list the alternatives": lambda: Choice([]),
    'Choice(options="abc"): options must be a list, such as Choice([1, 2]); str came': lambda: Choice("abc"),
    'Choice(options=("a", "b", "a")): the option "a" is there twice; leave one out': lambda: Choice(["a", "b", "a"]),
    'Choice(options=("linear", "log"), guess="lin"): the guess is no option; did you mean "linear"?': (
        lambda: Choice(["linear", "log"], guess="lin")
    ),
    "Choice(options=({},)): every option must be hashable: text, a number or a tuple": lambda: Choice([{}]),
    "Simplex(size=1): a simplex has 2 or more weights; a single one is always 1": lambda: Simplex(1),
    "Simplex(size=2.5): size must be a whole number; 2.5 came": lambda: Simplex(2.5),
    "Simplex(size=2, guess=(0.5, 0.4)): the guess must sum to one; it sums to 0.9; divide each weight by that": (
        lambda: Simplex(2, guess=[0.5, 0.4])
    ),
    "Simplex(size=2, guess=(1.5, -0.5)): the weights of the guess must not be negative": (
        lambda: Simplex(2, guess=[1.5, -0.5])
    ),
    "Simplex(size=3, guess=(0.5, 0.5)): guess must be 3 weights; an array of shape (2,) came": (
        lambda: Simplex(3, guess=[0.5, 0.5])
    ),
    "Simplex(size=3, prior=Normal(mean=0, sd=1)): prior must be a Dirichlet of 3 numbers; Normal(mean=0, sd=1) came": (
        lambda: Simplex(3, prior=Normal(0, 1))
    ),
    "Fixed(value=inf): value must be finite": lambda: Fixed(INF),
    "Fixed(value=False): value must be a number or an array of numbers; False came": lambda: Fixed(False),
    "Fixed(value=[], verbatim=True): the value must be hashable: text, a number or a tuple": (
        lambda: Fixed([], verbatim=True)
    ),
    "Tied(expression=3): expression must be a formula as text; 3 came": lambda: Tied(3),
    'Tied(expression="a + b"): a tied parameter has no guess of its own; ask its space for guess_named': (
        lambda: Tied("a + b").guess_value()
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_refused(message):
    with pytest.raises(ParameterError) as error:
        REFUSED[message]()
    assert str(error.value) == message


NOT_UNDERSTOOD = {
    "H0: Real(lower=100, upper=40): lower must be below upper; swap them": (100, 40),
    "H0: a pair (lower, upper) has two numbers; (1, 2, 3) came": (1, 2, 3),
    'H0: a parameter cannot be the text "2 * a"; write a number without quotes, a formula of other parameters as '
    'Tied("2 * a"), or alternatives as Choice([...])': "2 * a",
    "H0: a parameter is Real(...), Positive(...), Log(...), Integer(...), Choice(...), Simplex(...), Fixed(...), "
    "Tied(...), a number (its guess), a pair (lower, upper) or a table; True came": True,
    "H0: Real(guess=nan): guess is NaN, which is not a number; give one, or leave guess out": NAN,
    'H0: Real(lower="0.1"): lower must be a number, and text came; write it without quotes': {"lower": "0.1"},
    'H0: a parameter has no key "lowr"; did you mean "lower"?': {"lowr": 1},
    'H0: the key "lower" does not go with a choice parameter, which has "choices", "guess", "unit", "description"': {
        "choices": [1, 2],
        "lower": 0,
    },
    'H0: the key "lower" does not go with a positive parameter, which has "guess", "prior", "unit", "shape", '
    '"description", "upper"': {"type": "positive", "lower": 0},
    'H0: there is no parameter of type "reel"; did you mean "real"?': {"type": "reel"},
    "H0: there is no parameter of type 3; known here: real, positive, log, integer, choice, simplex.": {"type": 3},
    'H0: type = "real" and the key "choices" do not go together; leave one of them out': {
        "type": "real",
        "choices": [1, 2],
    },
    'H0: a parameter has only one of "fixed", "tied"; leave out the others': {"fixed": 1, "tied": "a"},
    'H0: an integer parameter needs "upper"; add upper = ... to the table': {"type": "integer", "lower": 1},
    'H0: a choice parameter needs "choices"; add choices = ... to the table': {"type": "choice"},
    "H0: a prior is a table such as { normal = [70, 5] }; 3 came": {"prior": 3},
    "H0: a prior has one kind, or the key kind, such as { normal = [70, 5] }; {'normal': [1, 2], 'beta': [1, 2]} "
    "came": {"prior": {"normal": [1, 2], "beta": [1, 2]}},
    'H0: there is no prior of the kind "norml"; did you mean "normal"?': {"prior": {"norml": [1, 2]}},
    "H0: prior normal = [1, 2, 3] has too many numbers; it takes mean, sd": {"prior": {"normal": [1, 2, 3]}},
    'H0: the prior normal has no setting "sigma"; known here: mean, sd.': {
        "prior": {"kind": "normal", "mean": 1, "sigma": 2}
    },
    "H0: the prior normal needs mean, sd; sd is missing": {"prior": {"normal": 1}},
    "H0: prior Normal(mean=1, sd=0): sd must be larger than 0": {"prior": {"normal": [1, 0]}},
}


@pytest.mark.parametrize("message", NOT_UNDERSTOOD)
def test_not_understood(message):
    with pytest.raises(ParameterError) as error:
        Parameter.of(NOT_UNDERSTOOD[message], "H0")
    assert str(error.value) == message


def test_without_a_name_there_is_none_in_the_message():
    with pytest.raises(ParameterError, match=r"^Real"):
        Parameter.of((2, 1))


def test_a_table_must_be_one():
    with pytest.raises(ParameterError) as error:
        parameter_from_table("H0", 3)
    assert str(error.value) == "H0: a table of a parameter's settings is wanted; 3 came"


def test_a_formula_that_cannot_be_read():
    with pytest.raises(FormulaError):
        Tied("2 *")


NAMES = {
    'the parameter name "2a" must be letters, digits and _, beginning with a letter; write "a"': "2a",
    'the parameter name "a b" must be letters, digits and _, beginning with a letter; write "a_b"': "a b",
    'the parameter name "" must be letters, digits and _, beginning with a letter': "",
    'the parameter name "lambda" is a word of Python; write "lambda_"': "lambda",
    'the parameter name "pi" is a constant in formulas; write "pi_"': "pi",
    "the name of a parameter must be text; 3 came": 3,
    'Python reads the parameter name "\N{MICRO SIGN}" as "\N{GREEK SMALL LETTER MU}", another character; write '
    '"\N{GREEK SMALL LETTER MU}"': "\N{MICRO SIGN}",
}


@pytest.mark.parametrize("message", NAMES)
def test_names(message):
    with pytest.raises(ParameterError) as error:
        check_name(NAMES[message])
    assert str(error.value) == message


def test_good_names():
    assert [check_name(name) for name in ("a", "_b1", "match", "\N{GREEK SMALL LETTER MU}")][2] == "match"


UNDERSTOOD = [
    (3, Real(guess=3)),
    (np.float64(3), Real(guess=3)),
    (np.array(3), Real(guess=3)),
    ((0, 10), Real(0, 10)),
    ([None, 10], Real(upper=10)),
    ({}, Real()),
    ({"lower": 40, "upper": 100, "unit": "km"}, Real(40, 100, unit="km")),
    ({"type": "positive", "upper": 3, "description": "x"}, Positive(3, description="x")),
    ({"type": "log", "lower": 0.1, "guess": 1}, Log(0.1, guess=1)),
    ({"type": "integer", "lower": 1, "upper": 3}, Integer(1, 3)),
    ({"choices": ["a", "b"], "guess": "b"}, Choice(["a", "b"], guess="b")),
    ({"type": "choice", "choices": [1, 2]}, Choice((1, 2))),
    ({"simplex": 3, "prior": {"dirichlet": [1, 2, 3]}}, Simplex(3, prior=Dirichlet((1.0, 2.0, 3.0)))),
    ({"type": "simplex", "simplex": 2, "guess": [0.5, 0.5]}, Simplex(2, guess=(0.5, 0.5))),
    ({"fixed": 3, "unit": "s"}, Fixed(3, unit="s")),
    ({"fixed": [1, 2]}, Fixed(np.array([1, 2]))),
    ({"tied": "2 * a"}, Tied("2 * a")),
    ({"prior": {"normal": [70, 5]}}, Real(prior=Normal(70, 5))),
    ({"prior": {"kind": "Normal", "mean": 70, "sd": 5}}, Real(prior=Normal(70, 5))),
    ({"prior": {"beta": {"a": 2, "b": 3}}}, Real(prior=Beta(2, 3))),
    ({"prior": {"beta": [2, 3, -1, 1]}}, Real(prior=Beta(2, 3, -1, 1))),
    ({"prior": {"exponential": 2}}, Real(prior=Exponential(2))),
    ({"shape": [2], "guess": [1, 2], "lower": 0}, Real(0, guess=[1, 2], shape=2)),
]


@pytest.mark.parametrize(("thing", "meant"), UNDERSTOOD, ids=lambda each: repr(each)[:60])
def test_understood(thing, meant):
    assert Parameter.of(thing, "a") == meant
    assert Parameter.of(meant) is meant
    assert hash(Parameter.of(thing, "a")) == hash(meant)
    assert pickle.loads(pickle.dumps(meant)) == meant  # our own
    if isinstance(thing, dict):
        assert parameter_from_table("a", thing) == meant


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_prior_can_be_stated(kind):
    settings = {"uniform": [0, 1], "log_uniform": [1, 2], "student_t": [3, 0, 1], "dirichlet": [1, 1]}
    stated = settings.get(kind, [1, 2] if kind not in ("half_normal", "exponential") else [2])
    made = prior_from_table({kind.replace("_", ""): stated})
    assert type(made) is KINDS[kind]
    assert prior_from_table({"kind": kind.replace("_", "-"), **_by_name(made)}) == made


def _by_name(distribution):
    return {name: getattr(distribution, name) for name in distribution.__dataclass_fields__}


REPRS = [
    'Real(lower=0, upper=10, guess=3, unit="km/s")',
    "Log()",
    'Choice(options=("a", 1))',
    "Integer(lower=1, upper=3, shape=(2,))",
    "Fixed(value=(1, 2.5))",
    'Tied(expression="2 * a")',
    "Real(prior=Normal(mean=70, sd=5))",
]


@pytest.mark.parametrize("text", REPRS)
def test_repr_is_the_call(text):
    made = eval(text)  # noqa: S307  # the text is from this file
    assert repr(made) == text


def test_equal_statements_are_equal():
    assert Real(0, 10) == Real(0.0, np.int64(10))
    assert Real(-INF, INF) == Real()
    assert Log(upper=INF) == Log()
    assert Real(0, 10) != Real(0, 11)
    assert Real(0, 10) != Positive(10)
    assert Tied(Formula.parse("2 * a")) == Tied("2 * a")


GUESSES = [
    (Real(), 1.0),
    (Real(0, 10), 5.0),
    (Real(3), 4.0),
    (Real(upper=-2), -3.0),
    (Real(-5), 1.0),
    (Real(1e20), 1e20 * (1 + 1e-6)),
    (Real(upper=5), 1.0),
    (Real(0, 10, guess=0), 0.0),
    (Positive(), 1.0),
    (Positive(0.5), 0.25),
    (Log(), 1.0),
    (Log(1e-4, 1e2), 0.1),
    (Log(5), 5 * math.e),
    (Log(upper=0.1), 0.1 / math.e),
    (Log(1e-4, 1e2, guess=3), 3.0),
    (Real(prior=Normal(70, 5)), 70.0),
    (Real(0, 60, prior=Normal(70, 500)), 30.0),
    (Real(prior=Cauchy(2, 1)), 2.0),
    (Positive(prior=Exponential(3)), 3 * math.log(2)),
    (Integer(1, 4), 2),
    (Integer(1, 4, guess=4.0), 4),
    (Choice(["a", "b"]), "a"),
    (Choice(["a", "b"], guess="b"), "b"),
    (Fixed(3), 3),
    (Fixed("text"), "text"),
]


@pytest.mark.parametrize(("parameter", "guess"), GUESSES, ids=repr)
def test_guess(parameter, guess):
    if isinstance(guess, str):
        assert parameter.guess_value() == guess
    else:
        # The one truncated prior: the middle of the bounds to the curvature of the prior, (30/500)^2 / 8.
        tolerance = 0.01 if parameter.prior == Normal(70, 500) else 1e-12
        assert parameter.guess_value() == pytest.approx(guess, rel=tolerance)


def test_guesses_of_arrays():
    np.testing.assert_array_equal(Real([0, -INF], [10, INF], shape=2).guess_value(), [5, 1])
    np.testing.assert_array_equal(Real(guess=3, shape=(2, 2)).guess_value(), np.full((2, 2), 3.0))
    np.testing.assert_array_equal(Integer(1, 3, shape=2).guess_value(), [2, 2])
    np.testing.assert_array_equal(Integer(1, 3, guess=[1, 3], shape=2).guess_value(), [1, 3])
    np.testing.assert_allclose(Simplex(4).guess_value(), np.full(4, 0.25))
    np.testing.assert_allclose(Simplex(2, prior=Dirichlet((1, 3))).guess_value(), [0.25, 0.75])
    np.testing.assert_array_equal(Fixed([1, 2]).guess_value(), [1.0, 2.0])
    assert not Fixed([1, 2]).guess_value().flags.writeable


def test_the_guess_is_moved_only_where_the_bound_is_open():
    assert Real(0, 10, guess=0).box_guess[0] == 0.0
    moved = Real(prior=Gamma(2, 1), guess=0).box_guess[0]
    assert 0.0 < moved < 1e-5
    assert Real(prior=Beta(2, 2), guess=1).box_guess[0] == 1.0 - 1e-6
    weights = Simplex(3, guess=[0, 0.5, 0.5])
    assert np.isfinite(weights.box_guess).all()
    np.testing.assert_allclose(weights.from_box(weights.box_guess, np), [0, 0.5, 0.5], atol=1e-5)


BOXES = [
    (Real(0, 10), [0], [10]),
    (Real(), [-INF], [INF]),
    (Positive(), [0], [INF]),
    (Positive(3), [0], [3]),
    (Log(), [-INF], [INF]),
    (Log(1, math.e), [0], [1]),
    (Real([0, 1], 5, shape=2), [0, 1], [5, 5]),
    (Simplex(3), [-INF, -INF], [INF, INF]),
    (Real(prior=Gamma(2, 1)), [0], [INF]),
    (Real(-1, 5, prior=Uniform(0, 9)), [0], [5]),
    (Integer(1, 3), [], []),
    (Choice([1, 2]), [], []),
    (Fixed(3), [], []),
    (Tied("a"), [], []),
]


@pytest.mark.parametrize(("parameter", "lower", "upper"), BOXES, ids=repr)
def test_box(parameter, lower, upper):
    np.testing.assert_allclose(parameter.box_lower, lower)
    np.testing.assert_allclose(parameter.box_upper, upper)
    assert parameter.dimension == len(lower)
    assert len(parameter.labels("a")) == len(lower)


def test_face():
    facts = {
        p: (p.free, p.discrete, p.cube_dimension, p.shape, p.proper)
        for p in (Real(), Integer(1, 2, shape=3), Choice(["a", "b"]), Simplex(3), Fixed([1, 2]), Tied("a"), Log(1, 2))
    }
    assert list(facts.values()) == [
        (True, False, 1, (), False),
        (True, True, 3, (3,), True),
        (True, True, 1, (), True),
        (True, False, 2, (3,), True),
        (False, False, 0, (2,), True),
        (False, False, 0, (), True),
        (True, False, 1, (), True),
    ]


def test_options_come_out_as_they_were_stated():
    choice = Choice([1, "a", (1, 0)])
    assert choice.checked(np.int64(1)) == 1
    assert type(choice.checked(np.int64(1))) is int
    assert choice.checked((1, 0)) == (1, 0)
    assert Choice(np.array([1.5, 2.5])).options == (1.5, 2.5)
    assert Fixed((1, 0), verbatim=True).guess_value() == (1, 0)


def test_integers_stay_integers():
    assert type(Fixed(np.int64(3)).value) is int
    assert Fixed(np.array([1, 2])).value == (1, 2)
    assert type(Fixed(np.array([1, 2])).value[0]) is int
