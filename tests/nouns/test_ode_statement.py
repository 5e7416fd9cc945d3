"""What may be stated of an ODE, and what is refused with which words."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from parametra.nouns.errors import FormulaError, ModelError
from parametra.nouns.ode import ODE, Event

DECAY = {"states": {"A": "-k * A"}, "initial": {"A": "dose"}}
AT = {"t": np.array([0.0, 1.0, 2.0])}


def test_names_are_parameters_and_inputs_only():
    ode = ODE(
        {"A": "-rate", "B": "rate - x * B"},
        initial={"A": "dose", "B": 0},
        let={"rate": "k * A * where(t < stop, 1, 0)"},
        observe={"y": "scale * B + unused * 0"},
        events=Event("lag", add={"A": "second"}),
        settle={"x": "x_before"},
        begin="start",
    )
    wanted = {"k", "x", "dose", "stop", "scale", "unused", "lag", "second", "x_before", "start"}
    assert ode.names == wanted
    assert ode.__name__ == "ODE"
    assert "A, B" in repr(ode)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"states": {}}, "at least one state"),
        ({"states": "A"}, "str came"),
        ({"states": {"A": None}}, "the slope of A is a number or a formula"),
        ({"states": {"2A": "1"}}, 'write "A"'),
        ({"states": {"pi": "1"}}, "is a constant in formulas"),
        ({"initial": {}}, 'the state "A" has no initial value'),
        ({"initial": {"A": 1, "a": 2}}, 'initial states a value for "a", which is no state; known here: A.'),
        ({"initial": 3}, "initial is a mapping"),
        ({"initial": {"A": True}}, "a number or a formula in quotes; True came"),
        ({"initial": {"A": np.inf}}, "a number or a formula in quotes; inf came"),
        ({"initial": {"A": "A + 1"}}, "the initial values: A -> A goes round in a circle"),
        ({"let": {"a": "b", "b": "c + 1", "c": "a"}}, "a -> b -> c -> a goes round in a circle"),
        ({"let": {"A": "1"}}, '"A" is a state and stands in let too'),
        ({"let": ["a"]}, "let is a mapping"),
        ({"time": "A"}, 'time is called "A", and a state is called so too'),
        ({"let": {"t": "1"}}, "a quantity of let is called so too"),
        ({"time": 3}, "must be text; 3 came"),
        ({"begin": "2 * A"}, 'begin uses the state "A"'),
        ({"begin": "t - 1"}, 'begin uses time, "t"'),
        ({"begin": None}, "begin is a number or a formula"),
        ({"events": [3]}, "events are written Event("),
        ({"events": Event([], add={"A": 1})}, "the event has no time"),
        ({"events": Event([2, -1], add={"A": 1})}, "the event at -1 lies before the ODE begins, at 0: it would not"),
        ({"events": Event("3 - 1", add={"A": 1}), "begin": "2 + 1"}, "State begin=2, or leave it out"),
        ({"relative_tolerance": 0.5}, "relative_tolerance is between 1e-14 and 0.1, and 1e-8 serves fits well; 0.5"),
        ({"relative_tolerance": 1e-15}, "relative_tolerance is between 1e-14 and 0.1"),
        ({"states": {"A": "piecewise(A, 1, 2)"}}, "write where(condition, value, otherwise)"),
        ({"states": {"A": "heaviside(t)"}}, "write where(t > t0, 1, 0)"),
        ({"events": Event(1)}, "the event at 1 changes nothing"),
        ({"events": Event(1, add={"B": 1})}, 'the event at 1 changes "B", which is no state; known here: A.'),
        ({"events": Event(1, add={"A": 1}, set={"A": 1})}, 'both sets "A" and adds to it'),
        ({"events": Event("A", add={"A": 1})}, 'the time of an event uses the state "A"'),
        ({"events": Event([1, None], add={"A": 1})}, "the time of an event is a number or a formula"),
        ({"settle": {"K": 1}}, 'settle replaces "K", which the ODE does not use; '),
        ({"settle": {"k": "A"}}, 'settle uses the state "A"'),
        ({"observe": {}}, "observe is empty"),
        ({"observe": 3}, "observe is a mapping"),
        ({"relative_tolerance": 0}, "relative_tolerance is a number above zero; 0 came"),
        ({"absolute_tolerance": "x"}, "absolute_tolerance is a number above zero"),
        ({"most_steps": 1.5}, "most_steps is a whole number above zero; 1.5 came"),
        ({"solver": "rosenbrok"}, 'did you mean "rosenbrock"?'),
        ({"states": lambda t, A: A, "initial": None}, "initial names the states of a function"),
        ({"states": lambda *a: a}, "whose names cannot be told"),
        ({"states": lambda: 1}, "takes no arguments"),
    ],
)
def test_what_is_stated_wrongly_is_told(change, message):
    with pytest.raises((ModelError, FormulaError)) as error:
        ODE(**{**DECAY, **change})
    assert message in str(error.value)


def test_a_formula_that_cannot_be_read_says_whose_it_is():
    with pytest.raises(FormulaError, match="the slope of A"):
        ODE({"A": "k A"}, {"A": 1})
    with pytest.raises(FormulaError, match="let rate"):
        ODE({"A": "1"}, {"A": 1}, let={"rate": "2 ^ 3"})


@pytest.mark.parametrize(
    ("parameters", "inputs", "message"),
    [
        ({"k": 1, "dos": 2}, AT, '"dose" in the ODE has no value: state it in `parameters`, .* did you mean "dos"'),
        ({"k": 1, "dose": 2}, {"time": AT["t"]}, 'time is called "t" in the ODE, and the data have no input'),
        ({"k": 1, "dose": 2}, {**AT, "A": 1.0}, '"A" is a state of the ODE and an input of the data'),
        ({"k": np.ones(2), "dose": 2}, AT, '"k" of an ODE is an array of 2, and a formula uses it as one number'),
        ({"k": "x", "dose": 2}, AT, 'the parameter "k" of an ODE is a number; str came'),
        ({"k": 1, "dose": 2}, {"t": np.zeros((3, 2))}, "one real number a row"),
    ],
)
def test_what_is_called_wrongly_is_told(parameters, inputs, message):
    with pytest.raises(ModelError, match=message):
        ODE(**DECAY)(parameters, inputs)


def test_a_function_that_takes_all_states_at_once_is_told():
    def rhs(t, y, k):
        return [-k * y[0]]

    with pytest.raises(ModelError, match=r"States are arguments by name, def rhs\(t, A, \.\.\.\), not one array"):
        ODE(rhs, {"A": 1})({"k": 1.0}, AT)


def test_events_at_computed_times_may_lie_before_the_begin():
    ode = ODE(**DECAY, events=Event(["lag", "never"], add={"A": 5}), let={"never": -9}, solver="lsoda")
    assert ode({"k": 0.0, "dose": 1, "lag": -1.0}, AT)["A"].tolist() == [1, 1, 1]


def test_the_content_hash_changes_with_every_part():
    base = {**DECAY, "observe": {"y": "A"}, "let": {"a": "k"}, "settle": {"k": 1}, "events": [Event(1, add={"A": 1})]}
    changes = [
        {},
        {"states": {"A": "-2 * k * A"}},
        {"initial": {"A": "2 * dose"}},
        {"observe": {"y": "2 * A"}},
        {"observe": {"z": "A"}},
        {"observe": None},
        {"let": {"a": "2 * k"}},
        {"begin": 1},
        {"events": [Event(2, add={"A": 1})]},
        {"events": [Event(1, set={"A": 1})]},
        {"events": ()},
        {"settle": {"k": 2}},
        {"settle": None},
        {"time": "time"},
        {"solver": "lsoda"},
        {"relative_tolerance": 1e-7},
        {"absolute_tolerance": 1e-7},
        {"most_steps": 5},
        {"states": lambda t, A, k: -k * A},
        {"states": lambda t, A, k: -2.0 * k * A},
    ]
    hashes = [ODE(**{**base, **change}).content_hash for change in changes]
    assert len(set(hashes)) == len(changes)
    assert ODE(**base).content_hash == hashes[0]
    assert ODE(**base) == ODE(**base)
    assert ODE(**base) != ODE(**{**base, "begin": 1})


def test_what_a_function_reads_is_part_of_it():
    def made(rate):
        return lambda t, A: -rate * A

    def hash_of(function):
        return ODE(function, {"A": 1}).content_hash

    assert hash_of(made(1.0)) == hash_of(made(1.0))
    assert hash_of(made(1.0)) != hash_of(made(2.0))
    assert hash_of(made(np.ones(2))) != hash_of(made(np.zeros(2)))


def test_it_is_sent_to_other_processes():
    ode = ODE(**DECAY, solver="lsoda", events=Event(1, add={"A": 1}))
    other = pickle.loads(pickle.dumps(ode))
    at = {"k": 0.5, "dose": 2.0}
    assert other == ode
    np.testing.assert_array_equal(other(at, AT)["A"], ode(at, AT)["A"])


def test_tightened_tolerances_are_another_model_with_the_same_answer():
    ode = ODE(**DECAY, solver="lsoda", relative_tolerance=1e-4, absolute_tolerance=1e-4)
    tight = ode.tightened(1e-4)
    assert tight.relative_tolerance == pytest.approx(1e-8)
    assert tight.content_hash != ode.content_hash
    exact = 2.0 * np.exp(-0.5 * AT["t"])
    at = {"k": 0.5, "dose": 2.0}
    assert np.abs(tight(at, AT)["A"] - exact).max() < 1e-6 < np.abs(ode(at, AT)["A"] - exact).max() < 1e-2
    with pytest.raises(ModelError, match="factor is a number above zero"):
        ode.tightened(0)
