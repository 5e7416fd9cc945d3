"""Gas chromatography: the column against the full numerical solution, retention against published parameters."""

import csv
import time

import numpy as np
import pytest

import parametra as pm
from parametra.maths.laplace_inversion import fourier_line, fourier_sum
from parametra.models.chromatography import finite_differences
from parametra.models.chromatography._peaks import find_peaks
from parametra.models.chromatography._transport import column_transform, product, pulse_transform
from parametra.models.chromatography.column import READY as COLUMN
from parametra.models.chromatography.retention_factor import GAS_CONSTANT
from parametra.models.chromatography.retention_factor import READY as RETENTION
from parametra.nouns.errors import ModelError
from parametra.testing.check_model import last_digit

GEOMETRY = {"length": 30.0, "velocity": 0.3, "diffusivity": 1e-4}
FACTOR = np.array([1.2, 2.1, 3.4, 3.9])
RATE = np.array([30.0, 25.0, 20.0, 22.0])
AREA = np.array([520.0, 480.0, 450.0, 400.0])
TIME = np.arange(1.0, 560.0, 0.8)


def outlet(factor, rate, times, *, length, velocity, diffusivity, injection_duration, terms=4096):
    line = fourier_line(times.max(), terms)
    one = column_transform(line, length / velocity, 4 * diffusivity / velocity**2, factor, rate)
    return fourier_sum(*product(one, pulse_transform(line, injection_duration)), times, times.max())


@pytest.fixture(scope="module")
def full():
    """The full solution of the four compounds."""
    return finite_differences(TIME, FACTOR, RATE, **GEOMETRY, injection_duration=1.0, cells=1000)


# ---- the column


def test_laplace_is_the_full_solution_within_a_thousandth(full):
    for one, factor, rate in zip(full, FACTOR, RATE, strict=True):
        fast = outlet(factor, rate, TIME, **GEOMETRY, injection_duration=1.0)
        assert np.abs(fast - one).max() < 1e-3 * one.max()


def test_laplace_is_the_full_solution_where_diffusion_rules():
    geometry = {"length": 1.0, "velocity": 0.02, "diffusivity": 4e-4, "injection_duration": 5.0}
    times = np.linspace(1, 600, 400)
    slow = finite_differences(times, np.array([0.7]), np.array([0.3]), **geometry, cells=400, courant=0.5)[0]
    fast = outlet(0.7, 0.3, times, **geometry)
    assert np.abs(fast - slow).max() < 1e-3 * slow.max()


def test_all_that_is_injected_comes_out(full):
    np.testing.assert_allclose(np.trapezoid(full, TIME, axis=1), 1.0, atol=1e-5)
    fast = outlet(2.1, 25.0, TIME, **GEOMETRY, injection_duration=1.0)
    assert np.trapezoid(fast, TIME) == pytest.approx(1.0, abs=1e-9)


def test_moments_are_those_of_theory():
    # the first two derivatives of the logarithm of the transform at s = 0
    times = np.linspace(0.2, 900, 4500)
    k, kd, hold_up, u, d = 2.1, 1.0, 100.0, 0.3, 2e-2
    fast = outlet(k, kd, times, length=30.0, velocity=u, diffusivity=d, injection_duration=1.0, terms=1024)
    mean = np.trapezoid(times * fast, times)
    variance = np.trapezoid((times - mean) ** 2 * fast, times)
    assert mean == pytest.approx(hold_up * (1 + k) + 0.5, rel=1e-7)
    assert variance == pytest.approx(2 * hold_up * k / kd + 2 * d * hold_up * (1 + k) ** 2 / u**2 + 1 / 12, rel=1e-6)


def test_without_diffusion_it_is_the_closed_form():
    # a Poisson number of exponential stays on the wall; what was never held comes as a spike, left out here
    from scipy.special import ive

    k, kd, hold_up = 2.1, 0.5, 100.0
    times = np.linspace(150, 600, 300)
    hits, waited = k * kd * hold_up, kd * (times - hold_up)
    root = 2 * np.sqrt(hits * waited)
    density = kd * np.sqrt(hits / waited) * ive(1, root) * np.exp(root - hits - waited)
    line = fourier_line(600.0, 4096)
    fast = fourier_sum(*column_transform(line, hold_up, 0.0, k, kd), times, 600.0)
    np.testing.assert_allclose(fast, density, atol=1e-11 * density.max())


def test_four_peaks_of_the_full_solution_are_recovered_within_two_percent(full):
    signal = 2.0 + AREA @ full + 0.2 * np.random.default_rng(3).standard_normal(TIME.size)
    constants = {**GEOMETRY, "injection_duration": 1.0}
    data = pm.Data({"time": TIME, "signal": signal}, inputs="time", output="signal", constants=constants)
    fit = pm.fit(COLUMN.problem(data, compounds=4), starts=1, progress=False)
    assert fit.status.ok
    np.testing.assert_allclose([fit.row(f"retention_factor[{i}]").value for i in range(4)], FACTOR, rtol=0.02)
    np.testing.assert_allclose([fit.row(f"desorption_rate[{i}]").value for i in range(4)], RATE, rtol=0.02)
    np.testing.assert_allclose([fit.row(f"area[{i}]").value for i in range(4)], AREA, rtol=0.02)


@pytest.mark.slow
def test_an_evaluation_is_ten_times_faster_than_the_full_solution():
    def seconds(function):
        began = time.perf_counter()
        function()
        return time.perf_counter() - began

    settings = {**GEOMETRY, "injection_duration": 1.0}
    outlet(2.1, 25.0, TIME, **settings)
    fast = min(seconds(lambda: outlet(2.1, 25.0, TIME, **settings)) for _ in range(5))
    slow = seconds(lambda: finite_differences(TIME, FACTOR[1:2], RATE[1:2], **settings, cells=1000))
    assert slow > 10 * fast


def test_compiled_is_the_same():
    known = next(k for k in COLUMN.known if k.about == "one peak, simulated")
    problem = COLUMN.known_problem(known)
    direct = pm.fit(problem, starts=1, progress=False)
    compiled = pm.fit(problem, starts=1, evaluator="compiled", progress=False)
    for row in direct.rows:
        assert compiled.row(row.label).value == pytest.approx(row.value, rel=1e-6)


@pytest.mark.parametrize(
    "signal",
    [np.zeros(30), np.full(30, 5.0), np.random.default_rng(0).standard_normal(30), np.linspace(0, 1, 30)],
    ids=["nothing", "constant", "noise", "ramp"],
)
def test_the_guess_of_ugly_data_is_finite_and_within_bounds(signal):
    times = np.random.default_rng(1).permutation(np.linspace(1, 300, 30))
    constants = {**GEOMETRY, "injection_duration": 1.0}
    for rows, compounds in ((4, 1), (5, 1), (30, 1), (30, 3)):
        table = {"time": times[:rows], "signal": signal[:rows]}
        data = pm.Data(table, inputs="time", output="signal", constants=constants)
        space = COLUMN.problem(data, compounds=compounds).fit_space
        assert np.isfinite(space.guess).all()
        assert ((space.guess >= space.lower) & (space.guess <= space.upper)).all()


def test_peaks_are_found_in_order():
    times = np.linspace(0, 100, 501)
    signal = 1.0 + 5 * np.exp(-((times - 70) ** 2) / 8) + 9 * np.exp(-((times - 30) ** 2) / 2)
    peaks = find_peaks(times, signal, 2)
    np.testing.assert_allclose(peaks.time, [30, 70])
    np.testing.assert_allclose(peaks.width, [1, 2], rtol=0.02)
    np.testing.assert_allclose(peaks.area, np.sqrt(2 * np.pi) * np.array([9, 10]), rtol=0.02)
    assert peaks.baseline == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"compounds": 0}, "compounds is how many peaks there are, 1 or more; 0 came"),
        ({"terms": -1}, "terms is a whole number, 0 for as many as the data need; -1 came"),
        ({"injection": "slow"}, 'the option "injection" of "chromatography.column" is one of'),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ModelError, match=message):
        COLUMN.problem(COLUMN.known[1].data(), **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": np.array([-1.0, 1.0])}, "wants times at or above zero"),
        ({"cells": 5}, "needs 12 cells or more; cells=5 came"),
        ({"velocity": 0.0}, "above zero and a diffusivity at or above it; 30, 0, 1, 2 and 0.0001 came"),
    ],
)
def test_finite_differences_that_cannot_be(change, message):
    settings = {"time": np.array([1.0, 2.0]), **GEOMETRY, "injection_duration": 1.0, **change}
    with pytest.raises(ModelError, match=message):
        finite_differences(settings.pop("time"), np.ones(1), np.ones(1), **settings)


# ---- retention factors

PUBLISHED = "Brehmer2022_AllParam_LSER_Rxi5SilMS_125.0.csv"
MEASURED = "Brehmer2022_lnk-T_LSER_Rxi5SilMS_beta125.csv"
RENAMED = {"Octanal": "n-Octanal", "2-Octanol": "Octan-2-ol", "1-Octanol": "Octan-1-ol", "Heptanal": "n-Heptanal"}
RENAMED |= {"1-Hexanol": "Hexan-1-ol", "Nonanal": "n-Nonanal", "Butylbenzene": "n-Butylbenzene"}


@pytest.fixture(scope="module")
def retention(external_data):
    """Of each compound: the measured (temperature, ln k), and the published parameters."""
    folder = external_data / "gas_chromatography"
    with (folder / MEASURED).open(encoding="latin-1", newline="") as file:
        rows = list(csv.reader(file))
    celsius = np.array(rows[0][1:], dtype=float)
    measured = {}
    for name, *cells in rows[1:]:
        kept = np.array([bool(cell) for cell in cells])
        measured[name] = celsius[kept] + 273.15, np.array([float(cell) for cell in cells if cell])
    with (folder / PUBLISHED).open(encoding="utf-8", newline="") as file:
        published = {RENAMED.get(row["Name"], row["Name"]): row for row in csv.DictReader(file)}
    return {name: (*measured[name], published[name]) for name in measured if name in published}


def fitted(temperature, log_retention, *, noise=None, form="abc"):
    data = pm.Data(
        {"temperature": temperature, "log_retention": log_retention},
        inputs="temperature",
        output="log_retention",
        constants={"phase_ratio": 125.0},
    )
    return pm.fit(RETENTION.problem(data, form=form, noise=noise), starts=1, progress=False)


@pytest.mark.external
def test_all_compounds_whose_points_were_all_used(retention):
    same = [name for name, (_, ln_k, row) in retention.items() if len(ln_k) == int(row["n_Kcentric"])]
    assert len(same) >= 10
    for name in same:
        temperature, ln_k, row = retention[name]
        fit = fitted(temperature, ln_k)
        for label in "ABC":
            assert abs(fit.row(label).value - float(row[label])) <= 0.5001 * last_digit(row[label]), name
        rss = float(row["χ²_Kcentric"])
        left = ln_k - (
            fit.row("A").value
            + fit.row("B").value / temperature
            + fit.row("C").value * np.log(temperature)
            - np.log(125.0)
        )
        assert left @ left == pytest.approx(rss, rel=1e-4), name
        centric = fitted(temperature, ln_k, form="k_centric")
        celsius = centric.row("characteristic_temperature").value - 273.15
        assert abs(celsius - float(row["Tchar"])) <= 0.5001 * last_digit(row["Tchar"]), name
        for label, column in (("thermal_constant", "thetachar"), ("heat_capacity", "DeltaCp")):
            assert abs(centric.row(label).value - float(row[column])) <= 0.5001 * last_digit(row[column]), name
        assert centric.row("thermal_constant").standard_error == pytest.approx(float(row["err_thetachar"]), rel=1e-3)
        assert centric.row("heat_capacity").standard_error == pytest.approx(float(row["err_DeltaCp"]), rel=1e-3)


@pytest.mark.external
def test_students_t_comes_closer_where_outliers_were_left_out(retention):
    plain, robust = [], []
    fewer = [each for each in retention.values() if len(each[1]) > int(each[2]["n_Kcentric"])]
    for temperature, ln_k, row in fewer[:6]:
        wanted, error = float(row["C"]), float(row["err_C"])
        plain.append(abs(fitted(temperature, ln_k).row("C").value - wanted) / error)
        noise = pm.StudentT(2, sigma="estimated")
        robust.append(abs(fitted(temperature, ln_k, noise=noise).row("C").value - wanted) / error)
    assert len(plain) == 6
    assert np.median(robust) < np.median(plain)


def test_three_forms_are_one_curve():
    temperature, ln_k = (
        RETENTION.known[0].data().inputs["temperature"],
        RETENTION.known[0].data().outputs["log_retention"],
    )
    fits = {form: fitted(temperature, ln_k, form=form) for form in ("abc", "k_centric", "thermodynamic")}
    assert fits["abc"].log_likelihood == pytest.approx(fits["k_centric"].log_likelihood, abs=1e-7)
    assert fits["abc"].log_likelihood == pytest.approx(fits["thermodynamic"].log_likelihood, abs=1e-7)
    assert fits["thermodynamic"].row("enthalpy").value == pytest.approx(-41565, abs=0.5)
    assert fits["thermodynamic"].row("entropy").value == pytest.approx(-63.685, abs=5e-4)
    heat = fits["k_centric"].row("heat_capacity").value
    assert GAS_CONSTANT * fits["abc"].row("C").value == pytest.approx(heat, rel=1e-6)


@pytest.mark.parametrize("form", ["abc", "k_centric", "thermodynamic"])
@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_the_guess_of_few_runs_is_finite(form, rows):
    temperature = np.array([450.0, 350, 400, 350, 400, 500, 330, 420])[:rows]
    for ln_k in (np.zeros(rows), 5000 / temperature - 12, np.linspace(0, 1, rows)):
        data = pm.Data(
            {"temperature": temperature, "log_retention": ln_k},
            inputs="temperature",
            output="log_retention",
            constants={"phase_ratio": 125.0},
        )
        space = RETENTION.problem(data, form=form, priors=True).fit_space
        assert np.isfinite(space.guess).all()
        assert ((space.guess >= space.lower) & (space.guess <= space.upper)).all()


def test_a_reference_below_zero():
    with pytest.raises(ModelError, match=r"reference is a temperature in K, above 0; -3\.0 came"):
        RETENTION.problem(RETENTION.known[0].data(), form="thermodynamic", reference=-3.0)


def test_a_gas_that_stands_still_is_refused():
    data = pm.Data(
        {"time": [1.0, 2, 3], "signal": [1.0, 2, 1]},
        inputs="time",
        output="signal",
        constants={**GEOMETRY, "velocity": 0.0, "injection_duration": 1.0},
    )
    with pytest.raises(ModelError, match="velocity is above zero"):
        COLUMN.problem(data)
