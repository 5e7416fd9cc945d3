"""A driver that is killed at any moment: the same command goes on, and loses at most what was running."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from parametra.runs.ledger import Ledger

SCRIPT = Path(__file__).with_name("killed_fit.py")
BATCH = 8 * (2 * 2 + 1)
"""Calls that can be in flight: 8 starts side by side, each with central differences of two parameters."""


def begun(folder, pool):
    environment = {**os.environ, "KILLED_FIT": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-W", "error", str(SCRIPT), str(folder), pool]
    return subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, start_new_session=True)


def finished(folder, pool):
    process = begun(folder, pool)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told.decode()
    return json.loads((folder / "found.json").read_text())


def traces(folder):
    path = folder / "calls"
    return path.stat().st_size if path.exists() else 0


def killed_until_done(folder, pool, kills, random):
    """Kill the driver so often, each time after a share of the calls that are left, and let it end then."""
    whole = 350
    for _ in range(kills):
        process = begun(folder, pool)
        enough = traces(folder) + 1 + int(random.uniform(0.0, 0.3) * whole)
        while traces(folder) < enough and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(random.uniform(0.0, 0.01))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with Ledger.open(folder / "study.db"):
            pass  # a ledger that a kill has damaged would refuse
    return finished(folder, pool)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("whole"), "serial")


def compared(folder, pool, kills, seed, undisturbed):
    random = np.random.default_rng(seed)
    found = killed_until_done(folder, pool, kills, random)
    assert {**found, "known": 0} == {**undisturbed, "known": 0}
    assert traces(folder) <= found["known"] + kills * BATCH


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize("pool", ["serial", "2"])
def test_three_kills(pool, tmp_path, undisturbed):
    compared(tmp_path, pool, 3, 1, undisturbed)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(("pool", "kills"), [("serial", 20), ("2", 20), ("dask://local:2", 10)])
def test_fifty_kills(pool, kills, tmp_path, undisturbed):
    for seed in range(kills // 2):  # two kills a study, so that each is begun, killed twice, and ended
        folder = tmp_path / str(seed)
        folder.mkdir()
        compared(folder, pool, 2, seed, undisturbed)
