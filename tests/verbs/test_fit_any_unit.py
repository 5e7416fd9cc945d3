"""The answer of a fit does not depend on the units of outputs and inputs: only its numbers are scaled with them."""

import numpy as np
import pytest

import parametra as pm
from parametra.maths.distributions import LogNormal as LogNormalPrior

X = np.linspace(0.1, 5, 30)
DRAWN = np.random.default_rng(3).standard_normal(30)
FALL = 1 + 4 * np.exp(-0.6 * X)
EXPONENTIAL = "level + size * exp(-rate * x)"
POWERS = [(15, 0), (-15, 0), (0, 15), (0, -15), (30, -30), (-30, 30)]
"""Powers of ten that outputs and inputs are scaled by."""


def exponential(x, level, size, rate):
    return level + size * np.exp(-rate * x)


def _data(y, y_unit, x_unit, **settings):
    return pm.Data({"x": X * x_unit, "y": y * y_unit}, inputs="x", output="y", **settings)


def _free(y, x):
    return {
        "level": pm.Real(-10 * y, 10 * y, guess=0.5 * y),
        "size": pm.Positive(guess=2 * y),
        "rate": pm.Log(0.01 / x, 10 / x, guess=1 / x),
    }


def _falling(model=EXPONENTIAL, sigma=None, **settings):
    def stated(y, x):
        noise = settings.get("noise")
        made = {"noise": noise(y)} if noise else {}
        stated_sigma = {} if sigma is None else {"sigma": sigma * y}
        data = _data(FALL + 0.05 * DRAWN, y, x, **stated_sigma)
        return pm.Problem(model, data, _free(y, x), derived={"top": "level + size"}, **made)

    return stated


def _line(sigma=None):
    def stated(y, x):
        data = _data(2 + 3 * X + 0.3 * DRAWN, y, x, **({} if sigma is None else {"sigma": sigma * y}))
        return pm.Problem("a + b * x", data, {"a": y, "b": y / x})

    return stated


def _with_a_prior(y, x):
    free = {**_free(y, x), "size": pm.Positive(guess=2 * y, prior=LogNormalPrior(np.log(4 * y), 0.5))}
    return pm.Problem(EXPONENTIAL, _data(FALL + 0.05 * DRAWN, y, x, sigma=0.05 * y), free)


def _two_steps(y, x):
    """A -> B -> nothing; an absolute tolerance has the unit of the states, so that it is stated with them."""
    model = pm.ODE(
        {"A": "-k * A", "B": "k * A - l * B"},
        initial={"A": "dose", "B": 0.0},
        observe={"y": "A + B"},
        time="x",
        relative_tolerance=1e-8,
        absolute_tolerance=1e-10 * y,
    )
    both = 4 * (np.exp(-0.6 * X) + 0.6 / 0.4 * (np.exp(-0.2 * X) - np.exp(-0.6 * X)))
    free = {"dose": pm.Positive(guess=3 * y), "k": pm.Positive(guess=1 / x), "l": pm.Positive(guess=0.1 / x)}
    return pm.Problem(model, _data(both + 0.05 * DRAWN, y, x), free)


def _ready_made(name, inputs, output, y_of_x):
    def stated(y, x):
        data = pm.Data({inputs: X * x, output: y_of_x * y}, inputs=inputs, output=output)
        return pm.model(name).problem(data)

    return stated


PROBLEMS = {
    "line": _line(),
    "line, sigma stated": _line(0.3),
    "formula": _falling(),
    "formula, sigma stated": _falling(sigma=0.05),
    "function": _falling(exponential),
    "Student's t, width known": _falling(noise=lambda y: pm.StudentT(4, sigma=0.05 * y)),
    "Student's t": _falling(noise=lambda _: pm.StudentT(4)),
    "Huber": _falling(noise=lambda _: pm.Huber()),
    "outliers": _falling(noise=lambda y: pm.Outliers(pm.Normal(0.05 * y))),
    "logarithms": _falling(noise=lambda _: pm.LogNormal()),
    "gamma": _falling(noise=lambda _: pm.Gamma()),
    "proportional": _falling(noise=lambda _: pm.Normal(sigma="estimated", proportional=True)),
    "prior": _with_a_prior,
    "Michaelis and Menten": _ready_made(
        "kinetics.michaelis_menten", "substrate", "rate", 5 * X / (1.5 + X) * (1 + 0.01 * DRAWN)
    ),
    "peak": _ready_made("peaks.gaussian", "x", "signal", 1 + 6 * np.exp(-0.5 * ((X - 2.4) / 0.5) ** 2) + 0.05 * DRAWN),
    "decay": _ready_made("decay.exponential", "time", "signal", FALL - 1 + 0.02 * DRAWN),
}
CASES = [pytest.param(name, power, id=f"{name} {power}") for name in PROBLEMS for power in POWERS]


def _fitted(name, y=1.0, x=1.0, **settings):
    key = (name, y, x, *settings.items())
    if key not in _fitted.known:
        problem = PROBLEMS[name](y, x)
        # as many starts at every scale: a line is known by its Jacobian, and others take all of them
        _fitted.known[key] = pm.fit(problem, **({"starts": 4} | settings))
    return _fitted.known[key]


_fitted.known = {}


def _same_but_for_units(found, plain, y, x):
    assert found.status.outcome is plain.status.outcome
    assert len(found.doubts) == len(plain.doubts), found.doubts
    assert (found.starts.count, found.starts.converged) == (plain.starts.count, plain.starts.converged)
    assert set(found.notes) == set(plain.notes)
    powers = {y**a * x**b for a in (-1, 0, 1) for b in (-1, 0, 1)}
    for one, other in zip(found.rows, plain.rows, strict=True):
        ratio = one.value / other.value
        scale = min(powers, key=lambda power: abs(np.log(abs(ratio) / power)))
        assert ratio == pytest.approx(scale, rel=1e-6), one.label
        assert (one.standard_error is None) == (other.standard_error is None), one.label
        if other.standard_error:
            assert one.standard_error / other.standard_error == pytest.approx(scale, rel=1e-4), one.label


@pytest.mark.parametrize(("name", "power"), CASES)
def test_units_scale_the_numbers_of_a_fit_and_nothing_else(name, power):
    y, x = 10.0 ** power[0], 10.0 ** power[1]
    _same_but_for_units(_fitted(name, y, x), _fitted(name), y, x)


@pytest.mark.parametrize("method", ["lbfgs", "variable_projection"])
@pytest.mark.parametrize("power", [(15, -15), (-15, 15)], ids=str)
def test_other_methods_neither_depend_on_units(method, power):
    y, x = 10.0 ** power[0], 10.0 ** power[1]
    found, plain = (_fitted("formula", *units, method=method) for units in ((y, x), (1.0, 1.0)))
    _same_but_for_units(found, plain, y, x)


@pytest.mark.parametrize("power", [(15, 0), (-15, 0), (0, 15), (0, -15)], ids=str)
def test_nor_does_a_differential_equation(power):
    y, x = 10.0 ** power[0], 10.0 ** power[1]
    _same_but_for_units(pm.fit(_two_steps(y, x), starts=1), pm.fit(_two_steps(1.0, 1.0), starts=1), y, x)


def test_derivatives_of_residuals_are_those_of_huge_and_tiny_values():
    """Beside an observed value of 1e16 a step of 1 drowns in rounding."""
    from parametra.nouns.asker import Want
    from parametra.runs.cost import Cost
    from parametra.runs.direct import Direct

    for size in (1e-100, 1e-30, 1.0, 1e16, 1e100):
        problem = _line()(size, 1.0)
        answers = Direct(problem, Cost(True)).evaluate(problem.fit_space.guess[None], Want.JACOBIAN)
        assert np.asarray(answers.jacobian)[0] == pytest.approx(np.stack([np.ones(30), X], axis=1), rel=1e-12)
