"""What data and parameters cannot be beside an ODE, found when a problem is stated; and rows that stand alone."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm

T = np.arange(8.0)
TABLE = {"t": T, "temp": 20 + T, "dose": np.repeat([1.0, 2.0], 4), "A": np.exp(-T)}
FREE = {"k": pm.Real(0, 2, guess=1), "A0": pm.Real(0, 2, guess=1)}


def ode(states="-k * A", **settings):
    return pm.ODE({"A": states}, {"A": "A0"}, **{"solver": "lsoda", **settings})


def data(inputs=("t",), **settings):
    return pm.Data(TABLE, inputs=list(inputs), output="A", sigma=0.1, **settings)


@pytest.mark.parametrize(
    ("model", "sets", "parameters", "message"),
    [
        (ode(begin=1), data(), FREE, "a time of the data, 0, lies before the ODE begins, at 1. State begin=0 or"),
        (ode(begin=1), [data(name="a", where={"t": 3}), data(name="b")], FREE, 'data set "b": a time of the data, 0'),
        (
            ode(),
            data(parameters={"kk": "A0"}),
            FREE,
            'for the argument "kk", which ODE does not have; did you mean "k"',
        ),
        (ode(), data(constants={"A0": 10}), FREE, '"A0" is a constant of the data set and a free parameter too'),
        (ode("-k*dose*A"), data(["t", "dose"]), {**FREE, "dose": 1}, '"dose" is an input of the data set and a free'),
        (ode(), data(), {**FREE, "A": pm.Fixed(1.0)}, '"A" is a state of the ODE and a parameter too; rename one'),
        (ode(let={"rate": "k"}), data(), {**FREE, "rate": (0, 1)}, '"rate" is a quantity of let of the ODE and a para'),
        (ode(), data(), {**FREE, "t": (0, 1)}, '"t" is the time of the ODE and a parameter too'),
    ],
)
def test_what_cannot_be_is_told_when_it_is_stated(model, sets, parameters, message):
    with pytest.raises(pm.ParametraError) as error:
        pm.Problem(model, sets, parameters)
    assert message in str(error.value)


def test_a_constant_of_one_data_set_may_replace_a_parameter():
    sets = [data(name="a"), data(name="b", constants={"A0": 1.0})]
    assert "A0" not in pm.Problem(ode(), sets, FREE).bindings[1].parameters
    assert pm.Problem(ode(), data(constants={"A0": 1.0}), {**FREE, "A0": pm.Fixed(3.0)}).size == 8


def test_a_begin_that_is_computed_is_looked_at_point_by_point():
    problem = pm.Problem(ode(begin="start"), data(), {**FREE, "start": pm.Real(-1, 2, guess=0)})
    assert problem.looked_at()[0]["A"][0] == 1.0


@pytest.mark.parametrize(
    ("states", "inputs", "doubted"),
    [
        ("-k * temp * A", {"t": T, "temp": 20 + T}, "every row"),
        ("-k * temp * A", {"t": np.arange(20.0), "temp": np.r_[20.0, np.arange(20.0, 39)]}, "nearly every row"),
        ("-k * temp * A", {"t": T, "temp": 20 + T % 4}, ""),
        ("-k * temp * A", {"t": T, "temp": 21.0}, ""),
        ("-k * A", {"t": T, "temp": 20 + T}, ""),
        ("-k * temp * A", {"t": np.full(8, 2.0), "temp": 20 + T}, ""),  # doses, and one time
        ("-k * temp * A", {"t": T[:3], "temp": 20 + T[:3]}, ""),
    ],
)
def test_a_covariate_that_changes_in_every_row_is_doubted(states, inputs, doubted):
    found = ode(states).doubts(inputs)
    assert bool(found) == bool(doubted)
    if doubted:
        assert found[0].startswith(f'the input "temp" has another value in {doubted}: each row is an experiment of its')
        assert "formula of time" in found[0]


def test_the_doubt_is_one_of_the_fit_and_of_check():
    few = pm.Data({name: each[:4] for name, each in TABLE.items()}, inputs=["t", "temp"], output="A", sigma=0.1)
    model = ode("-k * temp * A", relative_tolerance=1e-4)
    wrong = pm.Problem(model, few, {"k": (0, 0.1), "A0": pm.Fixed(1.0)})
    assert any("temp constant from the begin on" in doubt for doubt in pm.fit(wrong, starts=1, evaluations=1).doubts)
    found = [each for each in pm.check(wrong).findings if "temp constant" in each.message]
    assert [(each.level, each.subject) for each in found] == [("warning", "data")]
