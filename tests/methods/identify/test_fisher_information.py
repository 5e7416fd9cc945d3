"""The Fisher information: what it knows of invertibility, the metric, structure and chance."""

import numpy as np
import pytest

import parametra as pm

X = np.linspace(0.2, 6, 30)


def looked(formula, y, parameters, **settings):
    data = pm.Data({"x": X, "y": y, "s": np.full(X.size, 0.05)}, inputs=["x"], output="y", sigma="s")
    return pm.identify(formula, data, parameters, method="fisher_information", starts=4, **settings)


def test_the_metric_is_one_over_the_relative_standard_error():
    found = looked("a * exp(-b * x)", 2 * np.exp(-0.5 * X), {"a": 1.0, "b": 1.0})
    fit = found.fit
    for label, metric in zip(found.information.labels, found.information.metric, strict=True):
        row = fit.row(label)
        assert metric == pytest.approx(row.value / row.standard_error, rel=1e-6)
    assert found.information.invertible


def test_eigenvalues_are_those_of_the_relative_information():
    found = looked("a * exp(-b * x)", 2 * np.exp(-0.5 * X), {"a": 1.0, "b": 1.0})
    a, b = found.fit.values["a"], found.fit.values["b"]
    jacobian = np.stack([np.exp(-b * X) * a, -a * X * np.exp(-b * X) * b], axis=1) / 0.05
    assert found.information.eigenvalues == pytest.approx(np.linalg.eigvalsh(jacobian.T @ jacobian)[::-1], rel=1e-7)
    assert np.sum(found.information.vectors**2, axis=0) == pytest.approx(1.0)


def test_structure_is_told_from_chance():
    product = looked("a * b * exp(-c * x)", 2 * np.exp(-0.5 * X), {"a": 1.0, "b": 1.0, "c": 1.0})
    assert product.verdicts["a"].word == "structurally unidentifiable"
    assert product.combinations[0].determined == ("a * b",)
    # the second amplitude is zero in these data: its rate does nothing there, but would elsewhere
    chance = looked(
        "a * exp(-x) + b * exp(-c * x)",
        2 * np.exp(-X),
        {"a": pm.Real(guess=1.0), "b": pm.Real(-1, 1, guess=0.1), "c": pm.Real(2, 5, guess=3)},
    )
    assert chance.verdicts["c"].word == "practically unidentifiable"
    assert chance.combinations == ()


def test_one_jacobian_is_enough_where_it_has_full_rank():
    few = looked("a * exp(-b * x)", 2 * np.exp(-0.5 * X), {"a": 1.0, "b": 1.0}, contour="off")
    more = looked("a * b * exp(-c * x)", 2 * np.exp(-0.5 * X), {"a": 1.0, "b": 1.0, "c": 1.0}, contour="off")
    assert more.receipt.evaluations - few.receipt.evaluations >= 2


def test_a_scale_of_zero_or_none_is_told():
    data = pm.Data({"x": [1.0, 2.0], "y": [1.0, 2.0]}, inputs=["x"], output="y")
    found = pm.identify("a + b * x", data, {"a": 0.5, "b": 0.5})
    assert any("no scatter to measure" in doubt for doubt in found.doubts)


def test_a_penalty_along_what_is_not_told_changes_nothing_else():
    found = looked("a * b * exp(-c * x)", 2 * np.exp(-0.5 * X), {"a": 1.0, "b": 1.0, "c": 1.0}).information
    covariance = found.regularised(4.0)
    assert np.linalg.matrix_rank(covariance) == 3
    # along the direction that is lost the spread is that of the penalty, along the others that of the information
    told = found.vectors[:, found.eigenvalues > 1]
    lost = found.vectors[:, found.eigenvalues <= 1]
    assert lost.shape[1] == 1
    assert (lost.T @ covariance @ lost)[0, 0] == pytest.approx(1 / 4, rel=1e-9)
    assert np.diag(told.T @ covariance @ told) == pytest.approx(1 / found.eigenvalues[found.eigenvalues > 1], rel=1e-9)
    c = found.labels.index("c")
    assert np.sqrt(covariance[c, c]) == pytest.approx(1 / found.metric[c], rel=1e-6)
