"""What `check` finds, and that it finds it."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.verbs._check_cost import Estimate, long, short
from parametra.verbs._check_gradient import compare
from parametra.verbs._check_points import corners

T = np.linspace(0.5, 5, 12)
DATA = {"t": T, "y": 2 * np.exp(-0.7 * T) + 0.01 * np.cos(9 * T), "s": np.full(12, 0.01), "extra": T}


def problem(model="a * exp(-b * t)", parameters=None, data=None, **more):
    data = data or pm.Data(DATA, inputs=["t"], output="y", sigma="s")
    return pm.Problem(model, data, parameters or {"a": pm.Real(0, 5), "b": pm.Real(0.01, 3)}, title="decay", **more)


def levels(found):
    return {finding.subject: finding.level for finding in found.findings}


def message(found, subject):
    (one,) = (finding.message for finding in found.findings if finding.subject == subject)
    return one


def test_a_good_problem():
    found = pm.check(problem())
    assert found.ok
    assert set(levels(found).values()) == {"ok"}
    assert list(levels(found)) == ["data", "units", "guess", "bounds", "gradient", "model", "plan", "starts", "cost"]
    assert message(found, "data") == "data: 12 rows; inputs t; outputs y (sigma from s); not used: extra"
    assert "all 4 corners" in message(found, "bounds")
    assert str(found).startswith("decay: nothing speaks against a fit\n\nok       data      data: 12 rows")
    assert repr(found) == str(found)


def test_the_column_that_tells_who_was_censored_is_read_by_the_noise():
    """It was called not used, while the fit used it."""
    table = {"t": [3.0, 5.0, 8.0, 9.0], "event": [1.0, 0.0, 1.0, 0.0], "room": [1.0, 1.0, 2.0, 2.0]}
    data = pm.Data(table, inputs=[], output="t")
    problem = pm.Problem(
        "scale", data, {"scale": pm.Positive(guess=5)}, noise=pm.Censored(pm.Weibull(), status="event")
    )
    assert message(pm.check(problem), "data").endswith("read by the noise: event; not used: room")


def test_missing_values_are_told():
    table = {**DATA, "y": np.where(T > 4.5, np.nan, DATA["y"])}
    found = pm.check(problem(data=pm.Data(table, inputs=["t"], output="y", missing="mask")))
    assert levels(found)["data"] == "warning"
    assert "2 values left out as missing" in message(found, "data")
    assert "it can be fitted; look at the warning\n" in str(found)


def test_a_guess_where_the_model_is_not_finite():
    found = pm.check(problem("a * log(b - t)"))
    assert not found.ok
    assert (found.plan, found.cost) == (None, None)
    assert "at the guess" in message(found, "guess")
    assert found.to_json()["ok"] is False
    assert "this cannot be fitted yet" in str(found)


def test_a_corner_where_the_model_is_not_finite():
    found = pm.check(problem("a / b * t", {"a": pm.Real(1, 5), "b": pm.Real(0, 3, guess=1)}))
    assert found.ok
    assert levels(found)["bounds"] == "warning"
    assert message(found, "bounds").startswith(
        "the model is not finite in 2 of the 4 corners of the bounds, always where b = 0. "
    )


def test_corners_that_share_nothing_are_shown_by_one():
    found = pm.check(problem("t / (a - b)", {"a": pm.Real(0, 1, guess=0.9), "b": pm.Real(0, 1, guess=0.1)}))
    assert "in 2 of the 4 corners of the bounds, for example at a = 0, b = 0." in message(found, "bounds")


def test_corners():
    space = pm.Space({"a": pm.Real(0, 1), "b": pm.Positive(upper=2), "c": pm.Real(guess=7), "d": pm.Log(1, 10)})
    found = corners(space)
    assert found.shape == (8, 4)
    assert set(found[:, 0]) == {0.0, 1.0}
    assert min(found[:, 1]) > 0
    assert set(found[:, 2]) == {7.0}
    assert set(found[:, 3]) == {0.0, float(np.log(10))}


def test_corners_of_many_parameters_are_a_part():
    many = corners(pm.Space({f"p{i}": pm.Real(0, 1) for i in range(40)}))
    assert len(many) <= 256
    assert {0.0, 1.0} == set(np.unique(many))
    assert len(corners(pm.Space({f"p{i}": pm.Real(0, 1) for i in range(200)}))) == 402


def kinked(t, a, b):
    return a * np.exp(-b * t) + 1e-3 * np.floor(a * 1e7)


def noisy(t, a, b):
    return a * np.exp(-b * t) + 1e-4 * np.random.default_rng(int(1e9 * float(np.real(a))) % 2**32).standard_normal(
        t.shape
    )


def test_noise_in_the_model_is_seen():
    found = pm.check(problem(noisy))
    assert levels(found)["gradient"] == "warning"
    assert "Smooth the model" in message(found, "gradient")


def test_a_smooth_function_is_right():
    found = pm.check(problem(lambda t, a, b: a * np.exp(-b * t)))
    assert levels(found)["gradient"] == "ok"


@pytest.mark.parametrize(
    "noise", [None, pm.StudentT(degrees_of_freedom="estimated"), pm.Normal(0.1, proportional=True)]
)
def test_the_gradient_of_every_cost_is_compared(noise):
    data = pm.Data(DATA, inputs=["t"], output="y", sigma=None if isinstance(noise, pm.Normal) else "s")
    found = pm.check(problem(noise=noise, data=data))
    assert levels(found)["gradient"] == "ok", message(found, "gradient")


class Wrong(Direct):
    """An evaluator whose derivative by b is 1 % off."""

    def evaluate(self, points, want):
        answers = super().evaluate(points, want)
        if answers.jacobian is not None:
            answers.jacobian[:, :, 1] *= 1.01
        return answers


def test_a_wrong_derivative_is_seen():
    one = problem()
    found = compare(one, Wrong(one, Cost(least_squares=True)))
    assert found.label == "b"
    assert abs(found.difference - 0.01) < 1e-4


def test_a_guess_on_a_bound_can_be_compared():
    found = pm.check(problem(parameters={"a": pm.Real(0, 5, guess=5), "b": pm.Real(0.01, 3, guess=0.01)}))
    assert levels(found)["gradient"] == "ok", message(found, "gradient")


def test_units_that_contradict():
    data = pm.Data(DATA, inputs=["t"], output="y", units={"t": "s", "y": "m"})
    found = pm.check(problem("a * t", {"a": pm.Real(0, 5, unit="m/s**2")}, data=data))
    assert levels(found)["units"] == "problem"
    assert not found.ok


def test_discrete_parameters():
    found = pm.check(problem("a * exp(-b * t) + n", {"a": 1, "b": 1, "n": pm.Integer(0, 2)}))
    assert found.plan is not None
    assert found.plan.combinations == 3
    assert "for each of 3 combinations" in message(found, "starts")


def test_nothing_free():
    found = pm.check(problem(parameters={"a": pm.Fixed(2.0), "b": pm.Fixed(0.7)}))
    assert found.ok
    assert "gradient" not in levels(found)


def test_what_cannot_be_asked_for():
    with pytest.raises(pm.ParametraError, match="has no method"):
        pm.check(problem(), method="lbfg")


def test_json_is_plain():
    import json

    found = json.loads(json.dumps(pm.check(problem()).to_json(), allow_nan=False))
    assert found["kind"] == "check"
    assert found["findings"][0]["subject"] == "data"


TIMES = {0.5e-6: "less than 1 µs", 2.5e-5: "25 µs", 3e-3: "3 ms", 1.5: "1.5 s"}
LONG = {0.2: "less than a second", 1.2: "about 1 second", 45.0: "about 45 seconds", 125.0: "about 2 minutes",
        7300.0: "about 2 hours", 2e5: "about 2 days"}  # fmt: skip


@pytest.mark.parametrize("seconds", TIMES)
def test_short_times(seconds):
    assert short(seconds) == TIMES[seconds]


@pytest.mark.parametrize("seconds", LONG)
def test_long_times(seconds):
    assert long(seconds) == LONG[seconds]


def test_the_cost_in_words():
    assert Estimate(300, 0.5, 150.0).words == "about 300 evaluations of 500 ms each, with derivatives: about 2 minutes"


def test_a_unit_that_looks_mistyped_is_a_warning():
    data = pm.Data(DATA, inputs=["t"], output="y", sigma="s", units={"t": "s", "y": "Vlt"})
    found = pm.check(problem(data=data))
    assert found.ok
    assert levels(found)["units"] == "warning"
    assert '"Vlt" is no known unit: did you mean "volt"?' in message(found, "units")
    own = pm.Data(DATA, inputs=["t"], output="y", sigma="s", units={"t": "s", "y": "cells"})
    assert levels(pm.check(problem(data=own)))["units"] == "ok"
