"""ODEs that everybody knows, as a person states them, against what is published of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from ode_problems import EIGHT, PROBLEMS
from parametra.nouns.evaluation import EvaluationFailed
from parametra.nouns.ode import ODE

TINY = 1e-30
SOLVERS = ["lsoda", *(pytest.param(name, marks=pytest.mark.slow) for name in ("explicit", "rosenbrock"))]
STIFF = ["rosenbrock", *(pytest.param(name, marks=pytest.mark.slow) for name in ("lsoda", "auto"))]
NEVER_RESTS = ["lsoda", "explicit", pytest.param("rosenbrock", marks=pytest.mark.slow)]
each_solver = pytest.mark.parametrize("solver", SOLVERS)


def slope_of(ode, at, inputs, output, name):
    """The exact derivative by one parameter, from a complex direction."""
    return ode({**at, name: at[name] + 1j * TINY}, inputs)[output].imag / TINY


# ----------------------------------------------------------------------------------------------------------- Robertson

ROBERTSON = {"A": "-k1 * A + k2 * B * C", "B": "k1 * A - k2 * B * C - k3 * B**2", "C": "k3 * B**2"}
RATES = {"k1": 0.04, "k2": 1e4, "k3": 3e7}
DECADES = {
    "A": [
        *(0.9664597373330035, 0.8413699238414729, 0.6172348823960878, 0.3368745306607069, 0.1073004285378040),
        *(0.1786592114209946e-1, 0.2031483924973415e-2, 0.2076093439016395e-3, 0.2082417512179460e-4),
        *(0.2083229471647004e-5, 0.2083328471883087e-6, 0.2083340149701284e-7),
    ],
    "B": [
        *(0.3074626578578675e-4, 0.1623390937990473e-4, 0.6153591274639123e-5, 0.2013702318261393e-5),
        *(0.4800166972571660e-6, 0.7274751468436319e-7, 0.8142277783356159e-8, 0.8306077485067610e-9),
        *(0.8329841429908955e-10, 0.8332935037760723e-11, 0.8333315602809495e-12, 0.8333360770334744e-13),
    ],
    "C": [
        *(0.03350951640121071, 0.1586138422491472, 0.3827589640126376, 0.6631234556369748, 0.8926990914454987),
        *(0.9821340061103859, 0.9979685079327488, 0.9997923898254906, 0.9999791757415798, 0.9999979167621954),
        *(0.9999997916663195, 0.9999999791665152),
    ],
}
"""At 1, 10, ..., 1e11: E. Hairer and G. Wanner's test set, www.unige.ch/~hairer/testset/testset.html."""


def robertson(solver, **settings):
    return ODE(ROBERTSON, {"A": 1, "B": 0, "C": 0}, solver=solver, absolute_tolerance=1e-16, **settings)


@pytest.mark.parametrize("solver", STIFF)
def test_robertson_over_twelve_decades(solver):
    found = robertson(solver)(RATES, {"t": 10.0 ** np.arange(12)})
    for name, wanted in DECADES.items():
        np.testing.assert_allclose(found[name], wanted, rtol=3e-6, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("solver", STIFF)
def test_robertson_of_sundials_and_its_sensitivities(solver):
    """The answers against which SUNDIALS tests CVODE and CVODES (cvRoberts_dns, cvsRoberts_FSA_dns) at 4e10."""
    ode, t = robertson(solver), {"t": np.array([4e10])}
    found = ode(RATES, t)
    for name, wanted in {"A": 5.2083495894337328e-8, "B": 2.0833399429795671e-13, "C": 9.9999994791629776e-1}.items():
        assert found[name][0] == pytest.approx(wanted, rel=3e-6)
    # these were computed at a relative tolerance of 1e-4; in the end A = sqrt(k1 ...) / (k2 t), so they follow
    published = {"k1": (-2.6618e-6, 2.6619e-6), "k2": (1.0763e-11, -1.0763e-11), "k3": (-1.7339e-15, 1.7339e-15)}
    for name, (a, c) in published.items():
        assert slope_of(ode, RATES, t, "A", name)[0] == pytest.approx(a, rel=0.03), name
        assert slope_of(ode, RATES, t, "C", name)[0] == pytest.approx(c, rel=0.03), name


# --------------------------------------------------------------------------------------------------------- van der Pol

VAN_DER_POL = {"x": "v", "v": "mu * (1 - x**2) * v - x"}
PERIOD, AMPLITUDE = 6.663286859323130, 2.008619860874843


def van_der_pol(solver, **settings):
    return ODE(VAN_DER_POL, {"x": "x0", "v": 0}, solver=solver, **settings)


@each_solver
def test_van_der_pol_returns_after_its_published_period(solver):
    """mu = 1: period and amplitude in Hairer, Norsett and Wanner (1993); P. Amore (2021), arXiv:2111.12198."""
    found = van_der_pol(solver)({"mu": 1.0, "x0": AMPLITUDE}, {"t": PERIOD * np.array([0.5, 1, 2, 5])})
    np.testing.assert_allclose(found["x"], AMPLITUDE * np.array([-1, 1, 1, 1]), rtol=3e-7)
    np.testing.assert_allclose(found["v"], 0, atol=1e-6)  # at rest |dv/dt| is 2, so the period is right to half of that


@pytest.mark.slow
@each_solver
def test_van_der_pol_forgets_where_it_began(solver):
    t = np.linspace(7 * PERIOD, 8 * PERIOD, 100)
    found = van_der_pol(solver)({"mu": 1.0, "x0": np.array([[0.1], [1.0], [4.0]])}, {"t": t})
    np.testing.assert_allclose(found["x"].max(axis=1), AMPLITUDE, rtol=2e-3)
    np.testing.assert_allclose(found["x"].min(axis=1), -AMPLITUDE, rtol=2e-3)


@pytest.mark.parametrize("solver", STIFF)
def test_van_der_pol_that_is_stiff(solver):
    """VDPOL of the Test Set for Initial Value Problem Solvers (Mazzia and Magherini, 2008): mu = 1000 at 2000."""
    tight = van_der_pol(solver, relative_tolerance=1e-10, absolute_tolerance=1e-12, most_steps=100_000)
    found = tight({"mu": 1000.0, "x0": 2.0}, {"t": np.array([2000.0])})
    assert found["x"][0] == pytest.approx(1.706167732170469, rel=1e-6)
    assert found["v"][0] == pytest.approx(-0.8928097010248125e-3, rel=1e-6)


# ---------------------------------------------------------------------------------------------------------------- HIRES

HIRES = {
    "y1": "-1.71 * y1 + 0.43 * y2 + 8.32 * y3 + 0.0007",
    "y2": "1.71 * y1 - 8.75 * y2",
    "y3": "-10.03 * y3 + 0.43 * y4 + 0.035 * y5",
    "y4": "8.32 * y2 + 1.71 * y3 - 1.12 * y4",
    "y5": "-1.745 * y5 + 0.43 * y6 + 0.43 * y7",
    "y6": "-binding + 0.69 * y4 + 1.71 * y5 - 0.43 * y6 + 0.69 * y7",
    "y7": "binding - 1.81 * y7",
    "y8": "-binding + 1.81 * y7",
}
HIRES_END = [
    *(0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2),
    *(0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2),
]


@pytest.mark.slow
@pytest.mark.parametrize("solver", STIFF)
def test_the_high_irradiance_response(solver):
    """Schaefer (1975), a signal of eight states, at 321.8122: the Test Set for Initial Value Problem Solvers."""
    initial = {name: {"y1": 1, "y8": 0.0057}.get(name, 0) for name in HIRES}
    ode = ODE(HIRES, initial, let={"binding": "280 * y6 * y8"}, solver=solver)
    found = ode({}, {"t": np.array([321.8122])})
    np.testing.assert_allclose([found[name][0] for name in HIRES], HIRES_END, rtol=2e-6)


# ------------------------------------------------------------------------------------------------------ FitzHugh-Nagumo

NERVE = {"v": "v - v**3 / 3 - w + current", "w": "0.08 * (v + 0.7 - 0.8 * w)"}
"""R. FitzHugh (1961), doi:10.1016/S0006-3495(61)86902-6, with the sign of the current turned as is usual now."""
ONSET = 0.331281


def rest(current):
    """Where both slopes are zero."""
    roots = np.roots([-1 / 3, 0, 1 - 1 / 0.8, current - 0.7 / 0.8])
    v = float(np.real(roots[np.abs(np.imag(roots)) < 1e-9][0]))
    return v, (v + 0.7) / 0.8


@pytest.mark.parametrize("current", [0.3, ONSET, 0.36])
@each_solver
def test_the_nerve_loses_its_rest_at_the_published_current(solver, current):
    """The derivative by the beginning, at rest, is the exponential of the Jacobian; damped below 0.3313, not above."""
    v, w = rest(current)
    ode = ODE(NERVE, {"v": "v0", "w": "w0"}, solver=solver)
    t = np.array([0.0, 5, 20, 60])
    found = slope_of(ode, {"current": current, "v0": v, "w0": w}, {"t": t}, "v", "v0")
    jacobian = np.array([[1 - v**2, -1], [0.08, -0.064]])
    # states at rest let steps grow; what bounds them then is the error of tangents, held less tightly
    np.testing.assert_allclose(found, [expm(jacobian * each)[0, 0] for each in t], rtol=2e-5, atol=2e-5)
    growth = np.linalg.eigvals(jacobian).real.max()
    assert abs(growth) < 1e-6 if current == ONSET else np.sign(growth) == np.sign(current - ONSET)


@each_solver
def test_the_nerve_comes_to_rest_or_fires_for_ever(solver):
    ode = ODE(NERVE, {"v": -1, "w": -0.5}, solver=solver)
    found = ode({"current": 0.1}, {"t": np.array([np.inf])})
    np.testing.assert_allclose([found["v"][0], found["w"][0]], rest(0.1), rtol=1e-6)
    late = ode({"current": 0.5}, {"t": np.linspace(100, 150, 60)})["v"]
    assert late.max() > 1.5
    assert late.min() < -1.5


# -------------------------------------------------------------------------------------------------------------- Goodwin

GOODWIN = {"x": "1 / (1 + z**hill) - loss * x", "y": "x - loss * y", "z": "y - loss * z"}
"""B. C. Goodwin (1965), doi:10.1016/0065-2571(65)90067-1."""


def balance(hill, loss):
    """Where all three come to rest: loss^3 z (1 + z^hill) = 1."""
    low, high = 0.0, 1 / loss**3
    for _ in range(200):
        z = (low + high) / 2
        low, high = (z, high) if loss**3 * z * (1 + z**hill) < 1 else (low, z)
    return loss**2 * z, loss * z, z


@pytest.mark.parametrize("loss", [0.05, 0.3])
@each_solver
def test_goodwin_comes_to_rest_below_a_hill_exponent_of_8(solver, loss):
    """J. S. Griffith (1968), doi:10.1016/0022-5193(68)90189-6: with equal losses it oscillates only above 8."""
    ode = ODE(GOODWIN, {"x": 0, "y": 0, "z": 0}, solver=solver)
    found = ode({"hill": 6.0, "loss": loss}, {"t": np.array([np.inf])})
    np.testing.assert_allclose([found[n][0] for n in "xyz"], balance(6.0, loss), rtol=1e-6)


@each_solver
def test_where_goodwin_begins_to_oscillate_its_period_is_known(solver):
    """Gain 8 is reached at z^n = 8 / (n - 8); there the eigenvalues are +-i sqrt(3) loss and -3 loss."""
    hill = 10.0
    z = (8 / (hill - 8)) ** (1 / hill)
    loss = (z * (1 + z**hill)) ** (-1 / 3)
    at = {"hill": hill, "loss": loss, "x0": loss**2 * z, "y0": loss * z, "z0": z}
    ode = ODE(GOODWIN, {"x": "x0", "y": "y0", "z": "z0"}, solver=solver)
    period = 2 * np.pi / (np.sqrt(3) * loss)
    late = 8 * period + period * np.array([0, 0.25, 0.5, 1])  # by then the third mode is gone
    found = slope_of(ode, at, {"t": late}, "z", "z0")
    jacobian = np.array([[-loss, 0, -8 * loss**3], [1, -loss, 0], [0, 1, -loss]])
    np.testing.assert_allclose(found, [expm(jacobian * each)[2, 2] for each in late], atol=1e-4)
    assert found[3] == pytest.approx(found[0], rel=1e-4)
    assert found[2] == pytest.approx(-found[0], rel=1e-4)


@pytest.mark.slow
@each_solver
def test_goodwin_oscillates_above_with_the_period_of_a_tight_reference(solver):
    at = {"hill": 10.0, "loss": 0.1}

    def slopes(_, y):
        return [1 / (1 + y[2] ** 10) - 0.1 * y[0], y[0] - 0.1 * y[1], y[1] - 0.1 * y[2]]

    def rising(_, y):
        return y[1] - 0.1 * y[2]

    rising.direction = 1.0
    settled = solve_ivp(slopes, (0, 1500), [0.1, 0.2, 2.5], method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    minima = solve_ivp(slopes, (0, 200), settled, method="DOP853", rtol=1e-12, atol=1e-13, events=rising)
    period, begun = minima.t_events[0][2] - minima.t_events[0][1], minima.y_events[0][1]
    first = {name: float(value) for name, value in zip("xyz", begun, strict=True)}
    ode = ODE(GOODWIN, first, solver=solver)
    found = ode(at, {"t": period * np.array([1.0, 3.0])})
    for name, value in zip("xyz", begun, strict=True):
        np.testing.assert_allclose(found[name], value, rtol=2e-6)


@pytest.mark.parametrize("solver", NEVER_RESTS)
@pytest.mark.parametrize(
    ("stated", "at"), [(NERVE, {"current": 0.5}), (GOODWIN, {"hill": 10.0, "loss": 0.1})], ids=["nerve", "Goodwin"]
)
def test_what_oscillates_for_ever_has_no_steady_state(solver, stated, at):
    ode = ODE(stated, dict.fromkeys(stated, 0.1), solver=solver, most_steps=1000)
    with pytest.raises(EvaluationFailed, match="no steady state was reached: it may oscillate"):
        ode(at, {"t": np.array([np.inf])})


# --------------------------------------------------------------------------------------------------------- three bodies

PAIRS = [(0, 1), (0, 2), (1, 2)]
EIGHT_PERIOD = 6.32591398


def three_bodies(solver):
    """Equal masses that attract each other, written out for each coordinate."""
    names = [f"{axis}{i}" for i in range(3) for axis in "xy"]
    let = {f"d{i}{j}": f"((x{j} - x{i})**2 + (y{j} - y{i})**2)**1.5" for i, j in PAIRS}
    slopes = {name: f"v{name}" for name in names}
    for name in names:
        axis, i = name[0], int(name[1])
        pulls = [f"({axis}{j} - {name}) / d{min(i, j)}{max(i, j)}" for j in range(3) if j != i]
        slopes[f"v{name}"] = f"mass * ({' + '.join(pulls)})"
    return ODE(slopes, dict(zip(slopes, EIGHT, strict=True)), let=let, solver=solver)


@each_solver
def test_three_bodies_follow_each_other_along_a_figure_eight(solver):
    """Chenciner and Montgomery (2000), doi:10.2307/2661357, with Simo's numbers, which have eight digits."""
    found = three_bodies(solver)({"mass": 1.0}, {"t": EIGHT_PERIOD * np.array([0, 1 / 6, 1 / 3, 2 / 3, 1.0])})
    places = np.array([[found[f"x{i}"], found[f"y{i}"]] for i in range(3)])  # (3, 2, T)
    begun = np.array(EIGHT[:6]).reshape(3, 2)
    np.testing.assert_allclose(places[:, :, 4], begun, atol=2e-6)
    thirds = [begun[[i, j, k]] for i, j, k in [(1, 2, 0), (2, 0, 1)]]
    order = 0 if np.allclose(places[:, :, 2], thirds[0], atol=1e-3) else 1
    np.testing.assert_allclose(places[:, :, 2], thirds[order], atol=2e-6)
    np.testing.assert_allclose(places[:, :, 3], thirds[1 - order], atol=2e-6)
    speeds = np.array([[found[f"vx{i}"], found[f"vy{i}"]] for i in range(3)])
    np.testing.assert_allclose(places.sum(axis=0), 0, atol=1e-8)
    turning = places[:, 0] * speeds[:, 1] - places[:, 1] * speeds[:, 0]
    np.testing.assert_allclose(turning.sum(axis=0), 0, atol=1e-7)
    energy = 0.5 * (speeds**2).sum(axis=(0, 1))
    energy = energy - sum(1 / np.linalg.norm(places[i] - places[j], axis=0) for i, j in PAIRS)
    np.testing.assert_allclose(energy, energy[0], rtol=1e-7)


# ------------------------------------------------------------------------------------------------------------- JAK-STAT

STAT = {
    "free": "-drive * free + 2 * back",
    "active": "drive * free - 2 * pairing * active**2",
    "pair": "pairing * active**2 - entry * pair",
    "n1": "entry * pair - leaving * n1",
    **{f"n{i}": f"leaving * (n{i - 1} - n{i})" for i in range(2, 6)},
}
"""I. Swameye et al. (2003), doi:10.1073/pnas.0237333100: a receptor drives STAT5 through the nucleus and back."""
STAT_AT = {"binding": 0.7, "pairing": 4.0, "entry": 0.2, "leaving": 0.4}


@each_solver
def test_stat_goes_through_the_nucleus_and_none_is_lost(solver):
    ode = ODE(
        STAT,
        {name: 1 if name == "free" else 0 for name in STAT},
        let={"drive": "2 * exp(-0.1 * t) * binding", "back": "leaving * n5"},
        solver=solver,
    )
    problem = PROBLEMS["signalling"]
    found = ode(STAT_AT, {"t": problem.times})
    exact = problem.reference(list(STAT_AT.values()))
    for i, name in enumerate(STAT):
        np.testing.assert_allclose(found[name], exact[:, i], rtol=1e-6, atol=1e-7, err_msg=name)
    weights = {name: 1 if name in ("free", "active") else 2 for name in STAT}
    np.testing.assert_allclose(sum(weights[name] * found[name] for name in STAT), 1, rtol=1e-9)
    moved = ode({**STAT_AT, "entry": STAT_AT["entry"] + 1j * TINY}, {"t": problem.times})
    np.testing.assert_allclose(sum(weights[name] * moved[name].imag / TINY for name in STAT), 0, atol=1e-9)
