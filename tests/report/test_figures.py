"""Figures: drawn for every shape of result, with the units, and without touching the person's matplotlib."""

from __future__ import annotations

import dataclasses

import matplotlib as mpl
import numpy as np
import pytest

import parametra as pm
from parametra.report._correlation_figure import _number
from parametra.report._style import plain, shortened
from parametra.report._waterfall_figure import _owners
from parametra.report.figures import KINDS, draw, worth_drawing

T = np.linspace(0.5, 6, 15)
WAVE = 0.02 * np.cos(7 * T)


def decay(sets=1, starts=6, **more):
    data = [
        pm.Data({"t": T, "y": 2 * np.exp(-0.7 * T) + WAVE}, inputs=["t"], output="y", name=f"set {i}",
                units={"t": "s", "y": "V"}, **more)
        for i in range(sets)
    ]  # fmt: skip
    return pm.fit("a * exp(-b * t)", data, parameters={"a": pm.Real(0, 5, unit="V"), "b": (0.01, 3)}, starts=starts)


@pytest.fixture(scope="module")
def fit():
    return decay(sigma=0.02)


def words(figure):
    return {text.get_text() for text in figure.findobj(mpl.text.Text)}


@pytest.fixture(scope="module")
def penalised():
    x = np.linspace(0, 1, 12)
    data = pm.Data({"x": x, "y": 2 * x + 0.1 * np.sin(9 * x)}, inputs=["x"], output="y")
    terms = {"a": 0.0, "b": 0.0, "c": 0.0}
    return pm.fit("a + b * x + c * x**2", data, terms, penalty=pm.Penalty("lasso", "bic", unpenalised="a", path=10))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn(kind, fit, penalised, tmp_path):
    fit = penalised if kind == "path" else fit  # the other has no path
    figure = draw(fit, kind)
    figure.savefig(tmp_path / "it.png")
    assert (tmp_path / "it.png").stat().st_size > 5000
    assert fit.plot(kind).get_axes()


def test_axes_have_names_and_units(fit):
    assert {"y (V)", "t (s)", "residual / sigma", "data", "best fit", "95 % band"} <= words(draw(fit))
    assert {"final cost", "best basin: 6 starts"} <= words(draw(fit, "waterfall"))
    assert {"a", "b", "correlation"} <= words(draw(fit, "correlation"))


@pytest.mark.parametrize(("sets", "drawn"), [(1, 1), (2, 2), (4, 4), (8, 6)])
def test_a_column_for_each_view_up_to_six(sets, drawn):
    figure = draw(decay(sets, starts=1, sigma=0.02))
    assert len(figure.get_axes()) == 2 * drawn
    shown = words(figure)
    assert ("set 0" in shown) == (sets > 1)
    assert ("2 more not drawn" in shown) == (sets == 8)


def test_without_an_input_points_are_numbered():
    fit = pm.fit("a", pm.Data({"y": [1.0, 2.0, 1.5]}, output="y"), parameters={"a": 1})
    assert "number of the point" in words(draw(fit))


def test_with_two_inputs_there_is_no_curve():
    data = pm.Data({"t": T, "u": T[::-1], "y": T + WAVE}, inputs=["t", "u"], output="y")
    fit = pm.fit("a * t + b * u", data, parameters={"a": 1, "b": 1})
    figure = draw(fit)
    assert "95 % band" not in words(figure)
    assert "best fit" in words(figure)


def test_wide_ranges_are_logarithmic():
    t = np.geomspace(0.01, 100, 20)
    data = pm.Data({"t": t, "y": 3 * t / (2 + t) + 0.01 * np.cos(9 * t)}, inputs=["t"], output="y")
    figure = draw(pm.fit("a * t / (k + t)", data, parameters={"a": 1.0, "k": pm.Positive(guess=1)}, starts=1))
    assert figure.get_axes()[0].get_xscale() == "log"


def test_many_points():
    t = np.linspace(0, 1, 5000)
    data = pm.Data({"t": t, "y": t + 0.1 * np.cos(999 * t)}, inputs=["t"], output="y", sigma=0.1)
    figure = draw(pm.fit("a * t", data, parameters={"a": 1}))
    assert any(line.get_rasterized() for line in figure.get_axes()[0].get_lines())


def test_a_dollar_is_a_dollar(tmp_path):
    data = pm.Data({"t": T, "price $x$": T + WAVE}, inputs=["t"], output="price $x$", units={"price $x$": "1"})
    draw(pm.fit("a * t", data, parameters={"a": 1})).savefig(tmp_path / "it.png")
    assert plain("$x_$") == r"\$x_\$"


def test_the_style_stays_inside(fit):
    before = dict(mpl.rcParams)
    with mpl.rc_context({"axes.spines.top": True, "font.size": 31, "text.usetex": True}):
        assert not draw(fit).get_axes()[0].spines["top"].get_visible()
        assert mpl.rcParams["font.size"] == 31
    assert dict(mpl.rcParams) == before
    assert mpl.pyplot.get_fignums() == [] if hasattr(mpl, "pyplot") else True


def test_size(fit):
    assert tuple(draw(fit, size=(5.0, 3.0)).get_size_inches()) == (5.0, 3.0)


def test_what_cannot_be_drawn(fit):
    with pytest.raises(pm.ParametraError, match='did you mean "waterfall"'):
        draw(fit, "waterfal")
    with pytest.raises(pm.ParametraError, match="holds no views"):
        draw(dataclasses.replace(fit, view_source=None), "fit")
    nothing = dataclasses.replace(fit, starts=dataclasses.replace(fit.starts, costs=(float("inf"),)))
    with pytest.raises(pm.ParametraError, match="no start of this fit"):
        draw(nothing, "waterfall")
    one = pm.fit("a * t", pm.Data({"t": T, "y": T + WAVE}, inputs=["t"], output="y", sigma=0.1), parameters={"a": 1})
    with pytest.raises(pm.ParametraError, match="two estimates"):
        draw(one, "correlation")
    assert worth_drawing(one) == ("fit",)


def test_starts_that_failed_are_counted(fit):
    costs = (*fit.starts.costs, 1e9, float("inf"), float("inf"))
    starts = dataclasses.replace(fit.starts, costs=costs, count=9, failed=2)
    shown = words(draw(dataclasses.replace(fit, starts=starts), "waterfall"))
    assert "start, sorted by its final cost (2 failed, not shown)" in shown
    assert "did not converge" in shown
    assert "1 + final cost above the best" in shown


def test_every_start_belongs_to_its_basin(fit):
    basin = fit.starts.basins[0]
    basins = (dataclasses.replace(basin, cost=1.0, count=2), dataclasses.replace(basin, cost=5.0, count=1))
    found = dataclasses.replace(fit, starts=dataclasses.replace(fit.starts, basins=basins))
    assert _owners(found, np.array([1.0, 1.0001, 5.0, 7.0])).tolist() == [0, 0, 1, -1]


@pytest.mark.parametrize(("rho", "text"), [(0.5, "+0.50"), (-0.9996, "-0.9996"), (-1.0, "-1"), (0.999999, "+1")])
def test_numbers_of_correlations(rho, text):
    assert _number(rho, diagonal=False) == text


def test_long_names():
    assert shortened("abcdefghij", 5) == "ab…ij"


@pytest.mark.parametrize(
    ("model", "noise", "observed", "ends"),
    [
        ("1 / (1 + exp(-(a + b * t)))", pm.Binomial(9), [0, 1, 0, 1, 3, 5, 6, 8, 8, 9, 9, 9, 9, 9, 9], (0.0, 1.0)),
        ("exp(a + b * t)", pm.Poisson(), [3, 1, 2, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0], (0.0, np.inf)),
        ("exp(a + b * t)", pm.Weibull(), np.exp(-T) * (1 + 20 * WAVE), (0.0, np.inf)),
        ("a + b * t", pm.Normal(), np.exp(-T), (-np.inf, np.inf)),
    ],
)
def test_nothing_is_drawn_beyond_the_ends_of_a_family(model, noise, observed, ends, tmp_path):
    data = pm.Data({"t": T, "y": np.array(observed, dtype=float)}, inputs=["t"], output="y")
    fit = pm.fit(model, data, {"a": (-5, 5), "b": (-5, 5)}, noise=noise, starts=2)
    (view,) = fit.views
    assert (view.lower, view.upper) == ends
    fit.save(tmp_path / "fit.json")
    assert (pm.load(tmp_path / "fit.json").views[0].upper) == ends[1]
    above = draw(fit).axes[0]
    for collection in above.collections:  # the band, and the bars
        heights = np.concatenate([path.vertices[:, 1] for path in collection.get_paths()])
        assert heights.min() >= ends[0] - 1e-12
        assert heights.max() <= ends[1] + 1e-12


def test_names_of_correlations_stay_inside_the_picture(fit, tmp_path):
    names = ("starting_logarithm", "WWWWWWWWWWWWWWWWWW")
    wide = dataclasses.replace(fit, covariance_labels=names, covariance=np.eye(2) + 0.5)
    figure = draw(wide, "correlation")
    figure.savefig(tmp_path / "it.svg")  # whose text is wider than it was measured
    box = figure.get_tightbbox()
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > 0.02


def test_steady_states_stand_behind_the_curve():
    ode = pm.ODE({"A": "inflow - k * A"}, {"A": 5}, solver="lsoda")
    table = {"t": [0.5, 1, 2, 4, np.inf], "A": [4.3, 3.7, 3.0, 2.25, 2.0]}
    data = pm.Data(table, inputs="t", output="A", sigma=0.05)
    fit = pm.fit(ode, data, {"k": pm.Log(0.05, 5, guess=0.8), "inflow": (0, 5)}, starts=1)
    (view,) = fit.views
    assert view.curve_x.min() == 0.0
    assert view.curve_x.max() == 4.0
    assert np.isfinite(view.curve).all()
    figure = draw(fit, "fit")
    assert "at rest" in words(figure)
    above, _ = figure.axes
    assert above.get_xscale() == "linear"
    np.testing.assert_allclose(above.lines[0].get_xdata(), [0.5, 1, 2, 4, 4 + 0.12 * 3.5])
