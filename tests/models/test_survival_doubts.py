"""What a fit of lifetimes makes doubtful, each once as it should be and once not."""

import numpy as np
import pytest

import parametra as pm
from parametra.models.survival import accelerated_failure_time, flexible, mixture_cure_additive_hazards

FLEXIBLE, CURE = flexible.READY, mixture_cure_additive_hazards.READY


def people(cured=0.02, number=300):
    generator = np.random.default_rng(1)
    lived = 12.0 * generator.weibull(1.3, number)
    lived[generator.random(number) < cured] = np.inf
    end = generator.uniform(10, 40, number)
    treated = generator.integers(0, 2, number).astype(float)
    return {"time": np.minimum(lived, end), "dead": (lived <= end).astype(float), "treated": treated}


def test_a_status_among_the_covariates_is_doubted():
    table = people()
    data = pm.Data(table, inputs=["dead", "treated"], output="time")
    found = pm.fit(accelerated_failure_time.READY.problem(data), starts=1).doubts
    assert any('every time counts as an event, and "dead"' in doubt for doubt in found)
    data = pm.Data(table, inputs=["treated"], output="time")
    found = pm.fit(accelerated_failure_time.READY.problem(data, status="dead", event=1), starts=1).doubts
    assert not any("counts as an event" in doubt or "no part" in doubt for doubt in found)


def test_an_input_that_nothing_uses_is_doubted():
    data = pm.Data(people(), inputs=["treated"], output="time")
    stated = {"status": "dead", "event": 1, "kappa": 1.0}
    found = pm.fit(FLEXIBLE.problem(data, **stated), starts=1).doubts
    assert any(doubt.startswith("treated is an input that no part of the model uses") for doubt in found)
    found = pm.fit(FLEXIBLE.problem(data, hazard_covariates="treated", **stated), starts=1).doubts
    assert not any("no part of the model" in doubt for doubt in found)


@pytest.mark.parametrize(
    ("ready", "of", "options", "cured"),
    [(FLEXIBLE, "kappa", {}, 0.15), (FLEXIBLE, "kappa", {}, 0.2), (CURE, "susceptible", {"roughness": 0.3}, 0.02)],
)
def test_the_interval_of_a_small_cured_share_is_that_of_its_parameter(ready, of, options, cured):
    data = pm.Data(people(cured), inputs=[], output="time")
    fit = pm.fit(ready.problem(data, status="dead", event=1, **options), starts=1)
    share = {
        "kappa": lambda kappa: np.exp((kappa + 1) / kappa) if kappa < 0 else 0.0,
        "susceptible": lambda odds: 1 / (1 + np.exp(odds)),
    }[of]
    ends = sorted(share(end) for end in fit.row(of).interval)
    assert ends[1] > 0.015
    assert fit.row("cured").interval == pytest.approx(ends, rel=1e-6)
    assert not any("cured" in doubt for doubt in fit.doubts)


def test_a_cured_share_without_a_slope_or_one_parameter_is_doubted():
    """Of Burr XII lifetimes kappa is about 0, and the factor on the hazard is estimated beside it."""
    options = {"time_covariates": "treated", "hazard": "estimated"}
    fit = pm.fit(FLEXIBLE.problem(flexible.burr(), **options), starts=1)
    low, high = fit.row("kappa").interval
    assert low < 0 < fit.estimate["kappa"]
    assert fit.row("cured").interval is None
    (doubt,) = (each for each in fit.doubts if "cured" in each)
    held = np.exp(fit.estimate["hazard"] * (low + 1) / low)
    assert f"kappa {low:.3g} .. {high:.3g} means cured 0 .. {held:.3g}, all else held" in doubt
    below = pm.fit(FLEXIBLE.problem(flexible.simulated(), hazard_covariates="treated", hazard="estimated"), starts=1)
    assert 0 < below.row("cured").interval[0] < below.estimate["cured"] < below.row("cured").interval[1] < 1
    assert not any("cured has no" in each for each in below.doubts)
