"""Oscillators: solutions against SciPy's, guesses from data alone, aliases, and the published fit of a beam."""

import dataclasses

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import parametra as pm
from parametra import catalogue
from parametra.models.oscillators import _trajectories, fitzhugh_nagumo, goodwin, harmonic, hes1, repressilator, sine
from parametra.models.oscillators import van_der_pol as triode
from parametra.nouns.errors import DataError, ModelError

TRAJECTORIES = {
    "fitzhugh_nagumo": ["voltage", "recovery"],
    "goodwin": ["mrna", "protein", "inhibitor"],
    "hes1": ["mrna"],
    "repressilator": ["mrna_1", "mrna_2", "mrna_3"],
    "van_der_pol": ["displacement"],
}


def ode_of(name):
    return catalogue.model(f"oscillators.{name}").form_of(None).model


def exact(slopes, first, time):
    """SciPy's Runge-Kutta of order 8 at 1e-10: (states, n)."""
    return solve_ivp(slopes, (time[0], time[-1]), first, method="DOP853", t_eval=time, rtol=1e-10, atol=1e-12).y


def nerve(_, y, a=0.1, b=0.5, c=3.0):
    return [(y[0] - y[0] ** 3 / 3 + y[1]) * c, (y[0] - a + b * y[1]) / -c]


def gene(_, y, k2=2.0, k3=4.0, m1=0.12, m2=0.08, m3=0.1):
    return [1 / (1 + y[2] ** 10) - m1 * y[0], k2 * y[0] - m2 * y[1], k3 * y[1] - m3 * y[2]]


def nucleus(_, y, threshold=2.4, nu=0.025, k1=0.11, hill=6.9, loss=0.03):
    m, p1, p2 = y
    return [1 / (1 + (p2 / threshold) ** hill) - loss * m, nu * m - (k1 + loss) * p1, k1 * p1 - loss * p2]


def ring(_, y, leak=1.0, production=1000.0, beta=5.0, hill=2.0):
    m, p = y[:3], y[3:]
    return [*(leak + production / (1 + np.roll(p, 1) ** hill) - m), *(beta * (m - p))]


def relaxation(_, y, w=1.5, mu=2.0):
    return [w * y[1], w * (mu * (1 - y[0] ** 2) * y[1] - y[0])]


# the parameters, first values and times that PINTS suggests for its toy problems; the last one is ours
SOLVED = {
    "fitzhugh_nagumo": (
        nerve,
        [-1.0, 1.0],
        20.0,
        {"a": 0.1, "b": 0.5, "c": 3.0, "first_voltage": -1.0, "first_recovery": 1.0, "rate": 1.0},
    ),
    "goodwin": (gene, [0.0054, 0.053, 1.93], 100.0, {**goodwin._TRUTH, **goodwin._CLASSIC}),
    "hes1": (nucleus, [2.0, 5.0, 3.0], 240.0, {**hes1._TRUTH, **hes1._IMPLICIT}),
    "repressilator": (
        ring,
        [0.0, 0.0, 0.0, 2.0, 1.0, 3.0],
        40.0,
        {**repressilator._TRUTH, **repressilator._FIRST, "rate": 1.0},
    ),
    "van_der_pol": (relaxation, [0.5, 0.0], 25.0, {**triode._TRUTH, "scale": 1.0}),
}


@pytest.mark.parametrize("name", sorted(SOLVED))
def test_it_solves_its_equations(name):
    slopes, first, end, values = SOLVED[name]
    time = np.linspace(0.0, end, 41)
    found = dataclasses.replace(ode_of(name), solver="lsoda", relative_tolerance=1e-9, absolute_tolerance=1e-11)(
        values, {"time": time}
    )
    wanted = exact(slopes, first, time)
    for k, output in enumerate(found):
        np.testing.assert_allclose(found[output], wanted[k], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("friction", "name"), [(0.15, "swings"), (2.0, "critical"), (2.0001, "nearly"), (9.0, "creeps")]
)
def test_a_spring_through_its_regimes(friction, name):
    """The closed form is that of the equation, and of the two motions, on either side of critical damping."""
    values = {"angular_frequency": 1.0, "friction": friction, "rest": 0.2, "first_position": 1.0, "first_velocity": 0.4}
    time = np.linspace(0.0, 30.0, 61)
    model = pm.Model.of(catalogue.model("oscillators.harmonic").form_of(None).model)
    found = model.predict(values, {"time": time})["position"]
    wanted = exact(lambda _, y: [y[1], -(y[0] - 0.2) - friction * y[1]], [1.0, 0.4], time)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)
    cosine, sinus = harmonic.motions(time, 1.0, friction)
    np.testing.assert_allclose(0.2 + 0.8 * cosine + (0.4 + 0.4 * friction) * sinus, found, rtol=1e-6, atol=1e-9)


def test_the_spring_of_pints_at_its_suggested_values():
    """y(t) for y(0) = 1, y'(0) = 0 and friction 0.15: exp(-g t) (cos w t + g / w sin w t)."""
    time = np.linspace(0.0, 50.0, 100)
    half, swing = 0.075, np.sqrt(1 - 0.075**2)
    wanted = np.exp(-half * time) * (np.cos(swing * time) + half / swing * np.sin(swing * time))
    model = pm.Model.of(catalogue.model("oscillators.harmonic").form_of(None).model)
    np.testing.assert_allclose(model.predict(harmonic._SPRING, {"time": time})["position"], wanted, atol=1e-12)


def test_a_spring_does_not_overflow_where_it_creeps():
    values = {"angular_frequency": 1.0, "friction": 900.0, "rest": 0.0, "first_position": 1.0, "first_velocity": 0.0}
    model = pm.Model.of(catalogue.model("oscillators.harmonic").form_of(None).model)
    found = model.predict(values, {"time": np.array([0.0, 1.0, 900.0])})["position"]
    np.testing.assert_allclose(found, [1.0, np.exp(-1 / 900), np.exp(-1.0)], rtol=1e-5)


GUESSES = {
    "fitzhugh_nagumo": (fitzhugh_nagumo.nerve, {"a": 0.2, "b": 0.2, "c": 3.0}, {"a": 0.1, "b": 0.35, "c": 0.3}),
    "goodwin": (
        goodwin.gene,
        {"translation": 2.0, "activation": 4.0, "inhibitor_loss": 0.1},
        {"translation": 1.2, "activation": 2.5, "inhibitor_loss": 0.05},
    ),
    "hes1": (
        hes1.dense,
        {"threshold": 2.4, "hill": 6.9, "transport": 0.11},
        {"threshold": 0.3, "hill": 2.0, "transport": 0.05},
    ),
    "repressilator": (
        repressilator.three_genes,
        {"production": 1000.0, "ratio": 5.0, "hill": 2.0},
        {"production": 600.0, "ratio": 2.5, "hill": 0.5},
    ),
    "van_der_pol": (
        triode.triode,
        {"angular_frequency": 1.5, "damping": 2.0, "scale": 3.0},
        {"angular_frequency": 0.1, "damping": 0.5, "scale": 0.3},
    ),
    "harmonic": (
        harmonic.spring,
        {"angular_frequency": 1.0, "friction": 0.15},
        {"angular_frequency": 0.02, "friction": 0.1},
    ),
    "sine": (
        lambda _: sine.uneven_times(),
        {"frequency": 0.23, "amplitude": 2.0},
        {"frequency": 0.01, "amplitude": 0.4},
    ),
}


@pytest.mark.parametrize("name", sorted(GUESSES))
def test_guesses_lie_in_the_right_basin(name):
    make, truth, off = GUESSES[name]
    ready = catalogue.model(f"oscillators.{name}")
    guess = ready.guess(make(1))
    for parameter, value in truth.items():
        assert guess[parameter] == pytest.approx(value, abs=off[parameter]), parameter


@pytest.mark.parametrize("name", ["sine", "harmonic"])
def test_ten_noise_seeds(name):
    """The default fit meets the truth within four errors for ten of ten."""
    ready = catalogue.model(f"oscillators.{name}")
    truth = (
        harmonic._SPRING if name == "harmonic" else {"amplitude": 2.0, "frequency": 0.41, "phase": -2.0, "offset": 7.0}
    )
    for seed in range(10):
        if name == "harmonic":
            data = harmonic.spring(seed)
        else:
            generator = np.random.default_rng(seed)
            time = np.sort(generator.uniform(0.0, 40.0, 50))
            wave = 7.0 + 2.0 * np.sin(2 * np.pi * 0.41 * time - 2.0) + generator.standard_normal(50)
            data = pm.Data({"time": time, "signal": wave}, inputs="time", output="signal")
        fit = pm.fit(ready, data, starts=1)
        for parameter, value in truth.items():
            assert abs(fit.estimate[parameter] - value) < 4 * fit.standard_error[parameter], (seed, parameter)


def test_one_output_may_be_all_that_is_seen():
    both = fitzhugh_nagumo.nerve(3)
    voltage = pm.Data(
        {"time": both.inputs["time"], "voltage": both.outputs["voltage"]}, inputs="time", output="voltage"
    )
    guess = fitzhugh_nagumo.guess(voltage)
    assert guess["c"] == pytest.approx(3.0, abs=0.4)
    assert guess["first_recovery"] == pytest.approx(1.0, abs=0.5)


@pytest.mark.slow
def test_hes1_of_hirata_by_two_routes():
    """Nine measurements: the best of SciPy's least squares from several starts is where ours ends."""
    from scipy.optimize import least_squares

    data = hes1.serum()
    time, mrna = data.inputs["time"], data.outputs["mrna"]

    def wrong(logarithms):
        threshold, nu, k1, hill = np.exp(logarithms)
        found = solve_ivp(
            nucleus,
            (0.0, 240.0),
            [2.0, 5.0, 3.0],
            "LSODA",
            time,
            args=(threshold, nu, k1, hill, 0.03),
            rtol=1e-9,
            atol=1e-9,
        )
        return found.y[0] - mrna

    other = least_squares(wrong, np.log([2.4, 0.025, 0.11, 6.9]), diff_step=1e-4, xtol=1e-10, ftol=1e-12)
    problem = hes1.READY.problem(data, parameters={"first_mrna": pm.Fixed(2.0)})
    fit = pm.fit(problem, starts=1)
    names = ("threshold", "translation", "transport", "hill")
    for name, value in zip(names, np.exp(other.x), strict=True):
        assert fit.estimate[name] == pytest.approx(value, abs=0.02 * fit.standard_error[name])
    # what Silk et al. use for these measurements is as good
    for name in names:
        assert abs(fit.estimate[name] - hes1._TRUTH[name]) < fit.standard_error[name]


UGLY = {
    "one point": ([3.0], [2.0]),
    "two points": ([5.0, 1.0], [1.0, 2.0]),
    "constant": ([1.0, 2.0, 3.0, 4.0, 5.0], [2.0] * 5),
    "nothing but zeros": ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0] * 5),
    "one time": ([2.0, 2.0, 2.0], [1.0, 3.0, 2.0]),
    "below zero": ([-3.0, -1.0, 0.0, 5.0, 6.0], [-4.0, -2.0, -1.0, -8.0, -3.0]),
    "unsorted": ([4.0, 1.0, 3.0, 2.0, 0.5], [1.0, 5.0, 2.0, 3.0, 9.0]),
    "huge": ([1e9, 2e9, 3e9, 5e9], [1e9, 2e9, -1.5e9, 1.0]),
    "tiny": ([1e-9, 2e-9, 3e-9, 4e-9, 5e-9], [1e-9, 2e-9, 1.5e-9, 1e-9, 3e-9]),
    "one missing": ([1.0, 2.0, 3.0, 5.0, 4.0], [1.0, np.nan, 3.0, 3.5, 4.0]),
    "all missing but one": ([1.0, 2.0, 3.0], [np.nan, np.nan, 3.0]),
}


@pytest.mark.parametrize("kind", sorted(UGLY))
def test_guesses_of_ugly_data_are_finite_and_within_bounds(kind):
    time, values = (np.array(each) for each in UGLY[kind])
    for name, outputs in {**TRAJECTORIES, "sine": ["signal"], "harmonic": ["position"]}.items():
        ready = catalogue.model(f"oscillators.{name}")
        table = {"time": time, **{output: (k + 1) * values for k, output in enumerate(outputs)}}
        data = pm.Data(table, inputs="time", output=outputs, missing="mask")
        form = ready.form_of(data)
        guess = ready.guess(data)
        for key, value in guess.items():
            assert np.isfinite(value), (name, key)
            dataclasses.replace(form.parameters[key], guess=value)
        free = {key for key, parameter in form.parameters.items() if parameter.free}
        assert set(guess) == free, name


def test_where_it_begins_before_the_first_measurement():
    data = goodwin.gene(4)
    late = data.inputs["time"] >= 10.0
    seen = pm.Data(
        {"time": data.inputs["time"][late], **{k: v[late] for k, v in data.outputs.items()}},
        inputs="time",
        output=[*data.outputs],
    )
    time, rows = _trajectories.rows_of(seen, ("mrna", "protein", "inhibitor"), 0.0)
    assert time[0] == 0.0
    assert np.isnan(rows["mrna"][0])
    assert goodwin.READY.guess(seen, begin=0.0)["inhibitor_loss"] == pytest.approx(0.1, abs=0.06)
    with pytest.raises(ModelError, match='begin is a time, or None for the first time of the data; "x" came'):
        goodwin.READY.problem(seen, begin="x")


def test_the_beam_of_the_handbook():
    """The data are NIST's (certified mean and deviation); its sinusoid is no least-squares fit."""
    data = sine.beam()
    time, signal = data.inputs["time"], data.outputs["signal"]
    assert signal.mean() == pytest.approx(-177.435, abs=1e-9)
    assert signal.std(ddof=1) == pytest.approx(277.332168044316, rel=1e-12)

    def deviation(frequency):
        angle = 2 * np.pi * frequency * time
        table = np.stack([np.ones_like(time), np.sin(angle), np.cos(angle)], axis=-1)
        factors = np.linalg.lstsq(table, signal, rcond=None)[0]
        return np.sqrt(((signal - table @ factors) ** 2).sum() / 196)

    published = -178.786 - 361.766 * np.sin(2 * np.pi * 0.302596 * time + 1.46536)
    assert np.sqrt(((signal - published) ** 2).sum() / 196) == pytest.approx(155.8484, abs=0.03)
    grid = np.linspace(0.29, 0.31, 20_001)
    deviations = np.array([deviation(each) for each in grid])
    fit = pm.fit(sine.READY, data, starts=1)
    assert fit.estimate["frequency"] == pytest.approx(grid[np.argmin(deviations)], abs=1e-6)
    assert deviations.min() == pytest.approx(134.07, abs=0.01)
    assert deviation(0.302596) > 148.0


def test_a_sine_takes_the_sign_of_its_phase():
    """Half a turn turns the sign, so the amplitude is above zero and the phase within half a turn of its guess."""
    time = np.linspace(0.0, 9.0, 90)
    wave = 1.0 - 2.0 * np.sin(2 * np.pi * 0.7 * time) + 0.01 * np.cos(31 * time)
    data = pm.Data({"time": time, "signal": wave}, inputs="time", output="signal")
    fit = pm.fit(sine.READY, data)
    assert fit.estimate["amplitude"] == pytest.approx(2.0, abs=0.01)
    assert abs(fit.estimate["phase"]) == pytest.approx(np.pi, abs=0.02)
    assert not any("another" in doubt or "1 more solution" in doubt for doubt in fit.doubts)


def test_a_phase_wants_time_zero_near():
    time = np.linspace(2_450_000.0, 2_450_010.0, 40)
    data = pm.Data({"time": time, "signal": np.sin(time)}, inputs="time", output="signal")
    with pytest.raises(ModelError, match="phase is where the wave is at time zero, and the data lie far away"):
        sine.READY.problem(data)


def test_aliases_of_even_times():
    found = pm.models.oscillators.aliases(np.arange(0.0, 20.0, 0.5), 0.3)
    assert found.nyquist == pytest.approx(1.0)
    assert found.found[0].frequency == pytest.approx(1.7)
    assert found.found[0].likeness == pytest.approx(1.0)
    time = np.arange(0.0, 20.0, 0.5)
    np.testing.assert_allclose(np.cos(2 * np.pi * 1.7 * time), np.cos(2 * np.pi * 0.3 * time), atol=1e-12)
    assert "even times, Nyquist frequency 1)" in repr(found)
    assert found.table()[0]["period"] == pytest.approx(1 / 1.7)


def test_aliases_of_nights():
    """Observed once a night, give or take an hour or two: a day is what can hardly be told."""
    generator = np.random.default_rng(4)
    time = np.arange(40.0) + generator.uniform(-0.06, 0.06, 40)
    found = pm.models.oscillators.aliases(time, 0.23)
    assert found.nyquist is None
    assert found.found[0].likeness < 0.99
    assert {round(each.frequency, 2) for each in found.found[:2]} == {0.77, 1.23}
    share = abs(np.exp(2j * np.pi * found.found[0].sampling * time).mean()) ** 2
    assert found.found[0].likeness == pytest.approx(share, rel=1e-3)


def test_aliases_of_an_even_series_with_gaps():
    time = np.array([0, 1, 2, 4, 5, 7, 8, 10, 11, 13.0])
    found = pm.models.oscillators.aliases(time, 0.23)
    assert found.nyquist == pytest.approx(0.5)
    assert found.found[0].frequency == pytest.approx(0.77)


@pytest.mark.parametrize(
    ("time", "frequency", "message"),
    [
        ("x", 0.3, 'aliases takes a list of times; "x" came'),
        ([1.0, 1.0, 2.0], 0.3, "three different times or more; 2 came"),
        ([1.0, 2.0, 3.0], 0.0, "asks about a frequency above zero; 0 came"),
        ([1.0, 2.0, 3.0], float("nan"), "asks about a frequency above zero; nan came"),
    ],
)
def test_what_aliases_refuses(time, frequency, message):
    with pytest.raises(DataError, match=message):
        pm.models.oscillators.aliases(time, frequency)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "make"),
    [
        (fitzhugh_nagumo, "nerve"),
        (goodwin, "gene"),
        (hes1, "dense"),
        (repressilator, "three_genes"),
        (triode, "triode"),
    ],
    ids=["fitzhugh_nagumo", "goodwin", "hes1", "repressilator", "van_der_pol"],
)
def test_ten_noise_seeds_of_differential_equations(module, make):
    """One start from the guess meets the truth within four errors for ten of ten."""
    for seed in range(10):
        fit = pm.fit(module.READY.problem(getattr(module, make)(seed)), starts=1)
        for name, value in module._TRUTH.items():
            if value > 0.01:  # what begins at nearly zero ends on its bound, where it has no error
                assert abs(fit.estimate[name] - value) < 4 * fit.standard_error[name], (seed, name)
