"""The picture of a model's own: a result must not be lost where it fails."""

import dataclasses

import pytest

import parametra as pm
from parametra.models.lines import polynomial
from parametra.report import files, page


@pytest.fixture(scope="module")
def fitted():
    data = pm.Data({"x": [0.0, 1.0, 2.0, 3.0], "y": [0.1, 0.9, 2.1, 2.9]}, inputs=["x"], output="y")
    problem = polynomial.READY.problem(data, degree=1)
    return pm.fit(problem, starts=1), problem


def test_a_picture_that_fails_is_told_and_the_other_figures_are_written(fitted, tmp_path, capsys):
    fit, problem = fitted

    def broken(fit, problem, axes):
        raise KeyError("current")

    ready = dataclasses.replace(polynomial.READY, picture=broken)
    written = files.write_figures(fit, tmp_path, (ready, problem))
    assert "fit.png" in {each.name for each in written}
    assert "model.png" not in {each.name for each in written}
    assert capsys.readouterr().err == (
        "the picture of lines.polynomial could not be drawn (KeyError: 'current'); "
        "the result and the other figures stand.\n"
    )
    assert "Data and fit" in page.page(fit, (ready, problem))


def drawn():
    return dataclasses.replace(polynomial.READY, picture=lambda fit, problem, axes: axes.plot([0, 1]))


def test_a_picture_that_is_drawn_is_written_first(fitted, tmp_path, capsys):
    fit, problem = fitted
    ready = drawn()
    assert files.write_figures(fit, tmp_path, (ready, problem))[0].name == "model.png"
    assert capsys.readouterr().err == ""


def seen_otherwise(fit, **changes):
    (view,) = fit.views
    return dataclasses.replace(fit, view_source=lambda: (dataclasses.replace(view, **changes),))


def test_the_own_picture_takes_the_place_of_dots_without_a_curve(fitted, tmp_path):
    fit, problem = fitted
    ready = drawn()
    assert "fit.png" in {each.name for each in files.write_figures(fit, tmp_path / "curve", (ready, problem))}
    bare = seen_otherwise(fit, curve_x=fit.views[0].curve_x[:0])
    written = {each.name for each in files.write_figures(bare, tmp_path / "dots", (ready, problem))}
    assert "model.png" in written
    assert "fit.png" not in written
    assert "Data and fit" not in page.page(bare, (ready, problem))
    assert "fit.png" in {each.name for each in files.write_figures(bare, tmp_path / "no_picture")}
    assert "the best fit at each of them; beneath" in page.page(bare)


def test_the_words_below_name_only_what_is_drawn(fitted, tmp_path):
    fit, problem = fitted
    assert "The data with the standard deviations of their noise, the best curve with its 95 %" in page.page(fit)
    without = seen_otherwise(fit, spread=None)
    assert "The data, the best curve with its 95 % band; beneath, the residuals." in page.page(without)
    names = {each.name for each in files.write_figures(without, tmp_path, (drawn(), problem))}
    assert "fit.png" not in names
