"""Kernels on disk: the second process compiles nothing and gives the same numbers; a bad file is no trouble."""

import functools
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import parametra as pm
from parametra.maths import kernel_store
from parametra.nouns import content_digest
from parametra.nouns.asker import Want
from parametra.nouns.content_digest import Unknown, digest_of
from parametra.runs import _kernel
from parametra.runs._kernel_digest import statement_digest
from parametra.runs.compiled import Compiled, compilations, traceable
from parametra.runs.cost import Cost

T = np.linspace(0.1, 2, 20)


def model(t, a, k):
    return a * np.exp(-k * t)


def problem(function=model, shift=0.0, **more):
    columns = {"t": T, "y": model(T, 2.0, 1.0) + shift}
    parameters = {"a": pm.Real(guess=1.5), "k": pm.Log(0.1, 10, guess=2.0)}
    return pm.Problem(function, pm.Data(columns, inputs=["t"], output="y", sigma=0.1), parameters, **more)


POINTS = np.array([[1.0, 0.2], [2.0, -0.3], [2.5, 0.1]])


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder of one's own for each test, and a process that knows no kernel."""
    monkeypatch.setenv("PARAMETRA_CACHE", str(tmp_path))
    monkeypatch.setattr(_kernel, "_kernels", type(_kernel._kernels)())
    return tmp_path / "kernels"


def normal(one=None):
    return Compiled(traceable(one or problem()), Cost(True)).evaluate(POINTS, Want.NORMAL)


def forget():
    _kernel._kernels.clear()


PROGRAM = """
import json, sys
sys.path.insert(0, {here!r})
import numpy as np, parametra as pm
from parametra.nouns.asker import Want
from parametra.runs.compiled import Compiled, compilations, traceable
from parametra.runs.cost import Cost
from parametra.nouns import content_digest
from program_model import model

content_digest._own_stamp = tuple  # whoever edits the package while its tests run is no part of this test

def main():
    rows = []
    for stated in (model, "a * sin(3 * t) * exp(-k * t)"):
        t = np.linspace(0.1, 2, 20)
        table = pm.Data({{"t": t, "y": np.cos(t)}}, inputs=["t"], output="y", sigma=0.1)
        problem = pm.Problem(stated, table, {{"a": 1.5, "k": pm.Log(0.1, 10, guess=2.0)}})
        compiled = Compiled(traceable(problem), Cost(True))
        x = np.array([[1.0, 0.2], [2.0, -0.3]])
        answers = [compiled.evaluate(x, want) for want in (Want.NORMAL, Want.JACOBIAN, Want.GRADIENT)]
        found = [answers[0].normal, answers[1].jacobian, answers[2].cost]
        rows.append([array.tobytes().hex() for array in found])
    print(json.dumps([rows, compilations(), "jax" in sys.modules]))

main()
"""


def test_the_second_process_compiles_nothing_and_does_not_even_load_jax(tmp_path):
    (tmp_path / "program_model.py").write_text(
        "import numpy as np\n\ndef model(t, a, k):\n    return a * np.exp(-k * t) + np.sin(k * t)\n"
    )
    (tmp_path / "program.py").write_text(PROGRAM.format(here=str(tmp_path)))

    def run(**settings):
        done = subprocess.run(
            [sys.executable, str(tmp_path / "program.py")],
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return json.loads(done.stdout)

    first, second = run(), run()
    assert first[1:] == [12, True]
    assert second == [first[0], 0, False]
    assert run(XLA_FLAGS="--xla_cpu_enable_fast_min_max=false")[1] == 12  # other settings of XLA, other code
    assert run(PARAMETRA_CACHE="off")[1:] == [12, True]


def test_a_kernel_from_disk_gives_the_same_numbers(folder):
    wanted = normal()
    count = compilations()
    forget()
    found = normal()
    assert compilations() == count
    np.testing.assert_array_equal(found.normal, wanted.normal)
    np.testing.assert_array_equal(found.cost, wanted.cost)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def shorter(path):
    path.write_bytes(path.read_bytes()[:-7])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


def foreign(path):
    path.write_text("something else altogether")


def not_code(path):
    key = path.name.removesuffix(".kernel")
    head, parts = kernel_store.read(key)
    kernel_store.write(key, head, [b"no machine code"] * len(parts))


def another_head(path):
    key = path.name.removesuffix(".kernel")
    _, parts = kernel_store.read(key)
    kernel_store.write(key, {}, parts)


def writable_by_all(path):
    path.chmod(0o666)


@pytest.mark.parametrize("spoil", [shorter, flipped, empty, foreign, not_code, another_head, writable_by_all])
def test_a_spoilt_file_is_ignored_and_written_again(spoil, folder):
    wanted = normal()
    count = compilations()
    for path in folder.iterdir():
        spoil(path)
    forget()
    np.testing.assert_array_equal(normal().normal, wanted.normal)
    assert compilations() == count + 2
    forget()
    normal()
    assert compilations() == count + 2


def test_a_folder_that_others_may_write_to_is_not_trusted(folder):
    normal()
    folder.chmod(0o777)
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    count = compilations()
    forget()
    normal()
    assert compilations() == count + 2
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_folder_that_cannot_be_is_no_trouble(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PARAMETRA_CACHE", str(tmp_path / "file"))
    assert normal().ok.all()


def test_nothing_is_kept_when_it_is_off(folder, monkeypatch):
    monkeypatch.setenv("PARAMETRA_CACHE", "off")
    normal()
    assert kernel_store.folder() is None
    assert kernel_store.read("a") is None
    assert not folder.exists()


def test_the_oldest_are_removed(folder, monkeypatch):
    monkeypatch.setattr(kernel_store, "MOST_BYTES", 3500)
    now = time.time()
    for i, key in enumerate("abc"):
        kernel_store.write(key, {"i": i}, [bytes(1000)])
        os.utime(folder / f"{key}.kernel", (now - 100 + i, now - 100 + i))
    assert kernel_store.read("a") == ({"i": 0}, [bytes(1000)])  # and is the youngest again
    kernel_store.write("d", {}, [bytes(1000)])
    assert [key for key in "abcd" if kernel_store.read(key)] == ["a", "c", "d"]


def test_many_processes_may_write_the_same_file(folder):
    program = (
        "from parametra.maths import kernel_store as s\nfor i in range(60): s.write('k', {'i': 1}, [b'x' * 100_000])"
    )
    running = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    seen = 0
    while any(one.poll() is None for one in running):
        found = kernel_store.read("k")
        seen += found is not None
        assert found in (None, ({"i": 1}, [b"x" * 100_000]))
    assert [one.returncode for one in running] == [0, 0, 0]
    assert seen
    assert [path.name for path in folder.iterdir()] == ["k.kernel"]


@pytest.mark.parametrize(
    ("system", "settings", "place"),
    [
        ("linux", {"HOME": "/h"}, "/h/.cache/parametra/kernels"),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "/x"}, "/x/parametra/kernels"),
        ("linux", {"HOME": "/h", "XDG_CACHE_HOME": "not/absolute"}, "/h/.cache/parametra/kernels"),
        ("darwin", {"HOME": "/h"}, "/h/Library/Caches/parametra/kernels"),
        ("win32", {"HOME": "/h", "LOCALAPPDATA": "/l"}, "/l/parametra/Cache/kernels"),
        ("linux", {"HOME": "/h", "PARAMETRA_CACHE": "/mine"}, "/mine/kernels"),
    ],
)
def test_where_kernels_are(system, settings, place, monkeypatch):
    for name in ("PARAMETRA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(kernel_store.sys, "platform", system)
    assert kernel_store.folder() == Path(place)


# ---- what a kernel depends on

POWER = 2.0


def square(t, a):
    return a * t**POWER


def outer(t, a):
    return square(t, a) + math.pi * np.sin(t) + sum(POWER for _ in range(3))


def with_cell(power):
    return lambda t, a: a * t**power


def test_a_function_is_what_it_does(monkeypatch):
    before = digest_of(outer)
    assert digest_of(outer) == before
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[__name__], "POWER", 3.0)
        assert digest_of(outer) != before
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules[__name__], "square", lambda t, a: a * t**POWER)
        assert digest_of(outer) != before
    assert digest_of(outer) == before
    made = [lambda t, a, p=p: a * t**p for p in (1, 2)]
    assert digest_of(made[0]) != digest_of(made[1])
    cells = [with_cell(p) for p in (1, 2)]
    assert digest_of(cells[0]) != digest_of(cells[1])
    assert digest_of(functools.partial(square, a=1)) != digest_of(functools.partial(square, a=2))
    assert digest_of(np.array([1.0, 2.0])) != digest_of(np.array([[1.0, 2.0]]))
    assert digest_of((1, "1"), ("1", 1)) != digest_of(("1", 1), (1, "1"))


class Thing:
    value = 1.0


THING = Thing()
DOUBTFUL = {
    "random numbers": lambda t, a: a * np.random.normal(size=3),  # noqa: NPY002
    "a file": lambda t, a: a * np.loadtxt("x"),
    "open": lambda t, a: open("x"),  # noqa: PTH123, SIM115
    "a clock": lambda t, a: a * time.time(),
    "an object": lambda t, a: a * THING.value,
    "a class": lambda t, a: Thing(),
    "a transformed function": jax.vmap(jnp.sin),
    "a compiled function": jax.jit(square),
    "a builtin that may do anything": lambda t, a: eval("a"),  # noqa: S307
    "a name that is nowhere": lambda t, a: nowhere * a,
    "an array of objects": np.array([THING]),
}


def importing(t, a):
    import os

    return a * len(os.environ)


@pytest.mark.parametrize("what", sorted(DOUBTFUL))
def test_what_cannot_be_told_has_no_digest(what):
    with pytest.raises(Unknown):
        digest_of(DOUBTFUL[what])
    with pytest.raises(Unknown):
        digest_of(importing)


def test_a_model_without_a_digest_is_known_by_its_trace():
    thing = Thing()

    def by_object(t, a, k):
        return thing.value * a * np.exp(-k * t)

    assert statement_digest(problem(by_object)) is None
    wanted = normal(problem(by_object))
    count = compilations()
    forget()
    np.testing.assert_array_equal(normal(problem(by_object)).normal, wanted.normal)
    assert compilations() == count
    thing.value = 2.0
    forget()
    found = normal(problem(by_object))
    assert compilations() == count + 2
    np.testing.assert_allclose(found.normal[:, 0, 0], 4 * wanted.normal[:, 0, 0], rtol=1e-13)


def test_statements_that_compute_the_same_have_one_digest():
    one = statement_digest(problem())
    assert statement_digest(problem(shift=1.0)) == one
    assert statement_digest(problem(noise=pm.StudentT())) != one
    other = problem()
    other = pm.Problem(model, other.data_sets, {"a": pm.Real(-5, 50), "k": pm.Log(0.2, 8)})
    assert statement_digest(other) == one
    assert statement_digest(pm.Problem(model, other.data_sets, {"a": pm.Real(), "k": pm.Positive()})) != one
    assert statement_digest(pm.Problem(model, other.data_sets, {"a": pm.Real(), "k": pm.Fixed(2.0)})) != one


def test_other_surroundings_other_kernels(monkeypatch):
    before = content_digest.surroundings.__wrapped__()
    assert content_digest.surroundings.__wrapped__() == before
    for target, value in (("_processor", lambda: ("other",)), ("_own_stamp", lambda: ("other",)), ("VERSION", "0")):
        with monkeypatch.context() as patch:
            patch.setattr(content_digest, target, value)
            assert content_digest.surroundings.__wrapped__() != before
    monkeypatch.setenv("XLA_FLAGS", "--xla_dump_to=x")
    assert content_digest.surroundings.__wrapped__() != before
