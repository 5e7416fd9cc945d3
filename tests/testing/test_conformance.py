"""Every method and every ready-made model of the catalogue passes its conformance suite; a broken one does not."""

import dataclasses
import subprocess
import sys

import pytest

from parametra import catalogue
from parametra.nouns.card import Source
from parametra.nouns.errors import MethodError, ModelError
from parametra.testing.check_card import check_card
from parametra.testing.check_fit_method import check_fit_method
from parametra.testing.check_model import check_model

CHECK = """
import sys
from parametra import catalogue
from parametra.testing.check_fit_method import check_fit_method
print("\\n".join(check_fit_method(catalogue.method("fit", sys.argv[1]))))
"""


@pytest.mark.parametrize("name", catalogue.methods("fit"))
def test_fit_methods(name):
    # in a process of its own, without the checks of types, which would take five times as long; the methods' own
    # tests run with them
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", CHECK, name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(("verb", "name"), [(v, n) for v in catalogue.verbs() for n in catalogue.methods(v)])
def test_cards_of_all_verbs(verb, name):
    method = catalogue.method(verb, name)
    assert check_card(method, verb) == []
    assert method.card.name == name


def test_a_card_that_says_too_little_is_found_out():
    method = catalogue.method("identify", "profile_likelihood")

    class Bare(method):
        card = dataclasses.replace(method.card, summary="", sources=(Source("Somebody", 2020, "Somewhere", "www"),))

    wrong = check_card(Bare, "fit")
    assert "its card has no summary" in wrong
    assert "its card says identify, and it stands under fit" in wrong
    assert "the link 'www' is no DOI, arXiv number, address or ISBN" in wrong


@pytest.mark.parametrize("name", catalogue.models())
def test_models(name):
    assert check_model(catalogue.model(name)) == []


def test_a_method_that_stops_early_is_found_out():
    method = catalogue.method("fit", "levenberg_marquardt")

    @dataclasses.dataclass(frozen=True)
    class Hasty(method):
        def halted(self, state):
            return True

    assert any("is possible" in w or "found nothing" in w for w in check_fit_method(Hasty))


def test_a_model_with_a_wrong_answer_is_found_out():
    ready = catalogue.model("kinetics.michaelis_menten")
    wrong = dataclasses.replace(ready.published, estimate={"V": 212.9, "K": 0.06412})
    assert any("published is 212.9" in w for w in check_model(dataclasses.replace(ready, published=wrong)))
    assert any("no unit" in w for w in check_model(dataclasses.replace(ready, inputs={"substrate": ""})))


def test_unknown_names():
    with pytest.raises(MethodError, match=r'fit has no method "lbfsg"; did you mean "lbfgs"\?'):
        catalogue.method("fit", "lbfsg")
    with pytest.raises(ModelError, match=r'no ready-made model "kinetics.michaelis"; did you mean'):
        catalogue.model("kinetics.michaelis")
