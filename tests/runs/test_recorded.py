"""Calls of a model that are looked up, run and recorded: the same numbers, and nothing computed twice."""

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.asker import Want
from parametra.nouns.errors import LedgerError, MethodError, ModelError
from parametra.nouns.evaluation import Call, Evaluation, EvaluationFailed, Fate, Infeasible, Job, evaluate
from parametra.nouns.model import Model
from parametra.nouns.status import Outcome
from parametra.runs.arguments import Arguments
from parametra.runs.cost import Cost
from parametra.runs.direct import Direct
from parametra.runs.ledger import Ledger
from parametra.runs.model_identity import model_identity
from parametra.verbs.fit_running import Running, running

T = np.linspace(0.0, 3.0, 30)
Y = 2.0 * np.exp(-1.3 * T) + 0.02 * np.cos(17 * T)
DATA = pm.Data({"y": Y}, inputs={"t": T}, output="y")
BOX = {"a": (0.1, 10.0), "b": (0.0, 5.0)}


def decay(t, a, b):
    return a * np.exp(-b * t)


class Counting:
    """A model that counts its calls, and says itself what it is known by."""

    content_hash = "counting"

    def __init__(self, fails=lambda p: False):
        self.calls = []
        self.fails = fails

    def __call__(self, parameters, inputs):
        if np.iscomplexobj(parameters["a"]) or np.iscomplexobj(parameters["b"]):
            raise TypeError("real numbers only")
        self.calls.append(dict(parameters))
        if self.fails(parameters):
            raise EvaluationFailed("it broke")
        return decay(inputs["t"], **parameters)


def the_same(one, other):
    assert one.estimate.keys() == other.estimate.keys()
    assert all(np.array_equal(one.estimate[name], other.estimate[name]) for name in one.estimate)
    assert np.array_equal(one.covariance, other.covariance)
    assert repr(one.starts) == repr(other.starts)
    assert one.status == other.status
    assert one.receipt.evaluations == other.receipt.evaluations


def test_a_second_fit_calls_nothing_and_finds_the_same(tmp_path):
    model = Counting()
    first = pm.fit(model, DATA, BOX, ledger=tmp_path / "s.db")
    made = len(model.calls)
    assert first.receipt.model_calls >= made > 0
    assert first.receipt.reused == 0
    again = pm.fit(model, DATA, BOX, ledger=tmp_path / "s.db")
    assert len(model.calls) == made
    assert again.receipt.model_calls == 0
    assert again.receipt.reused == first.receipt.model_calls
    assert "calls of the model were known" in str(again)
    the_same(first, again)


def test_no_call_is_made_twice_within_a_run(tmp_path):
    model = Counting()
    pm.fit(model, DATA, BOX, ledger=tmp_path / "s.db")
    rows = [tuple(sorted(call.items())) for call in model.calls]
    # the first look at the guess and the fit itself are different visitors; the ledger knows the former's answer
    assert len(rows) == len(set(rows))


def test_with_and_without_a_ledger_the_answer_is_the_same(tmp_path):
    with_ledger = pm.fit(Counting(), DATA, BOX, ledger=tmp_path / "s.db")
    without = pm.fit(Counting(), DATA, BOX, pool="serial")
    the_same(with_ledger, without)


def test_fresh_calls_again_and_keeps_it(tmp_path):
    model = Counting()
    first = pm.fit(model, DATA, BOX, ledger=tmp_path / "s.db")
    made = len(model.calls)
    again = pm.fit(model, DATA, BOX, ledger=tmp_path / "s.db", fresh=True)
    assert len(model.calls) == 2 * made
    assert again.receipt.reused == 0
    the_same(first, again)


def test_other_noise_uses_what_is_known_and_another_model_does_not(tmp_path):
    ledger = tmp_path / "s.db"
    pm.fit(decay, DATA, BOX, ledger=ledger)
    robust = pm.fit(decay, DATA, BOX, ledger=ledger, loss="soft_l1", loss_scale=0.1)
    assert robust.receipt.reused > 0
    other = pm.fit(lambda t, a, b: a * np.exp(-b * t) + 0.0, DATA, BOX, ledger=ledger)
    assert other.receipt.reused == 0


def test_the_order_of_parameters_changes_nothing(tmp_path):
    first = pm.fit(decay, DATA, BOX, ledger=tmp_path / "s.db", starts=1)
    turned = pm.fit(decay, DATA, dict(reversed(BOX.items())), ledger=tmp_path / "s.db", starts=1)
    assert turned.receipt.reused > 0
    for name, value in first.estimate.items():
        assert turned.estimate[name] == pytest.approx(value, rel=1e-9)


def test_failures_are_counted_by_reason_and_cost_their_point_alone(tmp_path):
    fit = pm.fit(Counting(lambda p: p["b"] > 3), DATA, BOX, ledger=tmp_path / "s.db")
    assert fit.receipt.failures == {"it broke": fit.receipt.failures["it broke"]}
    assert fit.status.ok
    same = pm.fit(Counting(lambda p: p["b"] > 3), DATA, BOX, pool="serial")
    the_same(fit, same)


def test_too_many_failures_stop_the_run():
    fit = pm.fit(
        Counting(lambda p: p["b"] > 0.6),
        DATA,
        {"a": 1.0, "b": pm.Real(0.0, 50.0, guess=0.5)},
        pool="serial",
        most_failures=0.3,
    )
    assert fit.status.outcome is Outcome.STOPPED
    assert "calls of the model failed" in fit.status.message
    assert "it broke" in fit.status.message
    assert "raise most_failures" in fit.status.message


def test_nan_is_counted_by_reason():
    def model(t, a, b):
        return a * np.exp(-b * t) if np.real(b) < 3 else np.full(t.shape, np.nan)

    fit = pm.fit(model, DATA, BOX, pool="serial")
    assert any("NaN" in reason for reason in fit.receipt.failures)
    assert fit.status.ok


def test_a_budget_of_seconds_breaks_a_batch_off():
    def slow(parameters, inputs):
        import time

        time.sleep(0.01)
        return decay(inputs["t"], **parameters)

    fit = pm.fit(slow, DATA, BOX, pool="serial", seconds=0.3, starts=100)
    assert fit.status.outcome is Outcome.BUDGET
    assert fit.receipt.seconds < 3


def test_many_data_sets_arrays_and_likelihoods(tmp_path):
    second = pm.Data({"y": 2 * Y}, inputs={"t": T + 0.1}, output="y", name="second")

    def arrays(parameters, inputs):
        return parameters["a"][0] * np.exp(-parameters["a"][1] * inputs["t"]) + 0.5

    terms = {"a": pm.Positive(guess=[1.0, 1.0], shape=(2,))}
    for noise in (None, pm.Gamma()):
        data = [pm.Data({"y": Y + 0.6}, inputs={"t": T}, output="y", name="first"), second]
        fits = [
            pm.fit(arrays, data, terms, noise=noise, starts=3, ledger=tmp_path / f"{noise is None}.db") for _ in "ab"
        ]
        plain = pm.fit(arrays, data, terms, noise=noise, starts=3, evaluator="direct")
        assert fits[1].receipt.model_calls == 0
        the_same(*fits)
        for value, wanted in zip(fits[0].estimate["a"], plain.estimate["a"], strict=True):
            assert value == pytest.approx(wanted, rel=1e-6)


def test_choices_and_whole_numbers_reach_the_model_as_they_are(tmp_path):
    seen = set()

    def model(parameters, inputs):
        seen.add((type(parameters["n"]), parameters["kind"]))
        return parameters["a"] * inputs["t"] ** parameters["n"] + (parameters["kind"] == "up")

    model.content_hash = "whole"  # what it refers to changes, it does not
    data = pm.Data({"y": 2 * T**2 + 1}, inputs={"t": T}, output="y")
    space = {"a": 1.0, "n": pm.Integer(1, 3), "kind": pm.Choice(["up", "down"])}
    fits = [pm.fit(model, data, space, ledger=tmp_path / "s.db") for _ in "ab"]
    assert fits[0].estimate["n"] == 2
    assert fits[0].estimate["kind"] == "up"
    assert fits[1].receipt.model_calls == 0
    assert {kind for _, kind in seen} == {"up", "down"}
    assert all(issubclass(number, (int, np.integer)) for number, _ in seen)


def test_a_ledger_that_fails_ends_the_run_with_what_there_is(tmp_path, monkeypatch):
    commits = []

    def full(self):
        commits.append(1)
        if len(commits) > 3:
            raise LedgerError("s.db cannot be written: the disk is full.")

    monkeypatch.setattr(Ledger, "commit", full)
    fit = pm.fit(Counting(), DATA, BOX, ledger=tmp_path / "s.db")
    assert fit.status.outcome is Outcome.STOPPED
    assert "the disk is full" in fit.status.message


def test_a_ledger_that_fails_after_the_run_is_a_doubt(tmp_path, monkeypatch):
    def full(self, *_, **__):
        raise LedgerError("s.db cannot be written: the disk is full.")

    monkeypatch.setattr(Ledger, "finish", full)
    fit = pm.fit(Counting(), DATA, BOX, ledger=tmp_path / "s.db")
    assert fit.status.ok
    assert "s.db cannot be written: the disk is full." in fit.doubts


def test_a_ledger_that_fails_before_the_run_is_told_at_once(tmp_path, monkeypatch):
    def full(self):
        raise LedgerError("s.db cannot be written: the disk is full.")

    monkeypatch.setattr(Ledger, "commit", full)
    model = Counting()
    with pytest.raises(LedgerError, match="the disk is full"):
        pm.fit(model, DATA, BOX, ledger=tmp_path / "s.db")
    assert len(model.calls) == 1


def test_a_guess_without_an_answer_is_told_in_the_words_of_the_model():
    with pytest.raises(
        ModelError, match=r"gives nothing at the guess \(a=5.05, b=2.5, .*\): it broke. Guess elsewhere"
    ):
        pm.fit(Counting(lambda p: True), DATA, BOX, pool="serial")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"most_failures": 0.0}, "a share above 0"),
        ({"timeout": -1.0}, "seconds above 0"),
        ({"pool": "serial", "workers": 2}, "Give pool alone"),
        ({"pool": "serial", "evaluator": "compiled"}, "runs in this process"),
    ],
)
def test_settings_that_cannot_be(wish, words):
    with pytest.raises(MethodError, match=words):
        pm.fit(decay, DATA, BOX, **wish)


def test_a_batch_and_single_calls_agree(tmp_path):
    problem = pm.Problem(decay, DATA, BOX)
    points = np.array([[1.0, 0.5], [2.0, 1.3], [3.0, 0.1]])
    with running(problem, Running(pool="serial"), None) as session:
        direct = Direct(session.problem, Cost(True))
        assert direct.vectorised
        together = direct.evaluate(points, Want.JACOBIAN)
        direct.vectorised = False
        alone = direct.evaluate(points, Want.JACOBIAN)
    assert np.array_equal(together.residuals, alone.residuals)
    assert np.array_equal(together.jacobian, alone.jacobian)


def test_keys_do_not_depend_on_order_and_tell_bits_apart():
    one = Arguments.of([{"b": np.float64(2.0), "a": np.array([1.0, 0.0])}])
    assert one.labels == ("a[0]", "a[1]", "b")
    assert one.keys == Arguments.of([{"a": np.array([1.0, 0.0]), "b": np.float64(2.0)}]).keys
    assert one.keys != Arguments.of([{"a": np.array([1.0, -0.0]), "b": np.float64(2.0)}]).keys
    back = one.call(0)
    assert np.array_equal(back["a"], [1.0, 0.0])
    assert back["b"] == 2.0
    columns = Arguments.of_columns({"b": np.array([[2.0], [3.0]]), "a": 1.0}, 2)
    assert columns.keys == [Arguments.of([{"a": 1.0, "b": b}]).keys[0] for b in (2.0, 3.0)]


def test_outcomes_of_a_call():
    def model(parameters, inputs):
        kind = parameters["kind"]
        if kind == "infeasible":
            raise Infeasible("no such beam")
        if kind == "later":
            raise EvaluationFailed("no licence", retry=True)
        if kind == "words":
            return "words"
        if kind == "memory":
            raise MemoryError
        if kind == "crash":
            return 1 / 0
        return [1, 2]

    job = Job(Model.of(model), ({},))
    found = {kind: evaluate(job, Call(0, {"kind": kind})) for kind in
             ("ok", "infeasible", "later", "words", "memory", "crash")}  # fmt: skip
    assert found["ok"].ok
    assert found["ok"].outputs[""].dtype == np.float64
    assert found["infeasible"].fate is Fate.INFEASIBLE
    assert found["later"].retry
    assert "numbers are wanted" in found["words"].reason
    assert found["memory"].reason == "the model ran out of memory"
    assert found["crash"].reason.startswith("ZeroDivisionError")
    assert all(isinstance(one, Evaluation) and one.seconds >= 0 for one in found.values())


def test_a_model_is_known_by_its_content():
    def made(factor):
        def model(t, a):
            return factor * a * t

        return model

    inputs = {"t": T}
    one, same, other = (model_identity(Model.of(made(f)))(inputs, {}) for f in (1.0, 1.0, 2.0))
    assert one == same
    assert one != other
    assert model_identity(Model.of(made(1.0)))({"t": T + 1}, {}) != one
    assert model_identity(Model.of(made(1.0)))(inputs, {"kind": "up"}) != one
