"""The same fit, bit for bit, wherever its calls run; and a model that misbehaves is as one that refuses politely."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import parametra as pm

T = np.linspace(0.0, 3.0, 30)
DATA = pm.Data({"y": 2.0 * np.exp(-1.3 * T) + 0.02 * np.cos(17 * T)}, inputs={"t": T}, output="y")
BOX = {"a": (0.1, 10.0), "b": (0.0, 5.0)}
LINE = {"a": pm.Fixed(2.0), "b": pm.Real(0.0, 5.0, guess=1.0)}

ROUGH = ((4.8, "exit"), (4.5, "segfault"), (4.2, "raise"), (3.9, "nan"), (3.6, "garbage"), (3.3, "memory"))
"""Above which b the model misbehaves, and how; one that hangs is tested alone, because it costs its whole limit."""


def decay(t, a, b):
    return a * np.exp(-b * t)


def misbehaved(parameters, inputs):
    """A model that does everything that a model can do wrong."""
    b = parameters["b"]
    if np.iscomplexobj(b):
        raise TypeError("real numbers only")
    how = next((how for above, how in ROUGH if b > above), "")
    if how == "exit":
        os._exit(3)
    if how == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if how == "raise":
        raise ArithmeticError("too fast")
    if how == "memory":
        return np.ones(10**11)
    if how == "garbage":
        return ["no", "numbers"]
    return np.full(T.shape, np.nan) if how == "nan" else decay(inputs["t"], **parameters)


def polite(parameters, inputs):
    """The same model, which refuses where the other misbehaves."""
    if np.iscomplexobj(parameters["b"]):
        raise TypeError("real numbers only")
    if parameters["b"] > ROUGH[-1][0]:
        raise pm.Infeasible("not here")
    return decay(inputs["t"], **parameters)


def hanging(parameters, inputs):
    """A model that hangs in one corner."""
    if np.iscomplexobj(parameters["b"]):
        raise TypeError("real numbers only")
    if parameters["b"] > 4.0:
        time.sleep(60)
    return decay(inputs["t"], **parameters)


def the_same(one, other):
    assert one.estimate == other.estimate
    assert np.array_equal(one.covariance, other.covariance)
    assert repr(one.starts) == repr(other.starts)
    assert one.receipt.evaluations == other.receipt.evaluations


@pytest.mark.parametrize("pool", [1, 2, "4"])
def test_processes(pool):
    the_same(pm.fit(decay, DATA, BOX, pool=pool), pm.fit(decay, DATA, BOX, pool="serial"))


def test_threads():
    with ThreadPoolExecutor(3) as pool:
        the_same(pm.fit(decay, DATA, BOX, pool=pool), pm.fit(decay, DATA, BOX, pool="serial"))


@pytest.mark.slow
@pytest.mark.parametrize("pool", ["dask://local:2", "ray://local:2"])
def test_clusters(pool):
    the_same(pm.fit(decay, DATA, BOX, pool=pool), pm.fit(decay, DATA, BOX, pool="serial"))


@pytest.mark.skipif(os.name == "nt", reason="its processes end in other ways")
@pytest.mark.parametrize("pool", [2, "threads"])
def test_a_model_that_misbehaves_is_as_one_that_refuses(pool):
    wish = {"method": "grid", "options": {"points": 21, "levels": 3}}  # which visits every corner once
    refused = pm.fit(polite, DATA, LINE, pool="serial", **wish)
    with ThreadPoolExecutor(2) as threads:
        where = threads if pool == "threads" else pool
        fit = pm.fit(misbehaved, DATA, LINE, pool=where, memory="4 GB", **wish)
    the_same(fit, refused)
    reasons = " ".join(fit.receipt.failures)
    for words in ("exit code 3", "SIGSEGV", "ArithmeticError: too fast", "NaN", "numbers are wanted", "memory"):
        assert words in reasons
    assert fit.estimate["b"] == pytest.approx(1.3, abs=0.1)


def test_a_model_that_hangs_costs_its_limit_and_no_more():
    began = time.monotonic()
    fit = pm.fit(hanging, DATA, {"a": (0.1, 10.0), "b": pm.Real(0.0, 5.0, guess=1.0)}, timeout=0.3, starts=6)
    assert time.monotonic() - began < 50
    assert any("longer than 0.3 s" in reason for reason in fit.receipt.failures)
    assert fit.status.ok
