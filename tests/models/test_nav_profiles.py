"""The shapes of eclipses: what each is at its ends, which contain one another, and which one the data choose."""

from __future__ import annotations

import numpy as np
import pytest

import parametra as pm
from parametra.models.eclipsing_binary._profiles import PROFILES
from parametra.models.eclipsing_binary.nav import READY
from parametra.nouns.asker import Want
from parametra.nouns.formula import Formula
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct

LIMITED = sorted(name for name, each in PROFILES.items() if each.limited)
Z = np.array([0.0, 1e-20, 0.1, 0.4, 0.7, 0.95, 0.999999, 1.0, 1.01, 3.0, 50.0, 250.0])


def values(name, z, shape, extra):
    text = PROFILES[name].text("maximum(z, 1e-300)", "shape", "extra")
    return Formula.parse(text).evaluate({"z": np.asarray(z), "shape": shape, "extra": extra}, np)


def star(flat=False, seed=0):
    """An Algol like V0882 Carinae whose eclipses end, with a power that is not 3/2."""
    generator = np.random.default_rng(seed)
    phase = np.r_[generator.uniform(-0.5, 0.5, 896), 0.0, 0.5, -0.5, 0.055]
    magnitude = 13.4 + 0.01 * np.cos(2 * np.pi * phase) + 0.02 * np.cos(4 * np.pi * phase)
    for middle, depth, shape in ((0.0, 0.75, 2.4), (0.5, 0.25, 2.2)):
        away = phase - middle
        z = np.minimum(np.abs(away - np.round(away)) / 0.055, 1)
        magnitude += depth * (1 - z**shape) ** 0.8
    magnitude += 0.01 * generator.normal(size=900)
    table = {"phase": phase, "magnitude": magnitude}
    return pm.Data(table, inputs=["phase"], output="magnitude", sigma=0.01)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_it_is_1_in_the_middle_falls_and_ends(name):
    profile = PROFILES[name]
    for shape in profile.shape:
        found = values(name, Z, shape, profile.extra_range[0])
        assert np.all(np.isfinite(found))
        assert found[0] == pytest.approx(1.0, abs=1e-6)
        assert np.all(np.diff(found) <= 1e-12)
        assert np.all(found >= 0)
        if profile.limited:
            np.testing.assert_allclose(found[Z >= 1], 0.0, atol=1e-12)


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_its_derivatives_are_finite_where_it_has_a_corner(name):
    """At mid-eclipse and at the edge, for the sharpest and the flattest shape."""
    problem = READY.problem(star(), profile=name)
    space = problem.fit_space
    for shape in PROFILES[name].shape:
        point = np.where([label.startswith("shape") for label in space.labels], shape, space.guess)
        assert np.all(np.isfinite(Direct(problem, Cost(True)).evaluate(point[None], Want.GRADIENT).gradient))


@pytest.mark.parametrize("name", ["nav", "nav_power", "bump", "mikulasek"])
def test_so_are_those_by_automatic_differentiation(name):
    import jax
    import jax.numpy as jnp

    formula = Formula.parse(PROFILES[name].text("maximum(abs(z), 1e-300)", "shape", "extra"))
    with jax.enable_x64(True):
        slopes = jax.vmap(jax.grad(lambda z, b, c: formula.evaluate({"z": z, "shape": b, "extra": c}, jnp), (0, 1, 2)))
        for shape in PROFILES[name].shape:
            at = jnp.asarray(Z)
            for each in slopes(at, jnp.full_like(at, shape), jnp.full_like(at, 1.5)):
                assert np.all(np.isfinite(each))


@pytest.mark.parametrize(
    ("general", "special", "shape", "extra"),
    [
        ("nav_power", "nav", 1.7, 1.5),
        ("nav_curved", "nav", 1.7, 0.0),
        ("nav_flat", "nav", 1.7, 0.0),
        ("nav_power", "superellipse", 2.0, 0.5),
        ("mikulasek_curved", "mikulasek", 0.8, 0.0),
    ],
)
def test_a_profile_with_an_additional_parameter_contains_the_one_without(general, special, shape, extra):
    np.testing.assert_allclose(values(general, Z, shape, extra), values(special, Z, shape, 0.0), atol=1e-7)


def test_formulas_of_the_papers():
    z = Z[2:8]
    np.testing.assert_allclose(values("nav", z, 2.3, 0.0), (1 - z**2.3) ** 1.5, atol=1e-12)
    np.testing.assert_allclose(values("mikulasek", z, 0.7, 0.0), 1 - (1 - np.exp(1 - np.cosh(z))) ** 0.7, atol=1e-12)
    np.testing.assert_allclose(values("gaussian_flat", z, 1.0, 2.0), np.exp(-(z**2)), atol=1e-12)
    np.testing.assert_allclose(values("hyperbolic_secant", z, 2.0, 0.0), np.cosh(z) ** -2.0, atol=1e-12)
    np.testing.assert_allclose(values("lorentzian_power", z, 2.0, 0.0), (1 + z**2) ** -2.0, atol=1e-12)
    np.testing.assert_allclose(values("cosine", z, 1.0, 0.0), values("cosine_power", z, 1.0, 0.0), atol=1e-12)


def test_a_limited_profile_with_an_additional_parameter_ranks_first_when_it_is_true():
    """By the sum of squares and by BIC, of all profiles; every fit is a minimum."""
    assert len(PROFILES) >= 14
    data = star()
    fits = {name: pm.fit(READY.problem(data, profile=name), starts=1, progress=False) for name in PROFILES}
    assert all(fit.status.ok for fit in fits.values())
    for measure in ("bic", "chi_square"):
        best = min(fits, key=lambda name: getattr(fits[name], measure))
        assert best == "nav_power"
        assert PROFILES[best].limited
        assert PROFILES[best].extra
    assert fits["nav_power"].estimate["power1"] == pytest.approx(
        0.8, abs=4 * fits["nav_power"].standard_error["power1"]
    )
    nearly = sorted(fits, key=lambda name: fits[name].bic)[:7]
    assert set(nearly) <= set(LIMITED)


def test_an_unlimited_profile_wins_when_it_is_true():
    generator = np.random.default_rng(4)
    phase = generator.uniform(-0.5, 0.5, 500)
    magnitude = 12 + 0.01 * generator.normal(size=500)
    for middle, depth in ((0.0, 0.6), (0.5, 0.3)):
        away = np.abs(phase - middle - np.round(phase - middle))
        magnitude += depth * (1 - (1 - np.exp(1 - np.cosh(away / 0.03))) ** 0.9)
    data = pm.Data({"phase": phase, "magnitude": magnitude}, inputs=["phase"], output="magnitude", sigma=0.01)
    names = ("nav", "mikulasek", "nav_power", "bump")
    bic = {each: pm.fit(READY.problem(data, profile=each), starts=1, progress=False).bic for each in names}
    assert min(bic, key=bic.get) == "mikulasek"


def test_an_unknown_profile_is_refused_with_the_choices():
    with pytest.raises(pm.ParametraError, match="nav_flat"):
        READY.problem(star(), profile="navy")
