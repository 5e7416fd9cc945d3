"""Forecasts: bright sirens of the next detectors, and the drift of redshifts at the 21-cm line."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaincinv

import parametra as pm
from parametra.models import cosmology
from parametra.models.cosmology import redshift_drift, standard_sirens
from parametra.testing.check_model import check_model

SIRENS, DRIFT = standard_sirens.READY, redshift_drift.READY
TRUTH = {"H0": 70.0, "Omega_m": 0.3, "w0": -0.9, "wa": 0.2, "wb": 0.1}
BENT = {"H0": 70.0, "Omega_m": 0.3, "w0": -0.9, "wa": -2.5, "wb": 5.0}
MATTER = {"Omega_m": pm.Fixed(0.3)}


def sirens(data, dark_energy="w0_wa_wb"):
    return SIRENS.problem(data, parameters=MATTER, dark_energy=dark_energy)


def fitted(problem):
    return pm.fit(problem, starts=1, progress=False)


def share_inside(per_year):
    """How many of 50 catalogues have the truth inside the 90 % region of H0, w0, wa, wb (likelihood ratio)."""
    radius = 2 * gammaincinv(2.0, 0.9)  # chi-square of 4 degrees of freedom
    inside = 0
    for seed in range(50):
        problem = sirens(cosmology.siren_catalogue(TRUTH, per_year=per_year, seed=seed))
        inside += 2 * (fitted(problem).log_likelihood - float(problem.log_likelihood(TRUTH))) < radius
    return inside


# ---- sirens


def test_the_truth_lies_inside_the_region():
    """Five years at a duty cycle of 75 %, few sirens a year."""
    assert share_inside(60.0) >= 0.85 * 50


@pytest.mark.slow
def test_the_truth_lies_inside_the_region_of_a_rich_catalogue():
    assert share_inside(1000.0) >= 0.85 * 50


def test_errors_shrink_with_the_root_of_the_number():
    errors = []
    for per_year in (200.0, 800.0, 3200.0):
        data = cosmology.siren_catalogue(TRUTH, per_year=per_year, scattered=False)
        assert data.rows == round(3.75 * per_year)
        errors.append(fitted(sirens(data)).standard_error["wb"])
    # which redshifts are drawn matters by some per cent, so the ends are compared
    assert np.log(errors[-1] / errors[0]) / np.log(16) == pytest.approx(-0.5, abs=0.05)
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize("seed", range(2))
def test_a_wrong_equation_of_state_is_flagged(seed):
    """w0-wa fitted to sirens of w0-wa-wb: far off by its own errors, and the comparison says which model is needed."""
    data = cosmology.siren_catalogue(BENT, seed=seed)
    problems = {kind: sirens(data, kind) for kind in ("w0_wa", "w0_wa_wb")}
    fits = {kind: fitted(problem) for kind, problem in problems.items()}
    wrong, right = fits["w0_wa"], fits["w0_wa_wb"]
    for name in ("w0", "wa"):
        assert abs(wrong.estimate[name] - BENT[name]) > 5 * wrong.standard_error[name]
        assert abs(right.estimate[name] - BENT[name]) < 3 * right.standard_error[name]
    told = pm.compare({kind: (problems[kind], fits[kind]) for kind in problems})
    assert told.best == "w0_wa_wb"
    assert told.pair("w0_wa_wb", "w0_wa").ratio_test.p_value < 0.01


def test_a_straight_equation_of_state_is_not_flagged():
    straight = {**TRUTH, "wb": 0.0}
    problems = {kind: sirens(cosmology.siren_catalogue(straight, seed=1), kind) for kind in ("w0_wa", "w0_wa_wb")}
    told = pm.compare({kind: (problem, fitted(problem)) for kind, problem in problems.items()})
    assert told.pair("w0_wa_wb", "w0_wa").ratio_test.p_value > 0.05


def test_redshifts_follow_the_rate_of_mergers():
    """The mean of many draws is that of the density, by a sum of its own."""
    z = np.linspace(1e-4, 2, 20001)
    rate = np.where(z <= 1, 1 + 2 * z, (15 - 3 * z) / 4)
    density = rate * cosmology.comoving_distance(z) ** 2 / (1 + z) / np.sqrt(0.3 * (1 + z) ** 3 + 0.7)
    drawn = cosmology.siren_redshifts(200_000, seed=5)
    assert drawn.max() <= 2
    assert drawn.mean() == pytest.approx(np.sum(z * density) / np.sum(density), abs=4 * drawn.std() / 200_000**0.5)


def test_errors_of_a_siren():
    """At the horizon the signal is 8, so the amplitude is good to 2 / 8; near by lensing does nothing."""
    near, far = cosmology.siren_error(np.array([1e-3, 5.0]))
    assert near < 1e-3
    lensing = 0.066 * ((1 - 6**-0.25) / 0.25) ** 1.8
    assert far == pytest.approx(np.hypot(0.25, lensing), rel=1e-9)


# ---- the drift of redshifts


def drift(method, sigma, dark_energy="constant_w", **inputs):
    truth = {"H0": 70.0, "Omega_m": 0.3, **({"w": -1.0} if dark_energy == "constant_w" else {})}
    whole = {"years": 0.5, **inputs}
    options = {"method": method, "dark_energy": dark_energy}
    data = cosmology.survey(DRIFT, truth, whole, sigma=sigma, **options)
    return DRIFT.problem(data, parameters={"H0": pm.Fixed(70.0)}, **options)


def test_drift_conforms():
    assert check_model(DRIFT) == []


def test_half_a_year_at_a_third():
    """1.1 mm/s at z = 0.3 for H0 = 70, Omega_m = 0.3."""
    data = cosmology.survey(DRIFT, {"H0": 70.0, "Omega_m": 0.3}, {"z": 0.3, "years": 0.5}, sigma=0.1)
    assert data.outputs["velocity"][0] == pytest.approx(1.1, abs=0.05)


def test_errors_of_a_line():
    """0.001 Hz of 1420 MHz is 0.211 mm/s; redshift stretches it, a hundred lines make it ten times smaller."""
    assert cosmology.drift_error(np.array([0.0])) == pytest.approx(0.2111, abs=1e-4)
    assert cosmology.drift_error(np.array([1.0]), resolution=0.002, lines=100) == pytest.approx(0.08443, abs=1e-4)


def test_a_drift_is_a_difference_of_redshifts():
    """Two routes: the formula, and the light of two moments half an age apart through an integrated expansion."""
    from scipy.integrate import solve_ivp

    rate, years = (
        70 / 3.0856775814913673e19 * 31_557_600.0,
        1e6,
    )  # 1/yr; a long watch, so that the change is no rounding
    expansion = lambda a: rate * a * np.sqrt(0.3 / a**3 + 0.7)
    at = lambda t, a: solve_ivp(lambda _, y: [expansion(y[0])], (0, t), [a], rtol=1e-13, atol=1e-15).y[0, -1]
    emitted = 1 / 1.8
    # light sent dt later at the source's clock comes later by 1 + z at ours
    first, later = 1.0, at(years, 1.0)
    moved = at(years * emitted, emitted)
    drifted = (later / moved - first / emitted) / (1 + 0.8)
    found = cosmology.survey(DRIFT, {"H0": 70.0, "Omega_m": 0.3}, {"z": 0.8, "years": years}, sigma=1.0)
    assert found.outputs["velocity"][0] == pytest.approx(299_792.458e6 * drifted, rel=1e-3)


def test_differential_is_the_difference_of_canonical():
    truth = {"H0": 70.0, "Omega_m": 0.3}
    near, far = (
        cosmology.survey(DRIFT, truth, {"z": z, "years": 3.0}, sigma=1.0).outputs["velocity"] for z in (0.4, 2.0)
    )
    both = cosmology.survey(
        DRIFT, truth, {"z": 0.4, "z_reference": 2.0, "years": 3.0}, sigma=1.0, method="differential"
    )
    np.testing.assert_allclose(both.outputs["velocity"], near - far, rtol=1e-12)


def test_fisher_errors_are_those_of_the_posterior():
    """The second route: the posterior itself, with flat priors, summed on a grid."""
    z = np.linspace(0.1, 1.0, 10)
    problem = drift("canonical", cosmology.drift_error(z, lines=100.0), z=z)
    fisher = fitted(problem).standard_error
    matter = np.linspace(0.3 - 6 * fisher["Omega_m"], 0.3 + 6 * fisher["Omega_m"], 81)
    state = np.linspace(-1 - 6 * fisher["w"], -1 + 6 * fisher["w"], 81)
    named = [{"H0": 70.0, "Omega_m": m, "w": w} for m in matter for w in state]
    log_density = np.array([float(problem.log_likelihood(each)) for each in named]).reshape(81, 81)
    weight = np.exp(log_density - log_density.max())
    weight /= weight.sum()
    for name, values, along in (("Omega_m", matter, weight.sum(axis=1)), ("w", state, weight.sum(axis=0))):
        deviation = np.sqrt(along @ values**2 - (along @ values) ** 2)
        assert deviation == pytest.approx(fisher[name], rel=0.1)


def stretched(log_density, walkers, steps, random):
    """Chains (steps, walkers, d) of the affine-invariant moves of Goodman and Weare (2010), half of them at a time."""
    here, chain = log_density(walkers), []
    halves = np.arange(len(walkers)) % 2 == 0
    for _ in range(steps):
        for moved in (halves, ~halves):
            others = walkers[~moved][random.integers(0, (~moved).sum(), moved.sum())]
            stretch = (1 + random.random(moved.sum())) ** 2 / 2
            trial = others + stretch[:, None] * (walkers[moved] - others)
            there = log_density(trial)
            gain = (walkers.shape[1] - 1) * np.log(stretch) + there - here[moved]
            taken = np.flatnonzero(moved)[np.log(random.random(moved.sum())) < gain]
            chosen = np.isin(np.flatnonzero(moved), taken)
            walkers[taken], here[taken] = trial[chosen], there[chosen]
        chain.append(walkers.copy())
    return np.array(chain)


@pytest.mark.parametrize(("method", "more"), [("canonical", {}), ("differential", {"z_reference": 2.0})])
def test_fisher_errors_are_those_of_a_markov_chain(method, more):
    """Both routes of the forecast: within 10 %, the chain good to 3 %."""
    z = np.linspace(0.1, 1.0, 10)
    problem = drift(method, cosmology.drift_error(z, lines=100.0), z=z, **more)
    fisher = fitted(problem).standard_error
    names = ("Omega_m", "w")

    def log_density(points):
        named = {"H0": 70.0, **{name: column[:, None] for name, column in zip(names, points.T, strict=True)}}
        half = -0.5 * (problem.residuals(named, problem.arrays) ** 2).sum(axis=1)
        return np.where((points[:, 0] > 0) & (points[:, 0] < 1) & np.isfinite(half), half, -np.inf)

    random = np.random.default_rng(11)
    spread = np.array([fisher[name] for name in names])
    walkers = np.array([0.3, -1.0]) + spread * random.standard_normal((200, 2))
    chain = stretched(log_density, walkers, 300, random)[50:]
    for i, name in enumerate(names):
        deviation = chain[:, :, i].std()
        blocks = [block[:, :, i].std() for block in np.array_split(chain, 5)]
        assert np.std(blocks, ddof=1) / np.sqrt(5) < 0.03 * deviation
        assert deviation == pytest.approx(fisher[name], rel=0.1)


def test_profiles_agree_with_fisher_information():
    z = np.linspace(0.1, 1.0, 10)
    problem = drift("canonical", cosmology.drift_error(z, lines=100.0), z=z)
    fit = fitted(problem)
    told = pm.identify(problem, fit=fit, level=0.6827, contour="off", progress=False)
    for name in ("Omega_m", "w"):
        low, high = told.intervals[name]
        assert (high - low) / 2 == pytest.approx(fit.standard_error[name], rel=0.1)


def test_which_method_for_which_question():
    """Velocities of equal errors: against z = 2 they tell matter and w better; for matter alone the plain ones do."""
    z = np.linspace(0.1, 1.0, 10)
    sigma = cosmology.drift_error(z)
    joint = {
        "canonical": fitted(drift("canonical", sigma, z=z)),
        "differential": fitted(drift("differential", sigma, z=z, z_reference=2.0)),
    }
    for name, least in (("Omega_m", 4.0), ("w", 1.1)):
        assert joint["canonical"].standard_error[name] > least * joint["differential"].standard_error[name]
    alone = fitted(drift("canonical", sigma, "cosmological_constant", z=z))
    assert alone.standard_error["Omega_m"] < 0.02


def test_two_lines_tell_no_more_as_a_difference():
    """The same lines, each with its own error: a difference never tells more than both."""
    z = np.linspace(0.1, 1.0, 10)
    own, other = cosmology.drift_error(z), cosmology.drift_error(np.full(10, 2.0))
    together = fitted(drift("canonical", np.concatenate([own, other]), z=np.concatenate([z, np.full(10, 2.0)])))
    apart = fitted(drift("differential", np.hypot(own, other), z=z, z_reference=2.0))
    for name in ("Omega_m", "w"):
        assert together.standard_error[name] < apart.standard_error[name]


# ---- messages and ugly data


@pytest.mark.parametrize("method", ["canonical", "differential"])
def test_ugly_drifts_give_finite_guesses(method):
    data = pm.Data(
        {"z": [0.0, 0.0], "z_reference": [0.0, 0.0], "years": [1.0, 1.0], "velocity": [-3.0, 1e9]},
        inputs=["z", "z_reference", "years"] if method == "differential" else ["z", "years"],
        output="velocity",
    )
    space = DRIFT.problem(data, method=method, parameters={"H0": pm.Fixed(70.0)}).fit_space
    assert np.all(np.isfinite(space.guess))


AT = {"H0": 70.0, "Omega_m": 0.3}
INPUTS = {"z": [0.1, 0.2, 0.3], "years": 1.0}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cosmology.siren_catalogue(TRUTH, years=0.0), r"at least 1, .*; 0\.0 \* 0\.75 \* 1000\.0 came"),
        (lambda: cosmology.siren_catalogue(TRUTH, duty_cycle=1.5), "duty_cycle is above 0, at most 1"),
        (lambda: cosmology.siren_redshifts(3, furthest=6.0), r"at most 5, .*; 6\.0 came"),
        (lambda: cosmology.siren_catalogue({"H0": 70.0}), 'needs the parameter "Omega_m"'),
        (lambda: cosmology.drift_error(np.array([0.3]), resolution=0.0), r"above 0; resolution=0\.0"),
        (
            lambda: cosmology.survey(DRIFT, {"H0": 70.0, "Omega_m": 0.3}, {"z": 0.3}, sigma=1.0),
            'needs the input "years"',
        ),
        (lambda: cosmology.siren_redshifts(-3), "at least 1; -3 came"),
        (lambda: cosmology.siren_catalogue({**TRUTH, "w": -0.9}), '"w" is not known'),
        (lambda: cosmology.siren_error(np.array([0.3]), horizon=0.0), "horizon is a number above 0; 0.0 came"),
        (lambda: cosmology.drift_error(np.array([-2.0])), r"from 0 on; -2\.0 came"),
        (lambda: cosmology.survey(DRIFT, AT, INPUTS, sigma=-1.0), r"sigma is above 0 in every row; -1\.0 came"),
        (lambda: cosmology.survey(DRIFT, AT, INPUTS, sigma=[1, 2]), r"one number, or 3 of them as rows; \[1, 2\] came"),
        (lambda: cosmology.survey(DRIFT, AT, INPUTS, relative=0.0), r"relative is above 0 in every row"),
        (lambda: cosmology.survey(DRIFT, {**AT, "w": -1.0}, INPUTS, sigma=1.0), 'the parameter "w" is not known'),
        (lambda: cosmology.survey(DRIFT, {**AT, "H0": "high"}, INPUTS, sigma=1.0), "is a number; 'high' came"),
        (lambda: cosmology.survey(DRIFT, AT, {**INPUTS, "year": 1.0}, sigma=1.0), 'did you mean "years"'),
        (lambda: cosmology.survey(DRIFT, AT, {**INPUTS, "years": [1, 2]}, sigma=1.0), "z: 3, years: 2 came"),
        (lambda: cosmology.survey(DRIFT, {}, {}), r"one of them; sigma=None and relative=None came"),
        (lambda: cosmology.survey(DRIFT, {}, {}, sigma=1.0, relative=0.1), r"relative=0\.1 came"),
    ],
)
def test_messages(call, message):
    with pytest.raises(pm.ParametraError, match=message):
        call()


def test_a_survey_of_several_outputs_is_refused():
    import dataclasses

    form = dataclasses.replace(DRIFT.bare_form(), outputs={"a": "1", "b": "1"})
    ready = dataclasses.replace(DRIFT, form=form, options={})
    with pytest.raises(pm.ParametraError, match="one output; this model gives a, b"):
        cosmology.survey(ready, {"H0": 70.0, "Omega_m": 0.3}, {"z": 0.3, "years": 1.0}, sigma=1.0)


def test_scatter_is_seeded():
    inputs, truth = {"z": np.linspace(0.1, 1, 500), "years": 1.0}, {"H0": 70.0, "Omega_m": 0.3}
    exact, one, same = (cosmology.survey(DRIFT, truth, inputs, sigma=0.2, seed=seed) for seed in (None, 4, 4))
    pull = (one.outputs["velocity"] - exact.outputs["velocity"]) / 0.2
    assert np.array_equal(one.outputs["velocity"], same.outputs["velocity"])
    assert abs(pull.std() - 1) < 0.1
    assert abs(pull.mean()) < 0.15
