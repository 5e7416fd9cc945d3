"""Viscous f(Q): fixed points and their eigenvalues, histories that keep the constraint, and the model of H(z)."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import parametra as pm
from parametra.models.cosmology import fixed_points, trajectory, viscous_fq
from parametra.models.cosmology._viscous_phase import _rate
from parametra.testing.check_model import check_model

POWERS = [(n, s) for n in (-1.0, 2.0) for s in (0.0, 0.5, 1.05)]
VISCOSITIES = (0.1, 0.5, 1.2)


def flow(point, n, s, viscosity):
    """matter' and radiation', written out once more."""
    matter, radiation = point
    h = (-3 * matter - 4 * radiation + 3 * viscosity * matter**s) / (2 * (1 - n * (1 - matter - radiation)))
    return np.array([-3 * matter + 3 * viscosity * matter**s - 2 * h * matter, (-4 - 2 * h) * radiation])


def by_era(n, s, viscosity):
    found = {}
    for point in fixed_points(n, s, viscosity):
        found.setdefault(point.era, []).append(point)
    return found


@pytest.mark.parametrize(("n", "s"), POWERS)
@pytest.mark.parametrize("viscosity", VISCOSITIES)
def test_fixed_points_are_fixed_and_eigenvalues_those_of_the_flow(n, s, viscosity):
    points = fixed_points(n, s, viscosity)
    assert points
    for point in points:
        place = np.array([point.matter, point.radiation])
        np.testing.assert_allclose(flow(place, n, s, viscosity), 0, atol=1e-12)
        if not np.all(np.isfinite(point.eigenvalues)):
            assert point.matter == 0
            continue
        if point.matter == 0 and 1 < s < 2:
            continue  # the slope of matter^s is 0 there, but no difference sees it so near: tested by hand below
        steps = 1e-6 * np.eye(2)
        jacobian = np.stack(
            [(flow(place + e, n, s, viscosity) - flow(place - e, n, s, viscosity)) / 2e-6 for e in steps]
        ).T
        if point.matter > 1e-6:
            np.testing.assert_allclose(np.sort(np.linalg.eigvals(jacobian).real), np.sort(point.eigenvalues), atol=1e-6)


@pytest.mark.parametrize("viscosity", VISCOSITIES)
@pytest.mark.parametrize(("n", "s"), POWERS)
def test_eigenvalues_by_hand(n, s, viscosity):
    """Matter: 2 (1 - n) ... = 3 (n - 1) (viscosity - 1) and -1 - 3 viscosity, whatever s is."""
    (matter,) = by_era(n, s, viscosity)["matter"]
    assert matter.eigenvalues == pytest.approx((3 * (n - 1) * (viscosity - 1), -1 - 3 * viscosity))
    assert matter.equation_of_state == pytest.approx(-viscosity)
    assert matter.deceleration == pytest.approx((1 - 3 * viscosity) / 2)
    if s > 1:
        empty = next(p for p in by_era(n, s, viscosity)["de Sitter"] if p.matter == 0)
        assert empty.eigenvalues == pytest.approx((-3, -4))
        (radiation,) = by_era(n, s, viscosity)["radiation"]
        assert radiation.eigenvalues == pytest.approx((1, -4 * (n - 1)))


@pytest.mark.parametrize("s", [0.0, 0.5, 1.05])
def test_model_one_ends_in_de_sitter(s):
    """n = -1: the only stable point is de Sitter for viscosity below 1."""
    for viscosity in (0.1, 0.5):
        stable = [point for point in fixed_points(-1.0, s, viscosity) if point.stability == "stable"]
        assert [point.expansion for point in stable] == ["de Sitter"]
        assert stable[0].matter == pytest.approx(viscosity ** (1 / (1 - s)) if s < 1 else 0.0)
        end = trajectory(-1.0, s, viscosity, matter=0.4 if viscosity < 0.4 else 0.8, efolds=(0.0, 30.0))
        assert end.equation_of_state[-1] == pytest.approx(-1, abs=1e-6)


def test_model_one_is_a_stable_phantom_for_strong_viscosity():
    """The coefficient is today's over Omega_m^s, so that it passes 1 as s grows: 0.5 / 0.3^1.05 = 1.77."""
    today = 0.5
    words = {
        s: [p.expansion for p in fixed_points(-1.0, s, today / 0.3**s) if p.stability == "stable"]
        for s in (0.0, 0.5, 1.05)
    }
    assert words[0.0] == words[0.5] == ["de Sitter"]
    assert "phantom" in words[1.05]
    (matter,) = by_era(-1.0, 0.0, today)["matter"]
    assert matter.expansion == "accelerated"  # strong viscosity leaves no era of slowing matter


@pytest.mark.parametrize("s", [0.0, 0.5, 1.05])
def test_radiation_matter_acceleration(s):
    """n = -1 with little viscosity: unstable radiation, matter a saddle, stable de Sitter, passed in this order."""
    found = by_era(-1.0, s, 0.05)
    assert found["matter"][0].stability == "saddle"
    assert found["matter"][0].expansion == "decelerated"
    if s > 0:
        assert found["radiation"][0].stability == "unstable"
    # viscosity that does not fade with matter (s = 0) is negligible beside radiation only later
    history = trajectory(-1.0, s, 0.05 if s else 1e-6, matter=0.3, radiation=1e-4, efolds=(-12.0, 6.0))
    w = history.equation_of_state
    assert w[0] == pytest.approx(1 / 3, abs=0.01)
    assert np.max(history.matter) > 0.9
    assert w[-1] == pytest.approx(-1, abs=1e-3)
    assert np.all(np.diff(w) < 1e-9)


@pytest.mark.parametrize("s", [0.5, 1.05])
def test_model_two_goes_from_radiation_to_acceleration_by_viscosity(s):
    """n = 2: radiation is a saddle, viscous matter the attractor, accelerated for viscosity above 1/3."""
    found = by_era(2.0, s, 0.5)
    assert found["radiation"][0].stability == "saddle"
    assert (found["matter"][0].stability, found["matter"][0].expansion) == ("stable", "accelerated")
    history = trajectory(2.0, s, 0.5, matter=0.6, radiation=0.4 + 1e-12, efolds=(-4.0, 20.0))
    w = history.equation_of_state
    assert w[0] > 0.2
    assert w[-1] == pytest.approx(-0.5, abs=1e-3)
    assert np.all(np.diff(w) < 1e-5)


@pytest.mark.parametrize("s", [0.0, 0.5])
def test_model_two_goes_from_radiation_by_matter_to_de_sitter_for_strong_viscosity(s):
    """n = 2, viscosity above 1: matter is a saddle, a phantom, and the stable point is de Sitter with dark below 0."""
    viscosity = 1.2
    found = by_era(2.0, s, viscosity)
    assert (found["matter"][0].stability, found["matter"][0].expansion) == ("saddle", "phantom")
    (stable,) = [point for point in fixed_points(2.0, s, viscosity) if point.stability == "stable"]
    assert (stable.expansion, stable.dark < 0) == ("de Sitter", True)
    assert stable.matter == pytest.approx(viscosity ** (1 / (1 - s)))
    history = trajectory(2.0, s, viscosity, matter=1.001, radiation=1e-9, efolds=(-6.0, 40.0), points=921)
    w = history.equation_of_state
    assert w[0] > 0.28
    assert np.min(w) == pytest.approx(-viscosity, abs=1e-3)
    assert w[-1] == pytest.approx(-1, abs=1e-4)
    assert history.efolds[np.argmax(w)] < history.efolds[np.argmin(w)] < history.efolds[-1]


def test_no_viscosity_below_a_third_leaves_model_two_an_acceleration():
    """n = 2: matter that decelerates is stable, so that nothing follows it, whatever the sign of alpha."""
    for s in (0.0, 0.5, 1.05):
        (matter,) = by_era(2.0, s, 0.2)["matter"]
        assert (matter.stability, matter.expansion) == ("stable", "decelerated")


@pytest.mark.parametrize(("n", "s"), POWERS)
def test_histories_keep_the_constraint(n, s):
    viscosity = 0.05 if n < 0 else 0.5
    matter, radiation = (0.3, 1e-4) if n < 0 else (0.9, 0.1)
    history = trajectory(n, s, viscosity, matter=matter, radiation=radiation, efolds=(-2.0, 6.0))
    assert history.violation < 1e-8
    assert f"{history.violation:.1e}" in str(history)


def test_a_cosmological_constant_is_a_power_too():
    """n = 0 without viscosity is the standard universe: H^2 = matter a^-3 + radiation a^-4 + dark."""
    history = trajectory(0.0, 1.0, 0.0, matter=0.3, radiation=1e-3, efolds=(-3.0, 2.0))
    a = np.exp(history.efolds)
    np.testing.assert_allclose(history.hubble**2, 0.3 / a**3 + 1e-3 / a**4 + 0.699, rtol=1e-10)


# ---- the model


def test_it_conforms():
    assert check_model(viscous_fq.READY) == []


def test_without_viscosity_there_is_a_closed_form():
    """n = -1: E^4 - Omega_m (1 + z)^3 E^2 = 1 - Omega_m."""
    z = np.linspace(0.0, 5.0, 30)
    model = viscous_fq.READY.bare_form(n=-1.0, s=0.0).model
    found = model({"H0": 70.0, "Omega_m": 0.3, "viscosity": 0.0}, {"z": z})
    b = 0.3 * (1 + z) ** 3
    np.testing.assert_allclose(found, 70 * np.sqrt((b + np.sqrt(b**2 + 4 * 0.7)) / 2), rtol=2e-7)


@pytest.mark.parametrize(
    ("n", "s", "matter", "viscosity"), [(-1.0, 0.5, 0.3, 0.05), (2.0, 1.05, 1.2, 0.5), (0.0, 0.0, 0.3, 0.02)]
)
def test_two_integrations_agree(n, s, matter, viscosity):
    """The model backwards in z, and the phase space in ln a."""
    history = trajectory(n, s, viscosity / matter**s, matter=matter, efolds=(-1.2, 0.0), points=13)
    z = np.exp(-history.efolds) - 1
    model = viscous_fq.READY.bare_form(n=n, s=s).model
    found = model({"H0": 70.0, "Omega_m": matter, "viscosity": viscosity}, {"z": z})
    np.testing.assert_allclose(found, 70 * history.hubble, rtol=1e-8)


def _by_scipy(n, s, matter, viscosity, z):
    """H / H0, the matter held at zero from where it runs out."""

    def pace(_, y):
        some = y[0] > 0
        share = y[0] if some else 0.0
        source = 3 * viscosity * (share / matter) ** s if some else 0.0
        h = (source - 3 * share) / (2 * (1 - n * (1 - share)))
        return [3 * share - source + 2 * h * share, -h]

    def runs_out(_, y):
        return y[0] - 1e-14

    runs_out.terminal = True
    found = solve_ivp(pace, [0.0, np.log1p(z)], [matter, 0.0], rtol=1e-10, atol=1e-14, events=runs_out)
    return float(np.exp(found.y[1, -1])), found.status == 1


@pytest.mark.parametrize(
    ("n", "s", "matter", "viscosity", "gone", "close"),
    [
        (-1.0, 0.5, 0.3, 0.05, False, 1e-7),
        (-1.0, 1.0, 0.3, 0.5, False, 1e-7),
        (-1.0, 2.0, 0.3, 0.9, False, 2e-6),
        (2.0, 0.5, 1.2, 0.1, False, 1e-7),
        (-1.0, 0.5, 0.01, 1.0, True, 1e-3),
        (0.9, 0.5, 0.05, 0.5, True, 1e-3),
        (0.0, 0.2, 0.3, 0.9, True, 3e-3),
        (-1.0, 0.0, 0.3, 0.4, True, 5e-3),
    ],
)
def test_it_is_right_with_viscosity_and_where_matter_ran_out(n, s, matter, viscosity, gone, close):
    model = viscous_fq.READY.bare_form(n=n, s=s).model
    for z in (0.5, 2.0, 5.0):
        wanted, ran_out = _by_scipy(n, s, matter, viscosity, z)
        found = model({"H0": 1.0, "Omega_m": matter, "viscosity": viscosity}, {"z": np.array([z])})
        assert found[0] == pytest.approx(wanted, rel=close)
    assert ran_out is gone


# ---- messages and ugly data


@pytest.mark.parametrize(
    ("z", "rates"),
    [([0.5, 0.5, 0.5, 0.5], [70.0] * 4), ([0.0, 0.0, 0.0, 0.0], [1e9, 0.0, -1.0, 2.0]), ([2, 1, 3, 0.1], [1.0] * 4)],
)
@pytest.mark.parametrize("n", [-1.0, 2.0])
def test_ugly_rates_give_finite_guesses(z, rates, n):
    data = pm.Data({"z": z, "H": rates}, inputs="z", output="H", sigma=1.0)
    space = viscous_fq.READY.problem(data, n=n).fit_space
    assert np.all((space.guess >= space.lower) & (space.guess <= space.upper))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fixed_points(1.0, 0.0, 0.1), r"other than 1/2 and 1, .*; 1\.0 came"),
        (lambda: fixed_points(-1.0, -0.5, 0.1), r"from 0 on; s=-0\.5 and viscosity=0\.1 came"),
        (lambda: trajectory(-1.0, 0.0, 0.1, matter=-0.3), r"matter=-0\.3"),
        (lambda: trajectory(2.0, 1.0, 0.0, matter=0.9, efolds=(-8.0, 0.0)), "Take a shorter range of efolds"),
        (lambda: viscous_fq.READY.bare_form(n="two"), r"is a number; .two. came"),
        (lambda: viscous_fq.READY.bare_form(s=-1.0), r"s is from 0 on; n=-1\.0, s=-1\.0 came"),
    ],
)
def test_messages(call, message):
    with pytest.raises(pm.ParametraError, match=message):
        call()


def test_points_are_told_in_words():
    told = [str(point) for point in fixed_points(-1.0, 1.0, 0.0)]
    assert told[0] == (
        "radiation: matter 0, radiation 1, dark 0; decelerated, w = 0.3333; unstable, eigenvalues 1 and 8"
    )
    assert "stable, eigenvalues -3 and -4" in told[2]
    assert fixed_points(-1.0, 0.0, 1.0)[-1].stability == "undecided"


def test_the_rate_is_that_of_the_equations():
    assert _rate(1.0, 0.0, 0.0, -1.0, 0.0, 0.0) == pytest.approx(-1.5)
    assert _rate(0.0, 1.0, 0.0, -1.0, 1.0, 0.3) == pytest.approx(-2.0)
