"""Every method and every ready-made model of the catalogue passes its conformance suite; a broken one does not."""

import dataclasses

import pytest

from parametra import catalogue
from parametra.nouns.errors import MethodError, ModelError
from parametra.testing.check_fit_method import check_fit_method
from parametra.testing.check_model import check_model


@pytest.mark.parametrize("name", catalogue.methods("fit"))
def test_fit_methods(name):
    assert check_fit_method(catalogue.method("fit", name)) == []


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
