"""What is counted of calls: each once, by its own reason, wherever it ran; and where calls are not worth recording."""

import json

import numpy as np
import pytest

import parametra as pm
from parametra.cli.main import main as command
from parametra.runs.choose_pool import refuse_unknown

T = np.linspace(0.0, 3.0, 20)
DATA = pm.Data(
    {"y": 2 * np.exp(-T) + 0.01 * np.random.default_rng(0).normal(size=20), "t": T}, inputs="t", output="y", sigma=0.01
)
BOX = {"a": (0.0, 10.0), "k": (0.01, 5.0)}


def main(words):
    with pytest.raises(SystemExit) as ended:
        command(words)
    return ended.value.code


class Mute(Exception):
    """An exception whose words raise another."""

    def __str__(self):
        raise RuntimeError("no words")


def ill(t, a, k):
    """Misbehaves in corners, without ending anything."""
    if a > 6:
        raise SystemExit(4)
    if k > 4:
        raise Mute
    if k > 3:
        return np.zeros(3)
    return a * np.exp(-k * t)


def well(t, a, k):
    return a * np.exp(-k * t)


def test_a_model_that_exits_or_cannot_say_why_is_a_failure_of_that_call_everywhere():
    fits = [pm.fit(ill, DATA, BOX, progress=False, starts=20, pool=pool) for pool in (None, "serial", 2)]
    for fit in fits:
        reasons = " | ".join(fit.receipt.failures)
        assert "the model called sys.exit(4)" in reasons
        assert "Mute, whose words raised RuntimeError" in reasons
        assert "shape (3,)" in reasons
        assert "NaN" not in reasons
    assert fits[1].estimate == fits[0].estimate == fits[2].estimate
    assert fits[1].receipt.failures == fits[2].receipt.failures


def test_looking_again_and_trying_what_a_model_can_do_counts_nothing(tmp_path):
    file = tmp_path / "s.db"
    first, again = (pm.fit(ill, DATA, BOX, progress=False, starts=20, ledger=file) for _ in range(2))
    assert first.receipt.failures == again.receipt.failures
    assert main(["runs", "show", str(file), "1", "--json"]) == 0
    calm = pm.fit(_refuses_complex, DATA, BOX, progress=False, ledger=tmp_path / "calm.db")
    assert calm.receipt.failures == {}


def _refuses_complex(t, a, k):
    if np.iscomplexobj(a) or np.iscomplexobj(k):
        raise TypeError("real numbers are wanted")
    return a * np.exp(-k * t)


def test_the_ledger_and_the_receipt_tell_the_same_failures(tmp_path, capsys):
    file = tmp_path / "s.db"
    fit = pm.fit(ill, DATA, BOX, progress=False, starts=20, ledger=file)
    main(["runs", "show", str(file), "1", "--json"])
    stored = json.loads(capsys.readouterr().out)["failures"]
    called = {why: n for why, n in fit.receipt.failures.items() if "shape" not in why}
    assert stored == called


def test_a_stopped_run_tells_the_reasons_of_its_failures():
    fit = pm.fit(ill, DATA, BOX, progress=False, starts=40, pool="serial", most_failures=0.05)
    assert fit.status.outcome is pm.Outcome.STOPPED
    assert set(fit.receipt.failures) == {
        "the model called sys.exit(4)",
        "Mute, whose words raised RuntimeError",
    } | {why for why in fit.receipt.failures if "shape" in why}


def test_reasons_without_end_are_written_down_in_short(tmp_path, capsys):
    def chatty(t, a, k):
        if a > 5:
            raise ValueError(f"bad {a:.15g}")
        return a * np.exp(-k * t)

    file = tmp_path / "s.db"
    pm.fit(chatty, DATA, BOX, progress=False, starts=60, ledger=file)
    main(["runs", "show", str(file), "1", "--json"])
    stored = json.loads(capsys.readouterr().out)["failures"]
    assert len(stored) <= 21


def test_a_formula_is_not_recorded_and_its_run_is(tmp_path, capsys):
    file = tmp_path / "s.db"
    fit = pm.fit("a * exp(-k * t)", DATA, BOX, progress=False, ledger=file, pool=2)
    assert "a call costs less than sending it to a pool" in fit.receipt.evaluator
    main(["runs", "show", str(file), "1", "--json"])
    run = json.loads(capsys.readouterr().out)
    assert (run["status"], run["evaluations"]) == ("converged", fit.receipt.evaluations)
    plain = pm.fit("a * exp(-k * t)", DATA, BOX, progress=False)
    assert plain.estimate == fit.estimate
    assert "pool" not in plain.receipt.evaluator


@pytest.mark.parametrize("word", ["dsak://x", "8 processes", ""])
def test_a_mistyped_pool_is_refused_for_a_formula_too(word):
    with pytest.raises(pm.ParametraError, match="pool is"):
        pm.fit("a * exp(-k * t)", DATA, BOX, progress=False, pool=word)
    for fine in ("serial", "8", "dask://host:1", "ray://auto", 3, None):
        refuse_unknown(fine)
