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
def test_the_interval_of_a_small_cured_share_is_carried_over(ready, of, options, cured):
    data = pm.Data(people(cured), inputs=[], output="time")
    fit = pm.fit(ready.problem(data, status="dead", event=1, **options), starts=1)
    told = fit.row("cured").interval
    assert told is None or told[0] < 0
    (doubt,) = (each for each in fit.doubts if "interval of cured" in each)
    share = {
        "kappa": lambda kappa: np.exp((kappa + 1) / kappa) if kappa < 0 else 0.0,
        "susceptible": lambda odds: 1 / (1 + np.exp(odds)),
    }[of]
    ends = sorted(share(end) for end in fit.row(of).interval)
    assert f"cured {ends[0]:.3g} .. {ends[1]:.3g}, all else held" in doubt


def test_a_share_far_from_its_ends_is_not_doubted():
    data = pm.Data(people(0.5, 600), inputs=[], output="time")
    fit = pm.fit(CURE.problem(data, status="dead", event=1, roughness=0.3), starts=1)
    assert fit.row("cured").interval[0] > 0.3
    assert not any("interval of cured" in each for each in fit.doubts)
