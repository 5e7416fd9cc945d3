"""A problem stated again with other guesses, data or scatter keeps all the rest: doubts, folding and so on."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.folding import Folding
from parametra.nouns.interchange import Interchange
from parametra.verbs._audit_change import changed
from parametra.verbs._audit_choices import alternatives_of
from parametra.verbs.compare import compare
from parametra.verbs.fit_guess import guessed_at

T = np.linspace(0.0, 6.0, 60)
FORMULA = "a * exp(-k * time) + b * exp(-m * time)"


def _doubts(fit, problem):
    del fit
    return [f"the phase counts from {problem.folding.epoch}"]


def _stated(second=1.0, **also):
    y = 3 * np.exp(-2 * T) + second * np.exp(-0.3 * T) + 0.01 * np.random.default_rng(0).standard_normal(60)
    data = pm.Data({"time": T, "y": y}, inputs="time", output="y", sigma=0.01)
    rate, size = pm.Log(0.05, 20, guess=1), pm.Real(0, 10, guess=2)
    return pm.Problem(
        FORMULA,
        data,
        {"a": size, "k": pm.Log(0.05, 20, guess=3), "b": size, "m": rate},
        derived={"half_life": "log(2) / m"},
        interchangeable=[["k", "a"], ["m", "b"]],
        folding=Folding("time", "k", "m"),
        doubts=_doubts,
        title="two phases",
        description="of a decay",
        **also,
    )


def _kept(made, stated):
    assert made is not stated
    assert made.doubts is stated.doubts
    for part in ("folding", "interchangeable", "title", "description", "penalty", "constraints"):
        assert getattr(made, part) == getattr(stated, part), part
    assert [each.name for each in made.derived] == [each.name for each in stated.derived]


def _audited(problem, alternative):
    ((_, (found, *_)),) = alternatives_of({"one": {"other": alternative}}).items()
    return changed(problem, (found,))


@pytest.mark.parametrize(
    "restating",
    [
        lambda problem: problem.restated(),
        lambda problem: problem.with_fixed({"k": 2.0}),
        lambda problem: guessed_at(problem, {"k": 2.0, "m": 0.3}),
        lambda problem: _audited(problem, {"start": {"k": 2.0}}),
        lambda problem: _audited(problem, {"weights": np.linspace(0.5, 2, 60)}),
        lambda problem: _audited(problem, {"rows": np.arange(50)}),
        lambda problem: _audited(problem, {"noise": pm.StudentT(4)}),
    ],
)
def test_what_is_not_named_stays(restating):
    for stated in (_stated(), _stated(constraints=["a + b <= 9"])):
        _kept(restating(stated), stated)


def test_every_argument_can_be_stated_anew():
    words = [*inspect.signature(pm.Problem).parameters]
    stated = _stated()
    assert stated.restated(**dict.fromkeys(("title", "description"), "other")).title == "other"
    new = {"interchangeable": None, "folding": None, "doubts": None, "derived": None, "penalty": None}
    bare = stated.restated(**new, constraints=["k >= m"], adversary=())
    assert (bare.interchangeable, bare.folding, bare.doubts, bare.derived) == (None, None, None, ())
    assert len(bare.constraints) == 1
    for word in words:
        assert stated.restated(**{word: None if word in new else _argument(stated, word)}) is not stated
    with pytest.raises(TypeError, match="noises"):
        stated.restated(noises=None)


def _argument(problem, word):
    named = {"data": problem.data_sets, "parameters": problem.stated_space.parameters}
    return named.get(word, getattr(problem, word, None))


def test_a_model_in_its_place_brings_its_own_doubts_and_folding():
    stated = _stated()
    other = _audited(stated, {"model": "a * exp(-k * time)"})
    assert (other.folding, other.doubts, other.interchangeable) == (None, None, None)
    twice = _audited(stated, {"model": pm.model("decay.exponential", terms=2)})
    assert isinstance(twice.interchangeable, Interchange)
    star = pm.model("eclipsing_binary.nav", period=1.7)
    magnitude = 10 + 0.5 * np.exp(-(((T / 1.7 + 0.5) % 1 - 0.5) ** 2) / 0.005)
    data = pm.Data({"time": T, "magnitude": magnitude}, inputs="time", output="magnitude", sigma=0.003)
    eclipses = _audited(pm.Problem("c + s * time", data, {"c": 10.0, "s": 0.1}), {"model": star})
    assert eclipses.folding == star.problem(data).folding is not None
    assert eclipses.doubts == star.doubts is not None


def test_a_fit_that_begins_elsewhere_keeps_its_doubts():
    """At its guess the model has no answer, so that the fit is made of the problem with another guess."""
    data = pm.Data({"t": T, "y": 2 * np.log(9 - T)}, inputs="t", output="y", sigma=0.01)
    stated = {"a": (0, 10), "b": pm.Real(-5, 15, guess=-1)}
    problem = pm.Problem("a * log(b - t)", data, stated, doubts=lambda fit, problem: ["as the field sees it"])
    assert "as the field sees it" in pm.fit(problem, progress=False).doubts


def test_a_comparison_that_fits_again_keeps_its_doubts(monkeypatch):
    """A large model whose fit was bad is fitted again from its special case."""
    small = _stated(second=0.0).restated(
        model="a * exp(-k * time)", derived=None, parameters={"a": (0, 10), "k": (0.05, 20)}
    )
    large = _stated(second=0.0)
    bad = pm.fit(large, evaluations=2, starts=1, progress=False)
    monkeypatch.setattr("parametra.verbs.compare.simulated_p", lambda *_: None)
    found = compare({"small": small, "large": (large, bad)}, cross_validation=False, progress=False)
    fitted = found.candidate("large").fit
    assert fitted is not bad
    assert any("made again" in doubt for doubt in found.doubts)
    assert "the phase counts from m" in fitted.doubts
