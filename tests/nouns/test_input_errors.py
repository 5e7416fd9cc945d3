"""Errors in the inputs: York's line, the true inputs as further unknowns, and scipy.odr on a curve."""

import warnings

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import least_squares

import parametra as pm
from parametra.nouns._input_errors import input_variance
from parametra.nouns.errors import DataError, NoiseError
from parametra.nouns.model import Model

# Pearson (1901), doi:10.1080/14786440109462720, with the weights of York (1966), doi:10.1139/p66-090
X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
SX = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0]) ** -0.5
SY = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500.0]) ** -0.5
TABLE = {"x": X, "y": Y, "sx": SX, "sy": SY}
PEARSON = pm.Data(TABLE, inputs="x", output="y", sigma="sy", input_errors={"x": "sx"})
START = {"a": 5.0, "b": -0.5}


def line(x, a, b):
    return a + b * x


def traced_line(x, a, b):
    return jnp.asarray(a) + b * x


@pytest.mark.parametrize(
    ("model", "evaluator"),
    [("a + b * x", "direct"), (line, "direct"), (line, "compiled"), (traced_line, "auto"), ("a + b * x", "compiled")],
)
def test_pearsons_data_with_yorks_weights(model, evaluator):
    """York et al. (2004), doi:10.1119/1.1632486: -0.480533407 with error 0.057985, 5.479910224 with error 0.294971."""
    fit = pm.fit(model, PEARSON, parameters=START, evaluator=evaluator)
    assert fit.status.ok
    assert fit.estimate["b"] == pytest.approx(-0.480533407, rel=1e-7)
    assert fit.estimate["a"] == pytest.approx(5.479910224, rel=1e-7)
    # the errors of the Jacobian of whitened residuals are York's here
    assert fit.standard_error["b"] == pytest.approx(0.0579850, rel=1e-5)
    assert fit.standard_error["a"] == pytest.approx(0.294971, rel=1e-5)
    assert fit.chi_square == pytest.approx(11.8663531941, rel=1e-9)


def test_the_objective_is_that_of_the_true_inputs_without_log_s():
    """With the true inputs as further unknowns: the same line, chi-square and errors."""

    def rows(z):
        true = z[2:]
        return np.concatenate([(Y - line(true, z[0], z[1])) / SY, (X - true) / SX])

    full = least_squares(rows, [5.0, -0.5, *X], xtol=1e-15, ftol=1e-15, gtol=1e-15)
    fit = pm.fit("a + b * x", PEARSON, parameters=START)
    assert [fit.estimate["a"], fit.estimate["b"]] == pytest.approx(full.x[:2], rel=1e-7)
    assert fit.chi_square == pytest.approx(2 * full.cost, rel=1e-10)
    covariance = np.linalg.inv(full.jac.T @ full.jac)[:2, :2]
    # beyond the first order in residuals the two Jacobians differ; here by a thousandth or less of the errors
    assert [fit.standard_error[k] for k in "ab"] == pytest.approx(np.sqrt(np.diag(covariance)), rel=0.05)
    slope = fit.estimate["b"]
    s = np.sqrt(SY**2 + slope**2 * SX**2)
    z = (Y - line(X, **{k: fit.estimate[k] for k in "ab"})) / s
    wanted = np.sum(-0.5 * z**2 - np.log(SY) - 0.5 * np.log(2 * np.pi))
    assert fit.log_likelihood == pytest.approx(wanted, rel=1e-12)


def test_turning_the_axes_round_gives_the_same_line():
    turned = pm.Data(TABLE, inputs="y", output="x", sigma="sx", input_errors={"y": "sy"})
    fit, other = pm.fit("a + b * x", PEARSON, parameters=START), pm.fit("(y - a) / b", turned, parameters=START)
    assert other.estimate["b"] == pytest.approx(fit.estimate["b"], rel=1e-7)
    assert other.estimate["a"] == pytest.approx(fit.estimate["a"], rel=1e-7)
    assert other.chi_square == pytest.approx(fit.chi_square, rel=1e-10)


def test_an_estimated_scale_multiplies_both_kinds_of_errors():
    fit = pm.fit("a + b * x", PEARSON, parameters=START)
    scaled = pm.fit("a + b * x", PEARSON, parameters=START, noise=pm.Normal(scale="estimated"))
    factor = np.sqrt(fit.chi_square / 8)
    assert scaled.estimate["b"] == pytest.approx(fit.estimate["b"], rel=1e-7)
    assert scaled.estimate["scale"] == pytest.approx(factor, rel=1e-9)
    assert scaled.standard_error["b"] == pytest.approx(factor * fit.standard_error["b"], rel=1e-7)


def test_no_errors_of_the_input_change_nothing():
    without = pm.Data(TABLE, inputs="x", output="y", sigma="sy")
    none = pm.Data(TABLE, inputs="x", output="y", sigma="sy", input_errors={"x": 0})
    a, b = (pm.fit("a + b * x", data, parameters=START) for data in (without, none))
    assert a.estimate["b"] == pytest.approx(b.estimate["b"], rel=1e-9)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=1e-12)


def curve_data(sx, n=25):
    rng = np.random.default_rng(8)
    true = np.linspace(0.2, 5, n)
    x = true + sx * rng.standard_normal(n)
    y = 3 * np.exp(-0.8 * true) + 0.5 + 0.02 * rng.standard_normal(n)
    return pm.Data({"x": x, "y": y}, inputs="x", output="y", sigma=0.02, input_errors={"x": sx})


def odr_of(data, sx):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # SciPy recommends the package odrpack instead
        from scipy import odr

        made = odr.RealData(data.inputs["x"], data.outputs["y"], sx=sx, sy=0.02)
        model = odr.Model(lambda p, x: p[0] * np.exp(-p[1] * x) + p[2])
        return odr.ODR(made, model, beta0=[3.0, 0.8, 0.5], sstol=1e-15, partol=1e-15, maxit=200).run()


def test_a_curve_agrees_with_scipys_odr_to_first_order():
    """What differs is second order in sx: curvature within an input's error, against that of the output.

    sx = 0.05 is 4 % of what the curve changes over (1/0.8 is the length of its decay): estimates within 6 % of a
    standard error. With half of sx the difference falls to about a quarter.
    """
    apart = []
    for sx in (0.05, 0.025):
        data, other = curve_data(sx), odr_of(curve_data(sx), sx)
        fit = pm.fit("a * exp(-b * x) + c", data, parameters={"a": 2.0, "b": 1.0, "c": 0.3}, starts=5)
        assert fit.status.ok
        errors = np.array([fit.standard_error[k] for k in "abc"])
        apart.append(np.max(np.abs(np.array([fit.estimate[k] for k in "abc"]) - other.beta) / errors))
        assert fit.chi_square == pytest.approx(other.sum_square, rel=0.02)
        # ODR's own errors without its rescaling by the residual variance
        assert errors == pytest.approx(np.sqrt(np.diag(other.cov_beta)), rel=0.05)
    assert apart[0] < 0.06
    assert apart[1] < 0.4 * apart[0]


MODELS = [
    "a * exp(-b * x) + where(x > 2, u * x**2, u * abs(x - 3))",
    lambda x, u, a, b: a * np.exp(-b * x) + np.where(x > 2, u * x**2, u * np.where(np.real(x) > 3, x - 3, 3 - x)),
]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("rows", ["single", "batch"])
def test_the_variance_from_inputs(model, rows):
    x, u = np.linspace(0.5, 2.9, 6), np.linspace(1, 2, 6)
    parameters = (
        {"a": 2.0, "b": 0.7} if rows == "single" else {"a": np.array([[2.0], [1.0]]), "b": np.array([[0.7], [0.1]])}
    )
    errors = {"x": np.full(6, 0.1), "u": np.array([0, 0.1, 0.2, 0.3, 0.1, 0.0])}
    found = input_variance(Model.of(model), parameters, {"x": x, "u": u}, errors, "y", np)
    a, b = parameters["a"], parameters["b"]
    by_x = -a * b * np.exp(-b * x) + np.where(x > 2, 2 * u * x, -u)
    by_u = np.where(x > 2, x**2, 3 - x)
    np.testing.assert_allclose(found, (by_x * 0.1) ** 2 + (by_u * errors["u"]) ** 2, rtol=1e-9)
    # the slope's own derivative by a parameter, as a complex step wants it
    moved = {**parameters, "b": parameters["b"] + 1e-30j}
    step = np.imag(input_variance(Model.of(model), moved, {"x": x, "u": u}, errors, "y", np)) / 1e-30
    wanted = 2 * by_x * 0.01 * (-a * np.exp(-b * x) * (1 - b * x))
    np.testing.assert_allclose(step, wanted, rtol=1e-8, atol=1e-12)


def test_points_without_an_output_and_several_data_sets():
    holed = pm.Data(
        {**TABLE, "y": [*Y[:3], np.nan, *Y[4:]]},
        inputs="x",
        output="y",
        sigma="sy",
        input_errors={"x": "sx"},
        missing="mask",
    )
    keep = np.arange(10) != 3
    short = pm.Data(
        {k: v[keep] for k, v in TABLE.items()}, inputs="x", output="y", sigma="sy", input_errors={"x": "sx"}
    )
    one, other = (pm.fit("a + b * x", data, parameters=START) for data in (holed, short))
    assert one.estimate["b"] == pytest.approx(other.estimate["b"], rel=1e-9)
    parts = [
        pm.Data({k: v[s] for k, v in TABLE.items()}, inputs="x", output="y", sigma="sy", input_errors=errors, name=name)
        for name, s, errors in (("one", slice(0, 5), {"x": "sx"}), ("two", slice(5, 10), None))
    ]
    fit = pm.fit("a + b * x", parts, parameters=START)
    exact = pm.Data(
        {**TABLE, "sx": np.where(np.arange(10) < 5, SX, 0)},
        inputs="x",
        output="y",
        sigma="sy",
        input_errors={"x": "sx"},
    )
    assert fit.estimate["b"] == pytest.approx(pm.fit("a + b * x", exact, parameters=START).estimate["b"], rel=1e-9)


def test_a_row_without_an_input_error_is_left_out_or_refused():
    table = {**TABLE, "sx": [*SX[:9], np.nan]}
    with pytest.raises(DataError, match='column "sx" holds a missing value in row 10; pass missing="mask"'):
        pm.Data(table, inputs="x", output="y", sigma="sy", input_errors={"x": "sx"})
    data = pm.Data(table, inputs="x", output="y", sigma="sy", input_errors={"x": "sx"}, missing="mask")
    assert (data.rows, data.masked) == (9, 1)
    assert data.input_errors["x"].tolist() == SX[:9].tolist()


def test_wild_points_and_simulated_data():
    wild = {**TABLE, "y": [*Y[:5], 9.0, *Y[6:]]}
    data = pm.Data(wild, inputs="x", output="y", sigma="sy", input_errors={"x": "sx"})
    fit = pm.fit("a + b * x", data, parameters=START, noise=pm.StudentT(4))
    assert fit.method == "levenberg_marquardt"
    assert fit.estimate["b"] == pytest.approx(-0.48, abs=0.06)
    problem = fit_problem = pm.Problem("a + b * x", PEARSON, START)
    named, arrays = {"a": 5.48, "b": -0.48}, fit_problem.arrays
    ((i, output, f),) = problem.compared(named, arrays)
    many = np.broadcast_to(f, (4000, 10))
    scatter = problem.scatter(i, output, many, named, arrays, np)
    noise = problem.noise["y"]
    effective = np.sqrt(SY**2 + 0.48**2 * SX**2)
    np.testing.assert_allclose(noise.standard_deviation(scatter), effective)
    drawn = noise.simulate(scatter, np.random.default_rng(3))
    # ten variances from 4000 draws, each within five of its standard errors: a false alarm for 1 seed in 170,000
    np.testing.assert_allclose(np.var(drawn - many, axis=0), effective**2, rtol=5 * np.sqrt(2 / 4000))


def test_what_is_told_of_them():
    fit = pm.fit("a + b * x", PEARSON, parameters=START)
    words = "normal, standard deviations from the column sy; errors of x added through the slope of the model"
    assert fit.noise["y"] == words
    assert "errors of x" in repr(PEARSON)
    assert fit.views[0].spread == pytest.approx(np.sqrt(SY**2 + fit.estimate["b"] ** 2 * SX**2))
    other = pm.Data(TABLE, inputs="x", output="y", sigma="sy")
    assert PEARSON.content_hash() != other.content_hash()
    assert PEARSON.signature != other.signature
    assert "sx" not in PEARSON.columns
    check = pm.check(pm.Problem("a + b * x", PEARSON, START))
    assert check.ok and {f.level for f in check.findings if f.subject == "gradient"} == {"ok"}


def test_a_problem_file_states_them(tmp_path):
    columns = "".join(f"{k} = {v.tolist()}\n" for k, v in TABLE.items())
    text = f"""
        [model]
        formula = "a + b * x"
        [parameters]
        a = 5
        b = -0.5
        [data]
        inputs = ["x"]
        output = "y"
        sigma = "sy"
        input_errors = {{ x = "sx" }}
        [data.columns]
        {columns}
    """
    (tmp_path / "p.toml").write_text(text)
    fit = pm.fit(pm.read_problem(tmp_path / "p.toml").problem)
    assert fit.estimate["b"] == pytest.approx(-0.480533407, rel=1e-7)


MISTAKES = [
    (
        {"input_errors": "sx"},
        'input_errors is a mapping of input to its standard deviations, {"x": "sx"}; came \'sx\'.',
    ),
    ({"input_errors": {"z": "sx"}}, 'input_errors names "z", which is no input; known here: x.'),
    ({"input_errors": {"x": "sxx"}}, 'there is no column "sxx"'),
    ({"input_errors": {"x": -1}}, 'the input error of "x" must be a number, zero or above; came -1.'),
    ({"input_errors": {"x": [-1.0] * 10}}, 'the input error of "x" must be zero or above; it is -1 in row 1.'),
    ({"input_errors": {"x": [1.0]}}, 'input error of "x" must have 10 rows like the table; it has 1.'),
]


@pytest.mark.parametrize(("settings", "message"), MISTAKES)
def test_mistakes_in_the_data_are_told(settings, message):
    with pytest.raises(DataError) as caught:
        pm.Data(TABLE, inputs="x", output="y", sigma="sy", **settings)
    assert str(caught.value).startswith(message)


def test_an_input_of_several_numbers_has_no_errors():
    with pytest.raises(DataError, match=r'input_errors names "x", which has 2 numbers a row; give each its input.'):
        pm.Data({"x": np.ones((2, 2)), "y": [1.0, 2.0]}, inputs="x", output="y", input_errors={"x": 1})


@pytest.mark.parametrize(
    ("noise", "words"),
    [
        (pm.Normal("estimated"), "normal, one estimated standard deviation"),
        (pm.AR1(0.1, 0.5), "normal, autoregressive with the correlation 0.5 of neighbours, standard deviation 0.1"),
        (pm.Normal(0.1, proportional=True), "normal, standard deviation in proportion to the prediction 0.1"),
    ],
)
def test_noises_without_known_standard_deviations_are_refused(noise, words):
    data = pm.Data(TABLE, inputs="x", output="y", input_errors={"x": "sx"})
    with pytest.raises(NoiseError) as caught:
        pm.Problem("a + b * x", data, START, noise=noise)
    assert str(caught.value) == (
        'the data set "data" gives errors of x, which are added to known standard deviations of "y"; its noise is '
        f'{words}. Give sigma, Data(..., sigma="sigma"), with Normal(), Normal(scale="estimated") or StudentT().'
    )
