"""Every method and every ready-made model of the catalogue passes its conformance suite; a broken one does not."""

import dataclasses
import subprocess
import sys

import pytest

from parametra import catalogue
from parametra.maths.distributions import Normal
from parametra.nouns.card import Source
from parametra.nouns.errors import MethodError, ModelError
from parametra.testing.check_card import check_card
from parametra.testing.check_fit_method import check_fit_method
from parametra.testing.check_model import check_model, last_digit

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
    (known,) = ready.known

    def told(**changed):
        return check_model(dataclasses.replace(ready, **changed))

    def of_known(**changed):
        return told(known=(dataclasses.replace(known, **changed),))

    def of_form(**changed):
        return told(form=dataclasses.replace(ready.form, **changed))

    assert any("212.9 is known" in w for w in of_known(estimate={"V": "212.9", "K": "0.06412"}))
    assert any("standard error of K" in w for w in of_known(standard_error={"K": "0.008282"}))
    assert any("has no second start" in w for w in of_known(second_start={}))
    assert any("is its guess" in w for w in of_known(second_start={"V": ready.guess(known.data())["V"]}))
    assert any("no known answer that needs" in w for w in of_known(external="a folder that is not there"))
    assert any('"K" has no prior' in w for w in of_form(priors={}))
    assert any("does not allow" in w for w in of_form(priors={"V": Normal(1.0, 1.0), "K": Normal(1.0, 1.0)}))
    assert any("no unit" in w for w in of_form(inputs={"substrate": ""}))
    assert any("good_for is empty" in w for w in told(good_for=" "))
    assert any("it has no source" in w for w in told(sources=()))


def test_the_last_digit_of_a_printed_number():
    assert [last_digit(text) for text in ("212.7", "-0.06412", "1.2e3", "17")] == [0.1, 1e-5, 100.0, 1.0]


def test_unknown_names():
    with pytest.raises(MethodError, match=r'fit has no method "lbfsg"; did you mean "lbfgs"\?'):
        catalogue.method("fit", "lbfsg")
    with pytest.raises(ModelError, match=r'no ready-made model "kinetics.michaelis"; did you mean'):
        catalogue.model("kinetics.michaelis")
