"""The product-limit estimate and Turnbull's: textbook numbers, R's medians, and statsmodels as a second route."""

import json

import numpy as np
import pytest

from parametra.maths.kaplan_meier import product_limit
from parametra.maths.turnbull import self_consistent

# Freireich et al. (1963), remission of leukaemia under 6-MP in weeks; the table of every textbook since
MERCAPTOPURINE = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]


def test_the_textbook_table():
    found = product_limit(MERCAPTOPURINE, RELAPSED, kind="log")
    assert found.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert found.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert found.events.tolist() == [3, 1, 1, 1, 1, 1, 1]
    assert found.survival == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5.1e-4)
    assert found.standard_error == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5.1e-5)
    assert found.lower == pytest.approx([0.720, 0.653, 0.586, 0.510, 0.439, 0.337, 0.249], abs=5.1e-4)
    assert found.upper[-1] == pytest.approx(0.807, abs=5.1e-4)
    assert found.median == (23.0, 16.0, np.inf)
    assert found.at([0, 5.9, 6, 6.5, 100]) == pytest.approx([1, 1, 0.857, 0.857, 0.448], abs=5.1e-4)
    assert "9 events at 7 times, median 23, 95 % interval 16 .. inf (log)" in repr(found)
    assert found.table()["time"][0] == 6


def test_intervals_are_those_of_statsmodels():
    from statsmodels.duration.survfunc import SurvfuncRight

    generator = np.random.default_rng(4)
    time, event = np.round(generator.exponential(5, 80), 1) + 0.1, generator.integers(0, 2, 80)
    event[np.argmax(time)] = 0
    theirs = SurvfuncRight(time, event)
    ours = product_limit(time, event)
    assert ours.survival == pytest.approx(theirs.surv_prob, rel=1e-12)
    assert ours.standard_error == pytest.approx(theirs.surv_prob_se, rel=1e-12)
    low, high = theirs.quantile_ci(0.5, method="cloglog")
    assert ours.median == (theirs.quantile(0.5), low, high)


def test_the_kinds_of_interval():
    pairs = {kind: product_limit(MERCAPTOPURINE, RELAPSED, kind=kind) for kind in ("plain", "log", "log-log")}
    one = pairs["plain"]
    assert one.lower[0] == pytest.approx(one.survival[0] - 1.959963984540054 * one.standard_error[0], rel=1e-12)
    assert one.upper[0] == 1.0  # no more than everybody
    theta = np.log(-np.log(one.survival[0]))
    half = 1.959963984540054 * one.standard_error[0] / (one.survival[0] * abs(np.log(one.survival[0])))
    assert pairs["log-log"].lower[0] == pytest.approx(np.exp(-np.exp(theta + half)), rel=1e-12)
    assert pairs["log-log"].upper[0] == pytest.approx(np.exp(-np.exp(theta - half)), rel=1e-12)
    narrow = product_limit(MERCAPTOPURINE, RELAPSED, level=0.5)
    assert (narrow.lower > pairs["log-log"].lower).all()


def test_where_nobody_is_left_there_is_no_interval():
    found = product_limit([1, 2, 3], [1, 1, 1])
    assert found.survival[-1] == 0
    assert np.isnan([found.standard_error[-1], found.lower[-1], found.upper[-1]]).all()
    assert found.quantile(0.9)[0] == 3


def test_a_median_on_a_level_step_is_its_middle():
    assert product_limit([1, 2, 3, 4], [1, 1, 1, 1]).median[0] == 2.5


def test_what_it_refuses():
    with pytest.raises(ValueError, match="one of log-log, log, plain; came 'arcsine'"):
        product_limit([1.0], [1], kind="arcsine")
    with pytest.raises(ValueError, match=r"came \(2,\) and \(1,\)"):
        product_limit([1.0, 2.0], [1])
    with pytest.raises(ValueError, match="none above its upper end"):
        self_consistent([2.0], [1.0])


@pytest.mark.external
def test_the_medians_of_r(external_data):
    reference = json.loads((external_data / "survival" / "reference_R_survreg.json").read_text())[
        "lung_km_median_by_sex"
    ]
    table = np.genfromtxt(external_data / "survival" / "R_lung.csv", delimiter=",", names=True, missing_values="NA")
    for sex in (1, 2):
        rows = table[table["sex"] == sex]
        found = product_limit(rows["time"], rows["status"] == 2, kind="log")
        theirs = reference[f"sex{sex}"]
        assert found.median == (theirs["median"], theirs["0.95LCL"], theirs["0.95UCL"])
        assert found.events.sum() == theirs["events"]


def test_turnbull_of_right_censored_times_is_the_product_limit():
    time, event = np.array(MERCAPTOPURINE, dtype=float), np.array(RELAPSED)
    ours = self_consistent(time, np.where(event == 1, time, np.inf))
    theirs = product_limit(time, event)
    finite = np.isfinite(ours.upper)
    assert ours.upper[finite] == pytest.approx(theirs.time)
    assert ours.survival[finite] == pytest.approx(theirs.survival, abs=1e-6)


def test_turnbull_by_hand():
    """Twice (0, 1], (0.5, 2] and (1, 2]: the likelihood m1^2 (m1 + m2) m2 is highest at 2/3 and 1/3."""
    found = self_consistent([0.0, 0.0, 0.5, 1.0], [1.0, 1.0, 2.0, 2.0])
    assert found.lower.tolist() == [0.5, 1.0]
    assert found.upper.tolist() == [1.0, 2.0]
    assert found.mass == pytest.approx([2 / 3, 1 / 3], abs=1e-6)
    assert found.survival == pytest.approx([1 / 3, 0], abs=1e-6)
    assert found.log_likelihood == pytest.approx(np.log(4 / 27))
    assert "2 intervals with mass" in repr(found)


def test_turnbull_is_the_best_there_is():
    """No other masses on the same intervals are likelier."""
    generator = np.random.default_rng(2)
    low = generator.uniform(0, 5, 40)
    high = low + generator.uniform(0.1, 3, 40)
    found = self_consistent(low, high)
    inside = (low[:, None] <= found.lower) & (found.upper <= high[:, None])
    for _ in range(50):
        other = found.mass * np.exp(0.05 * generator.standard_normal(found.mass.size))
        assert np.log(inside @ (other / other.sum())).sum() <= found.log_likelihood + 1e-6
