"""What a ready-made model does with data, units, options and parameters."""

import dataclasses

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.ready_made import Form, Known, Option

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
    assert READY.form_of().parameters["K"].unit == "ppm"


def test_a_composed_unit_is_put_in_brackets():
    form = dataclasses.replace(READY.form, parameters={"k": pm.Positive(unit="{rate}/{substrate}", guess=1)})
    made = form.in_units({"rate": "mol/s", "substrate": "g"})
    assert made.parameters["k"].unit == "(mol/s)/g"


def test_an_only_output_may_have_any_name():
    fit = pm.fit(READY, data(output="v"), starts=1)
    assert fit.estimate == pytest.approx({"V": 200, "K": 0.1, "sigma": 0}, abs=1e-6)


def test_guesses_are_read_off_the_data():
    assert READY.problem(data()).stated_space["V"].guess == pytest.approx(1.05 * V.max())


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
    assert problem.stated_space["V"].prior.median == pytest.approx(1.05 * V.max())


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
