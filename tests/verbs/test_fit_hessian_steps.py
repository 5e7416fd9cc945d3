"""Standard errors from a Hessian do not hang on how wide boxes are or how small guesses."""

import numpy as np
import pytest

import parametra as pm

X = np.linspace(-1, 1, 40)
DRAWN = np.random.default_rng(0).standard_normal(40)


def _errors(model, y, parameters, noise):
    data = pm.Data({"x": X, "y": y}, inputs="x", output="y")
    found = pm.fit(pm.Problem(model, data, parameters, noise=noise), starts=1, progress=False)
    return [row.standard_error for row in found.rows], found


@pytest.mark.parametrize("width", [1e8, 1e12])
def test_a_wide_box_around_a_guess_of_zero(width):
    y = 1 + 0.3 * np.sinh(1.5 * X) + 0.1 * DRAWN
    wide, narrow = (
        _errors("a + 0.3 * sinh(b * x)", y, {n: pm.Real(-w, w, guess=0) for n in "ab"}, pm.Outliers(pm.Normal()))[0]
        for w in (width, 10.0)
    )
    assert wide[:3] == pytest.approx(narrow[:3], rel=1e-3)


def test_a_guess_that_is_only_rounding():
    mirrored = np.concatenate([DRAWN[:20], DRAWN[:20][::-1]])
    y = 1 + 0.5 * X**2 + 0.1 * mirrored
    tiny, plain = (
        _errors(
            "a + b * x + c * x**2",
            y,
            {"a": pm.Real(guess=1), "b": pm.Real(guess=guess), "c": pm.Real(guess=0.1)},
            pm.StudentT(4),
        )
        for guess in (1e-17, 1e-3)
    )
    assert tiny[0] == pytest.approx(plain[0], rel=1e-3)
    assert not tiny[1].doubts


def test_the_lower_end_of_a_wide_box_is_not_near_what_is_nearer_to_it_than_its_width():
    y = 1 + 0.04 * (X + 1) / 2 + 0.005 * DRAWN
    wide, narrow = (
        _errors("a + b * (x + 1) / 2", y, {n: pm.Real(0, w) for n in "ab"}, pm.StudentT(4))[0] for w in (1e12, 10.0)
    )
    assert wide == pytest.approx(narrow, rel=1e-3)
