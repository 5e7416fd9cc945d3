"""Twenty-two textbook problems: the literature's verdicts, the combinations by name, the intervals of brute force."""

import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from brute_profiles import RISE, intervals
from identify_problems import TEXTBOOK
from parametra.formats.problem_file import read_problem_file
from parametra.verbs.identify import identify
from textbook import PRACTICALLY, STRUCTURALLY, Textbook

PAGE = Path(__file__).parent.parent.parent / "docs" / "identify-textbook.md"


LONG = {"sir_mass_action", "jak_stat", "seir_whole", "seir_early"}
"""Differential equations that take seconds to compile; one of them, `sir_reporting`, is always run."""


def some(wanted=lambda p: True):
    """The problems that are wanted, the long ones marked."""
    chosen = [name for name in sorted(TEXTBOOK) if wanted(TEXTBOOK[name]())]
    return [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in chosen]


def symmetric(p: Textbook) -> bool:
    """Whether some of its parameters can make good any change of others."""
    return any(c.along for c in p.combinations)


@cache
def textbook(name: str) -> Textbook:
    return TEXTBOOK[name]()


@cache
def identified(name: str):
    return identify(textbook(name).problem, contour="off", progress=False)


@pytest.mark.parametrize("name", some())
def test_verdicts_of_the_literature(name):
    found = identified(name)
    words = {label: found.verdicts[label].word for label in textbook(name).labels}
    assert words == dict(textbook(name).verdicts)


def tangent(along, values, names):
    """The direction of a curve of equally good values, by the logarithms."""
    ahead, behind = along(values, 1.0001), along(values, 1 / 1.0001)
    return np.array([math.log(ahead[n] / behind[n]) for n in names])


def slope(formula, values, names):
    """The gradient of a formula by the logarithms of its parameters, of length one."""

    def at(moved):
        return eval(formula, {"__builtins__": {}}, moved)  # noqa: S307  a product or a sum of parameters

    found = np.array(
        [at({**values, n: values[n] * 1.0001}) - at({**values, n: values[n] / 1.0001}) for n in names], dtype=float
    )
    return found / np.linalg.norm(found)


@pytest.mark.parametrize("name", [n for n in sorted(TEXTBOOK) if symmetric(TEXTBOOK[n]())])
def test_the_literatures_combinations_are_what_does_not_change(name):
    """The answers themselves: along the curve predictions stay, and so do the combinations, and nothing else."""
    p = textbook(name)
    for combination in p.combinations:
        names = sorted(combination.names)
        moved = combination.along(p.truth, 1.15)
        assert np.allclose(p.predict(moved), p.predict(p.truth), rtol=1e-5, atol=1e-5)
        assert all(abs(moved[n] / p.truth[n] - 1) > 0.02 for n in names)
        for formula in combination.determined:
            assert eval(formula, {}, dict(moved)) == pytest.approx(eval(formula, {}, dict(p.truth)), rel=1e-12)  # noqa: S307
        slopes = np.stack([slope(f, p.truth, names) for f in combination.determined])
        assert np.linalg.matrix_rank(slopes, tol=1e-3) == len(names) - 1


@pytest.mark.parametrize("name", some(symmetric))
def test_structural_combinations_are_named(name):
    p, found = textbook(name), identified(name)
    exact = [c for c in found.combinations if c.exact]
    assert {frozenset(c.names) for c in exact} == {c.names for c in p.combinations}
    for combination in p.combinations:
        (got,) = [c for c in exact if frozenset(c.names) == combination.names]
        names = sorted(combination.names)
        flat = tangent(combination.along, p.truth, names)
        slopes = np.stack([slope(f, p.truth, names) for f in got.determined])
        assert np.abs(slopes @ flat).max() < 1e-5 * np.linalg.norm(flat)
        assert np.linalg.matrix_rank(slopes, tol=1e-3) == len(names) - 1
        assert got.lost == 1


@pytest.mark.parametrize("name", some(lambda p: any(not c.along for c in p.combinations)))
def test_practical_combinations_are_named(name):
    p, found = textbook(name), identified(name)
    for combination in p.combinations:
        names = sorted(combination.names)
        wanted = [slope(f, p.truth, names) for f in combination.determined]
        got = [
            slope(f, p.truth, names)
            for c in found.combinations
            if combination.names <= {*c.names}
            for f in c.determined
        ]
        assert all(any(abs(w @ g) > 0.999 for g in got) for w in wanted)


@pytest.mark.parametrize("name", some(lambda p: not symmetric(p)))
def test_nothing_else_is_called_structural(name):
    assert not any(c.exact for c in identified(name).combinations)


@pytest.mark.parametrize("name", some(lambda p: bool(p.intervals)))
def test_profiles_end_where_brute_force_says(name):
    """To a thousandth of the shorter side, in the search's coordinate; ends that are far away may be called open."""
    p, found = textbook(name), identified(name)
    for label, wanted in p.intervals.items():
        verdict, best = found.verdicts[label], coordinate(p, label, found.fit.estimate[label])
        ends = [coordinate(p, label, value) for value in wanted]
        sides = [abs(end - best) for end in ends]
        assert verdict.interval is not None, label
        for side, is_open in enumerate(verdict.open):
            if is_open:
                assert math.isinf(ends[side]) or sides[side] > FAR, (label, side)
            else:
                got = coordinate(p, label, verdict.interval[side])
                assert got == pytest.approx(ends[side], abs=1e-3 * min(sides)), (label, side)


FAR = math.log(100)
"""An end this far away in a logarithm is one that another parameter's bound has made."""


def coordinate(p: Textbook, label: str, value: float) -> float:
    """A value in the coordinate of the search."""
    if label in p.real or math.isinf(value):
        return value
    return math.log(value) if value > 0 else -math.inf


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [n for n in sorted(TEXTBOOK) if TEXTBOOK[n]().intervals])
def test_brute_force(name):
    """The reference intervals, made again by SciPy alone."""
    p = textbook(name)
    found = brute_force(p)
    for label, wanted in p.intervals.items():
        assert found[label] == pytest.approx(wanted, rel=2e-4), label


def brute_force(p: Textbook) -> dict[str, tuple[float, float]]:
    """The profile intervals of `p.intervals`, one of each structural combination's parameters held at the truth."""
    held = {min(c.names) for c in p.combinations if c.along}
    free = [i for i, label in enumerate(p.labels) if label not in held]
    truth = p.searched(p.truth)
    lower, upper = p.box
    wanted = [free.index(p.labels.index(label)) for label in p.intervals]

    def residuals(x):
        whole = truth.copy()
        whole[free] = x
        return p.residuals(whole)

    start = np.clip(truth, lower, upper)[free]
    ends = intervals(residuals, start, lower[free], upper[free], RISE if p.sigma else None, wanted)
    named = {}
    for label, pair in zip(p.intervals, ends, strict=True):
        plain = label in p.real
        named[label] = tuple(float(v) if plain else float(np.exp(v)) for v in pair)
    return named


def test_flip_flop_has_two_solutions():
    """Both are told: the other values fit as well, and the verdict does not hide it."""
    p, found = textbook("flip_flop"), identified("flip_flop")
    swapped = {**p.truth, "ka": 0.15, "ke": 1.5, "V": p.truth["V"] * p.truth["ke"] / p.truth["ka"]}
    assert np.allclose(p.predict(swapped), p.predict(p.truth), rtol=1e-12)
    assert any("solution" in doubt for doubt in (*found.doubts, *found.fit.doubts))


@pytest.mark.parametrize("name", some())
def test_fisher_information_agrees(name):
    """The quick look sees what is structural, and calls nothing identifiable that no data could tell."""
    p = textbook(name)
    quick = identify(p.problem, method="fisher_information", progress=False)
    for label, word in p.verdicts.items():
        assert (quick.verdicts[label].word == STRUCTURALLY) == (word == STRUCTURALLY), label


def test_fisher_information_gives_the_same_verdicts():
    """On at least 11 of 12 problems every parameter gets the word that the profiles give it."""
    names = [name for name in sorted(TEXTBOOK) if name not in LONG]
    same = 0
    for name in names:
        quick = identify(textbook(name).problem, method="fisher_information", progress=False).verdicts
        same += all(quick[label].word == identified(name).verdicts[label].word for label in textbook(name).labels)
    assert same >= 11 / 12 * len(names), f"{same} of {len(names)}"


def test_the_page_tells_every_problem():
    """docs/identify-textbook.md holds the verdicts that are tested here, and tells where ours are not the same."""
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE)
    told = {title: (verdicts, ours) for title, verdicts, ours in reversed(rows)}  # the first table's rows win
    for name in TEXTBOOK:
        p = textbook(name)
        assert p.title in told, name
        verdicts, ours = told[p.title]
        assert ours == "the same" or name in LONG, name
        for label, word in p.verdicts.items():
            assert re.search(rf"`{label}`[^;]*{word}", verdicts), (name, label)
    pictures = re.findall(r"\((images/identify-textbook[^)]+)\)", page)
    assert len(pictures) == 2
    assert all((PAGE.parent / picture).is_file() for picture in pictures)


@pytest.mark.parametrize("name", some(lambda p: PRACTICALLY in p.verdicts.values()))
def test_practically_means_open(name):
    """A parameter that is practically unidentifiable has no end on at least one side."""
    for label, word in textbook(name).verdicts.items():
        if word == PRACTICALLY:
            assert any(identified(name).verdicts[label].open), label


EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def test_the_example_with_too_little_substrate():
    stated = read_problem_file(EXAMPLES / "identify_low_substrate" / "low_substrate.toml")
    found = identify(stated.problem, contour="off", progress=False)
    assert {r.label: r.word for r in found.rows} == {"K": PRACTICALLY, "V": PRACTICALLY}


@pytest.mark.slow
def test_the_example_with_an_unknown_reporting_rate():
    stated = read_problem_file(EXAMPLES / "identify_reporting_rate" / "reporting_rate.toml")
    found = identify(stated.problem, starts=8, contour="off", progress=False)
    words = {r.label: r.word for r in found.rows}
    assert words["people"] == words["reported"] == STRUCTURALLY
    assert [c.determined for c in found.combinations if c.exact] == [("people * reported",)]
