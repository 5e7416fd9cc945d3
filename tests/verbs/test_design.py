"""Designs: support points and weights known in closed form, what data that are there change, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.nouns import storage
from parametra.nouns.errors import ParametraError
from parametra.nouns.status import Outcome
from parametra.verbs.design import design


def over(x, formula, parameters, sigma=0.1, **more):
    """A problem whose data do not matter, between the ends of x."""
    inputs = np.linspace(*x, 9)
    data = pm.Data({"x": inputs, "y": np.ones(9)}, inputs=["x"], output="y", sigma=sigma)
    return pm.Problem(formula, data, parameters, **more)


def points_of(found):
    return [(point.inputs["x"], point.weight) for point in found.weights]


QUADRATIC = ("a + b * x + c * x**2", {"a": 1.0, "b": 1.0, "c": 1.0})
ENDS = (-1.0, 1.0)
# name: (range, formula, parameters, values, settings, the points and their weights)
CLOSED = {
    # Rasch (1990): half at c_max, half at K c_max / (2 K + c_max)
    "Michaelis-Menten": (
        *((0.0, 10.0), "V * x / (K + x)", {"V": pm.Positive(), "K": pm.Positive()}, {"V": 3.0, "K": 2.0}, {}),
        [(10 / 7, 0.5), (10.0, 0.5)],
    ),
    # Box and Lucas (1959), doi:10.1093/biomet/46.1-2.77
    "decay": ((0.0, 5.0), "exp(-k * x)", {"k": pm.Positive()}, {"k": 0.7}, {}, [(1 / 0.7, 1.0)]),
    "decay from an unknown height": (
        *((0.0, 5.0), "A * exp(-k * x)", {"A": 1.0, "k": pm.Log(0.01, 10)}, {"A": 3.0, "k": 0.7}, {}),
        [(0.0, 0.5), (1 / 0.7, 0.5)],
    ),
    "quadratic": (ENDS, *QUADRATIC, {"a": 1, "b": 2, "c": 3}, {}, [(-1.0, 1 / 3), (0.0, 1 / 3), (1.0, 1 / 3)]),
    "quadratic, A": (
        *(ENDS, *QUADRATIC, {"a": 1, "b": 2, "c": 3}, {"criterion": "A", "relative": False}),
        [(-1.0, 0.25), (0.0, 0.5), (1.0, 0.25)],
    ),
    # all of the quadratic's parameters are known absolutely alike: E has 1/5, 3/5, 1/5
    "quadratic, E": (
        *(ENDS, *QUADRATIC, {"a": 1, "b": 2, "c": 3}, {"criterion": "E", "relative": False}),
        [(-1.0, 0.2), (0.0, 0.6), (1.0, 0.2)],
    ),
    "cubic": (
        *(ENDS, "a + b * x + c * x**2 + d * x**3", dict.fromkeys("abcd", 1.0), dict.fromkeys("abcd", 1.0), {}),
        [(-1.0, 0.25), (-(5**-0.5), 0.25), (5**-0.5, 0.25), (1.0, 0.25)],
    ),
    # Dette, Kiss, Bevanda and Bretz (2010), doi:10.1093/biomet/asq020: the middle dose of the Emax model
    "Emax": (
        *((0.0, 150.0), "e0 + emax * x / (ed50 + x)", {"e0": 1.0, "emax": 1.0, "ed50": pm.Positive()}),
        *({"e0": 1.0, "emax": 2.0, "ed50": 25.0}, {}),
        [(0.0, 1 / 3), ((150 * (0 + 25) + 0 * (150 + 25)) / (0 + 25 + 150 + 25), 1 / 3), (150.0, 1 / 3)],
    ),
}


@pytest.mark.parametrize("name", CLOSED)
def test_designs_known_in_closed_form(name):
    x, formula, parameters, values, settings, expected = CLOSED[name]
    found = design(over(x, formula, parameters), values=values, existing=False, **settings)
    assert points_of(found) == pytest.approx(np.array(expected), rel=1e-6, abs=1e-6)
    assert found.proven > 1 - 1e-6
    assert found.status.ok


def test_poisson_counts_are_measured_later_than_normal_ones():
    """With variance = mean the second point of A exp(-k t) is at 2/k: I = (df/dk)^2 / f."""
    problem = over((0.0, 10.0), "A * exp(-k * x)", {"A": pm.Positive(), "k": pm.Positive()}, None, noise="poisson")
    found = design(problem, values={"A": 100.0, "k": 0.5}, existing=False, points=2)
    assert points_of(found) == pytest.approx(np.array([(0.0, 0.5), (4.0, 0.5)]), abs=1e-6)
    # the errors are those of the information written by hand
    f, t = 100 * np.exp(-0.5 * np.array([0.0, 4.0])), np.array([0.0, 4.0])
    slopes = np.stack([f / 100, -t * f], axis=1) / np.sqrt(f)[:, None]
    errors = np.sqrt(np.diag(np.linalg.inv(slopes.T @ slopes)))
    assert [found.after["A"], found.after["k"]] == pytest.approx(errors, rel=1e-6)


def test_trials_of_a_logistic_curve_are_made_where_p_is_0_176():
    """Ford, Torsney and Wu (1992), doi:10.1111/j.2517-6161.1992.tb01896.x: at a + b x = -1.5434 and 1.5434."""
    x = np.linspace(-3, 3, 13)
    data = pm.Data({"x": x, "y": np.full(13, 10.0), "n": np.full(13, 20.0)}, inputs=["x"], output="y")
    problem = pm.Problem("1 / (1 + exp(-(a + b * x)))", data, {"a": 0.1, "b": 0.9}, noise=pm.Binomial(trials="n"))
    found = design(problem, {"x": (-4.0, 4.0)}, values={"a": 0.0, "b": 1.0}, existing=False, points=2)
    assert points_of(found) == pytest.approx(np.array([(-1.543405, 0.5), (1.543405, 0.5)]), abs=2e-6)
    p = 1 / (1 + np.exp(1.543405))
    assert found.after["a"] == pytest.approx(np.sqrt(1 / (2 * 20 * p * (1 - p))), rel=1e-5)


def test_an_estimated_sigma_of_each_output_is_no_parameter_of_the_model():
    """With a width of its own for each output these are coordinates too, of which every point tells alike."""
    t = np.linspace(0.5, 5, 8)
    data = pm.Data({"x": t, "u": np.exp(-t), "v": 2 * t}, inputs=["x"], output=["u", "v"])
    problem = pm.Problem({"u": "exp(-k * x)", "v": "b * x"}, data, {"k": pm.Positive(), "b": 1.0})
    values = {"k": 1.0, "b": 2.0, "sigma_u": 0.1, "sigma_v": 0.1}
    found = design(problem, {"x": (0.0, 5.0)}, values=values, existing=False, points=2)
    # log det = log(sum (x e^-x)^2) + log(sum x^2) over both points
    grid = np.linspace(0, 5, 2001)
    one, two = np.meshgrid(grid, grid)
    told = ((one * np.exp(-one)) ** 2 + (two * np.exp(-two)) ** 2) * (one**2 + two**2)
    best = np.unravel_index(np.argmax(told), told.shape)
    here = [point.inputs["x"] for point in found.points for _ in range(point.count)]
    value = sum((x * np.exp(-x)) ** 2 for x in here) * sum(x**2 for x in here)
    assert value >= 0.995 * told[best]
    assert {row.label: row.role for row in found.rows}["sigma_u"] == "noise"


def enzyme(**more):
    c = np.array([0.02, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
    wiggle = 0.004 * np.array([1, -1, 0.5, -0.5, 1, -1, 0.3])
    data = pm.Data({"c": c, "v": 3 * c / (2 + c) + wiggle}, inputs=["c"], output="v", sigma=0.01)
    parameters = {"V": pm.Positive(guess=2.0), "K": pm.Positive(guess=1.0)}
    return pm.Problem("V * c / (K + c)", data, parameters, title="An enzyme", **more)


@pytest.fixture(scope="module")
def found():
    return design(enzyme(), {"c": (0.0, 10.0)}, points=4)


def test_errors_before_are_those_of_the_fit_and_errors_after_those_of_the_next(found):
    fit = pm.fit(enzyme())
    assert found.before == pytest.approx(fit.standard_error, rel=1e-6)
    # the data that the design asks for, as they would be without noise
    old = enzyme().data_sets[0]
    new = [point.inputs["c"] for point in found.points for _ in range(point.count)]
    c = np.append(old.inputs["c"], new)
    v = np.append(old.outputs["v"], fit.values["V"] * np.array(new) / (fit.values["K"] + np.array(new)))
    again = pm.fit(enzyme().with_data(pm.Data({"c": c, "v": v}, inputs=["c"], output="v", sigma=0.01)))
    assert found.after == pytest.approx(again.standard_error, rel=1e-4)
    assert found.row("K").interval_after == pytest.approx(again.interval["K"], rel=1e-4)


def test_the_verdict_says_what_to_do_and_what_comes_of_it(found):
    assert found.verdict[0].startswith("Measure 4 more points: ")
    assert "becomes identifiable" in found.verdict[1] or "become identifiable" in found.verdict[1]
    assert "K" in found.undetermined
    assert found.remaining == ()
    assert found.size == 4
    text = str(found)
    assert text.index("Measure 4 more") < text.index("parameter  value")
    assert "equivalence theorem" in text


def test_a_result_survives_a_file_and_becomes_a_table(found, tmp_path):
    found.save(tmp_path / "design.json")
    again = storage.load(tmp_path / "design.json")
    assert str(again) == str(found)
    assert again.to_json() == found.to_json()
    assert found.table().records()[1]["name"] == "K"
    assert found.points_table().records()[0]["measurements"] >= 1
    assert float(found.to_xarray()["after"].sel(parameter="K")) == found.after["K"]
    with pytest.raises(ParametraError, match='no "k"'):
        found.row("k")


def test_the_same_seed_gives_the_same_average_and_another_one_another():
    asked = {"over": "uncertainty", "draws": 8, "points": 6}
    first, again, other = (design(enzyme(), {"c": (0.0, 10.0)}, seed=s, **asked) for s in (1, 1, 2))
    assert points_of_c(first) == points_of_c(again)
    assert points_of_c(first) != points_of_c(other)
    assert first.draws == 8
    assert any("average over 8 draws" in note for note in first.notes)


def points_of_c(found):
    return [(point.inputs["c"], point.weight) for point in found.weights]


def test_an_average_over_priors_has_the_best_mean_of_the_logarithms():
    """exp(-k t), k uniform: max over t of E log(t^2 exp(-2 k t)) is t = 1/E k."""
    problem = over((0.01, 9.0), "exp(-k * x)", {"k": pm.Real(0.2, 1.8)})
    found = design(problem, values={"k": 1.0}, existing=False, over="priors", draws=64, points=1, seed=3)
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence([3, __import__("zlib").crc32(b"design"), 0])))
    k = 0.2 + 1.6 * random.random((1, 64))
    assert points_of(found) == pytest.approx(np.array([(1 / k.mean(), 1.0)]), rel=1e-4)


def test_a_target_asks_for_no_more_points_than_it_needs():
    problem = over((0.0, 10.0), "V * x / (K + x)", {"V": pm.Positive(), "K": pm.Positive()})
    values = {"V": 3.0, "K": 2.0}
    found = design(problem, values=values, existing=False, target={"K": 0.05})
    assert found.criterion == "worst_parameter"
    assert (
        found.after["K"]
        <= 0.1
        < design(problem, values=values, existing=False, points=found.size - 1, criterion="c", quantities=["K"]).after[
            "K"
        ]
        * 1.02
    )
    assert "K was to be known to 5 %: it is" in " ".join(found.verdict)


def test_a_target_out_of_reach_is_told():
    problem = over((0.0, 1e-3), "V * x / (K + x)", {"V": pm.Positive(), "K": pm.Positive()}, sigma=1.0)
    found = design(problem, values={"V": 3.0, "K": 2.0}, existing=False, target={"K": 1e-3}, refine=False)
    assert found.status.outcome is Outcome.FAILED
    assert "not enough for K" in found.status.message


def test_costs_move_points_to_where_they_are_cheap():
    dear, cheap = (
        design(enzyme(), {"c": (0.0, 10.0)}, budget=40, cost=cost, existing=False, values={"V": 3.0, "K": 2.0})
        for cost in ("1 + c", 1.0)
    )
    assert max(p.inputs["c"] for p in dear.weights) < max(p.inputs["c"] for p in cheap.weights)
    assert dear.spent <= 40
    assert cheap.size == 40


def test_a_sigma_that_grows_moves_points_to_where_it_is_small():
    values = {"V": 3.0, "K": 2.0}
    found = design(enzyme(), {"c": (0.1, 10.0)}, sigma="0.1 * v", existing=False, values=values)
    # relative errors: rows are (1, -1/(K + c)), whose best points are both ends
    assert [p.inputs["c"] for p in found.weights] == pytest.approx([0.1, 10.0])
    rows = np.array([[1 / 3, -1 / (2 + c)] for c in (0.1, 10.0)]) / 0.1
    assert found.after["V"] == pytest.approx(np.sqrt(np.linalg.inv(rows.T @ rows)[0, 0]))


def test_candidates_of_a_list_and_of_a_table():
    values = {"V": 3.0, "K": 2.0}
    asked = {"existing": False, "values": values, "points": 4}
    listed = design(enzyme(), {"c": [1.0, 2.0, 8.0]}, **asked)
    table = design(enzyme(), pm.Data({"c": [1.0, 2.0, 8.0], "z": np.zeros(3)}, inputs=["c"], output="z"), **asked)
    assert {p.inputs["c"] for p in listed.points} <= {1.0, 2.0, 8.0}
    assert points_of_c(listed) == points_of_c(table)


def test_a_quantity_of_its_own_is_known_best_by_its_own_design():
    problem = enzyme(derived={"slope": "V / K"})
    values = {"V": 3.0, "K": 2.0}
    asked = {"existing": False, "values": values, "points": 12, "candidates": {"c": (0.0, 10.0)}}
    own = design(problem, criterion="c", quantities=["slope"], **asked)
    others = [design(problem, criterion=name, **asked) for name in ("D", "E", "worst")]
    assert all(own.after["slope"] <= other.after["slope"] * (1 + 1e-9) for other in others)
    assert "smallest error of slope" in own.status.message


def test_an_input_of_each_data_set_and_each_output_alone():
    t = np.array([1.0, 2.0, 3.0, 4.0])
    sets = [
        pm.Data(
            {"t": t, "u": dose * np.exp(-t), "w": dose * t},
            inputs=["t"],
            output=["u", "w"],
            sigma={"u": 0.1, "w": 5.0},
            name=name,
            constants={"dose": dose},
        )
        for name, dose in (("low", 1.0), ("high", 10.0))
    ]
    problem = pm.Problem({"u": "dose * f * exp(-k * t)", "w": "dose * g * t"}, sets, {"f": 1.0, "k": 1.1, "g": 1.2})
    found = design(problem, {"t": (0.0, 6.0)}, values={"f": 1.0, "k": 1.0, "g": 1.0}, existing=False, separate=True)
    assert {(p.data_set, p.output) for p in found.points} == {("high", "u"), ("high", "w")}
    only = design(problem, {"t": (0.0, 6.0)}, values={"f": 1.0, "k": 1.0, "g": 1.0}, data_sets=["low"])
    assert {p.data_set for p in only.points} == {"low"}
    assert all(p.output == "" for p in only.points)


def test_a_function_and_two_inputs():
    """Competitive inhibition: three points, two of them without inhibitor (Bogacka et al. 2011)."""

    def rate(s, i, V, K, Ki):
        return V * s / (K * (1 + i / Ki) + s)

    s, i = (grid.ravel() for grid in np.meshgrid([1.0, 5.0, 30.0], [0.0, 10.0, 60.0]))
    data = pm.Data({"s": s, "i": i, "v": s * 0 + 1}, inputs=["s", "i"], output="v", sigma=0.1)
    problem = pm.Problem(rate, data, {"V": pm.Positive(), "K": pm.Positive(), "Ki": pm.Positive()})
    found = design(problem, values={"V": 1.0, "K": 2.0, "Ki": 5.0}, existing=False)
    at = [(p.inputs["s"], p.inputs["i"]) for p in found.weights]
    assert [p.weight for p in found.weights] == pytest.approx([1 / 3] * 3, abs=1e-5)
    # without inhibitor s = K s_max / (2 K + s_max), as for Michaelis and Menten
    assert at[0] == pytest.approx((30 * 2 / (4 + 30), 0.0), abs=1e-4)
    assert at[2] == pytest.approx((30.0, 0.0))
    assert found.proven > 1 - 1e-6


REFUSED = {
    "no problem": (lambda: design("a * x"), "design asks where a Problem needs more data; str came"),
    "an unknown input": (lambda: design(enzyme(), {"d": (0, 1)}, progress=False), 'no input "d"'),
    "a range upside down": (lambda: design(enzyme(), {"c": (1, 0)}), "from 1 to 0 is no range"),
    "an unknown criterion": (lambda: design(enzyme(), criterion="G"), 'no criterion "G"'),
    "two ways to say how much": (lambda: design(enzyme(), points=3, budget=4.0), "give one of them"),
    "no points": (lambda: design(enzyme(), points=0), "a whole number of measurements"),
    "costs without a budget": (lambda: design(enzyme(), cost="1 + c"), "need a budget"),
    "a cost below zero": (lambda: design(enzyme(), cost="c - 0.1", budget=3.0), "cost must be above zero"),
    "a target that is none": (lambda: design(enzyme(), target={"K": -1}), "no relative error"),
    "a target of nobody": (lambda: design(enzyme(), target={"k": 0.1}), 'there is no "k"'),
    "a sigma of nobody": (lambda: design(enzyme(), sigma={"w": 0.1}), "which is no output; known here: v"),
    "c without a name": (lambda: design(enzyme(), criterion="c"), "looks at one quantity, and 2 are meant"),
    "two places": (lambda: design(enzyme(), fit=pm.fit(enzyme()), values={"V": 1.0}), "give one of fit and values"),
    "half of the values": (lambda: design(enzyme(), values={"V": 1.0}), 'values has no "K"'),
    "too many candidates": (lambda: design(enzyme(), {"c": (0.0, 1.0, 5000)}), "4000 are the most"),
    "an unknown average": (lambda: design(enzyme(), over="everything"), "known here: estimate"),
    "correlated noise": (
        lambda: design(enzyme_with(pm.AR1())),
        "ties measurements to one another",
    ),
}


def enzyme_with(noise):
    data = enzyme().data_sets[0]
    plain = pm.Data({"c": data.inputs["c"], "v": data.outputs["v"]}, inputs=["c"], output="v")
    return pm.Problem("V * c / (K + c)", plain, {"V": pm.Positive(guess=2.0), "K": pm.Positive(guess=1.0)}, noise=noise)


@pytest.mark.parametrize("name", REFUSED)
def test_a_mistake_is_told_in_a_sentence(name):
    ask, message = REFUSED[name]
    with pytest.raises(ParametraError) as told:
        ask()
    assert message in str(told.value)


def test_candidates_are_asked_of_a_problem_with_all_its_parts():
    from parametra.maths.distributions import LogNormal
    from parametra.verbs.design_information import with_readable_priors

    data = pm.Data({"t": np.arange(6.0), "y": np.exp(-np.arange(6.0))}, inputs="t", output="y", sigma=0.1)
    parameters = {"a": 1.0, "k": pm.Real(0.01, 10, guess=1.0, prior=LogNormal(0.0, 1.0))}
    problem = pm.Problem("a * exp(-k * t)", data, parameters, derived={"life": "1 / k"}, description="words")
    stated = with_readable_priors(problem)
    assert stated is not problem
    assert [each.name for each in stated.derived] == ["life"]
    assert stated.description == "words"
