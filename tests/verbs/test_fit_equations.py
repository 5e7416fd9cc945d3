"""The model as people read it: every kind of model that has formulas, in the words in which it was stated."""

import dataclasses

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.equation import Equation, readable
from parametra.nouns.formula import Formula
from parametra.report.page import page
from parametra.verbs.fit_equations import equations_of

T = np.linspace(0.5, 6, 15)
CURVE = pm.Data({"t": T, "y": 2 * np.exp(-0.7 * T)}, inputs="t", output="y", sigma=0.1)


def lines(problem):
    return [(each.kind, each.left, each.right) for each in equations_of(problem)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(((cyt * BaF3_Epo) * (STAT5A ** 2)) * k_phos)", "cyt * BaF3_Epo * STAT5A ** 2 * k_phos"),
        ("a-(b-c)", "a - (b - c)"),
        ("(a/b)/c", "a / b / c"),
        ("-(a**2)", "-a ** 2"),
        ("where((t<1) , rate,0)", "where(t < 1, rate, 0)"),
        ("0.0", "0"),
        ("207.6123456789", "207.6123456789"),
    ],
)
def test_brackets_that_change_nothing_are_left_out(text, wanted):
    assert readable(text) == wanted
    values = dict(
        zip(("cyt", "BaF3_Epo", "STAT5A", "k_phos", "a", "b", "c", "t", "rate"), np.arange(2.0, 11), strict=True)
    )
    both = [Formula.parse(each).evaluate(values) for each in (text, wanted)]
    assert both[0] == both[1]


def test_formulas_and_tied_parameters():
    box = {"a": (0, 5), "half": pm.Tied("0.5 * a"), "b": (0.01, 3)}
    problem = pm.Problem("(a * exp((-b * t))) + 0 * half", CURVE, box)
    assert lines(problem) == [("prediction", "y", "a * exp(-b * t) + 0 * half"), ("tied", "half", "0.5 * a")]
    two = pm.Data({"t": T, "y": T, "z": T}, inputs="t", output=["y", "z"], sigma=0.1)
    problem = pm.Problem({"y": "a * t", "z": "b * t"}, two, {"a": 1.0, "b": 1.0})
    assert lines(problem) == [("prediction", "y", "a * t"), ("prediction", "z", "b * t")]


def test_a_function_has_none():
    assert lines(pm.Problem(lambda t, a: a * t, CURVE, {"a": 1.0})) == []


def test_everything_that_an_ode_states():
    ode = pm.ODE(
        {"gut": "-ka * gut", "blood": "((ka * gut) - (CL / V) * blood)"},
        initial={"gut": 0, "blood": "base"},
        let={"base": "0.5 * dose"},
        observe="blood / V",
        begin="first",
        events=[
            pm.Event(["lag", 24.0], add={"gut": "dose"}),
            pm.Event(np.arange(10.0, 18.0), set={"gut": 0}),
        ],
    )
    data = pm.Data({"t": T, "y": T}, inputs="t", output="y", sigma=1.0, constants={"dose": 100.0})
    names = {name: pm.Positive(guess=0.1) for name in ("ka", "CL", "V", "first", "lag")}
    assert lines(pm.Problem(ode, data, names)) == [
        ("slope", "d[gut]/dt", "-ka * gut"),
        ("slope", "d[blood]/dt", "ka * gut - CL / V * blood"),
        ("quantity", "base", "0.5 * dose"),
        ("first value", "[gut](first)", "0"),
        ("first value", "[blood](first)", "base"),
        ("event", "t = lag, 24", "gut rises by dose"),
        ("event", "t = 10, 11, 12, 13, 14, 15 and 2 more", "gut becomes 0"),
        ("output", "y", "blood / V"),
    ]


def test_functions_and_steady_states():
    def slopes(t, A, k, signal):
        return {"A": signal - k * A}

    ode = pm.ODE(slopes, initial={"A": 1}, settle={"signal": 0}, observe=lambda A: {"y": A})
    assert [(each.left, each.right) for each in ode.equations] == [
        ("d[A]/dt", "the function slopes"),
        ("[A](before it settles)", "1"),
        ("at rest", "with signal = 0"),
        ("outputs", "the function <lambda>"),
    ]
    assert pm.ODE({"A": "-A"}, {"A": 1}, settle={}).equations[-1].right == "with all as it is"


def test_they_stand_on_the_page_in_the_result_and_in_its_file(tmp_path):
    fit = pm.fit("a * t**2 + 1.5e-07 * t**n", CURVE, {"a": 1.0, "n": pm.Fixed(1.5)}, starts=1, progress=False)
    assert fit.equations == (Equation("prediction", "y", "a * t ** 2 + 1.5e-07 * t ** n"),)
    text = page(fit)
    assert "<h2>Model</h2>" in text
    assert "= a\u2009·\u2009t² + 1.5\u2009·\u200910⁻⁷\u2009·\u2009t^n" in text
    fit.save(tmp_path / "fit.json")
    assert pm.load(tmp_path / "fit.json").equations == fit.equations
    assert "<h2>Model</h2>" not in page(dataclasses.replace(fit, equations=()))
    event = dataclasses.replace(
        fit, equations=pm.ODE({"A": "-k"}, {"A": 0}, events=pm.Event(1, add={"A": 2})).equations
    )
    text = page(event)
    assert "<td>A rises by 2</td>" in text  # which is no equation
    assert "<td>= \N{MINUS SIGN}k</td>" in text
    assert text.index("Slopes") < text.index("First values") < text.index("Events")


def test_curves_begin_where_the_ode_does():
    ode = pm.ODE({"A": "-k * A"}, {"A": "first"}, begin="early", solver="lsoda")

    def view(times, early):
        data = pm.Data({"t": times, "A": np.exp(-0.5 * (times - early))}, inputs="t", output="A", sigma=0.01)
        box = {"k": (0.1, 2), "first": (0.5, 3), "early": pm.Fixed(early)}
        (found,) = pm.fit(ode, data, box, starts=1, progress=False).views
        return found

    found = view(np.array([1.0, 2, 3, 4]), 0.25)
    assert found.curve_x[0] == 0.25
    assert found.curve[0] == pytest.approx(1.0, rel=1e-3)
    wide = view(np.array([0.01, 0.1, 1, 10]), 0.0)  # on a logarithmic axis, where 0 has no place
    assert wide.curve_x[0] == pytest.approx(0.01)
    (plain,) = pm.fit("a * exp(-b * t)", CURVE, {"a": 1.0, "b": 1.0}, progress=False).views
    assert plain.curve_x[0] == 0.5
