"""Diffusion couples: every method against profiles whose coefficients are known, and against one another."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.interpolate import PchipInterpolator
from scipy.optimize import brentq
from scipy.special import erfc

import parametra as pm
from parametra.models.diffusion_couple import den_broeder, integrated_coefficient, intrinsic_coefficients, wagner
from parametra.models.diffusion_couple._boltzmann import _settled, boltzmann_profile, interpolated
from parametra.models.diffusion_couple.profile import READY, diffusivity_law
from parametra.nouns.errors import DataError, ModelError

TIME = 360000.0  # 100 hours in s; positions are in um
X = np.arange(-600.0, 601.0, 5.0)


def diffusivity(n):
    return 0.003 * (0.02 / 0.003) ** n


def measured(law, volume=lambda n: 1.0 + 0.0 * n, left=0.0, right=1.0, noise=0.0, seed=0, x=X):
    """The profile of a couple with a known diffusivity: solved per mole, where nothing swells, then laid in space."""

    def per_mole(y):
        n = left + (right - left) * y
        return law(n) / volume(n) ** 2

    places, y, _ = boltzmann_profile(per_mole, per_mole(np.linspace(0, 1, 201)).max())
    n = left + (right - left) * y
    v = volume(n)
    laid = np.concatenate([[0.0], np.cumsum(0.5 * (v[1:] + v[:-1]) * np.diff(places))]) * np.sqrt(TIME)
    laid -= laid[np.argmin(np.abs(y - 0.5))]
    exact = PchipInterpolator(laid, n)(np.clip(x, laid[0], laid[-1]))
    return exact + noise * np.random.default_rng(seed).standard_normal(x.size)


# ---- the profile in Boltzmann's variable


def test_a_constant_diffusivity_gives_the_error_function():
    places, y, slope = boltzmann_profile(lambda y: 1.0 + 0.0 * y, 1.0)
    np.testing.assert_allclose(y, 0.5 * erfc(-places / 2), atol=1e-7)
    np.testing.assert_allclose(slope, np.exp(-places * places / 4) / np.sqrt(4 * np.pi), atol=1e-7)
    between = np.linspace(-12, 12, 997)
    np.testing.assert_allclose(interpolated(between, (places, y, slope)), 0.5 * erfc(-between / 2), atol=1e-7)


@pytest.mark.parametrize("size", [1e-30, 1e-100])
def test_the_iteration_is_settled_when_a_complex_step_is_too_whatever_its_size(size):
    profile = np.array([0.0, 0.5 + 1j * size, 1.0])
    assert not _settled(np.array([0.0, 1e-3j * size, 0.0]), profile)
    assert _settled(np.array([0.0, 1e-14 + 1e-12j * size, 0.0]), profile)
    assert _settled(np.array([0.0, 1e-14, 0.0]), profile.real)


@pytest.mark.parametrize("law", ["exponential", "polynomial"])
def test_a_varying_diffusivity_against_the_equation_in_time(law):
    # the second route: the partial differential equation itself, stepped in time on a fine grid
    ratio = 10.0
    d = diffusivity_law(law, [1.0, 3.0, ratio])
    width = 0.1
    x = (np.arange(600) - 299.5) * width

    def slopes(_, c):
        flux = np.zeros(x.size + 1)
        flux[1:-1] = 0.5 * (d(c[1:]) + d(c[:-1])) * np.diff(c) / width
        return np.diff(flux) / width

    end = 2.0
    run = solve_ivp(slopes, (0, end), (x > 0).astype(float), method="LSODA", lband=1, uband=1, rtol=1e-7, atol=1e-9)
    ours = interpolated(x / np.sqrt(end), boltzmann_profile(d, ratio))
    np.testing.assert_allclose(ours, run.y[:, -1], atol=2e-3)


def test_a_complex_step_goes_through():
    at = np.linspace(-2, 2, 9)

    def y(ratio):
        return interpolated(at, boltzmann_profile(diffusivity_law("exponential", [1.0, ratio]), ratio))

    step = 1e-5
    rough = (y(4 + step) - y(4 - step)) / (2 * step)
    np.testing.assert_allclose(y(4 + 1e-30j).imag / 1e-30, rough, atol=1e-7)


@pytest.mark.slow
def test_compiled_is_the_same():
    known = next(k for k in READY.known if k.options.get("law") == "exponential")
    problem = READY.known_problem(known)
    direct = pm.fit(problem, starts=1, progress=False)
    compiled = pm.fit(problem, starts=1, evaluator="compiled", progress=False)
    for row in direct.rows:
        assert compiled.row(row.label).value == pytest.approx(row.value, rel=1e-6)


# ---- interdiffusion coefficients

VOLUMES = {
    "constant": lambda n: 7.0 + 0.0 * n,
    "ideal": lambda n: 6.6 + 2.2 * n,
    "not ideal": lambda n: 6.6 + 2.2 * n - 0.4 * n * (1 - n),
}


@pytest.mark.parametrize("name", VOLUMES)
def test_both_methods_within_three_percent_over_the_profile(name):
    volume = VOLUMES[name]
    fraction = measured(diffusivity, volume)
    by_wagner = wagner(X, fraction, TIME, molar_volume=volume)
    by_den_broeder = den_broeder(X, fraction, TIME, molar_volume=volume)
    truth = diffusivity(by_wagner.fraction)
    assert by_wagner.fraction.size == 19
    np.testing.assert_allclose(by_wagner.coefficient, truth, rtol=0.005)
    np.testing.assert_allclose(by_den_broeder.coefficient, truth, rtol=0.03)
    apart = np.abs(by_wagner.coefficient / by_den_broeder.coefficient - 1).max()
    assert apart > 0.005 if name == "not ideal" else apart < 1e-6


def test_the_orientation_of_the_couple_does_not_matter():
    fraction = measured(diffusivity, VOLUMES["ideal"])
    one = wagner(X, fraction, TIME, molar_volume=VOLUMES["ideal"], at=[0.2, 0.5, 0.8])
    other = wagner(-X, fraction, TIME, molar_volume=VOLUMES["ideal"], at=[0.2, 0.5, 0.8])
    np.testing.assert_allclose(one.coefficient, other.coefficient, rtol=1e-3)
    np.testing.assert_allclose(one.position, -other.position, atol=0.02)


def test_the_standard_errors_tell_the_scatter():
    truth = diffusivity(np.array([0.2, 0.5, 0.8]))
    found = [
        wagner(X, measured(diffusivity, noise=0.003, seed=seed), TIME, at=[0.2, 0.5, 0.8], replicates=60)
        for seed in range(40)
    ]
    scores = np.array([(each.coefficient - truth) / each.standard_error for each in found])
    assert 0.7 < np.sqrt(np.mean(scores**2)) < 1.4
    assert np.abs(scores.mean()) < 0.4
    assert np.mean([each.couple.sigma for each in found]) == pytest.approx(0.003, rel=0.05)


def test_a_fit_of_the_profile_agrees_and_is_more_exact():
    fraction = measured(diffusivity, noise=0.003, seed=5)
    by_wagner = wagner(X, fraction, TIME)
    data = pm.Data(
        {"position": X, "fraction": fraction}, inputs="position", output="fraction", constants={"time": TIME}
    )
    fit = pm.fit(READY.problem(data, law="exponential"), starts=1, progress=False)
    ends = [fit.row(f"diffusivity[{i}]").value for i in range(2)]
    np.testing.assert_allclose(ends, [0.003, 0.02], rtol=0.05)
    fitted = diffusivity_law("exponential", ends)(by_wagner.fraction)
    middle = slice(3, -3)
    apart = (by_wagner.coefficient - fitted)[middle] / by_wagner.standard_error[middle]
    assert np.abs(apart).max() < 4
    truth = diffusivity(by_wagner.fraction)
    assert np.abs(fitted / truth - 1).max() < np.abs(by_wagner.coefficient / truth - 1).max()


def test_a_table_of_volumes_is_a_function_of_them():
    volume, at = VOLUMES["not ideal"], np.linspace(0, 1, 41)
    fraction = measured(diffusivity, volume)
    table = wagner(X, fraction, TIME, molar_volume=(at, volume(at)), at=[0.3, 0.6])
    function = wagner(X, fraction, TIME, molar_volume=volume, at=[0.3, 0.6])
    np.testing.assert_allclose(table.coefficient, function.coefficient, rtol=1e-4)


# ---- intrinsic coefficients


@pytest.mark.parametrize(("left", "right"), [(0.0, 1.0), (0.1, 0.9), (0.9, 0.2)])
def test_intrinsic_coefficients_where_darken_says_so(left, right):
    # equal volumes: D = N_A D_B + N_B D_A, and the markers move with (D_B - D_A) dN_B/dx
    first, second = 0.005, 0.02
    places, y, slope = boltzmann_profile(lambda y: second + (first - second) * (left + (right - left) * y), second)
    gap = places - 2 * (second - first) * (right - left) * slope
    k = int(np.flatnonzero(np.diff(np.sign(gap)))[0])
    marker = places[k] - gap[k] * (places[k + 1] - places[k]) / (gap[k + 1] - gap[k])
    fraction = left + (right - left) * interpolated(X / np.sqrt(TIME), (places, y, slope))
    found = intrinsic_coefficients(X, fraction, TIME, marker=marker * np.sqrt(TIME))
    assert found.first == pytest.approx(first, rel=2e-3)
    assert found.second == pytest.approx(second, rel=2e-3)
    assert found.ratio == pytest.approx(4.0, rel=2e-3)
    darken = (1 - found.fraction) * found.second + found.fraction * found.first
    assert found.interdiffusion == pytest.approx(darken, rel=1e-3)
    assert "D_B / D_A" in repr(found)


def test_darkens_relation_holds_with_unequal_volumes():
    # D = C_A V_A D_B + C_B V_B D_A holds for what the relations give at any plane, with partial volumes
    volume = VOLUMES["ideal"]
    fraction = measured(diffusivity, volume)
    found = intrinsic_coefficients(X, fraction, TIME, marker=12.0, molar_volume=volume)
    n, whole = found.fraction, float(volume(np.array(found.fraction)))
    share = n * 8.8 / whole
    assert found.interdiffusion == pytest.approx((1 - share) * found.second + share * found.first, rel=1e-6)
    assert found.interdiffusion == pytest.approx(diffusivity(n), rel=0.01)


# ---- the integrated coefficient of a layer


def layered():
    """Two solid solutions and a compound between them that grows as diffusion through it allows: exact."""
    d_left, d_right, n_left, n_right, n_layer, second = 0.004, 0.009, 0.12, 0.85, 0.5, 0.06

    def flows(low, high):
        into = n_left * np.exp(-(low**2) / 4 / d_left) / np.sqrt(np.pi * d_left) / erfc(-low / 2 / np.sqrt(d_left))
        out = (1 - n_right) * np.exp(-(high**2) / 4 / d_right) / np.sqrt(np.pi * d_right)
        out /= erfc(high / 2 / np.sqrt(d_right))
        return d_left * into - (n_layer - n_left) * low / 2, d_right * out + (n_right - n_layer) * high / 2

    first = brentq(lambda low: np.subtract(*flows(low, second)), -0.5, 0.059)
    truth = flows(first, second)[0] * (second - first)
    at = X / np.sqrt(TIME)
    left = n_left * erfc(-at / 2 / np.sqrt(d_left)) / erfc(-first / 2 / np.sqrt(d_left))
    right = 1 - (1 - n_right) * erfc(at / 2 / np.sqrt(d_right)) / erfc(second / 2 / np.sqrt(d_right))
    fraction = np.where(at < first, left, np.where(at > second, right, n_layer))
    return fraction, (first * np.sqrt(TIME), second * np.sqrt(TIME)), truth


@pytest.mark.parametrize("method", ["wagner", "den_broeder"])
def test_the_integrated_coefficient_of_a_narrow_phase(method):
    fraction, phase, truth = layered()
    found = integrated_coefficient(X, fraction, TIME, phase=phase, method=method)
    assert found.value == pytest.approx(truth, rel=1e-3)
    assert found.fraction == pytest.approx(0.5)
    noisy = fraction + 0.003 * np.random.default_rng(2).standard_normal(X.size)
    again = integrated_coefficient(X, noisy, TIME, phase=phase, method=method, boundary_sigma=0.5)
    assert again.value == pytest.approx(truth, rel=0.05)
    assert abs(again.value - truth) < 4 * again.standard_error
    assert again.standard_error < 0.05 * truth
    assert method in repr(again)


def test_both_methods_of_a_layer_agree_where_the_volume_is_ideal():
    fraction, phase, _ = layered()
    one, other = (
        integrated_coefficient(X, fraction, TIME, phase=phase, method=method, molar_volume=VOLUMES["ideal"])
        for method in ("wagner", "den_broeder")
    )
    assert one.value == pytest.approx(other.value, rel=1e-6)


def test_a_compound_between_pure_elements_is_the_textbooks_parabola():
    # without solubility D_int = N (1 - N) dx^2 / (2 t)
    fraction = np.where(X <= -20, 0.0, np.where(X >= 30, 1.0, 0.25))
    found = integrated_coefficient(X, fraction, TIME, phase=(-20.0, 30.0))
    assert found.value == pytest.approx(0.25 * 0.75 * 50**2 / (2 * TIME), rel=1e-6)


def test_interdiffusion_beside_a_layer():
    fraction, phase, _ = layered()
    found = wagner(X, fraction, TIME, interfaces=phase, at=[0.05, 0.9])
    np.testing.assert_allclose(found.coefficient, [0.004, 0.009], rtol=0.01)
    assert wagner(X, fraction, TIME, interfaces=phase).fraction.size < 19


# ---- what people see, and mistakes


def test_the_result_prints_tabulates_and_draws():
    found = wagner(X, measured(diffusivity, noise=0.003), TIME, replicates=20)
    assert repr(found).startswith("interdiffusion coefficients by wagner: 19 compositions from 241 points")
    assert found.table().columns == ("fraction", "position", "coefficient", "standard error")
    assert len(found.plot().axes) == 2
    same = wagner(X, measured(diffusivity, noise=0.003), TIME, replicates=20)
    np.testing.assert_array_equal(found.standard_error, same.standard_error)


FRACTION = measured(diffusivity)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wagner(X, FRACTION[1:], TIME), r"two lists of one length; \(241,\) and \(240,\) came"),
        (lambda: wagner(X, np.where(X > 0, np.nan, FRACTION), TIME), "must not have missing values"),
        (lambda: wagner(X, FRACTION, 0.0), "above zero; 0.0 came"),
        (lambda: wagner(X[:5], FRACTION[:5], TIME), "needs 6 places or more; 5 came"),
        (lambda: wagner(X, 0.5 + 0.0 * FRACTION, TIME), "hardly different: nothing has diffused"),
        (lambda: wagner(X[90:], FRACTION[90:], TIME), "the profile has not ended on the left"),
        (lambda: wagner(X, FRACTION, TIME, at=[0.5, 1.2]), "does not pass through the fraction 1.2"),
        (lambda: wagner(X, FRACTION, TIME, molar_volume=-1.0), "is a number above zero"),
        (lambda: wagner(X, FRACTION, TIME, molar_volume=([0.0, 0.0], [7.0, 8.0])), "fractions rising"),
        (lambda: intrinsic_coefficients(X, FRACTION, TIME, marker=900.0), "the marker at 900 is outside"),
        (lambda: integrated_coefficient(X, FRACTION, TIME, phase=(5.0, 5.0)), r"the left one first; \(5, 5\) came"),
        (lambda: integrated_coefficient(X, FRACTION, TIME, phase=(1.0, 4.0)), "no point lies in the layer"),
        (lambda: integrated_coefficient(X, FRACTION, TIME, phase=(0.0, 50.0), method="hall"), '"hall" came'),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(DataError, match=message):
        call()


def test_nothing_is_said_in_a_flat_layer():
    flat = np.where(X <= -20, 0.0, np.where(X >= 30, 1.0, 0.25))
    with pytest.raises(DataError, match="does not change at the marker"):
        intrinsic_coefficients(X, flat, TIME, marker=1.5, interfaces=(-20.0, 30.0))
    with pytest.raises(DataError, match="passes smoothly through no composition"):
        wagner(X, flat, TIME, interfaces=(-20.0, 30.0))


@pytest.mark.parametrize("degree", [0, 7, True])
def test_a_degree_that_cannot_be(degree):
    with pytest.raises(ModelError, match=r"1 to 6|a whole number"):
        READY.problem(READY.known[0].data(), law="polynomial", degree=degree)


@pytest.mark.parametrize("fraction", [np.zeros(12), np.linspace(0, 1, 12), np.array([0.0] * 6 + [1.0] * 6)])
def test_the_guess_of_ugly_data_is_finite_and_within_bounds(fraction):
    position = np.random.default_rng(1).permutation(np.linspace(-50, 50, 12))
    for rows in (5, 12):
        table = {"position": position[:rows], "fraction": fraction[:rows]}
        data = pm.Data(table, inputs="position", output="fraction", constants={"time": TIME})
        for law in ("constant", "exponential"):
            space = READY.problem(data, law=law).fit_space
            assert np.isfinite(space.guess).all()
            assert ((space.guess >= space.lower) & (space.guess <= space.upper)).all()


def constant(reach, seed):
    x = np.linspace(-reach, reach, 81)
    return x, 0.2 + 0.3 * erfc(-x / 2) + 0.004 * np.random.default_rng(seed).standard_normal(81)


def test_the_middle_of_a_profile_is_not_bent_by_smoothing():
    found = [wagner(*constant(6.0, seed), 1.0, at=[0.35, 0.5, 0.65], replicates=60) for seed in range(30)]
    scores = np.array([(each.coefficient - 1) / each.standard_error for each in found])
    assert np.abs(scores.mean(axis=0)).max() < 0.4
    assert np.mean(np.abs(scores) > 2) < 0.06


@pytest.mark.parametrize("seed", range(8))
def test_a_profile_that_ends_at_three_and_a_half_widths_is_refused(seed):
    with pytest.raises(DataError, match="has not ended on the"):
        wagner(*constant(3.5, seed), 1.0, at=[0.5], replicates=20)
