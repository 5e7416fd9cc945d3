"""Kernels of integrations on disk: the next process compiles nothing and gives the same bits."""

import json
import os
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import parametra as pm
from parametra.maths import kernel_store, ode_compile
from parametra.maths.ode_compile import Origin, compiled
from parametra.maths.ode_solver import make_explicit, make_rosenbrock
from parametra.nouns import _ode_compiled

T = np.linspace(0.0, 2.0, 5)
KNOWN = Origin("here", "exponential")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of one's own for each test, and a process that knows no kernel."""
    monkeypatch.setenv("PARAMETRA_CACHE", str(tmp_path))
    monkeypatch.setattr(_ode_compiled, "surroundings", lambda: "here")
    forget()
    return tmp_path / "kernels"


def forget():
    ode_compile.forget()
    _ode_compiled._solver.cache_clear()


def kernel(power=1.0, origin=KNOWN):
    def make():
        return lambda y, p: (jnp.exp(power * p * y), p)

    run = compiled(make, ((2,), np.float64), ((), np.float64), origin=origin)
    return run(np.array([1.0, -0.5]), 0.3)[0]


def counted(make):
    before = ode_compile.compiled_here
    return make(), ode_compile.compiled_here - before


def names(folder):
    return sorted(path.name for path in folder.iterdir())


PROGRAM = """
import json, sys
import numpy as np, parametra as pm
from parametra.maths import ode_compile
from parametra.nouns import content_digest
from parametra.runs.compiled import compilations

content_digest._own_stamp = tuple  # whoever edits the package while its tests run is no part of this test

ode = pm.ODE({"A": "-k * A"}, initial={"A": "dose"})
t = np.linspace(0.0, 2.0, 5)
data = pm.Data({"t": t, "A": 3 * np.exp(-0.7 * t)}, inputs="t", output="A", sigma=0.1, constants={"dose": 3})
fit = pm.fit(ode, data, {"k": (0.1, 3)}, starts=2)
print(json.dumps([fit.estimate["k"].hex(), compilations(), "jax" in sys.modules]))
"""


def test_the_second_process_compiles_nothing_and_does_not_even_load_jax():
    def run():
        command = [sys.executable, "-c", PROGRAM]
        done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first, second = run(), run()
    assert first[1] > 0
    assert second == [first[0], 0, False]


def test_a_kernel_from_disk_gives_the_same_bits(folder):
    wanted, count = counted(kernel)
    assert count == 1
    forget()
    found, count = counted(kernel)
    assert count == 0
    np.testing.assert_array_equal(found, wanted)
    np.testing.assert_allclose(found, np.exp([0.3, -0.15]), rtol=1e-14)
    assert len(names(folder)) == 1


def shorter(path):
    path.write_bytes(path.read_bytes()[:-7])


def not_code(path):
    head, parts = kernel_store.read(path.name.removesuffix(".kernel"))
    kernel_store.write(path.name.removesuffix(".kernel"), head, [b"no machine code"] * len(parts))


def another_head(path):
    _, parts = kernel_store.read(path.name.removesuffix(".kernel"))
    kernel_store.write(path.name.removesuffix(".kernel"), {}, parts)


@pytest.mark.parametrize("spoil", [shorter, not_code, another_head])
def test_a_spoilt_file_is_ignored_and_written_again(spoil, folder):
    wanted = kernel()
    for path in folder.iterdir():
        spoil(path)
    forget()
    again, count = counted(kernel)
    assert count == 1
    np.testing.assert_array_equal(again, wanted)
    forget()
    assert counted(kernel)[1] == 0


def test_another_statement_or_surrounding_has_a_kernel_of_its_own(folder):
    kernel()
    for origin in (Origin("here", "another"), Origin("elsewhere", "exponential")):
        assert counted(lambda origin=origin: kernel(origin=origin))[1] == 1
    assert len(names(folder)) == 3
    origin = KNOWN
    assert origin.of("tsit5", 3) != origin.of("tsit5", 4) != origin
    assert Origin("here").of("tsit5") == Origin("here")
    slope = lambda t, y, p: p * y
    every = [make_explicit(slope, 1, origin=origin), make_explicit(slope, 1, method="dop853", origin=origin)]
    assert len({one.origin for one in (*every, make_rosenbrock(slope, 1, origin=origin))}) == 3


def test_what_cannot_be_told_before_it_is_traced_is_told_by_the_trace(folder):
    unknown = Origin("here")
    wanted = kernel(2.0, unknown)
    forget()
    found, count = counted(lambda: kernel(2.0, unknown))
    assert count == 0
    np.testing.assert_array_equal(found, wanted)
    found, count = counted(lambda: kernel(3.0, unknown))
    assert count == 1
    np.testing.assert_allclose(found, np.exp([0.9, -0.45]), rtol=1e-14)


def test_without_an_origin_or_a_folder_nothing_is_kept(folder, monkeypatch):
    kernel(origin=None)
    assert not folder.exists()
    monkeypatch.setenv("PARAMETRA_CACHE", "off")
    kernel()
    assert not folder.exists()
    # this process still knows it
    assert counted(kernel)[1] == 0


def test_functions_outside_of_the_kernel_are_run_and_not_kept(folder):
    def solve():
        return lambda a, b: (jnp.linalg.solve(a, b),)

    run = compiled(solve, ((2, 2), np.float64), ((2,), np.float64), origin=Origin("here", "solve"))
    np.testing.assert_allclose(run(np.array([[2.0, 1.0], [0.0, 4.0]]), np.array([4.0, 8.0]))[0], [1.0, 2.0])
    assert not folder.exists()


def test_arrays_of_another_shape_are_refused():
    run = compiled(lambda: lambda a: (2 * a,), ((2,), np.float64))
    with pytest.raises(ValueError, match=r"\(2,\) was described, and one of \(3,\) came"):
        run(np.ones(3))


def slopes(t, A, k):
    return [-k * A]


@pytest.mark.parametrize("states", [{"A": "-k * A"}, slopes])
def test_the_same_ode_made_again_compiles_nothing(states):
    def found(one):
        return one({"k": np.array([[0.5 + 1e-30j], [1.0]])}, {"t": T})["A"]

    def made():
        return pm.ODE(states, initial={"A": 1.0})

    # the states alone, which tell the method, and the states with their tangents
    wanted, count = counted(lambda: found(made()))
    assert count == 2
    again, count = counted(lambda: found(made()))
    assert count == 0
    np.testing.assert_array_equal(again, wanted)
    assert counted(lambda: found(made().tightened(0.1)))[1] == 0
    # fewer times, fewer lanes
    assert counted(lambda: made()({"k": np.array([[0.5 + 1e-30j]])}, {"t": T[:3]}))[1] == 0


def test_a_function_that_reads_another_number_is_another_one():
    def made(factor):
        return pm.ODE(lambda t, A, k: [-factor * k * A], initial={"A": 1.0})({"k": 1.0}, {"t": T})["A"]

    np.testing.assert_allclose(made(1.0), np.exp(-T), rtol=1e-7)
    found, count = counted(lambda: made(2.0))
    assert count == 1
    np.testing.assert_allclose(found, np.exp(-2 * T), rtol=1e-7)
    assert counted(lambda: made(1.0))[1] == 0
