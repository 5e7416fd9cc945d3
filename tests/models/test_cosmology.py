"""Expansion rates and distances: closed forms, another library's numbers, real data, every option and every message."""

from __future__ import annotations

import csv
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

import parametra as pm
from parametra.models import cosmology
from parametra.models.cosmology import _background, baryon_oscillations, distance_modulus, hubble_rate, standard_sirens
from parametra.models.cosmology._distances import luminosity_function
from parametra.testing.check_model import check_model

Z = np.array([0.1, 1.0, 3.0, 9.0])
HUBBLE = 299_792.458 / 70
UNIVERSES = list(itertools.product(_background.DARK_ENERGY, _background.CURVATURE))
TRUTH = {"H0": 70.0, "Omega_m": 0.3, "Omega_k": 0.05, "w": -0.9, "w0": -0.9, "wa": 0.3, "wb": -0.2, "offset": 23.8}


READY = [module.READY for module in (hubble_rate, distance_modulus, standard_sirens, baryon_oscillations)]


@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready.name)
def test_it_conforms(ready):
    assert check_model(ready) == []


# ---- distances: closed forms, and astropy 8.0.2 without radiation (Tcmb0=0)


def test_matter_alone():
    """Einstein and de Sitter's universe: D_M = 2 c / H0 (1 - 1 / sqrt(1 + z))."""
    wanted = 2 * HUBBLE * (1 - 1 / np.sqrt(1 + Z))
    np.testing.assert_allclose(cosmology.comoving_distance(Z, Omega_m=1.0), wanted, rtol=1e-13)


def test_a_constant_alone():
    """De Sitter's universe: D_M = c z / H0."""
    np.testing.assert_allclose(cosmology.comoving_distance(Z, Omega_m=0.0), HUBBLE * Z, rtol=1e-12)


def test_nothing_at_all():
    """Milne's universe: D_M = c / H0 sinh(log(1 + z))."""
    found = cosmology.comoving_distance(Z, Omega_m=0.0, Omega_k=1.0)
    np.testing.assert_allclose(found, HUBBLE * np.sinh(np.log1p(Z)), rtol=1e-12)


def test_a_closed_universe_of_matter():
    """Mattig's relation for Omega_m = 2: D_L = 2 c / (H0 m^2) (m z + (m - 2) (sqrt(1 + m z) - 1)), m = 2."""
    found = cosmology.luminosity_distance(Z, Omega_m=2.0, Omega_k=-1.0)
    np.testing.assert_allclose(found, HUBBLE * Z, rtol=1e-12)


@pytest.mark.parametrize(
    ("universe", "distances"),
    [
        ({}, [460.2999363904721, 6607.6576117749355, 25422.741745189862, 92103.41923218413]),
        ({"Omega_k": 0.05}, [459.2330459188489, 6542.512404239108, 25403.374772898507, 93984.01822522981]),
        (
            {"H0": 67.4, "Omega_k": -0.1},
            [480.30409445204606, 7006.344393476445, 26386.277673965436, 91131.32687260662],
        ),
        ({"w0": -1.2}, [464.6637833337093, 6853.531311400267, 26209.423639506458, 94189.15717318807]),
        ({"w0": -0.9, "wa": 0.3}, [457.91413659870557, 6396.764400126281, 24500.349460132413, 89326.43345968644]),
    ],
)
def test_the_numbers_of_astropy(universe, distances):
    np.testing.assert_allclose(cosmology.luminosity_distance(Z, **universe), distances, rtol=1e-12)
    np.testing.assert_allclose(cosmology.angular_diameter_distance(Z, **universe), distances / (1 + Z) ** 2, rtol=1e-12)


@pytest.mark.parametrize(("dark_energy", "curvature"), UNIVERSES)
def test_the_expansion_rate_is_what_distances_integrate(dark_energy, curvature):
    """Two routes: the formula of H through SciPy's quadrature, and the series behind the distances."""
    form = hubble_rate.READY.bare_form(dark_energy=dark_energy, curvature=curvature)
    rate = pm.Model.of(form.model)
    along = [quad(lambda z: 1 / rate.predict(TRUTH, {"z": z})["H"], 0, z, epsabs=0, epsrel=1e-13)[0] for z in Z]
    q = np.sqrt(0.05) * 70 * np.array(along)
    across = np.sinh(q) / np.sqrt(0.05) / 70 if curvature == "free" else np.array(along)
    model = luminosity_function(dark_energy, curvature)
    np.testing.assert_allclose(model(TRUTH, {"z": Z}), 299_792.458 * (1 + Z) * across, rtol=1e-11)


def test_dark_energy_obeys_its_own_equation_of_state():
    """d ln(density) / d ln(1 + z) = 3 (1 + w), by differences, for w0-wa-wb."""
    text = _background.expansion_square("w0_wa_wb", "flat", "x").partition("(1 - Omega_m) * ")[2]
    density = pm.Model.of(text)
    x = np.array([1.0, 1.5, 2.0, 5.0])
    high, low = (np.log(density.predict(TRUTH, {"x": x * np.exp(step)})[""]) for step in (1e-5, -1e-5))
    w = TRUTH["w0"] + TRUTH["wa"] * (1 - 1 / x) + TRUTH["wb"] * (1 - 1 / x) ** 2
    np.testing.assert_allclose((high - low) / 2e-5, 3 * (1 + w), rtol=1e-8)


def test_nested_universes_agree():
    plain = luminosity_function("cosmological_constant", "flat")(TRUTH, {"z": Z})
    for dark_energy, curvature in UNIVERSES:
        same = {**TRUTH, "Omega_k": 0.0, "w": -1.0, "w0": -1.0, "wa": 0.0, "wb": 0.0}
        np.testing.assert_allclose(luminosity_function(dark_energy, curvature)(same, {"z": Z}), plain, rtol=1e-13)


LIFTED = """
import jax, numpy as np
from parametra.models.cosmology._distances import luminosity_function, modulus_function
from parametra.models.cosmology._drift import drift_function
from parametra.nouns.lifting import lift
named = {"H0": 70.0, "Omega_m": 0.3, "Omega_k": 0.05, "w0": -0.9, "wa": 0.3, "wb": -0.2}
named |= {"offset": 23.8, "Xi0": 1.2, "n": 2.0}
inputs = {"z": np.array([0.1, 1.0, 3.0]), "z_reference": np.array([2.0, 2.0, 2.0]), "years": np.array([0.5, 0.5, 0.5])}
models = [luminosity_function("w0_wa_wb", "free", "modified"), modulus_function("w0_wa", "flat", True)]
models += [modulus_function("w0_wa", "free", False), drift_function("w0_wa_wb", "free", True)]
jax.config.update("jax_enable_x64", True)
for model in models:
    np.testing.assert_allclose(jax.jit(lift(model))(named, inputs), model(named, inputs), rtol=1e-14)
print("lifted")
"""


def test_the_functions_are_lifted_to_jax():
    """In a process of its own: under pytest the types of these functions are checked by wrappers, which hide them."""
    done = subprocess.run([sys.executable, "-c", LIFTED], capture_output=True, text=True, check=False)
    assert done.stdout == "lifted\n", done.stderr


def test_modified_propagation():
    """Far away waves seem Xi0 times as far as light, near not at all."""
    near_and_far = {"z": np.array([1e-6, 1000.0])}
    light = luminosity_function("cosmological_constant", "flat")(TRUTH, near_and_far)
    waves = luminosity_function("cosmological_constant", "flat", "modified")(
        {**TRUTH, "Xi0": 1.3, "n": 2.5}, near_and_far
    )
    np.testing.assert_allclose(waves / light, [1.0, 1.3], rtol=1e-5)
    form = standard_sirens.READY.bare_form(propagation="modified")
    assert {"Xi0", "n"} <= set(form.parameters) & set(form.priors)


def test_a_universe_without_a_beginning_is_far_but_finite():
    """No big bang: E^2 would be negative at some redshift, and a search must turn back, not stumble."""
    found = cosmology.luminosity_distance(Z, Omega_m=0.05, Omega_k=-0.9)
    assert np.all(np.isfinite(found))


# ---- real data


def test_cosmic_chronometers():
    """The 31 rates, also through the plain formula: one answer; published compilations give 68(3) and 0.33(6)."""
    data = hubble_rate.cosmic_chronometers()
    found = pm.fit(hubble_rate.READY.problem(data), starts=2)
    plain = pm.fit(
        "H0 * sqrt(Om * (1 + z)**3 + 1 - Om)", data, parameters={"H0": (40, 100), "Om": (0.01, 0.99)}, starts=2
    )
    assert found.estimate["H0"] == pytest.approx(plain.estimate["H0"], rel=1e-8)
    assert found.estimate["z_acceleration"] == pytest.approx(0.62, abs=0.005)
    assert found.estimate["H0"] == pytest.approx(67.8, abs=0.5)
    assert found.standard_error["H0"] == pytest.approx(3.1, abs=0.05)
    assert found.estimate["Omega_m"] == pytest.approx(0.33, abs=0.015)
    assert found.standard_error["Omega_m"] == pytest.approx(0.06, abs=0.005)


def test_the_example_holds_the_same_chronometers():
    path = Path(__file__).parents[2] / "examples" / "expansion_history" / "hz.csv"
    rows = list(csv.DictReader(line for line in path.read_text().splitlines() if not line.startswith("#")))
    data = hubble_rate.cosmic_chronometers()
    for name, column in (("z", data.inputs["z"]), ("H", data.outputs["H"]), ("sigma", data.sigma["H"])):
        assert [float(row[name]) for row in rows] == column.tolist()


def test_the_first_year_of_desi():
    """Published, means of the posterior: 0.295(15) and 101.8(1.3) Mpc; with constant w: 0.293(15), w = -0.99(14)."""
    ready, noise = baryon_oscillations.READY, baryon_oscillations.desi_covariance()
    data = baryon_oscillations.desi_first_year()
    flat = pm.fit(ready.problem(data, noise=noise), starts=2)
    assert flat.estimate["h_rd"] == pytest.approx(101.8, abs=0.1)
    evolving = pm.fit(ready.problem(data, noise=noise, dark_energy="constant_w"), starts=2)
    assert evolving.estimate["Omega_m"] == pytest.approx(0.293, abs=0.003)
    assert evolving.estimate["w"] == pytest.approx(-0.99, abs=0.02)
    assert evolving.standard_error["w"] == pytest.approx(0.14, abs=0.015)


@pytest.mark.external
def test_the_compilation_elsewhere_is_the_same(external_data):
    path = external_data / "cosmology" / "cosmic_chronometers.csv"
    rows = list(csv.DictReader(path.read_text().splitlines()))
    data = hubble_rate.cosmic_chronometers()
    for column, values in (("z", data.inputs["z"]), ("Hz", data.outputs["H"]), ("sigma", data.sigma["H"])):
        assert sorted(float(row[column]) for row in rows) == sorted(values.tolist())


# ---- guesses and messages


@pytest.mark.parametrize("ready", READY, ids=lambda ready: ready.name)
@pytest.mark.parametrize(
    ("z", "values"),
    [
        ([0.5, 0.6], [3.0, 2.0]),
        ([0.0, -0.5, 0.0], [3.0, 2.0, 1.0]),
        ([0.5, 0.5, 0.5], [1.0, 1.0, 1.0]),
        ([1.0, 0.1], [-5.0, 0.0]),
        ([0.3, 0.5], [1e9, 1e9]),
        ([2.0, 0.3, 0.9], [1e9, 1e-9, 0.0]),
    ],
)
def test_ugly_data_give_finite_guesses(ready, z, values):
    form = ready.bare_form()
    (output,) = form.outputs
    table = {"z": z, "direction": [2.0] * len(z), output: values}
    data = pm.Data(table, inputs=[*form.inputs], output=output, sigma=1.0)
    for options in ({}, {"calibration": "absolute"}) if "calibration" in ready.options else ({},):
        space = ready.problem(data, **options).fit_space
        assert np.all(np.isfinite(space.guess))
        assert np.all((space.guess >= space.lower) & (space.guess <= space.upper))


def test_one_point_gives_a_guess_too():
    for ready in (hubble_rate.READY, distance_modulus.READY, standard_sirens.READY):
        (output,) = ready.bare_form().outputs
        data = pm.Data({"z": [0.5], output: [40.0]}, inputs="z", output=output)
        found = ready.guess(data, **({"calibration": "free"} if "calibration" in ready.options else {}))
        assert all(np.isfinite(value) for value in found.values())


def test_a_wrong_option_names_the_right_ones():
    with pytest.raises(pm.ParametraError, match="'w0_wa_wb'; 'cpl' came"):
        hubble_rate.READY.form_of(dark_energy="cpl")


def test_distance_moduli_are_taken_either_way():
    """m - M = 25 + 5 log10(D_L / Mpc): H0 where they are absolute, else an offset of about 43."""
    z = np.geomspace(0.02, 1.4, 60)
    moduli = 25 + 5 * np.log10(cosmology.luminosity_distance(z, H0=72.0, Omega_m=0.3))
    scattered = moduli + np.random.default_rng(4).normal(0, 0.05, z.size)
    data = pm.Data({"z": z, "magnitude": scattered}, inputs="z", output="magnitude", sigma=0.05)
    ready = pm.model("cosmology.distance_modulus")
    free, absolute = pm.fit(ready, data), pm.fit(ready.problem(data, calibration="absolute"))
    assert not [note for note in free.notes if "bound" in str(note)]
    assert free.estimate["offset"] == pytest.approx(25 + 5 * np.log10(299_792.458 / 72), abs=0.05)
    assert absolute.estimate["H0"] == pytest.approx(72, abs=2)
    assert absolute.estimate["Omega_m"] == pytest.approx(free.estimate["Omega_m"], abs=1e-4)


@pytest.mark.parametrize("direction", [7.0, -1.0, 0.5, 1.4])
def test_a_direction_that_there_is_not_is_refused(direction):
    ready = pm.model("cosmology.baryon_oscillations")
    table = {"z": [0.3, 0.5], "direction": [1.0, direction], "ratio": [8.0, 13.0]}
    data = pm.Data(table, inputs=["z", "direction"], output="ratio", sigma=0.2)
    with pytest.raises(pm.ParametraError, match=f"2 for D_H; row 2 .* has {direction:g}"):
        ready.problem(data)
    one = pm.Data({"z": [0.3, 0.5], "ratio": [8.0, 13.0]}, inputs="z", output="ratio", constants={"direction": 7.0})
    with pytest.raises(pm.ParametraError, match=r"row 1 .* has 7"):
        ready.problem(one)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cosmology.comoving_distance(1.0, H0=0.0), "H0 is a number above 0; 0.0 came"),
        (lambda: cosmology.comoving_distance(1.0, H0=-70.0), "H0 is a number above 0; -70.0 came"),
        (lambda: cosmology.comoving_distance(1.0, w0=np.nan), "w0 is a number; nan came"),
        (lambda: cosmology.comoving_distance("far"), "numbers from 0 on; 'far' came"),
        (lambda: cosmology.luminosity_distance(1100.0), "at most 50 here, because radiation is left out; 1100 came"),
        (lambda: cosmology.luminosity_distance(1.0, Omega_M=0.3), 'luminosity_distance: .*did you mean "Omega_m"'),
        (lambda: cosmology.angular_diameter_distance(1.0, w=-1.0), 'angular_diameter_distance: .* "w" is not known'),
    ],
)
def test_numbers_that_cannot_be_are_refused(call, message):
    with pytest.raises(pm.ParametraError, match=message):
        call()


def test_no_redshifts_have_no_distances():
    assert cosmology.luminosity_distance([]).shape == (0,)


def test_a_negative_redshift_is_refused():
    with pytest.raises(pm.ParametraError, match=r"from 0 on; -0\.1 came"):
        cosmology.comoving_distance([0.2, -0.1])


def test_the_face_of_the_field():
    assert sorted(cosmology.__all__) == cosmology.__all__
    assert all(callable(getattr(cosmology, name)) for name in cosmology.__all__)
