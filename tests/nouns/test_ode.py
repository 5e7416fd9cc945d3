"""An ODE as it is called: known solutions, batches, complex directions, events, steady states, failures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed
from parametra.nouns.ode import ODE, Event

TINY = 1e-30
SOLVERS = ["auto", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lsoda", "rosenbrock"))]


def ode_of(*args, **settings):
    return ODE(*args, **{"solver": "lsoda", **settings})


def directions(ode, parameters, inputs, output):
    """The exact derivative by each parameter, from complex directions."""
    found = {}
    for name in parameters:
        moved = {**parameters, name: parameters[name] + 1j * TINY}
        found[name] = ode(moved, inputs)[output].imag / TINY
    return found


def one_compartment(t, ka, ke, V, dose, lag, doses=(0.0, 12.0, 24.0)):
    """Absorption of the first order after several doses, in closed form."""
    total = np.zeros_like(t, dtype=complex)
    for at in doses:
        s = t - at - lag
        total += np.where(np.real(s) > 0, dose * ka / V / (ka - ke) * (np.exp(-ke * s) - np.exp(-ka * s)), 0)
    return total


ONE = {"ka": 1.3, "ke": 0.2, "V": 11.0, "dose": 100.0, "lag": 0.7}
SAMPLES = np.array([30.0, 1, 2, 5, 11, 12.1, 13, 20, 25, 25, 40, 0])


def absorption(**settings):
    return ode_of(
        {"gut": "-ka * gut", "central": "ka * gut - ke * central"},
        initial={"gut": 0, "central": 0},
        observe={"c": "central / V"},
        events=Event(["lag", "12 + lag", "24 + lag"], add={"gut": "dose"}),
        **settings,
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_repeated_doses_after_a_lag_are_those_of_the_closed_form(solver):
    ode = absorption(solver=solver)
    values = ode(ONE, {"t": SAMPLES})["c"]
    np.testing.assert_allclose(values, one_compartment(SAMPLES, **ONE).real, rtol=1e-6, atol=1e-7)
    for name, slope in directions(ode, ONE, {"t": SAMPLES}, "c").items():
        moved = {**ONE, name: ONE[name] + 1j * TINY}
        exact = one_compartment(SAMPLES, **moved).imag / TINY
        np.testing.assert_allclose(slope, exact, rtol=1e-6, atol=1e-6 * np.abs(exact).max(), err_msg=name)


def test_two_compartments_after_a_bolus_and_an_infusion():
    """Against the eigenvectors of the linear system."""
    ode = ode_of(
        {"c": "where(t < stop, rate, 0) - (k10 + k12) * c + k21 * p", "p": "k12 * c - k21 * p"},
        initial={"c": "bolus", "p": 0},
    )
    at = {"k10": 0.3, "k12": 0.8, "k21": 0.5, "bolus": 10.0, "rate": 4.0, "stop": 2.5}
    t = np.array([0.5, 2.5, 3.0, 8.0])

    def exact(k10, k12, k21, bolus, rate, stop):
        matrix = np.array([[-(k10 + k12), k21], [k12, -k21]], dtype=complex)
        levels, vectors = np.linalg.eig(matrix)
        weights = np.linalg.solve(vectors, np.array([[bolus, rate], [0, 0]], dtype=complex))
        rows = []
        for time in t:
            until = stop if time > np.real(stop) else time
            grown = np.exp(levels * (time - until)) * (np.exp(levels * until) - 1) / levels
            rows.append(vectors @ (weights[:, 0] * np.exp(levels * time) + weights[:, 1] * grown))
        return np.array(rows)[:, 0]

    np.testing.assert_allclose(ode(at, {"t": t})["c"], exact(**at).real, rtol=1e-6)
    slopes = directions(ode, at, {"t": t}, "c")
    for name, slope in slopes.items():
        step = 1e-5 * at[name]
        up, down = (exact(**{**at, name: at[name] + side * step}).real for side in (1, -1))
        if name == "stop":  # the solution has a kink in it at the very end of the infusion
            up[1] = down[1] = slope[1] = 0.0
        np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=2e-5, atol=1e-6, err_msg=name)


def test_an_observation_at_the_time_of_an_event_sees_the_state_after_it():
    ode = ode_of({"A": "0 * A"}, {"A": 1}, events=[Event(1, add={"A": 1}), Event([1, 2], set={"A": "10 * A"})])
    t = np.array([0, 0.5, 1, 1.5, 2, 3])
    np.testing.assert_allclose(ode({}, {"t": t})["A"], [1, 1, 20, 20, 200, 200])


def test_events_at_one_time_happen_in_the_order_in_which_they_are_stated():
    one = ode_of({"A": "0"}, {"A": 1}, events=[Event(1, add={"A": 1}), Event("late", set={"A": "10 * A"})])
    other = ode_of({"A": "0"}, {"A": 1}, events=[Event("late", set={"A": "10 * A"}), Event(1, add={"A": 1})])
    t = np.array([3.0])
    for late, first, second in [(1.0, 20, 11), (0.5, 11, 11), (2.0, 20, 20)]:
        assert one({"late": late}, {"t": t})["A"] == pytest.approx(first)
        assert other({"late": late}, {"t": t})["A"] == pytest.approx(second)


def test_formulas_of_one_event_see_the_states_before_it():
    ode = ode_of({"A": "0", "B": "0"}, {"A": 1, "B": 2}, events=Event(1, set={"A": "B", "B": "A"}))
    found = ode({}, {"t": np.array([1.0])})
    assert (found["A"], found["B"]) == (2, 1)


def test_an_event_before_the_begin_does_not_happen_and_one_at_it_does():
    ode = ode_of({"A": "0"}, {"A": 1}, begin="start", events=Event([4, 5], add={"A": 1}))
    np.testing.assert_allclose(ode({"start": 5.0}, {"t": np.array([5.0, 6.0])})["A"], [2, 2])


@pytest.mark.parametrize("solver", SOLVERS)
def test_derivatives_through_events_are_those_of_differences(solver):
    """Times, sizes, states in the change, begin: against differences of a tight solution."""
    stated = {
        "states": {"A": "growth * A * (1 - A) + where(2 * (t - start) > 1, pulse, 0) * cos(t)", "B": "A - B"},
        "initial": {"A": "first", "B": "A / 2"},
        "begin": "-lead",
        "events": [Event("cut", set={"A": "share * A + 0.1 * t", "B": "B * A"}), Event("2 * cut", add={"B": "share"})],
        "observe": {"y": "A + B * scale * where(t > cut, 2, 1)"},
    }
    at = {"growth": 0.8, "start": 0.3, "pulse": 0.4, "first": 0.2, "lead": 0.5, "cut": 1.1, "share": 0.6, "scale": 1.5}
    t = np.array([0.4, 1.0, 1.3, 2.1, 2.3, 3.0])
    slopes = directions(ODE(**stated, solver=solver), at, {"t": t}, "y")
    tight = ODE(**stated, solver="lsoda", relative_tolerance=1e-12, absolute_tolerance=1e-13)
    for name, slope in slopes.items():
        step = 1e-4
        up, down = (tight({**at, name: at[name] + side * step}, {"t": t})["y"] for side in (1, -1))
        np.testing.assert_allclose(slope, (up - down) / (2 * step), rtol=2e-6, atol=2e-7, err_msg=name)


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_lane_does_not_see_the_lanes_beside_it(solver):
    ode = absorption(solver=solver)
    rng = np.random.default_rng(3)
    count = 6 if solver == "lsoda" else 40
    many = {name: value * rng.uniform(0.8, 1.2, (count, 1)) for name, value in ONE.items()}
    together = ode(many, {"t": SAMPLES})["c"]
    assert together.shape == (count, len(SAMPLES))
    for i in (0, count - 1):
        alone = ode({name: float(value[i, 0]) for name, value in many.items()}, {"t": SAMPLES})["c"]
        np.testing.assert_array_equal(alone, together[i])
    order = rng.permutation(count)
    np.testing.assert_array_equal(ode({k: v[order] for k, v in many.items()}, {"t": SAMPLES})["c"], together[order])


def test_a_batch_of_complex_rows_is_the_jacobian():
    ode = absorption(solver="auto")
    names = list(ONE)
    points = np.array([[ONE[n] for n in names], [1.1 * ONE[n] for n in names]])
    moved = (points[:, None, :] + 1j * TINY * np.eye(5)).reshape(10, 5)
    rows = ode({n: moved[:, [k]] for k, n in enumerate(names)}, {"t": SAMPLES})["c"].reshape(2, 5, -1)
    for i in range(2):
        at = dict(zip(names, points[i], strict=True))
        for k, (name, slope) in enumerate(directions(ode, at, {"t": SAMPLES}, "c").items()):
            np.testing.assert_allclose(rows[i, k].imag / TINY, slope, rtol=1e-5, atol=1e-7, err_msg=name)
    assert np.iscomplexobj(ode({n: v + 0j for n, v in ONE.items()}, {"t": SAMPLES})["c"])


def test_a_parameter_may_be_an_array_in_one_point_and_in_many():
    ode = ode_of({"A": "k[0] - k[1] * A"}, {"A": "first"}, observe="A * k[1]")
    t = np.array([0.5, 2.0])
    exact = lambda a, b: b * (a / b + (1 - a / b) * np.exp(-b * t))
    at = {"k": np.array([2.0, 0.5]), "first": 1.0}
    np.testing.assert_allclose(ode(at, {"t": t})[""], exact(2.0, 0.5), rtol=1e-6)
    many = {"k": np.array([[[2.0], [3.0]], [[0.5], [0.7]]]), "first": 1.0}
    found = ode(many, {"t": t})[""]
    np.testing.assert_allclose(found, [exact(2.0, 0.5), exact(3.0, 0.7)], rtol=1e-6)
    moved = ode({**at, "k": at["k"] + np.array([0, 1j * TINY])}, {"t": t})[""].imag / TINY
    np.testing.assert_allclose(moved, (exact(2.0, 0.5 + 1e-6) - exact(2.0, 0.5 - 1e-6)) / 2e-6, rtol=1e-6)


def test_each_row_is_predicted_with_its_own_inputs():
    ode = ode_of({"A": "-k * A"}, {"A": "dose"}, observe={"y": "scale * A"})
    inputs = {"t": np.array([1.0, 2, 1, 2]), "dose": np.array([1.0, 1, 5, 5]), "scale": np.array([1.0, 2, 3, 4])}
    found = ode({"k": np.array([[0.5], [1.0]])}, inputs)["y"]
    k = np.array([[0.5], [1.0]])
    np.testing.assert_allclose(found, inputs["scale"] * inputs["dose"] * np.exp(-k * inputs["t"]), rtol=1e-6)


def test_inputs_win_over_parameters_and_unused_names_are_left_aside():
    ode = ode_of({"A": "-k * A"}, {"A": 1})
    found = ode({"k": 5.0, "colour": "red", "z": np.ones((3, 3))}, {"t": np.array([1.0]), "k": np.float64(1.0)})["A"]
    np.testing.assert_allclose(found, np.exp(-1.0), rtol=1e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_it_settles_before_it_begins_and_comes_to_rest_in_the_end(solver):
    ode = ode_of(
        {"A": "rate - k * A", "B": "k * A - B"},
        {"A": 0, "B": 3},
        settle={"rate": "before"},
        solver=solver,
    )
    at = {"rate": 1.0, "k": 2.0, "before": 5.0}
    t = np.array([np.inf, 0.0, 1.0])
    found = ode(at, {"t": t})
    np.testing.assert_allclose(found["A"], [0.5, 2.5, 0.5 + 2 * np.exp(-2)], rtol=1e-6)
    np.testing.assert_allclose(found["B"][:2], [1, 5], rtol=1e-6)
    slopes = directions(ode, at, {"t": t}, "A")
    np.testing.assert_allclose(slopes["rate"], [0.5, 0, (1 - np.exp(-2)) / 2], rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(slopes["before"], [0, 0.5, np.exp(-2) / 2], rtol=1e-5, atol=1e-8)


def test_what_is_conserved_stays_so_in_a_steady_state():
    ode = ode_of({"A": "-f * A + b * B", "B": "f * A - b * B"}, {"A": "total", "B": 0})
    at = {"f": 3.0, "b": 1.0, "total": 8.0}
    found = directions(ode, at, {"t": np.array([np.inf])}, "A")
    assert ode(at, {"t": np.array([np.inf])})["A"] == pytest.approx(2.0, rel=1e-6)
    assert found["total"] == pytest.approx(0.25, rel=1e-5)
    assert found["f"] == pytest.approx(-0.5, rel=1e-5)


@pytest.mark.parametrize(
    ("states", "reason"),
    [({"A": "1 + A"}, "no steady state"), ({"A": "cos(t) - A"}, "go on to depend on time")],
)
def test_no_steady_state_is_a_failure(states, reason):
    with pytest.raises(EvaluationFailed, match=reason):
        ode_of(states, {"A": 1})({}, {"t": np.array([np.inf])})


def test_a_lane_that_fails_costs_only_itself():
    ode = ode_of({"A": "A**2"}, {"A": "first"}, observe={"A": "A", "one": "1"}, most_steps=2000)
    t = np.array([0.5, 2.0])
    both = ode({"first": np.array([[0.1], [1.0], [np.nan], [0.2]])}, {"t": t})
    found = both["A"]
    np.testing.assert_array_equal(both["one"], np.where(np.isnan(found), np.nan, 1.0))
    assert np.isnan(found).all(axis=1).tolist() == [False, True, True, False]
    np.testing.assert_allclose(found[0], 0.1 / (1 - 0.1 * t), rtol=1e-6)
    failures = ode.take_failures()
    assert failures.total() == 2
    assert set(failures) == {
        "the step of the integration became too small: a blow-up or a singularity",
        "a first value is NaN or infinite",
    }
    assert not ode.take_failures()


@pytest.mark.parametrize(
    ("stated", "at", "reason"),
    [
        ({"most_steps": 5}, {"k": 1.0}, "the integration took more than 5 steps"),
        ({"begin": 1}, {"k": 1.0}, "a time of the data, 0.5, lies before the ODE begins, at 1"),
        ({"begin": "k"}, {"k": 1.0}, "a time of the data lies before the ODE begins"),
        ({"begin": "k"}, {"k": np.nan}, "the time at which the ODE begins is NaN"),
        ({"events": Event("sqrt(k)", add={"A": 1})}, {"k": -1.0}, "the time of an event is NaN"),
        ({"initial": {"A": "log(k)"}}, {"k": 0.0}, "a first value is NaN or infinite"),
        ({"states": {"A": "sqrt(0.5 - A * k)"}, "initial": {"A": 0}}, {"k": 1.0}, "the integration came to NaN|small"),
    ],
)
def test_why_a_point_fails(stated, at, reason):
    ode = ode_of(**{"states": {"A": "-k * A * cos(9 * t)"}, "initial": {"A": 1}, **stated})
    with pytest.raises(EvaluationFailed, match=reason):
        ode(at, {"t": np.array([0.5, 9.0])})


def test_the_order_of_parameters_states_and_rows_changes_no_number():
    at = {"a": 1.1, "b": 0.4, "c": 0.1, "d": 0.4}
    rows = np.array([1.0, 4.0, 2.0])
    slopes = {"x": "a * x - b * x * y", "y": "c * x * y - d * y"}
    one = ode_of(slopes, {"x": 10, "y": 5})(at, {"t": rows})
    other = ode_of(slopes, {"y": 5, "x": 10})(dict(reversed(at.items())), {"t": rows[::-1]})
    for name in ("x", "y"):
        np.testing.assert_array_equal(one[name], other[name][::-1])


@settings(max_examples=15, deadline=None)
@given(
    times=st.lists(st.floats(0, 20), min_size=1, max_size=5),
    doses=st.lists(st.floats(0, 15), min_size=1, max_size=3),
    lag=st.floats(0, 3),
)
def test_any_doses_at_any_times(times, doses, lag):
    ode = ode_of({"A": "-k * A"}, {"A": 0}, events=Event([f"{each} + lag" for each in doses], add={"A": "dose"}))
    t = np.array(times)
    found = ode({"k": 0.4, "dose": 2.0, "lag": lag}, {"t": t})["A"]
    exact = sum(np.where(t >= d + lag, 2.0 * np.exp(-0.4 * (t - d - lag)), 0.0) for d in doses)
    np.testing.assert_allclose(found, exact, rtol=1e-6, atol=1e-8)


def test_a_switch_at_a_computed_time_is_found_whatever_its_form():
    """Without ending segments there, the error at a jump is a thousand times larger than the tolerance."""
    t = np.array([0.5, 2.9, 3.1, 6.0])
    exact = np.where(t < 3, t, 3.0)
    for condition in ("t < 3", "3 > t", "2 * t - 6 <= 0", "k * t < 3", "(t - 1) / k < 2", "gone < 0"):
        ode = ode_of({"A": f"where({condition}, 1, 0)"}, {"A": 0}, let={"gone": "t - 3"})
        np.testing.assert_allclose(ode({"k": 1.0}, {"t": t})["A"], exact, rtol=1e-9, atol=1e-9, err_msg=condition)
    both = ode_of({"A": "1 if t > 1 and not (t > 4 or t == 2) else 0"}, {"A": 0})
    np.testing.assert_allclose(both({}, {"t": np.array([1.0, 3.0, 9.0])})["A"], [0, 2, 3], atol=1e-9)


def test_a_data_set_without_the_time_it_wants_is_told():
    with pytest.raises(ModelError, match='did you mean "time"'):
        ode_of({"A": "1"}, {"A": 0}, time="tim")({}, {"time": np.zeros(2)})


def test_what_is_prepared_together_is_what_single_calls_give(monkeypatch):
    ode = ode_of({"A": "A**2 * where(t < stop, 1, 0)"}, {"A": "first"}, observe={"y": "scale * A"})
    inputs = {"t": np.array([0.5, 2.0]), "scale": np.float64(2.0)}
    points = [{"first": first, "stop": 3.0, "z": "none"} for first in (0.1, 1.0, 0.2, 0.1 + 1j * TINY)]
    alone = ode_of({"A": "A**2 * where(t < stop, 1, 0)"}, {"A": "first"}, observe={"y": "scale * A"})
    ode.prepare(points, inputs)
    with monkeypatch.context() as patch:
        patch.setattr(ode._caller, "call", None)  # nothing is integrated any more
        for point in (points[0], points[2], points[3]):
            found, wanted = ode(point, dict(inputs))["y"], alone(point, inputs)["y"]
            np.testing.assert_allclose(found, wanted, rtol=1e-12)
            found[:] = 0  # what is given away is a copy
            assert np.all(ode(point, inputs)["y"] != 0)
        with pytest.raises(EvaluationFailed, match=r"blow-up|NaN"):
            ode(points[1], inputs)
    other = {**inputs, "scale": np.float64(3.0)}
    np.testing.assert_allclose(ode(points[0], other)["y"], alone(points[0], other)["y"], rtol=1e-12)
    ode.prepare([{"first": np.ones(2), "stop": 3.0}], inputs)
    ode.prepare([], inputs)
