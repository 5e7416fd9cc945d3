"""The scaling laws: conformance, what the papers promise on synthetic tables, the functions beside them, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

import parametra as pm
from parametra.catalogue import models
from parametra.models import scaling_law
from parametra.models.scaling_law import adoption, chinchilla, loss_trajectory, sparsity, training_time
from parametra.models.scaling_law._simulated import losses
from parametra.models.scaling_law._wanted import number
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, ModelError, NoiseError
from parametra.testing.check_model import check_model

SHAPE = scaling_law.transformer_cost(depth=2, width=64, tokens=256)
MODELS = [name for name in models() if name.startswith("scaling_law.")]


def test_the_shelf_is_whole():
    wanted = (
        "adoption chinchilla critical_batch learning_curve loss_trajectory power_law sparsity timescale training_time"
    )
    assert [name.removeprefix("scaling_law.") for name in MODELS] == wanted.split()


@pytest.mark.parametrize("name", MODELS)
def test_it_conforms(name):
    assert check_model(pm.model(name)) == []


def _ugly(ready, rows):
    """Tables that no fit could use: one row, equal rows, unsorted ones, zeros and negatives among the values."""
    form = ready.bare_form()
    for inputs, output in rows:
        table = {name: np.asarray(inputs, dtype=float) for name in form.inputs}
        yield Data(
            {**table, next(iter(form.outputs)): np.asarray(output, dtype=float)},
            inputs=list(table),
            output=next(iter(form.outputs)),
        )


@pytest.mark.parametrize("name", MODELS)
def test_guesses_stay_finite_and_inside_on_ugly_data(name):
    ready = pm.model(name)
    share = name.endswith("sparsity")
    rows = [([0.5], [1.0]), ([0.2] * 4, [3.0] * 4), ([0.9, 0.1, 0.5], [1e-9, 1e9, 1.0])]
    rows = rows if share else [*rows, ([5.0, 0.0, 3.0], [1.0, 0.0, -2.0]), ([1e30, 1e-30], [1e20, 1e-20])]
    for data in _ugly(ready, rows):
        found = ready.guess(data)
        space = ready.form.parameters if not callable(ready.form) else ready.bare_form().parameters
        for label, value in found.items():
            assert math.isfinite(value), (label, value)
            lower, upper = getattr(space[label], "lower", None), space[label].upper
            assert (lower is None or value >= lower) and (upper is None or value <= upper), (label, value)


def _five_per_cent(fit, truth, labels, within=0.05):
    for label in labels:
        assert fit.estimate[label] == pytest.approx(truth[label], rel=within), label


def test_constants_of_a_trajectory_come_back_and_foretell_a_network_thirty_times_larger():
    """Logs of small networks with 0.1 % scatter: exponents and scales to 5 %, the large network's curve to 2 %."""
    truth = loss_trajectory._TRUTH
    sizes, batches, steps = np.logspace(6, 7.8, 8), 2.0 ** np.arange(15, 23), np.logspace(2.3, 5.3, 30)
    parameters, batch, step = (each.ravel() for each in np.meshgrid(sizes, batches, steps, indexing="ij"))
    expected = np.asarray(loss_trajectory.loss(parameters, step, batch, **truth))
    observed = losses(expected, np.random.default_rng(55), scatter=0.001, heavy=False)
    table = {"parameters": parameters, "step": step, "batch": batch, "loss": observed}
    fit = pm.fit(
        pm.model("scaling_law.loss_trajectory"),
        pm.Data(table, inputs=["parameters", "step", "batch"], output="loss"),
        starts=1,
    )
    _five_per_cent(fit, truth, truth)
    large = {name: float(fit.estimate[name]) for name in truth}
    course = np.logspace(2.5, 6, 40)
    far = loss_trajectory.loss(30 * sizes[-1], course, 2.0**20, **large)
    np.testing.assert_allclose(far, loss_trajectory.loss(30 * sizes[-1], course, 2.0**20, **truth), rtol=0.02)


@pytest.mark.parametrize("batch", [1.0, 1e4, 1e12])
def test_the_loss_of_a_trajectory_solves_its_equation(batch):
    t = loss_trajectory._TRUTH
    found = float(loss_trajectory.loss(1e8, 4e3, batch, **t))
    waits = 1 + t["batch_scale"] / batch * found ** (-1 / t["batch_exponent"])
    right = (t["parameter_scale"] / 1e8) ** t["parameter_exponent"]
    right += (t["step_scale"] * waits / 4e3) ** t["step_exponent"]
    assert found == pytest.approx(right, rel=1e-12)


def test_the_timescale_comes_back_and_gives_the_weight_decay():
    ready = pm.model("scaling_law.timescale")
    sweeps = ready.known[0].data()
    expected = 1.1 * (sweeps.inputs["tokens"] / sweeps.inputs["parameters"]) ** -0.5
    drawn = losses(expected, np.random.default_rng(118), scatter=0.02, heavy=False)
    fit = pm.fit(
        ready, pm.Data({**sweeps.inputs, "timescale": drawn}, inputs=["tokens", "parameters"], output="timescale")
    )
    _five_per_cent(fit, {"coefficient": 1.1, "exponent": -0.5}, ["coefficient", "exponent"])
    one = scaling_law.best_weight_decay(0.25, batch=1e6, learning_rate=2e-3, tokens=1e10)
    assert one == pytest.approx(0.2)
    assert scaling_law.best_weight_decay(0.25, batch=2e6, learning_rate=2e-3, tokens=1e10) == pytest.approx(2 * one)


def _courses(number, generator):
    time = np.arange(0.0, 735.0, 7.0)
    for _ in range(number):
        truth = {
            "immediacy": float(generator.uniform(60, 200)),
            "longevity": float(generator.uniform(0.7, 1.2)),
            "fitness": float(generator.uniform(3.5, 6.0)),
        }
        expected = np.array([0.0, *adoption.expected_count(time[1:], **truth)])
        yield time, np.cumsum([0, *generator.poisson(np.diff(expected))]).astype(float), truth


@pytest.mark.parametrize("courses", [3, pytest.param(16, marks=pytest.mark.slow)])
def test_adoption_comes_back_describes_most_courses_and_flags_planted_jumps(courses):
    ready, generator = pm.model("scaling_law.adoption"), np.random.default_rng(139)
    described, far = [], []
    for k, (time, count, truth) in enumerate(_courses(courses, generator)):
        new = pm.Data(
            {"since": time[:-1], "time": time[1:], "count": np.diff(count)}, inputs=["since", "time"], output="count"
        )
        fit = pm.fit(ready.problem(new, counts="new"), starts=1)
        far += [abs(fit.estimate[name] / value - 1) for name, value in truth.items()]
        data = pm.Data({"time": time[1:], "count": count[1:]}, inputs=["time"], output="count")
        whole = pm.fit(ready.problem(data), starts=1)
        curve = adoption.expected_count(time[1:], *(float(whole.estimate[n]) for n in truth))
        described.append(scaling_law.r_squared(count[1:], curve))
        assert scaling_law.abrupt_jumps(count[1:], curve) == (), k
        jumped = np.where(time[1:] > 400, count[1:] + 0.8 * count[-1], count[1:])
        again = pm.fit(
            ready.problem(pm.Data({"time": time[1:], "count": jumped}, inputs=["time"], output="count")), starts=1
        )
        bent = adoption.expected_count(time[1:], *(float(again.estimate[n]) for n in truth))
        found = scaling_law.abrupt_jumps(jumped, bent)
        assert found[0].index == int(np.searchsorted(time[1:], 400, side="right")), k
    assert np.mean(np.array(described) >= 0.95) == 1.0
    assert max(far) < 0.1


def test_the_optimal_sparsity_comes_back():
    ready = pm.model("scaling_law.sparsity")
    fit = pm.fit(ready, ready.known[0].data(), starts=4)
    for parameters, compute in ((1e9, 1e20), (1e10, 1e21), (3e10, 3e21)):
        wanted = scaling_law.optimal_sparsity(sparsity._TRUTH, parameters, compute)
        found = scaling_law.optimal_sparsity(fit.estimate, parameters, compute)
        assert not wanted.at_edge
        assert found.sparsity == pytest.approx(wanted.sparsity, rel=0.05)
        assert found.loss == pytest.approx(wanted.loss, rel=0.01)


def test_the_optimal_sparsity_is_that_of_a_fine_grid():
    t, parameters, compute = sparsity._TRUTH, 1e10, 1e21
    best = scaling_law.optimal_sparsity(t, parameters, compute)
    active = np.geomspace(1e-3, 1, 200_001)
    tokens = compute / (6 * parameters * active)
    loss = t["B"] / tokens ** t["beta"] + t["C"] * active ** -t["sparsity_exponent"]
    loss = loss + t["G"] * active ** -t["joint_sparsity_exponent"] / parameters ** t["joint_exponent"]
    assert 1 - best.sparsity == pytest.approx(active[np.argmin(loss)], rel=1e-3)
    assert scaling_law.optimal_sparsity(t, parameters, compute, highest=0.01).at_edge


def test_the_compute_optimum_is_that_of_a_fine_grid():
    law = chinchilla.REFITTED
    best = scaling_law.compute_optimal(law, 5.76e23)
    parameters = np.geomspace(1e9, 1e13, 400_001)
    loss = law["A"] / parameters ** law["alpha"] + law["B"] / (5.76e23 / 6 / parameters) ** law["beta"]
    assert best.parameters == pytest.approx(parameters[np.argmin(loss)], rel=1e-3)
    assert best.loss == pytest.approx(law["E"] + loss.min(), rel=1e-9)
    assert 6 * best.parameters * best.tokens == pytest.approx(5.76e23)
    assert "tokens (" in str(best)


def test_a_target_has_a_size_with_an_error():
    ready = pm.model("scaling_law.power_law", target=0.02)
    fit = pm.fit(ready, ready.known[0].data(), starts=1)
    offset, scale, exponent = (float(fit.estimate[name]) for name in ("offset", "scale", "exponent"))
    assert offset + scale * fit.estimate["required_size"] ** exponent == pytest.approx(0.02)
    assert 0 < fit.standard_error["required_size"] < 0.2 * fit.estimate["required_size"]
    curve = pm.model("scaling_law.learning_curve", target=0.1)
    found = pm.fit(curve, curve.known[0].data(), starts=1)
    e = found.estimate
    there = e["floor"] + (e["chance"] - e["floor"]) * (1 + e["required_examples"] / e["onset"]) ** -e["exponent"]
    assert there == pytest.approx(0.1)


def test_a_target_below_the_floor_takes_an_endless_size():
    for name, target, quantity in (
        ("power_law", 0.005, "required_size"),
        ("learning_curve", 0.01, "required_examples"),
    ):
        ready = pm.model(f"scaling_law.{name}", target=target)
        fit = pm.fit(ready, ready.known[0].data(), starts=1)
        assert fit.estimate[quantity] == math.inf
        assert f"{quantity}  inf" in str(fit).replace("    ", "  ")
    ready = pm.model("scaling_law.learning_curve", target=0.99)
    assert pm.fit(ready, ready.known[0].data(), starts=1).estimate["required_examples"] == 0.0


def test_the_examples_of_a_target_reach_it():
    ready = pm.model("scaling_law.learning_curve", target=0.05)
    e = pm.fit(ready, ready.known[0].data(), starts=1).estimate
    error = e["floor"] + (e["chance"] - e["floor"]) * (1 + e["required_examples"] / e["onset"]) ** -e["exponent"]
    assert error == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("chinchilla", {"parameters": 0.0}, r'above zero; "parameters" in row 2 of the data "data" is 0\.'),
        ("chinchilla", {"tokens": -1.0}, '"tokens" in row 2'),
        ("power_law", {"size": -3.0}, '"size" in row 2 of the data "data" is -3'),
        ("learning_curve", {"examples": -1.0}, "from zero on"),
        ("critical_batch", {"batch": 0.0}, "above zero"),
        ("timescale", {"tokens": 0.0}, "above zero"),
        ("loss_trajectory", {"step": 0.0}, "above zero"),
        ("sparsity", {"tokens": 0.0}, "above zero"),
        ("sparsity", {"sparsity": 1.0}, 'below 1; row 2 of the data "data" has 1'),
        ("training_time", {"copies": -1.0}, "from zero on"),
        ("adoption", {"time": -1.0}, "from zero on"),
    ],
)
def test_sizes_that_no_law_has_a_value_for_are_refused(name, row, words):
    ready = pm.model(f"scaling_law.{name}")
    form = ready.bare_form()
    table = {each: [0.5, row.get(each, 0.5), 0.6] for each in form.inputs}
    (output,) = form.outputs
    data = pm.Data({**table, output: [1.0, 2.0, 3.0]}, inputs=list(table), output=output)
    with pytest.raises(DataError, match=words):
        ready.problem(data)


def test_a_constant_size_is_checked_too():
    table = {"tokens": [1.0, 2.0], "loss": [3.0, 2.0]}
    fixed = pm.Data(table, inputs=["tokens"], output="loss", constants={"parameters": 0.0})
    with pytest.raises(DataError, match="row 1"):
        pm.model("scaling_law.chinchilla").problem(fixed)


def test_units_follow_those_of_the_value():
    size = np.logspace(1, 4, 12)
    seconds = losses(2 + 30 * size**-0.5, np.random.default_rng(3), scatter=0.01, heavy=False)
    data = pm.Data({"size": size, "value": seconds}, inputs=["size"], output="value", units={"size": "1", "value": "s"})
    form = pm.model("scaling_law.power_law").form_of(data)
    assert {k: p.unit for k, p in form.parameters.items()} == {"scale": "s", "offset": "s", "exponent": "1"}
    assert pm.fit(pm.model("scaling_law.power_law"), data, starts=1).estimate["scale"] == pytest.approx(30, rel=0.2)

    ready = pm.model("scaling_law.chinchilla")
    runs = ready.known[0].data()
    columns = {**runs.inputs, "loss": runs.outputs["loss"]}
    units = {"parameters": "1", "tokens": "1", "loss": "s"}
    timed = pm.Data(columns, inputs=["parameters", "tokens"], output="loss", units=units)
    assert [ready.form_of(timed).parameters[k].unit for k in "EAB"] == ["s", "s", "s"]
    ready.problem(timed)


def test_the_shape_for_a_time_is_the_best_of_those_offered():
    shapes = [scaling_law.transformer_cost(depth=d, width=w, tokens=4096) for d in (2, 8) for w in (64, 256, 1024)]
    found = scaling_law.best_for_time(chinchilla.REFITTED, lambda s: 1e-3 + 1e-9 * s.copies, shapes, 3600.0)
    assert found.loss == min(found.losses)
    assert shapes.index(found.shape) not in (0, len(shapes) - 1)
    longer = scaling_law.best_for_time(chinchilla.REFITTED, lambda s: 1e-3 + 1e-9 * s.copies, shapes, 3.6e6)
    assert longer.shape.parameters > found.shape.parameters
    assert longer.tokens > found.tokens


def test_a_shape_counts_what_it_is_made_of():
    shape = scaling_law.transformer_cost(depth=3, width=64, tokens=256)
    assert shape.parameters == 12 * 3 * 64**2
    assert shape.flops == 6 * shape.parameters * 256 + 12 * 3 * 256 * 128 * 64
    twice = scaling_law.transformer_cost(depth=6, width=64, tokens=256)
    assert twice.copies == 2 * shape.copies


def test_runs_that_an_interval_needs_and_claims_that_refits_reject():
    assert scaling_law.runs_needed(240, (0.49, 0.54), (0.454, 0.455)) == pytest.approx(240 * 50**2)
    ready = pm.model("scaling_law.chinchilla")
    problem = ready.problem(ready.known[0].data())
    refits = pm.bootstrap(problem, kind="case", replicates=100)
    truth = scaling_law.rejection(refits, chinchilla.REFITTED, logarithms=("A", "B", "E"))
    false = scaling_law.rejection(refits, {**chinchilla.REFITTED, "E": 1.5}, logarithms=("A", "B", "E"))
    assert truth.degrees_of_freedom == 5
    assert truth.p_value > 1e-3 > false.p_value
    assert false.deviations["E"] < -4
    alone = scaling_law.rejection(refits, {"alpha": 0.3})
    assert alone.chi_square == pytest.approx(alone.deviations["alpha"] ** 2)
    with pytest.raises(ModelError, match="Ask for more replicates"):
        scaling_law.rejection(dataclasses.replace(refits, replicates=refits.replicates[:4]), chinchilla.REFITTED)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scaling_law.compute_optimal({"E": 1.0}, 1e20), "A, B, alpha, beta did not come"),
        (lambda: scaling_law.compute_optimal(chinchilla.REFITTED, 0.0), "FLOP is a number above zero; came 0.0"),
        (lambda: scaling_law.optimal_sparsity({"E": 1.0}, 1e9, 1e20), "lack"),
        (
            lambda: scaling_law.optimal_sparsity(sparsity._TRUTH, -1.0, 1e20),
            "parameters is a number above zero; came -1.0",
        ),
        (
            lambda: scaling_law.best_weight_decay(0.0, batch=1.0, learning_rate=1.0, tokens=1.0),
            "timescale is a number above zero; came 0.0",
        ),
        (lambda: scaling_law.transformer_cost(depth=0, width=4, tokens=4), "depth=0"),
        (lambda: scaling_law.best_for_time(chinchilla.REFITTED, lambda s: 1.0, [], 1.0), "0 shapes"),
        (lambda: scaling_law.compute_optimal({**chinchilla.REFITTED, "A": -1.0}, 1e20), '"A" is a number above zero'),
        (lambda: scaling_law.compute_optimal({**chinchilla.REFITTED, "alpha": 0.0, "beta": 0.0}, 1e20), '"alpha" is a'),
        (lambda: number("compute", "1e20"), "compute is a number above zero; came '1e20'"),
        (lambda: scaling_law.optimal_sparsity(sparsity._TRUTH, 1e9, 1e20, highest=1.0), "highest between 0 and 1"),
        (lambda: scaling_law.transformer_cost(depth=2.5, width=4, tokens=4), r"whole numbers of 1 or more; depth=2\.5"),
        (lambda: scaling_law.best_for_time({"E": 1.0}, lambda s: 1.0, [SHAPE], 1.0), "A, B, alpha, beta did not come"),
        (
            lambda: scaling_law.best_for_time(chinchilla.REFITTED, lambda s: 0.0, [SHAPE], 1.0),
            "seconds of a step, is a",
        ),
        (lambda: scaling_law.best_for_time(chinchilla.REFITTED, lambda s: 1.0, [SHAPE], 0.0), "time, in seconds, is a"),
        (lambda: scaling_law.r_squared([1.0], [1.0]), "two or more"),
        (lambda: scaling_law.r_squared([1.0, 1.0], [1.0, 2.0]), "all the same"),
        (lambda: scaling_law.runs_needed(240, (1.0, 1.0), (0.0, 1.0)), "both widths"),
        (
            lambda: pm.model("scaling_law.chinchilla").bare_form(threshold=-1.0),
            '"threshold" of "scaling_law.chinchilla"',
        ),
        (lambda: pm.model("scaling_law.adoption").bare_form(reference=0.0), '"reference" of'),
        (lambda: pm.model("scaling_law.power_law").bare_form(target=-2.0), '"target" of'),
        (lambda: pm.model("scaling_law.learning_curve").bare_form(target=0.0), '"target" of'),
        (lambda: pm.model("scaling_law.learning_curve").bare_form(target=math.inf), '"target" of'),
        (lambda: pm.model("scaling_law.power_law").bare_form(target=math.inf), '"target" of'),
        (lambda: pm.model("scaling_law.training_time").bare_form(proxy="hope"), "is one of 'copies', 'flops', 'both'"),
    ],
)
def test_what_cannot_be_is_refused_in_words(call, words):
    with pytest.raises(ModelError, match=words):
        call()


def test_losses_below_zero_are_refused():
    data = pm.Data(
        {"parameters": [1e6, 1e7], "tokens": [1e8, 1e9], "loss": [3.0, -1.0]},
        inputs=["parameters", "tokens"],
        output="loss",
    )
    with pytest.raises(NoiseError, match="above zero"):
        pm.model("scaling_law.chinchilla").problem(data)


def test_both_proxies_tell_copies_from_operations():
    ready = pm.model("scaling_law.training_time", proxy="both")
    fit = pm.fit(ready, training_time.simulated_with_flops(), starts=1)
    _five_per_cent(fit, {"time_per_copy": 1e-9, "time_per_flop": 1e-11}, ["time_per_copy", "time_per_flop"], within=0.1)
