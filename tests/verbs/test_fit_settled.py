import dataclasses
from unittest import mock

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.asker import Ending, Solutions
from parametra.verbs.fit_basins import is_settled
from parametra.verbs.fit_uncertainty import Curvature
from parametra.verbs.fit_unvarying import unvarying_doubts

SEARCH = ("one more start", "were stopped at the limit", "starts converged", "of the evaluations failed")


def of_the_search(fit):
    return [doubt for doubt in fit.doubts if any(words in doubt for words in SEARCH)]


def spectrum(seed):
    x = np.linspace(400, 700, 301)
    y = 20 + 1.5 * np.random.default_rng(seed).normal(size=x.size)
    for height, center, width in ((100, 480, 30), (60, 510, 25), (30, 600, 60)):
        y += height * np.exp(-4 * np.log(2) * ((x - center) / width) ** 2)
    return pm.Data({"x": x, "signal": y}, inputs="x", output="signal")


@pytest.mark.parametrize("seed", [0, 2])  # 2: one start comes where its normal equations are singular
def test_a_good_fit_of_three_peaks_is_no_worse_for_starts_that_lose(seed):
    fit = pm.fit(pm.model("peaks.gaussian", peaks=3), spectrum(seed), progress=False)
    assert fit.status.ok
    assert fit.values["center_1"] == pytest.approx(480, abs=0.5)
    assert fit.starts.missed_chance is not None and fit.starts.missed_chance > 0.1
    assert fit.doubts == ()


def test_the_wrong_peaks_keep_the_doubts():
    fit = pm.fit(pm.model("peaks.lorentzian", peaks=3), spectrum(0), progress=False)
    assert any("neighbours along x are alike" in doubt for doubt in fit.doubts)
    assert any("one more start" in doubt for doubt in fit.doubts)


def test_a_guess_that_did_not_lead_to_the_best_keeps_the_doubts():
    x = np.linspace(0, 10, 80)
    y = np.sin(7.3 * x) + np.random.default_rng(1).normal(0, 0.2, x.size)
    data = pm.Data({"x": x, "y": y}, inputs="x", output="y")
    found = {}
    for guess in (7.3, 2.0):
        box = {"a": {"guess": 1.0, "lower": 0.1, "upper": 3}, "w": {"guess": guess, "lower": 0.1, "upper": 12}}
        found[guess] = pm.fit("a * sin(w * x)", data, box, progress=False)
    assert found[7.3].values["w"] == pytest.approx(found[2.0].values["w"], rel=1e-6)
    assert not of_the_search(found[7.3])
    assert of_the_search(found[2.0])


@pytest.mark.parametrize(
    ("change", "settled"),
    [
        ({}, True),
        ({"cost": [50.01, 50.0]}, False),
        ({"cost": [50.01, 50.0], "scale": 20.0}, True),  # where sigma is estimated a cost is told from another by it
        ({"cost": [50.00001, 50.0]}, True),
        ({"cost": [np.nan, 50.0]}, False),
        ({"best": -1}, False),
        ({"ending": Ending.LIMIT}, False),
        ({"minimum": "a saddle"}, False),
        ({"plain": False}, False),
    ],
)
def test_when_a_search_is_settled(change, settled):
    """Both starts ended well, and the one that began at the guess, the first, no worse than the other."""
    told = {"cost": [50.0, 50.0], "best": 1, "ending": Ending.CONVERGED, "minimum": "", "scale": 1.0, "plain": True}
    told |= change
    ends = Solutions(
        points=np.zeros((2, 1)),
        cost=np.array(told["cost"]),
        endings=(Ending.CONVERGED, told["ending"]),
        iterations=np.ones(2, dtype=np.int64),
        best=told["best"],
        message="",
    )
    curvature = mock.Mock(spec=Curvature, minimum=told["minimum"], scale=told["scale"])
    assert is_settled(ends, curvature, plain=told["plain"]) is settled


def test_failures_on_the_way_are_no_doubt_about_the_end():
    x = np.linspace(-1, 1, 121)
    rate = 200 / (1 + np.exp(x / 0.08)) + 5
    data = pm.Data({"x": x, "y": np.random.default_rng(3).poisson(rate).astype(float)}, inputs="x", output="y")
    box = {
        "a": {"guess": 180.0, "lower": -1000, "upper": 1000},
        "c": {"guess": 0.1, "lower": -1, "upper": 1},
        "w": {"guess": 0.1, "lower": 0.01, "upper": 1},
        "b": {"guess": 8.0, "lower": -2000, "upper": 200},
    }
    fit = pm.fit("a / (1 + exp((x - c) / w)) + b", data, box, noise=pm.Poisson(), progress=False)
    assert fit.status.ok
    assert fit.receipt.failures
    assert not of_the_search(fit)


def test_what_does_not_vary_is_told_first():
    x = np.arange(12.0)
    same = pm.fit("a + b * x", pm.Data({"x": x, "y": 0 * x + 5}, inputs="x", output="y"), {"a": 1, "b": 1})
    assert same.doubts[0] == (
        "y does not vary: all 12 values are 5. Such data tell nothing but this level; look whether the right column "
        "was read."
    )
    here = pm.fit("a + b * x", pm.Data({"x": 0 * x + 3, "y": x}, inputs="x", output="y"), {"a": 1, "b": 1})
    assert here.doubts[0] == (
        "x does not vary: all 12 rows have x = 3. How y depends on it cannot be told from such data."
    )


def test_a_constant_column_beside_one_that_varies_is_as_it_should_be():
    x = np.arange(6.0)
    beside = pm.Data({"x": x, "z": 0 * x + 2, "y": x**2}, inputs=("x", "z"), output="y")
    assert unvarying_doubts(pm.Problem("a + b * x + 0 * z", beside, {"a": 1, "b": 1})) == []
    sets = [pm.Data({"x": np.full(4, k), "y": x[:4]}, inputs="x", output="y", name=f"at {k}") for k in (1.0, 2.0)]
    assert unvarying_doubts(pm.Problem("a + b * x", sets, {"a": 1, "b": 1})) == []
    both = pm.Data({"x": 0 * x, "z": 0 * x + 2, "y": x}, inputs=("x", "z"), output="y")
    (doubt,) = unvarying_doubts(pm.Problem("a + b * x + 0 * z", both, {"a": 1, "b": 1}))
    assert doubt.startswith("x, z do not vary: all 6 rows have x = 0, z = 2. How y depends on them ")


def test_a_fit_without_any_residual_is_as_likely_as_can_be():
    x = np.arange(12.0)
    fit = pm.fit("a + b * x", pm.Data({"x": x, "y": 0 * x}, inputs="x", output="y"), {"a": 1, "b": 1})
    if fit.chi_square == 0:
        assert fit.log_likelihood == np.inf
    assert dataclasses.is_dataclass(fit)
