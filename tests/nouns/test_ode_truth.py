"""ODEs as a person states them, against what is known of them in closed form or from data that others have fitted."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from scipy.special import ellipj, ellipk, lambertw

import parametra as pm
from parametra.nouns.ode import ODE, Event

TINY = 1e-30
SOLVERS = ["lsoda", *(pytest.param(name, marks=pytest.mark.slow) for name in ("explicit", "rosenbrock"))]
each_solver = pytest.mark.parametrize("solver", SOLVERS)


def slope_of(ode, at, inputs, output, name):
    """The exact derivative by one parameter, from a complex direction."""
    return ode({**at, name: at[name] + 1j * TINY}, inputs)[output].imag / TINY


def disposition(k10, k12, k21):
    """The two rates at which a drug leaves two compartments, the fast one first."""
    total = k10 + k12 + k21
    root = np.sqrt(total**2 - 4 * k10 * k21)
    return (total + root) / 2, (total - root) / 2


# ---------------------------------------------------------------------------------------------------- pharmacokinetics

TWO = {"k10": 0.35, "k12": 0.8, "k21": 0.45, "V": 12.0, "dose": 250.0}


@each_solver
def test_an_oral_dose_in_two_compartments_is_a_sum_of_three_exponentials(solver):
    ode = ODE(
        {
            "gut": "-ka * gut",
            "blood": "ka * gut - (k10 + k12) * blood + k21 * tissue",
            "tissue": "k12 * blood - k21 * tissue",
        },
        initial={"gut": 0, "blood": 0, "tissue": 0},
        observe={"c": "blood / V"},
        events=Event(0, add={"gut": "dose"}),
        solver=solver,
    )
    t = np.array([0.0, 0.25, 1, 2, 5, 10, 24, 48])

    def exact(k10, k12, k21, V, dose, ka):
        fast, late = disposition(k10, k12, k21)
        rates, total = (ka, fast, late), 0
        for i, rate in enumerate(rates):
            others = [other - rate for j, other in enumerate(rates) if j != i]
            total += (k21 - rate) / np.prod(others) * np.exp(-rate * t)
        return ka * dose / V * total

    at = {**TWO, "ka": 1.7}
    np.testing.assert_allclose(ode(at, {"t": t})["c"], exact(**at), rtol=1e-6, atol=1e-7)
    for name in ("ka", "k12", "V"):
        wanted = exact(**{**at, name: at[name] + 1j * TINY}).imag / TINY
        found = slope_of(ode, at, {"t": t}, "c", name)
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max(), err_msg=name)


@each_solver
def test_doses_at_intervals_add_up_to_a_geometric_series(solver):
    """What is left of all doses before, right after the last one and until the next."""
    doses, interval = 40, 6.0
    ode = ODE(
        {"blood": "-(k10 + k12) * blood + k21 * tissue", "tissue": "k12 * blood - k21 * tissue"},
        initial={"blood": 0, "tissue": 0},
        observe={"c": "blood / V"},
        events=Event(interval * np.arange(doses), add={"blood": "dose"}),
        solver=solver,
    )
    since = np.array([0.0, 0.5, 2, 5.5])
    fast, late = disposition(TWO["k10"], TWO["k12"], TWO["k21"])
    exact = 0.0
    for rate, other in ((fast, late), (late, fast)):
        weight = TWO["dose"] / TWO["V"] * (TWO["k21"] - rate) / (other - rate)
        series = (1 - np.exp(-doses * rate * interval)) / (1 - np.exp(-rate * interval))
        exact = exact + weight * series * np.exp(-rate * since)
    found = ode(TWO, {"t": interval * (doses - 1) + since})["c"]
    np.testing.assert_allclose(found, exact, rtol=2e-7)


FIRST_ORDER = "Dose * exp(lKe + lKa - lCl) / (exp(lKa) - exp(lKe)) * (exp(-exp(lKe) * Time) - exp(-exp(lKa) * Time))"
LOGARITHMS = {"lKa": pm.Real(-4, 4, guess=0.5), "lKe": pm.Real(-6, 1, guess=-2.5), "lCl": pm.Real(-6, 1, guess=-3)}


def theophylline(external_data, subject):
    path = external_data / "nls" / "Theoph.csv"
    return pm.Data(path, inputs=["Dose", "Time"], output="conc", where={"Subject": subject})


@pytest.mark.slow
@pytest.mark.external
@pytest.mark.parametrize(
    ("solver", "subjects"), [("lsoda", [1]), ("explicit", range(1, 13)), ("rosenbrock", range(1, 13))]
)
def test_theophylline_by_a_dose_and_by_the_formula(external_data, solver, subjects):
    """Twelve subjects, Boeckmann, Sheiner and Beal (1994); the formula is R's SSfol."""
    ode = ODE(
        {"gut": "-exp(lKa) * gut", "blood": "exp(lKa) * gut - exp(lKe) * blood"},
        initial={"gut": 0, "blood": 0},
        observe={"conc": "blood * exp(lKe - lCl)"},
        time="Time",
        events=Event(0, add={"gut": "Dose"}),
        solver=solver,
        relative_tolerance=1e-10,
        absolute_tolerance=1e-12,
    )
    published = json.loads((external_data / "nls" / "reference_R_nls.json").read_text())["theoph_1_fol"]
    for subject in subjects:
        data = theophylline(external_data, subject)
        exact = pm.fit(FIRST_ORDER, data, LOGARITHMS, starts=1)
        found = pm.fit(ode, data, LOGARITHMS, starts=1)
        assert found.status.ok
        assert found.log_likelihood == pytest.approx(exact.log_likelihood, rel=1e-8)
        for name in LOGARITHMS:
            assert found.estimate[name] == pytest.approx(exact.estimate[name], rel=1e-6), (subject, name)
            assert found.standard_error[name] == pytest.approx(exact.standard_error[name], rel=1e-5), (subject, name)
        if subject == 1:
            for name, value in published["coef"].items():  # R itself stops up to 3e-5 standard errors off
                assert found.estimate[name] == pytest.approx(value, abs=5e-5 * published["se"][name])
                assert found.standard_error[name] == pytest.approx(published["se"][name], rel=1e-4)
            assert found.log_likelihood == pytest.approx(published["loglik"], rel=1e-7)


# ------------------------------------------------------------------------------------------------------------ epidemics

EPIDEMIC = {"S": "-infection", "E": "infection - onset * E", "I": "onset * E - recovery * I", "R": "recovery * I"}
OUTBREAK = {"contact": 0.9, "recovery": 0.3, "onset": 0.5, "people": 1000.0, "first": 2.0}


def outbreak(solver, *, latent):
    """SEIR, or SIR without its latent state."""
    states = EPIDEMIC if latent else {**EPIDEMIC, "I": "infection - recovery * I"}
    initial = {"S": "people - first", "E": 0, "I": "first", "R": 0}
    if not latent:
        del states["E"], initial["E"]
    return ODE(states, initial, let={"infection": "contact * S * I / people"}, solver=solver)


def final_size(contact, recovery, people, first, **_):
    """Who is never ill: log(S / S0) = -R0 (1 - S / N), Kermack and McKendrick (1927), doi:10.1098/rspa.1927.0118."""
    ratio, begun = contact / recovery, people - first
    return float(np.real(-people / ratio * lambertw(-ratio * begun / people * np.exp(-ratio))))


@each_solver
@pytest.mark.parametrize("latent", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["SIR", "SEIR"])
def test_an_epidemic_ends_with_the_final_size_and_loses_nobody(solver, latent):
    ode = outbreak(solver, latent=latent)
    t = np.linspace(0, 400, 41)
    found = ode(OUTBREAK, {"t": t})
    np.testing.assert_allclose(sum(found.values()), OUTBREAK["people"], rtol=1e-9)
    assert found["S"][-1] == pytest.approx(final_size(**OUTBREAK), rel=1e-6)
    assert all(np.all(values > -1e-6) for values in found.values())
    ill = found["I"] + (found["E"] if latent else 0)
    invariant = ill + found["S"] - OUTBREAK["recovery"] / OUTBREAK["contact"] * OUTBREAK["people"] * np.log(found["S"])
    np.testing.assert_allclose(invariant, invariant[0], rtol=1e-7)
    for name in ("contact", "recovery", "first"):
        step = 1e-6 * OUTBREAK[name]
        up, down = (final_size(**{**OUTBREAK, name: OUTBREAK[name] + side * step}) for side in (1, -1))
        slope = slope_of(ode, OUTBREAK, {"t": t[-1:]}, "S", name)
        assert slope[0] == pytest.approx((up - down) / (2 * step), rel=1e-4), name


# -------------------------------------------------------------------------------------------------------------- ecology

MEANS = {"birth": 0.547, "hunting": 0.0277, "death": 0.800, "growth": 0.0241, "hare0": 34.0, "lynx0": 5.94}
WILD = {"hare": "(birth - hunting * lynx) * hare", "lynx": "(growth * hare - death) * lynx"}


@each_solver
def test_hares_and_lynxes_go_round_on_a_level_of_volterras_function(solver):
    """Volterra (1926), doi:10.1038/118558a0; from the means of the posterior of the pelts."""
    found = ODE(WILD, {"hare": "hare0", "lynx": "lynx0"}, solver=solver)(MEANS, {"t": np.linspace(0, 60, 121)})
    hare, lynx = found["hare"], found["lynx"]
    level = MEANS["growth"] * hare - MEANS["death"] * np.log(hare)
    level = level + MEANS["hunting"] * lynx - MEANS["birth"] * np.log(lynx)
    np.testing.assert_allclose(level, level[0], rtol=3e-7)
    assert np.ptp(hare) > 50


@each_solver
def test_near_their_equilibrium_the_period_is_that_of_the_linear_system(solver):
    """A small push goes round: 2 pi / sqrt(birth * death) is its period."""
    ode = ODE(WILD, {"hare": "hare0", "lynx": "lynx0"}, solver=solver, relative_tolerance=1e-11)
    rest = {**MEANS, "hare0": MEANS["death"] / MEANS["growth"], "lynx0": MEANS["birth"] / MEANS["hunting"]}
    period = 2 * np.pi / np.sqrt(MEANS["birth"] * MEANS["death"])
    push = 1e-3 * rest["hare0"] * np.array([[1], [-1]])
    found = ode({**rest, "hare0": rest["hare0"] + push}, {"t": period * np.arange(9) / 4})["hare"]
    np.testing.assert_allclose((found[0] - found[1]) / (2 * push[0]), [1, 0, -1, 0, 1, 0, -1, 0, 1], atol=1e-5)


@pytest.mark.external
def test_the_likelihood_of_the_pelts_is_that_of_a_tight_integration(external_data):
    from scipy.integrate import solve_ivp

    published = json.loads((external_data / "posteriordb" / "hudson_lynx_hare.data.json").read_text())
    t, pelts = np.array(published["ts"], dtype=float), np.array(published["y"])
    data = pm.Data({"t": t, "hare": pelts[:, 0], "lynx": pelts[:, 1]}, inputs="t", output=["hare", "lynx"])
    noise = {"hare": pm.LogNormal(sigma=0.25), "lynx": pm.LogNormal(sigma=0.252)}
    free = {name: pm.Positive(guess=value) for name, value in MEANS.items()}
    a, b, d, g = (MEANS[name] for name in ("birth", "hunting", "death", "growth"))
    exact = solve_ivp(
        lambda _, y: [(a - b * y[1]) * y[0], (g * y[0] - d) * y[1]],
        (0, 20),
        [MEANS["hare0"], MEANS["lynx0"]],
        method="DOP853",
        t_eval=t,
        rtol=1e-12,
        atol=1e-12,
    ).y
    wanted = sum(stats.lognorm.logpdf(pelts[:, k], s, scale=exact[k]).sum() for k, s in enumerate((0.25, 0.252)))
    for solver in ("lsoda", "explicit"):
        problem = pm.Problem(ODE(WILD, {"hare": "hare0", "lynx": "lynx0"}, solver=solver), data, free, noise=noise)
        found = problem.log_likelihood(MEANS)
        assert found == pytest.approx(wanted, abs=1e-6)


# ------------------------------------------------------------------------------------------------------------ mechanics

PENDULUM = {"angle": "speed", "speed": "-gravity / length * sin(angle)"}
SWING = {"gravity": 9.81, "length": 0.7, "first": 2.5}


@each_solver
def test_a_pendulum_swings_along_jacobis_elliptic_functions(solver):
    tight = {"relative_tolerance": 1e-10, "absolute_tolerance": 1e-12}
    ode = ODE(PENDULUM, {"angle": "first", "speed": 0}, solver=solver, **tight)
    modulus, pace = np.sin(SWING["first"] / 2), np.sqrt(SWING["gravity"] / SWING["length"])
    period = 4 / pace * ellipk(modulus**2)
    t = period * np.array([0, 0.1, 0.25, 0.4, 0.5, 0.9, 1, 3.3, 10])
    found = ode(SWING, {"t": t})
    sn, cn, _, _ = ellipj(ellipk(modulus**2) - pace * t, modulus**2)
    np.testing.assert_allclose(found["angle"], 2 * np.arcsin(modulus * sn), atol=2e-6)
    np.testing.assert_allclose(found["speed"], -2 * modulus * pace * cn, atol=1e-5)
    # scaling time: a longer pendulum is as far as a shorter one was earlier
    by_length = slope_of(ode, SWING, {"t": t}, "angle", "length")
    np.testing.assert_allclose(by_length, -found["speed"] * t / (2 * SWING["length"]), atol=2e-4)


@pytest.mark.slow
@pytest.mark.parametrize("solver", ["lsoda", "explicit"])
def test_a_fit_reads_the_length_of_a_pendulum_from_its_swings(solver):
    ode = ODE(PENDULUM, {"angle": "first", "speed": 0}, observe="angle", solver=solver)
    modulus, pace = np.sin(SWING["first"] / 2), np.sqrt(SWING["gravity"] / SWING["length"])
    t = np.linspace(0.2, 3, 15)
    sn = ellipj(ellipk(modulus**2) - pace * t, modulus**2)[0]
    data = pm.Data({"t": t, "angle": 2 * np.arcsin(modulus * sn)}, inputs="t", output="angle", sigma=0.01)
    free = {"gravity": pm.Fixed(9.81), "length": pm.Log(0.1, 10, guess=0.72), "first": (2, 3)}
    fit = pm.fit(ode, data, free, starts=1)
    assert fit.estimate["length"] == pytest.approx(SWING["length"], rel=1e-6)
    assert fit.estimate["first"] == pytest.approx(SWING["first"], rel=1e-6)


# ------------------------------------------------------------------------------------------------------------ chemistry


@each_solver
def test_a_chain_of_delays_is_an_erlang_distribution(solver):
    """What passes the last of five equal stages: the density of a sum of five exponential waiting times."""
    stages = 5
    slopes = {"s0": "-rate * s0", **{f"s{i}": f"rate * (s{i - 1} - s{i})" for i in range(1, stages)}}
    initial = {name: 1 if name == "s0" else 0 for name in slopes}
    ode = ODE(slopes, initial, observe={"passing": "rate * s4"}, solver=solver)
    t = np.linspace(0, 12, 25)
    found = ode({"rate": 1.3}, {"t": t})["passing"]
    np.testing.assert_allclose(found, stats.erlang.pdf(t, stages, scale=1 / 1.3), atol=1e-7)
    step = 1e-5
    up, down = (stats.erlang.pdf(t, stages, scale=1 / (1.3 + side * step)) for side in (1, -1))
    np.testing.assert_allclose(slope_of(ode, {"rate": 1.3}, {"t": t}, "passing", "rate"), (up - down) / 2e-5, atol=1e-6)
