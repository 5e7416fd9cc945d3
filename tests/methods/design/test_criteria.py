"""The criteria as methods: each is found by its name and by its letter, and its card says what it is."""

from __future__ import annotations

import numpy as np
import pytest

from parametra import catalogue
from parametra.maths.design_pool import Pool
from parametra.maths.optimal_design import judged
from parametra.nouns.errors import MethodError
from parametra.verbs.design_task import criterion_of

NAMES = catalogue.methods("design")
SHORT = {
    "a_optimal": "A",
    "c_optimal": "c",
    "d_optimal": "D",
    "e_optimal": "E",
    "modified_e": "modified_E",
    "worst_parameter": "worst",
}


def test_all_are_here():
    assert set(NAMES) == set(SHORT)


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_whose_it_is(name):
    method = catalogue.method("design", name)
    assert (method.card.name, method.card.verb) == (name, "design")
    assert method.card.sources
    assert all(source.link.startswith(("doi:", "arXiv:")) for source in method.card.sources)
    assert type(criterion_of(SHORT[name], None)) is method
    assert type(criterion_of(name, None)) is method


def test_an_unknown_one_is_told():
    with pytest.raises(MethodError, match='there is no criterion "G"; known here'):
        criterion_of("G", None)
    assert criterion_of(None, {"K": 0.1}).card.name == "worst_parameter"
    assert criterion_of(None, None).card.name == "d_optimal"


# C = diag(1, 4) with a correlation of 1/2, whose eigenvalues are (5 +- sqrt(13)) / 2
VALUES = {
    "d_optimal": -0.5 * np.log(3),
    "a_optimal": -np.log(5),
    "e_optimal": -np.log((5 + np.sqrt(13)) / 2),
    "modified_e": np.log((5 - np.sqrt(13)) / (5 + np.sqrt(13))),
    "worst_parameter": -np.log(4),
    "c_optimal": -np.log(5),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_it_makes_large_is_what_its_card_says(name):
    covariance = np.array([[1.0, 1.0], [1.0, 4.0]])
    pool = Pool(np.zeros((1, 1, 1, 2)), np.linalg.inv(covariance)[None], np.eye(2)[None])
    assert judged(catalogue.method("design", name)().criterion, pool, np.ones(1)) == pytest.approx(VALUES[name])
