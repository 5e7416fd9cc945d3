"""What a fit of a sine makes doubtful: scatter alone, and less than a cycle."""

import numpy as np
import pytest

import parametra as pm
from parametra.models.oscillators import sine

SCATTER, SHORT = "scatter without any wave", "of a cycle: that the signal turns round"


def doubts(time, signal, **settings):
    data = pm.Data({"time": time, "signal": signal}, inputs=["time"], output="signal", **settings)
    return " ".join(pm.fit(sine.READY.problem(data), starts=1).doubts)


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("sigma", [None, 1.0])
def test_scatter_alone_is_doubted_and_a_clear_wave_is_not(even, sigma):
    generator = np.random.default_rng(4)
    settings = {} if sigma is None else {"sigma": sigma}
    for _ in range(6):
        time = np.linspace(0.0, 20.0, 60) if even else np.sort(generator.uniform(0.0, 20.0, 60))
        scatter = generator.standard_normal(60)
        assert SCATTER in doubts(time, scatter, **settings)
        told = doubts(time, 5.0 + 2.0 * np.sin(2.3 * time) + scatter, **settings)
        assert SCATTER not in told
        assert SHORT not in told


def test_less_than_a_cycle_is_doubted():
    time = np.linspace(0.0, 1.0, 40)
    signal = np.sin(2 * np.pi * 0.4 * time) + 0.01 * np.random.default_rng(2).standard_normal(40)
    assert SHORT in doubts(time, signal)


def test_known_answers_and_few_points_are_not_doubted():
    for known in sine.READY.known:
        told = " ".join(pm.fit(sine.READY.known_problem(known), starts=1).doubts)
        assert SCATTER not in told
        assert SHORT not in told
    assert SCATTER not in doubts(np.arange(5.0), np.array([0.0, 1.0, 0.1, -1.0, 0.2]))


def test_a_name_of_the_data_for_the_signal_and_missing_values():
    time = np.arange(30.0)
    data = pm.Data(
        {"time": time, "flux": np.where(time == 3, np.nan, np.random.default_rng(8).standard_normal(30))},
        inputs=["time"],
        output="flux",
        missing="mask",
    )
    assert SCATTER in " ".join(pm.fit(sine.READY.problem(data), starts=1).doubts)
