"""What a ready-made model does with data, units, options and parameters."""

import dataclasses

import numpy as np
import pytest

import parametra as pm
from parametra.maths import distributions
from parametra.nouns.ready_made import Form, Known, Option
from parametra.nouns.units_check import check_units

READY = pm.model("kinetics.michaelis_menten")
S = np.array([0.02, 0.06, 0.11, 0.22, 0.56, 1.1])
V = 200 * S / (0.1 + S)


def data(inputs="substrate", output="rate", **more):
    return pm.Data({"s": S, output: V}, inputs={inputs: "s"}, output=output, **more)


def test_units_follow_the_data():
    units = {"s": "mmol/L", "rate": "mol/s"}
    problem = READY.problem(data(units=units))
    assert problem.stated_space["K"].unit == "mmol/L"
    assert problem.stated_space["V"].unit == "mol/s"


def test_no_unit_is_claimed_of_data_without_any():
    assert READY.problem(data()).stated_space["K"].unit == ""
    assert READY.form_of().parameters["K"].unit == "mmol/L"


def test_a_composed_unit_is_put_in_brackets():
    form = dataclasses.replace(READY.form, parameters={"k": pm.Positive(unit="{rate}/{substrate}", guess=1)})
    made = form.in_units({"rate": "mol/s", "substrate": "g"})
    assert made.parameters["k"].unit == "(mol/s)/g"


def test_an_only_output_may_have_any_name():
    fit = pm.fit(READY, data(output="v"), starts=1)
    assert fit.estimate == pytest.approx({"V": 200, "K": 0.1, "sigma": 0}, abs=1e-6)


def test_guesses_are_read_off_the_data():
    assert READY.problem(data()).stated_space["V"].guess == pytest.approx(200, rel=0.05)


def test_parameters_are_replaced_and_added():
    problem = READY.problem(data(), parameters={"V": pm.Fixed(200), "K": (0.01, 1)})
    assert problem.stated_space.free == ("K",)


def test_several_data_sets_share_what_they_do_not_name():
    sets = [
        pm.Data({"s": S, "rate": V}, inputs={"substrate": "s"}, output="rate", name="one"),
        pm.Data({"s": S, "rate": 2 * V}, inputs={"substrate": "s"}, output="rate", name="two", parameters={"V": "W"}),
    ]
    problem = READY.problem(sets)
    assert set(problem.stated_space.names) == {"V", "W", "K"}
    assert problem.stated_space["W"].guess == pytest.approx(2 * problem.stated_space["V"].guess)
    assert pm.fit(problem, starts=1).estimate["W"] == pytest.approx(400)


def test_priors_are_around_the_guess():
    problem = READY.problem(data(), priors=True)
    assert problem.stated_space["V"].prior.median == pytest.approx(200, rel=0.05)


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        (0.3, {"guess": 0.3}),
        ({"guess": 0.3}, {"guess": 0.3}),
        ((0.05, 0.5), {"lower": 0.05, "upper": 0.5}),
        ({"upper": 4}, {"upper": 4}),
        ({"lower": 0.01}, {"lower": 0.01}),
        ({"unit": "mol/L"}, {"unit": "mol/L"}),
        ({"prior": {"normal": [0.1, 0.1]}}, {"prior": distributions.Normal(0.1, 0.1)}),
        (pm.Log(0.01, 10), {"lower": 0.01, "upper": 10}),
    ],
)
def test_what_is_stated_of_a_parameter_changes_only_that(stated, wanted):
    units = {"s": "mmol/L", "rate": "mol/s"}
    own = READY.problem(data(units=units)).stated_space["K"]
    found = READY.problem(data(units=units), parameters={"K": stated}).stated_space["K"]
    for key, value in wanted.items():
        assert getattr(found, key) == value
    for key in ("guess", "unit", "description"):
        assert getattr(found, key) == wanted.get(key, getattr(own, key))
    with_priors = READY.problem(data(units=units), parameters={"K": stated}, priors=True).stated_space
    assert with_priors.explicit_priors == ("K", "V")
    assert with_priors["K"].prior == wanted.get("prior", distributions.LogNormal(np.log(found.guess), 1.5))


def test_a_fixed_parameter_keeps_its_unit_and_has_no_prior():
    problem = READY.problem(data(units={"s": "mmol/L"}), parameters={"K": {"fixed": 0.1}}, priors=True)
    assert problem.stated_space["K"].unit == "mmol/L"
    assert problem.stated_space.explicit_priors == ("V",)


def test_a_guess_outside_of_stated_bounds_is_dropped():
    found = READY.problem(data(), parameters={"V": (1, 2)}).stated_space["V"]
    assert found.guess is None
    assert (found.lower, found.upper) == (1, 2)


def test_data_so_odd_that_the_guess_cannot_be_keep_the_model_s():
    ready = dataclasses.replace(READY, guess=lambda data: {"V": float(data.outputs["rate"].min())})
    odd = pm.Data({"s": S, "rate": -V}, inputs={"substrate": "s"}, output="rate")
    assert ready.problem(odd).stated_space["V"].guess == 1


def test_parameters_that_the_noise_speaks_of_are_added():
    noise = pm.LogLikelihood("-abs(observed - predicted) / b - log(2 * b)")
    assert "b" in READY.problem(data(), parameters={"b": pm.Log(0.01, 10)}, noise=noise).space.names


def test_standard_deviations_of_the_data_are_believed_where_the_model_scatters_in_logarithms():
    model = pm.model("scaling_law.critical_batch")
    known = model.known[0].data()
    plain = {"batch": known.inputs["batch"], "steps": known.outputs["steps"]}
    stated = pm.Data(plain | {"error": 0.03 * plain["steps"]}, inputs="batch", output="steps", sigma="error")
    assert type(model.problem(pm.Data(plain, inputs="batch", output="steps")).noise["steps"]).__name__ == "LogNormal"
    assert type(model.problem(stated).noise["steps"]).__name__ == "Normal"


def test_a_scale_with_a_zero_of_its_own_is_not_followed():
    table = {"temperature": [25.0, 35, 45], "rate": [1.0, 2, 4]}
    celsius = pm.Data(table, inputs="temperature", output="rate", units={"temperature": "degC", "rate": "1/s"})
    with pytest.raises(pm.ParametraError, match='takes "temperature" in K, and the data "data" state degC'):
        pm.model("kinetics.arrhenius").problem(celsius)
    with pytest.raises(pm.ParametraError, match=r"Convert the numbers first: add 273\.15, and state K\."):
        pm.model("kinetics.arrhenius").problem(celsius)


@pytest.mark.parametrize("unit", ["degC", "°C", "K", "mV"])
def test_a_signal_of_any_kind_may_be_in_a_scale_with_a_zero_of_its_own(unit):
    table = {"year": [1990.0, 1991, 1992, 1993], "warmth": [13.7, 13.8, 14.0, 13.9]}
    data = pm.Data(table, inputs={"x": "year"}, output="warmth", units={"year": "year", "warmth": unit})
    for name in ("lines.polynomial", "steps.step", "peaks.gaussian"):
        problem = pm.model(name).problem(data)
        assert check_units(problem)
    fit = pm.fit(pm.model("lines.polynomial"), data, starts=1)
    assert (fit.row("c0").unit, fit.row("c1").unit) == (unit, f"{unit}/year")


def test_a_unit_for_a_pure_number_is_refused_with_the_way_out():
    table = {"time": [0.0, 1, 2, 3], "voltage": [0.1, 0.5, -1.0, 0.2]}
    model = pm.model("oscillators.fitzhugh_nagumo")
    data = pm.Data(table, inputs="time", output={"voltage": "voltage"}, units={"voltage": "mV"})
    with pytest.raises(pm.ParametraError, match=r'"voltage" is a pure number, and .* state mV\. State no unit'):
        model.problem(data)
    percent = pm.Data(table, inputs="time", output={"voltage": "voltage"}, units={"voltage": "%"})
    with pytest.raises(pm.ParametraError, match=r'takes "voltage" in 1, .* multiply them by 0\.01, and state 1'):
        model.problem(percent)


def test_a_unit_that_no_parameter_follows_must_be_the_model_s():
    table = {"z": [0.1, 0.2, 0.3], "luminosity_distance": [0.4, 0.9, 1.5]}
    far = pm.Data(table, inputs="z", output="luminosity_distance", units={"luminosity_distance": "Gpc"})
    with pytest.raises(
        pm.ParametraError,
        match=r"in Mpc, and the data .* state Gpc\. Convert the numbers first: multiply them by 1000, and state Mpc",
    ):
        pm.model("cosmology.standard_sirens").problem(far)


def polynomial(data, degree):
    names = [f"c{k}" for k in range(degree + 1)]
    return Form(
        model={"y": " + ".join(f"{name} * x**{k}" for k, name in enumerate(names))},
        parameters={name: pm.Real(guess=0.0, unit="1") for name in names},
        inputs={"x": "1"},
        outputs={"y": "1"},
    )


POLYNOMIAL = dataclasses.replace(
    READY, name="mine.polynomial", form=polynomial, guess=None, options={"degree": Option(2, "its degree", (1, 2, 3))}
)
LINE = pm.Data({"x": S, "y": 1 + 2 * S}, inputs="x", output="y")


def test_options_shape_the_model():
    assert len(POLYNOMIAL.problem(LINE).stated_space.names) == 3
    assert len(POLYNOMIAL.problem(LINE, degree=1).stated_space.names) == 2
    assert len(POLYNOMIAL.with_options(degree=3).problem(LINE).stated_space.names) == 4
    assert pm.fit(POLYNOMIAL.with_options(degree=1), LINE, starts=1).estimate["c1"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: POLYNOMIAL.problem(LINE, degree=7), "is one of 1, 2, 3; 7 came"),
        (lambda: POLYNOMIAL.with_options(degre=1), 'has no option "degre"; did you mean "degree"'),
        (lambda: READY.problem(LINE), 'needs the input "substrate", which the data "data" lack'),
        (lambda: READY.problem(data(output="rate", inputs="subtrate")), 'did you mean "subtrate"'),
        (lambda: READY.problem(data(), parameters={"k": pm.Fixed(5)}), 'no parameter "k"; known here: V, K'),
        (
            lambda: pm.model("peaks.gaussian", peaks="2"),
            'option "peaks" of "peaks.gaussian" is a whole number; "2" came',
        ),
        (lambda: pm.model("peaks.gaussian", peaks=True), "is a whole number"),
        (lambda: pm.model("scaling_law.training_time", proxy=3), "3 came"),
        (lambda: READY.plot(1, 2), "takes the problem second; came int"),
        (lambda: pm.fit(READY), "has no data"),
        (lambda: pm.model("kinetics.michaelis_mente"), "did you mean"),
        (lambda: pm.models.kinetic, "there is no field 'kinetic'"),
    ],
)
def test_what_is_refused(make, said):
    with pytest.raises((pm.ParametraError, AttributeError), match=said.replace("(", "\\(")):
        make()


def test_several_outputs_keep_their_names():
    two = pm.Data({"s": S, "rate": V, "other": V}, inputs={"substrate": "s"}, output=["rate", "other"])
    with pytest.raises(pm.ParametraError, match='gives rate, and the data "data" hold the output "other"'):
        READY.problem(two)


def test_its_repr_tells_the_formula_and_where_more_stands():
    assert "rate = V substrate / (K + substrate)" in repr(READY)
    assert "degree=2" in repr(POLYNOMIAL)


def test_what_is_known_is_stated_by_digits_or_truth():
    known = READY.known[0]
    assert isinstance(known, Known)
    assert pm.fit(READY.known_problem(known), starts=1).estimate["V"] == pytest.approx(212.7, abs=0.05)


@pytest.mark.parametrize("unit", [1e-12, 1e-9, 1.0, 1e9, 1e15])
def test_units_change_no_error(unit):
    # a concentration of nanomoles in mol/L is neither at its bound nor without effect
    noise = 1 + 0.03 * np.random.default_rng(9).standard_normal(len(S))
    table = pm.Data({"s": S * unit, "rate": V * noise}, inputs={"substrate": "s"}, output="rate")
    plain = pm.fit(READY, pm.Data({"s": S, "rate": V * noise}, inputs={"substrate": "s"}, output="rate"), starts=1)
    fit = pm.fit(READY, table, starts=1)
    assert fit.standard_error["V"] == pytest.approx(plain.standard_error["V"], rel=1e-5)
    assert fit.standard_error["K"] == pytest.approx(unit * plain.standard_error["K"], rel=1e-5)


def test_a_description_shows_the_usual_options_and_tells_of_the_parameters_that_others_bring():
    from parametra.nouns.ready_made_text import described, text

    ready = pm.model("peaks.split")
    told = described(ready)
    assert [each["name"] for each in told["parameters"]] == ["height", "center", "left", "right", "background"]
    (other,) = told["parameters_with_options"]
    assert other["options"] == {"peaks": "2"}
    assert "right_2" in other["parameters"]
    assert "with peaks = 2: height_1, center_1" in text(ready)
