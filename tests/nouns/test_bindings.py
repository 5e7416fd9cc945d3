"""What a model is given: its own arguments, by name."""

import pytest

import parametra as pm


def test_a_model_of_two_dicts_is_not_given_the_parameters_of_the_noise():
    seen = []

    def model(parameters, inputs):
        seen.append(frozenset(parameters))
        return parameters["a"] + parameters["b"] * inputs["t"]

    data = pm.Data({"y": [1.0, 2.1, 2.9, 4.0]}, inputs={"t": [0.0, 1.0, 2.0, 3.0]}, output="y")
    fit = pm.fit(model, data, {"a": 0.0, "b": 0.0})  # sigma is estimated
    assert fit.estimate["b"] == pytest.approx(0.98, abs=1e-9)
    assert set(seen) == {frozenset({"a", "b"})}
