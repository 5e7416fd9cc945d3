import dataclasses
import pickle

import numpy as np
import pytest

import parametra as pm
from fit_loop import Evaluator, box, decay, free, run
from parametra.maths.distributions import Normal as NormalPrior
from parametra.methods.fit.levenberg_marquardt import LevenbergMarquardt
from parametra.methods.fit.variable_projection import VariableProjection
from parametra.nouns.asker import Ending, Want
from parametra.nouns.errors import MethodError

METHOD = VariableProjection()
T = np.linspace(0.0, 4.0, 40)
Y = 2.5 * np.exp(-1.3 * T) + 0.5 + 0.01 * np.random.default_rng(3).normal(size=40)


def linear_in(space, *which):
    mask = np.isin(np.arange(space.dimension), which)
    return dataclasses.replace(space, linear=mask, labels=tuple("abcdefgh"[: space.dimension]))


FEW = 0.05 * np.arange(24)
MANY = np.linspace(0, 250, 120)


def three_exponentials(x, t=FEW):
    """Lanczos' sum of three decays (1956), with a fixed wave in place of noise: x = a1, k1, a2, k2, a3, k3."""
    truth = 0.0951 * np.exp(-t) + 0.8607 * np.exp(-3 * t) + 1.5576 * np.exp(-5 * t)
    y = truth + 1e-4 * np.sin(2.7 * np.arange(24) + 0.3 * np.arange(24) ** 2)
    terms = [np.exp(-k * t) for k in x[1::2]]
    J = np.stack([c for a, term in zip(x[::2], terms, strict=True) for c in (term, -a * t * term)], axis=1)
    return sum(a * term for a, term in zip(x[::2], terms, strict=True)) - y, J


def two_peaks(x, t=MANY):
    """A decay and two Gaussian peaks, as in NIST's Gauss problems: a, k, h1, m1, w1, h2, m2, w2."""

    def of(a, k, h1, m1, w1, h2, m2, w2):
        e, p, q = np.exp(-k * t), np.exp(-(((t - m1) / w1) ** 2)), np.exp(-(((t - m2) / w2) ** 2))
        u, v = (t - m1) / w1, (t - m2) / w2
        columns = [e, -a * t * e, p, h1 * p * 2 * u / w1, h1 * p * 2 * u**2 / w1, q, h2 * q * 2 * v / w2,
                   h2 * q * 2 * v**2 / w2]  # fmt: skip
        return a * e + h1 * p + h2 * q, np.stack(columns, axis=1)

    y = of(98.8, 0.011, 100.5, 67.5, 23.1, 71.0, 178.8, 18.4)[0] + 2 * np.sin(2.7 * np.arange(120))
    predicted, J = of(*x)
    return predicted - y, J


@pytest.mark.parametrize(
    ("model", "linear", "start", "factor"),
    [
        (decay(T, Y), (0, 2), [1.0, 0.2, 0.0], 1.0),
        (three_exponentials, (0, 2, 4), [1.2, 0.3, 5.6, 5.5, 6.5, 7.6], 0.7),
        (two_peaks, (0, 2, 5), [90.0, 0.01, 50.0, 60.0, 20.0, 50.0, 190.0, 25.0], 0.9),
    ],
)
def test_fewer_iterations_than_levenberg_marquardt_to_the_same_answer(model, linear, start, factor):
    space = free(len(start))
    evaluate, other = Evaluator(model), Evaluator(model)
    found = run(METHOD, linear_in(space, *linear), start, evaluate)
    known = run(LevenbergMarquardt(), space, start, other)
    assert found.endings == known.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points, known.points, rtol=1e-8)
    assert abs(found.cost[0] - known.cost[0]) <= 1e-12 * known.cost[0]
    assert found.iterations[0] <= factor * known.iterations[0]
    assert len(evaluate.asked) <= 2 * found.iterations[0] + 2
    assert set(evaluate.wants) == {Want.JACOBIAN}


def test_guesses_of_linear_parameters_do_not_matter():
    space = linear_in(free(3), 0, 2)
    one, two = (run(METHOD, space, start, Evaluator(decay(T, Y))) for start in ([1.0, 0.2, 0.0], [-1e6, 0.2, 3e4]))
    assert np.allclose(one.points, two.points, rtol=1e-9)


@pytest.mark.parametrize(
    "bounds",
    [
        ((0, 2), (0, 10), (-5, 5)),  # the amplitude at its upper bound
        ((0, 9), (0, 10), (0.7, 5)),  # the level at its lower one
        ((0, 2), (0, 10), (0.7, 5)),  # both
        ((0, 9), (0, 1.1), (-5, 5)),  # the rate, which is searched
    ],
)
def test_bounds_of_both_kinds(bounds):
    space, evaluate = box(*bounds), Evaluator(decay(T, Y))
    found = run(METHOD, linear_in(space, 0, 2), [1.0, 0.9, 1.0], evaluate)
    known = run(LevenbergMarquardt(), space, [1.0, 0.9, 1.0], Evaluator(decay(T, Y)))
    assert found.endings == (Ending.CONVERGED,)
    assert np.allclose(found.points, known.points, rtol=1e-6, atol=1e-8)
    assert found.cost[0] <= known.cost[0] * (1 + 1e-9)
    assert all(((x >= space.lower) & (x <= space.upper)).all() for x in evaluate.asked)


def test_a_model_that_is_all_linear_is_solved_at_once():
    A, y = np.random.default_rng(2).normal(size=(9, 3)), np.arange(9.0)
    evaluate = Evaluator(lambda x: (A @ x - y, A))
    found = run(METHOD, linear_in(free(3), 0, 1, 2), [0.0, 0.0, 5.0], evaluate)
    assert np.allclose(found.points[0], np.linalg.lstsq(A, y, rcond=None)[0], rtol=1e-12)
    assert (found.endings, len(evaluate.asked)) == ((Ending.CONVERGED,), 2)


def test_equal_columns_are_shared():
    def of(x):
        e = np.exp(-x[2] * T)
        return (x[0] + x[1]) * e - Y, np.stack([e, e, -(x[0] + x[1]) * T * e], axis=1)

    found = run(METHOD, linear_in(free(3), 0, 1), [1.0, 2.0, 0.5], Evaluator(of))
    assert found.best == 0
    known = run(METHOD, linear_in(free(2), 0), [1.0, 0.5], Evaluator(_single))
    assert np.isclose(found.cost[0], known.cost[0], rtol=1e-9)


def _single(x):
    e = np.exp(-x[1] * T)
    return x[0] * e - Y, np.stack([e, -x[0] * T * e], axis=1)


def test_a_wall_of_nan_and_starts_that_fail():
    def walled(x):
        r, J = decay(T, Y)(x)
        return (r * np.nan, J) if x[1] > 1.6 or x[1] < 0.1 else (r, J)

    found = run(METHOD, linear_in(free(3), 0, 2), [[1.0, 0.2, 0.0], [1.0, 5.0, 0.0]], Evaluator(walled))
    assert found.endings == (Ending.CONVERGED, Ending.FAILED)
    assert np.isclose(found.points[0][1], 1.3, atol=0.05)
    nothing = run(METHOD, linear_in(free(2), 0, 1), [[1.0, 2.0]], Evaluator(lambda x: (x * np.nan, np.eye(2))))
    assert (nothing.endings, nothing.message) == ((Ending.FAILED,), "no start could be evaluated")


def test_the_same_to_the_bit_also_from_a_saved_state():
    space, starts = linear_in(free(3), 0, 2), [[1.0, 0.2, 0.0], [1.0, 3.0, 0.0]]
    one, two = (
        run(METHOD, space, starts, Evaluator(decay(T, Y)), pickle_each_step=pickled) for pickled in (False, True)
    )
    assert one.points.tobytes() == two.points.tobytes()
    assert pickle.loads(pickle.dumps(METHOD)) == METHOD


def test_a_limit_is_called_one():
    method = VariableProjection(maximum_iterations=2, polishing_steps=1, radius_factors=(0.01,))
    found = run(method, linear_in(free(6), 0, 2, 4), [1.2, 0.3, 5.6, 5.5, 6.5, 7.6], Evaluator(three_exponentials))
    assert found.endings == (Ending.LIMIT,)


def test_refusals():
    space = dataclasses.replace(free(3), labels=("a", "k", "c"))
    with pytest.raises(
        MethodError, match=r"^`variable_projection` needs to know which .* options=\{\"linear\": \[\"a\""
    ):
        METHOD.start(space, np.zeros((1, 3)))
    with pytest.raises(MethodError, match=r'linear with "kk", which is no free parameter; did you mean "k"\?$'):
        VariableProjection(linear=("a", "kk")).start(space, np.zeros((1, 3)))
    with pytest.raises(
        MethodError, match=r"was to solve for a, k, and the model is not linear in all of them together"
    ):
        run(VariableProjection(linear=("a", "k")), space, [1.0, 0.2, 0.0], Evaluator(decay(T, Y)))
    with pytest.raises(MethodError, match=r"^variable_projection\(cost_tolerance=0\.0\): a number above zero"):
        VariableProjection(cost_tolerance=0.0)


# ---- through fit


def problem(**parameters):
    data = pm.Data({"t": T, "y": Y}, inputs=["t"], output="y", sigma=0.01)
    stated = {"a": pm.Real(0, 20, guess=3), "k": pm.Log(0.01, 10, guess=1), "c": 1.0}
    return pm.Problem("a * exp(-k * t) + c", data, {**stated, **parameters})


def test_found_from_the_structure_and_named_give_the_same():
    known = pm.fit(problem(), starts=1)
    for options in ({}, {"linear": ["a", "c"]}, {"linear": ["c"]}):
        found = pm.fit(problem(), method="variable_projection", options=options, starts=1)
        assert found.status.ok
        for name in ("a", "k", "c"):
            assert np.isclose(found.values[name], known.values[name], rtol=1e-8)


def test_a_prior_on_a_linear_parameter_counts():
    stated = {"c": pm.Real(guess=1, prior=NormalPrior(0.4, 0.001))}
    found, known = (pm.fit(problem(**stated), method=m, starts=1) for m in ("variable_projection", "auto"))
    assert np.isclose(found.values["c"], known.values["c"], rtol=1e-8)
    assert found.values["c"] < 0.45


def test_a_model_without_linear_parameters_is_refused():
    data = pm.Data({"t": T, "y": Y}, inputs=["t"], output="y", sigma=0.01)
    with pytest.raises(
        MethodError,
        match=r"^`variable_projection` needs parameters that the model is linear in; this problem offers .* "
        r'Use method="levenberg_marquardt"\.$',
    ):
        pm.fit("exp(-k * t) + k**2", data, {"k": pm.Real(0, 5, guess=1)}, method="variable_projection")


# ---- factors on logarithmic scales


def blots(scale=pm.Log(1e-5, 1e5), **more):  # noqa: B008  frozen
    """Three blots of one decay, each on a scale of its own, as PEtab files state them: bounds of ten decades."""
    t = np.linspace(0.0, 6.0, 12)
    wave = np.sin(2.7 * np.arange(12))
    sets = [
        pm.Data(
            {"t": t, "y": factor * (np.exp(-0.8 * t) + 0.1) + 0.02 * factor * np.roll(wave, 3 * i)},
            inputs="t",
            output="y",
            sigma=0.02 * factor,
            parameters={"s": f"s{i}", "o": f"o{i}"},
            name=f"blot {i}",
        )
        for i, factor in enumerate((3.0, 40.0, 500.0))
    ]
    scales = {f"{name}{i}": scale for i in range(3) for name in "so"}
    return pm.Problem("s * exp(-k * t) + o", sets, {"k": pm.Log(1e-3, 1e3), **scales, **more})


def test_factors_on_logarithmic_scales_are_solved_for_to_the_same_answer():
    problem = blots()
    found = pm.fit(problem, method="variable_projection", starts=20, progress=False)
    plain = pm.fit(problem, method="levenberg_marquardt", starts=20, progress=False)
    assert found.notes == dict.fromkeys(("s0", "s1", "s2", "o0", "o1", "o2"), "solved for")
    assert found.chi_square == pytest.approx(plain.chi_square, rel=1e-10)
    for name, value in plain.estimate.items():
        assert found.estimate[name] == pytest.approx(value, rel=1e-6)
        assert found.standard_error[name] == pytest.approx(plain.standard_error[name], rel=1e-6)  # all of the Jacobian
    assert found.receipt.evaluations < plain.receipt.evaluations  # one rate is searched for, not seven numbers


@pytest.mark.parametrize("bounds", [(1e-5, 30.0), (45.0, 1e5)])
def test_bounds_of_factors_are_honoured(bounds):
    problem = blots(s1=pm.Log(*bounds))
    found = pm.fit(problem, method="variable_projection", starts=10, progress=False)
    plain = pm.fit(problem, starts=20, progress=False)
    assert found.estimate["s1"] == pytest.approx(30.0 if bounds[1] == 30.0 else 45.0, rel=1e-12)
    assert "bound" in found.notes["s1"]
    assert found.chi_square == pytest.approx(plain.chi_square, rel=1e-9)
    assert found.estimate["k"] == pytest.approx(plain.estimate["k"], rel=1e-6)


def test_a_factor_that_wants_to_be_negative_becomes_nothing():
    data = pm.Data({"t": T, "y": -np.exp(-T) + 0.3}, inputs="t", output="y", sigma=0.1)
    parameters = {"a": pm.Log(guess=1.0), "k": pm.Log(0.1, 10, guess=1.0), "c": (-1, 1)}
    fit = pm.fit("a * exp(-k * t) + c", data, parameters, method="variable_projection", starts=2, progress=False)
    assert fit.estimate["a"] < 1e-90
    level = np.mean(-np.exp(-T) + 0.3)
    assert fit.chi_square == pytest.approx(np.sum((-np.exp(-T) + 0.3 - level) ** 2) / 0.01, rel=1e-9)


def test_a_prior_on_a_factor_counts():
    prior = pm.Log(1e-5, 1e5, prior=NormalPrior(2.0, 0.05))
    fit = pm.fit(blots(s0=prior), method="variable_projection", starts=5, progress=False)
    plain = pm.fit(blots(s0=prior), starts=20, progress=False)
    assert 2.0 < fit.estimate["s0"] < 2.99
    assert fit.estimate["s0"] == pytest.approx(plain.estimate["s0"], rel=1e-6)


def test_factors_are_told_where_the_method_is_asked_by_hand():
    space = dataclasses.replace(linear_in(box((np.log(1e-5), np.log(1e5)), (0.01, 10), (-9, 9)), 0, 2),
                                exponential=np.array([True, False, False]))  # fmt: skip

    def logarithmic(x):
        r, J = decay(T, Y)(np.array([np.exp(x[0]), x[1], x[2]]))
        return r, J * np.array([np.exp(x[0]), 1.0, 1.0])

    solutions = run(METHOD, space, [9.0, 0.2, 0.0], Evaluator(logarithmic))
    plain = run(METHOD, linear_in(box((1e-5, 1e5), (0.01, 10), (-9, 9)), 0, 2), [1.0, 0.2, 0.0], Evaluator(decay(T, Y)))
    np.testing.assert_allclose(np.exp(solutions.points[0, 0]), plain.points[0, 0], rtol=1e-9)
    np.testing.assert_allclose(solutions.points[0, 1:], plain.points[0, 1:], rtol=1e-9)
