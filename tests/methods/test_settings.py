"""The settings of every method of the catalogue: what cannot be is refused in words, whatever is asked for."""

from __future__ import annotations

import dataclasses

import pytest

from parametra import catalogue
from parametra.nouns.errors import MethodError
from parametra.nouns.method_settings import Range, settings_of
from parametra.verbs.fit_choice import with_options

EVERY = [(name, f) for name in catalogue.methods("fit") for f in dataclasses.fields(catalogue.method("fit", name))]
NUMBERS = [(name, f) for name, f in EVERY if f.type in ("int", "float", "float | None")]
ZERO_TOO = {
    ("cma_es", "population"), ("grid", "points"), ("grid", "levels"), ("adam", "beta_1"), ("adam", "beta_2"),
    ("gravity", "beta"), ("augmented_lagrangian", "sharpening"), ("augmented_lagrangian", "exactness"),
}  # fmt: skip


def named(cases):
    return pytest.mark.parametrize(("name", "f"), cases, ids=[f"{name}-{f.name}" for name, f in cases])


@named(NUMBERS)
@pytest.mark.parametrize("value", ["x", -1, -0.5, True, float("nan"), float("inf"), [1]], ids=repr)
def test_a_number_that_cannot_be_is_refused(name, f, value):
    with pytest.raises(MethodError, match=rf"^{name}\({f.name}=.*\): .*\bnumber\b.* is wanted\.$"):
        with_options(name, ((f.name, value),))


@named(NUMBERS)
def test_zero_is_refused_but_where_it_has_a_meaning(name, f):
    if (name, f.name) in ZERO_TOO:
        assert getattr(with_options(name, ((f.name, 0),)), f.name) == 0
        return
    with pytest.raises(MethodError, match=rf"^{name}\({f.name}=0(\.0)?\)"):
        with_options(name, ((f.name, 0),))


@named([(name, f) for name, f in EVERY if f.type == "int"])
def test_a_whole_number_has_no_fraction(name, f):
    with pytest.raises(MethodError, match=rf"^{name}\({f.name}=2\.5\): a whole number"):
        with_options(name, ((f.name, 2.5),))


@named([(name, f) for name, f in EVERY if f.type not in ("int", "float", "float | None")])
@pytest.mark.parametrize("value", ["x", -1, 0, 2.5], ids=repr)
def test_what_is_no_number_is_refused_too(name, f, value):
    with pytest.raises(MethodError, match=rf"^{name}\({f.name}="):
        with_options(name, ((f.name, value),))


@named(EVERY)
def test_defaults_pass_and_are_described(name, f):
    assert getattr(with_options(name, ((f.name, f.default),)), f.name) == f.default
    (setting,) = (one for one in settings_of(catalogue.method("fit", name)) if one.name == f.name)
    assert setting.default == f.default
    assert setting.about


def test_a_list_of_numbers_as_files_give_it():
    made = with_options("levenberg_marquardt", (("radius_factors", [0.5, 2]),))
    assert made.radius_factors == (0.5, 2.0)
    for wrong in ([], [0.5, -2], ["a"], "a"):
        with pytest.raises(MethodError, match="a list of numbers above zero is wanted"):
            with_options("levenberg_marquardt", (("radius_factors", wrong),))


def test_a_cloud_of_one_point_is_none():
    with pytest.raises(MethodError, match=r"^cma_es\(population=1\): a cloud has 2 points or more"):
        with_options("cma_es", (("population", 1),))


@pytest.mark.parametrize(
    ("within", "words"),
    [
        (Range(), " above zero"),
        (Range(above=1.0), " above 1"),
        (Range(below=1.0), " above zero and below 1"),
        (Range(above=None, at_least=0.0), ", zero or more,"),
        (Range(above=None, at_least=0.0, below=1.0), " from zero to below 1"),
    ],
)
def test_ranges_in_words(within, words):
    assert within.words == words
