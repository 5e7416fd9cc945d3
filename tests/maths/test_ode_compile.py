import jax
import jax.numpy as jnp
import numpy as np

from parametra.maths import ode_compile
from parametra.maths.ode_compile import compiled


def loop(x, count):
    grown = jax.lax.fori_loop(0, count, lambda _, y: jnp.sin(y) + 0.1 * y * y, x)
    return grown, count + 1


def test_a_loop_is_one_function_in_64_bits():
    run = compiled(lambda: loop, ((8,), np.float64), ((), np.int64))
    assert isinstance(run, ode_compile._Native)
    x, count = np.linspace(0.0, 1.0, 8), 5
    wanted = x.copy()
    for _ in range(count):
        wanted = np.sin(wanted) + 0.1 * wanted * wanted
    grown, after = run(x, count)
    np.testing.assert_allclose(grown, wanted, rtol=1e-14)
    assert grown.dtype == np.float64
    assert after == count + 1
    # nobody's settings have changed
    assert jnp.ones(1).dtype == np.float32
    text = run._loaded.hlo_modules()[0].to_string()
    assert " call(" in text
    assert " fusion(" not in text


def test_without_the_settings_the_numbers_are_the_same(monkeypatch):
    def missing():
        raise AttributeError("CompileOptions")

    run = compiled(lambda: loop, ((8,), np.float64), ((), np.int64))
    monkeypatch.setattr(ode_compile, "_settings", missing)
    other = compiled(lambda: loop, ((8,), np.float64), ((), np.int64))
    assert isinstance(other, ode_compile._Usual)
    x = np.linspace(0.0, 1.0, 8)
    for one, two in zip(run(x, 5), other(x, np.int64(5)), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-14)


def test_whole_numbers_are_written_as_protocol_buffers_do():
    assert ode_compile._count(300) == b"\xac\x02"
    assert ode_compile._message(2, b"testing") == b"\x12\x07testing"
