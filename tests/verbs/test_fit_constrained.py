"""Fits with constraints: errors in the tangent space, what is told, and what cannot be met."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize

import parametra as pm
from parametra.nouns.status import Outcome
from parametra.verbs.fit_feasibility import unmeetable

T = np.linspace(0, 6, 40)
WAVE = 0.01 * np.sin(2.7 * np.arange(40) + 0.3 * np.arange(40) ** 2)
DECAYS = pm.Data(
    {"t": T, "y": 0.5 * np.exp(-0.4 * T) + 0.3 * np.exp(-1.5 * T) + WAVE}, inputs=["t"], output="y", sigma=0.01
)
TWO = "a * exp(-k * t) + b * exp(-m * t)"
FREE = {"a": pm.Real(0, 2), "b": pm.Real(0, 2), "k": pm.Log(0.01, 10), "m": pm.Log(0.01, 10)}


def decays(constraints, **more):
    return pm.fit(TWO, DECAYS, FREE, constraints=constraints, **{"starts": 4, **more})


@pytest.mark.parametrize("sigma", [0.01, None])
def test_an_equation_is_a_tied_parameter(sigma):
    """Two routes: the constraint, and the parameter computed from the other; estimate, errors and counts agree."""
    data = pm.Data({"t": T, "y": DECAYS.observations("y")[0]}, inputs=["t"], output="y", sigma=sigma)
    held = pm.fit(TWO, data, FREE, constraints=["a + b == 0.8", "k <= m"], starts=4)
    tied = pm.fit(TWO, data, {**FREE, "b": pm.Tied("0.8 - a"), "a": pm.Real(0, 0.8), "m": pm.Log(0.6, 10)}, starts=4)
    assert held.status.ok
    for name in ("a", "b", "k", "m"):
        assert np.isclose(held.estimate[name], tied.estimate[name], rtol=1e-6)
        assert np.isclose(held.standard_error[name], tied.standard_error[name], rtol=1e-5)
    assert held.degrees_of_freedom == tied.degrees_of_freedom == 37
    assert held.free == tied.free
    assert np.isclose(held.log_likelihood, tied.log_likelihood, rtol=1e-10)
    assert np.isclose(held.correlation["k"]["m"], tied.correlation["k"]["m"], atol=1e-5)


def test_a_curved_equation_is_another_parameter():
    """x**2 + y**2 = 1 against the angle; with the Hessian, too."""
    x = np.linspace(-1, 1, 30)
    data = pm.Data({"x": x, "y": 0.8 * x + 0.6 * np.cos(3 * x) + WAVE[:30]}, inputs=["x"], output="y", sigma=0.05)
    for covariance in ("jacobian", "hessian"):
        held = pm.fit(
            "p * x + q * cos(3 * x)", data, {"p": 1.0, "q": 0.5}, constraints="p**2 + q**2 == 1", covariance=covariance
        )
        angle = pm.fit(
            "cos(phi) * x + sin(phi) * cos(3 * x)",
            data,
            {"phi": pm.Real(0, 1.5)},
            derived={"p": "cos(phi)", "q": "sin(phi)"},
            covariance=covariance,
        )
        for name in ("p", "q"):
            assert np.isclose(held.estimate[name], angle.estimate[name], rtol=1e-6)
            assert np.isclose(held.standard_error[name], angle.standard_error[name], rtol=1e-4)


def test_an_active_inequality_is_told_as_an_active_bound_is():
    fit = decays(["a + b <= 0.7", "k <= m"])
    (active,) = [c for c in fit.constraints if c.active]
    assert (active.label, active.state) == ("a + b <= 0.7", "active")
    assert any("a + b <= 0.7 is active, and the errors are those with it held" in d for d in fit.doubts)
    assert fit.degrees_of_freedom == 36  # as for a bound
    assert "a + b <= 0.7" in str(fit)
    assert "active" in str(fit)
    free = decays(["a + b <= 2", "k <= m"])
    assert not any(c.active for c in free.constraints)
    assert not any("is active" in d for d in free.doubts)


def test_a_multiplier_is_the_slope_of_the_log_likelihood():
    """Two routes: the multiplier, and fits with the limit moved up and down."""
    here, up, down = (decays([f"a + b == {v}", "k <= m"], starts=2) for v in (0.8, 0.801, 0.799))
    assert np.isclose(here.constraints[0].multiplier, (up.log_likelihood - down.log_likelihood) / 0.002, rtol=2e-3)
    assert here.constraints[1].multiplier == 0


def test_a_multiplier_with_an_estimated_sigma():
    data = pm.Data({"t": T, "y": DECAYS.observations("y")[0]}, inputs=["t"], output="y")
    here, up, down = (
        pm.fit(TWO, data, FREE, constraints=[f"a + b == {v}", "k <= m"], starts=2) for v in (0.8, 0.801, 0.799)
    )
    # the likelihood is highest at RSS / n, the reported sigma is RSS / freedom
    change = (up.log_likelihood - down.log_likelihood) / 0.002
    assert np.isclose(here.constraints[0].multiplier * 40 / 37, change, rtol=2e-3)


def test_what_only_the_constraints_give_has_no_error():
    fit = decays(["k <= m", "a == 0.5"])
    assert fit.standard_error["a"] is None
    assert fit.notes["a"] == "given by a == 0.5: no error can be given"
    assert fit.standard_error["b"] > 0


def test_fixed_by_a_constraint_is_fixed():
    held = decays(["a == 0.5", "k <= m"])
    fixed = pm.fit(TWO, DECAYS, {**FREE, "a": pm.Fixed(0.5), "m": pm.Log(0.6, 10)}, starts=4)
    for name in ("b", "k", "m"):
        assert np.isclose(held.standard_error[name], fixed.standard_error[name], rtol=1e-5)
    assert np.isclose(held.log_likelihood, fixed.log_likelihood, rtol=1e-10)


def test_a_likelihood_without_residuals():
    """Counts with mean a + b x, a + b = 20: against the one parameter that is left."""
    x = np.linspace(0, 1, 40)
    counts = np.round(5 + 14 * x + 20 * WAVE)
    data = pm.Data({"x": x, "y": counts}, inputs=["x"], output="y")
    noise = pm.Poisson()
    held = pm.fit(
        "a + b * x",
        data,
        {"a": pm.Real(1, 50), "b": pm.Real(1, 50)},
        constraints="a + b == 20",
        noise=noise,
        starts=4,
    )
    single = pm.fit("a + (20 - a) * x", data, {"a": pm.Real(1, 19)}, noise=noise, starts=4)
    assert held.status.ok
    assert np.isclose(held.estimate["a"], single.estimate["a"], rtol=1e-6)
    assert np.isclose(held.standard_error["a"], single.standard_error["a"], rtol=1e-3)


def spectra():
    """Three lines of known shape in known noise; the third is absent."""
    x = np.linspace(0, 30, 150)
    shapes = [np.exp(-0.5 * ((x - c) / w) ** 2) for c, w in ((9, 2), (13, 3), (19, 2.5))]
    scatter = 0.02 * np.random.default_rng(4).normal(size=x.size)
    return x, np.stack(shapes, axis=1), shapes[0] * 0.55 + shapes[1] * 0.45 + scatter


@pytest.mark.parametrize("method", ["SLSQP", pytest.param("trust-constr", marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:delta_grad")
def test_fractions_of_a_mixture_as_scipy_has_them(method):
    x, shapes, y = spectra()
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y", sigma=0.02)
    lines = "w1 * exp(-0.5 * ((x-9)/2)**2) + w2 * exp(-0.5 * ((x-13)/3)**2) + w3 * exp(-0.5 * ((x-19)/2.5)**2)"
    parameters = {f"w{i}": pm.Real(-1, 2, guess=0.3) for i in (1, 2, 3)}
    fit = pm.fit(lines, data, parameters, constraints=[pm.simplex("w1", "w2", "w3")])

    def half(w):
        r = (shapes @ w - y) / 0.02
        return 0.5 * r @ r, shapes.T @ r / 0.02

    options = {"SLSQP": {"ftol": 1e-12}, "trust-constr": {"gtol": 1e-10, "xtol": 1e-12, "maxiter": 2000}}[method]
    total = {"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones(3)}
    theirs = minimize(
        half, np.full(3, 1 / 3), jac=True, method=method, bounds=[(0, 1)] * 3, constraints=[total], options=options
    )
    found = [fit.estimate[f"w{i}"] for i in (1, 2, 3)]
    assert fit.starts.count == 1  # linear in the parameters, and so are the constraints
    assert np.allclose(found, theirs.x, atol=1e-5)
    assert np.isclose(fit.chi_square / 2, theirs.fun, rtol=1e-6)
    assert np.isclose(sum(found), 1, atol=1e-12)
    assert min(found) >= -1e-12


def test_curved_constraints_want_several_starts():
    x = np.linspace(0, 1, 20)
    data = pm.Data({"x": x, "y": 1 + x}, inputs=["x"], output="y", sigma=0.1)
    problem = pm.Problem("p + q * x", data, {"p": 0.5, "q": 0.5}, constraints="p**2 + q**2 == 1")
    assert pm.choose(problem).starts >= 20
    assert pm.choose(problem).method == "augmented_lagrangian"


def test_a_parameter_may_live_in_constraints_alone():
    fit = pm.fit(TWO, DECAYS, {**FREE, "r": 0.5}, constraints=["a + b == r", "k <= m"], starts=4)
    assert fit.status.ok
    assert np.isclose(fit.estimate["r"], fit.estimate["a"] + fit.estimate["b"])
    assert fit.standard_error["r"] > 0


@pytest.mark.parametrize(
    ("constraints", "said"),
    [
        (
            ["a + b <= 1", "a >= 0.7", "b >= 0.6", "k <= m"],
            "a + b <= 1, a >= 0.7 and b >= 0.6 cannot be met together: the nearest miss is 0.3. Change one of them.",
        ),
        (["a + b >= 5"], "a + b >= 5 cannot be met together with a <= 2 and b <= 2: the nearest miss is 1."),
        (["a >= 3", "a + b <= 1"], "a >= 3 cannot be met together with a <= 2: the nearest miss is 1."),
        (["k + m >= 30"], "k + m >= 30 cannot be met together with k <= 10 and m <= 10: the nearest miss is 10."),
        ({"total": "a - b == 9"}, "total (a - b == 9) cannot be met together with"),
        (["a**2 + b**2 == 9"], "no point was found that meets a**2 + b**2 == 9, from 40 starts; the nearest ("),
        (["a**2 + b**2 == 9"], "misses a**2 + b**2 == 9 by 1. Change one of them, or guess where they hold."),
        (["sqrt(a - 5) <= 1"], "no point was found where sqrt(a - 5) <= 1 can be computed"),
        (["k * m <= 1", "k * m >= 2"], "no point was found that meets k * m <= 1 and k * m >= 2"),
    ],
)
def test_what_cannot_be_met_is_told_before_anything_runs(constraints, said):
    fit = decays(constraints)
    assert fit.status.outcome is Outcome.FAILED
    assert said in fit.status.message
    assert fit.receipt.evaluations == 0
    assert all(error is None for error in fit.standard_error.values())
    assert any(c.state == "missed" for c in fit.constraints)


def test_weights_of_a_simplex_in_a_linear_program():
    x = np.linspace(0, 1, 20)
    data = pm.Data({"x": x, "y": 0.2 + 0.3 * x}, inputs=["x"], output="y", sigma=0.1)
    parameters = {"w": pm.Simplex(3)}
    problem = pm.Problem("w[0] + w[1] * x", data, parameters, constraints=["w[0] + w[1] >= 1.5"])
    assert "w[0] + w[1] >= 1.5 and the sum of w is 1 cannot be met" in unmeetable(problem, 0)
    fine = pm.fit("w[0] + w[1] * x", data, parameters, constraints=["w[0] >= 0.25"], starts=3)
    assert fine.status.ok
    assert fine.estimate["w"][0] >= 0.25 - 1e-9


def test_what_can_be_met_is_not_refused():
    for constraints in (["a + b <= 1"], ["k * m == 1"], ["a + b >= 4"], ["a + b == 1", "2 * a + 2 * b == 2"]):
        assert unmeetable(pm.Problem(TWO, DECAYS, FREE, constraints=constraints), 0) == ""


def test_discrete_parameters_that_a_constraint_forbids():
    x = np.linspace(0.2, 2, 20)
    data = pm.Data({"x": x, "y": 2 * x**4}, inputs=["x"], output="y", sigma=0.1)
    fit = pm.fit("a * x**n", data, {"a": 1.0, "n": pm.Integer(1, 5)}, constraints=["n <= 3"], starts=2)
    assert fit.status.ok
    assert fit.estimate["n"] == 3
    assert any("2 of 5 settings of n did not converge" in d for d in fit.doubts)


def test_a_spent_budget_says_whether_a_point_was_found():
    fit = decays(["a * b == 0.3", "a**2 + b**2 == 1.5", "k <= m"], evaluations=1)
    assert fit.status.outcome is Outcome.BUDGET
    assert "before a point was found that meets the constraints" in fit.status.message


def test_other_methods_refuse():
    with pytest.raises(pm.ParametraError, match=r"`lbfgs` knows no constraints, which this problem has\. Use method="):
        decays(["k <= m"], method="lbfgs")


def test_the_result_survives_a_file_and_json(tmp_path):
    fit = decays(["a + b == 0.8", "k <= m"])
    fit.save(tmp_path / "fit.json")
    again = pm.load(tmp_path / "fit.json")
    assert again.constraints == fit.constraints
    told = json.loads(json.dumps(fit.to_json()))["constraints"]
    assert [row["state"] for row in told] == ["equation", "holds"]
    assert told[1]["upper"] == 0
    assert told[1]["lower"] is None
    assert np.isclose(told[1]["distance"], fit.estimate["m"] - fit.estimate["k"])


def test_constraints_are_part_of_the_problem():
    one, two = (decays([text, "k <= m"], starts=1).receipt.problem_hash for text in ("a <= 1", "a <= 1.5"))
    assert one != two


def test_python_functions():
    fit = decays([pm.Constraint(lambda a, b: a + b, lower=0.8, upper=0.8, name="total"), pm.ordered("k", "m")])
    text = decays(["a + b == 0.8", "k <= m"])
    assert np.isclose(fit.estimate["a"], text.estimate["a"], rtol=1e-8)
    assert fit.constraints[0].label == "total (0.8 <= <lambda>(...) <= 0.8)"
