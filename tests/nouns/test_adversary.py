"""Adversaries: what may be chosen against a fit."""

import pytest

import parametra as pm
from parametra.nouns.errors import ParameterError

DATA = pm.Data({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 2.1, 2.9, 4.2]}, inputs=["x"], output="y", sigma=0.1)
PARAMETERS = {
    "a": 1.0,
    "bias": pm.Real(-1, 1, guess=0),
    "w": pm.Log(0.5, 2),
    "p": pm.Positive(guess=1),
    "f": pm.Fixed(1),
}


def stated(adversary):
    return pm.Problem("a * x * w * p * f + bias", DATA, PARAMETERS, adversary=adversary)


def test_names_become_coordinates():
    for adversary in ("bias", ["bias"], ("bias",)):
        space = stated(adversary).search_space()
        assert [label for label, on in zip(space.labels, space.adversary, strict=True) if on] == ["bias"]
    assert stated(["w", "bias"]).adversary == ("w", "bias")
    assert stated(()).search_space().adversary is None


@pytest.mark.parametrize(
    ("adversary", "words"),
    [
        (["bais"], r'adversary: "bais" is no free parameter of this problem; did you mean "bias"\?'),
        (["f"], r'adversary: "f" is no free parameter of this problem'),
        (["p"], r'adversary: "p" is Positive\(.*\), and an adversary without finite bounds can do any harm'),
        (["a"], r'adversary: "a" is Real\(.*\), and an adversary without finite bounds .* such as Real\(-1, 1\)'),
        ([3], r"adversary=\[3\]: names of parameters are wanted"),
        (3, r"adversary=3: names of parameters are wanted"),
    ],
)
def test_what_cannot_be_an_adversary(adversary, words):
    with pytest.raises(ParameterError, match=words):
        stated(adversary)


def test_somebody_must_be_left_to_be_fitted():
    with pytest.raises(ParameterError, match="adversary: bias are all the free parameters, so none is left"):
        pm.Problem("x + bias", DATA, {"bias": pm.Real(-1, 1)}, adversary=["bias"])
