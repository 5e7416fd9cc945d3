"""What models draw where data and curve along one input would say nothing."""

import numpy as np
import pytest

import parametra as pm
from parametra.models import time_delay


def spot(keep=slice(None), missing=()):
    y, x = np.mgrid[0:9, 0:12].astype(float).reshape(2, -1)
    light = 5 + 40 * np.exp(-4 * np.log(2) * ((x - 6) ** 2 / 9 + (y - 4) ** 2 / 4))
    light = light + 0.3 * np.random.default_rng(4).standard_normal(x.size)
    light[list(missing)] = np.nan
    return pm.Data(
        {"x": x[keep], "y": y[keep], "light [count]": light[keep]},
        inputs=["x", "y"],
        output="light [count]",
        units={"x": "mm", "y": "mm", "light [count]": "count"},
        missing="mask",
    )


def drawn(name, data, **options):
    model = pm.model(name)
    problem = model.problem(data, **options)
    figure = model.plot(pm.fit(problem, starts=1), problem)
    figure.canvas.draw()
    return figure.axes[0]


@pytest.mark.parametrize(("missing", "rows"), [((), 108), ((3, 50), 106)])
def test_a_spot_is_an_image_of_data_beside_one_of_residuals(missing, rows):
    data, residuals = drawn("peaks.gaussian_2d", spot(missing=missing)).child_axes
    assert (data.get_title(loc="left"), residuals.get_title(loc="left")) == ("data", "residuals")
    assert (data.get_xlabel(), data.get_ylabel()) == ("x (mm)", "y (mm)")
    assert data.child_axes[0].get_ylabel() == "light (count)"
    image = data.collections[0].get_array()
    assert image.shape == (9, 12)
    assert image.count() == rows
    assert image[4, 6] == pytest.approx(45, abs=1.5)
    assert np.abs(residuals.collections[0].get_array()).max() < 2
    np.testing.assert_allclose([line.get_xydata()[0] for line in data.lines], [[6, 4]], atol=0.1)


def test_points_that_make_no_grid_are_drawn_as_points():
    random = np.random.default_rng(7)
    x, y = random.uniform(0, 10, (2, 80))
    light = 5 + 40 * np.exp(-4 * np.log(2) * ((x - 6) ** 2 + (y - 4) ** 2) / 9) + 0.3 * random.standard_normal(80)
    data = pm.Data({"x": x, "y": y, "light": light}, inputs=["x", "y"], output="light")
    assert drawn("peaks.gaussian_2d", data).child_axes[0].collections[0].get_offsets().shape == (80, 2)


@pytest.mark.parametrize(("unit", "upside_down"), [("mag", True), ("Jy", False)])
def test_both_curves_of_a_delay_lie_on_their_source(unit, upside_down):
    random = np.random.default_rng(2)
    time = np.sort(random.uniform(0, 100, 60))
    a, b = (10 + np.sin((time - shift) / 9) + 0.01 * random.standard_normal(60) for shift in (0, 12))
    data = time_delay.two_curves(time, a, time, b + 2, error_a=np.full(60, 0.01), error_b=np.full(60, 0.01),
                                 units=("d", unit))  # fmt: skip
    axes = drawn("time_delay.kernel", data, longest=30.0)
    assert bool(axes.yaxis_inverted()) is upside_down
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (d)", f"magnitude ({unit})")
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert sorted(labels) == ["A", "B less delay and offset", "source"]
    (source,) = [line for line in axes.lines if line.get_label() == "source"]
    for points in (container.lines[0] for container in axes.containers):
        at, value = points.get_xydata().T
        order = np.argsort(at)
        assert np.abs(np.interp(at, *source.get_xydata().T) - value)[order].max() < 0.2


def test_a_line_of_a_sweep_joins_what_was_run_alike():
    """One line for each size and batch, smooth: of both batches together it would go up and down."""
    step = np.tile(np.geomspace(1e3, 1e5, 6), 4)
    size, batch = np.repeat([1e6, 1e7], 12), np.tile(np.repeat([2.0**15, 2.0**19], 6), 2)
    from parametra.models.scaling_law.loss_trajectory import _TRUTH, loss

    seen = loss(size, step, batch, **_TRUTH) * np.exp(0.002 * np.random.default_rng(1).standard_normal(24))
    table = {"parameters": size, "step": step, "batch": batch, "loss": seen}
    data = pm.Data(table, inputs=["parameters", "step", "batch"], output="loss")
    axes = drawn("scaling_law.loss_trajectory", data)
    lines = [line.get_ydata() for line in axes.lines if line.get_linestyle() == "-"]
    assert len(lines) == 4
    for line in lines:
        assert len(line) > 50
        assert (np.diff(line) < 0).all()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["1e+06", "1e+07"]


def test_counts_one_after_the_other_are_a_course():
    from parametra.models.kinetics import transitions

    time = np.array([0.0, 1.0, 3.0])
    courses = [transitions(time, np.array(counts)) for counts in ([50.0, 40.0, 30.0], [60.0, 52.0, 41.0])]
    table = {name: np.concatenate([each[name] for each in courses]) for name in courses[0]}
    data = pm.Data(table, inputs=["gap", "before"], output="count", units={"gap": "min"})
    axes = drawn("kinetics.stochastic_degradation", data)
    steps = [line.get_xydata() for line in axes.lines if line.get_drawstyle() == "steps-post"]
    assert [each.tolist() for each in steps] == [
        [[0.0, 1.0], [1.0, 0.8], [3.0, 0.6]],
        [[0.0, 1.0], [1.0, 52 / 60], [3.0, 41 / 60]],
    ]
    assert axes.get_xlabel() == "time since the first count (min)"
