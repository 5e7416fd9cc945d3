"""Twenty-two textbook problems: the verdicts of the literature, the combinations by name, the profiles of brute force."""

import math
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from brute_profiles import RISE, intervals
from identify_problems import PRACTICALLY, STRUCTURALLY, TEXTBOOK, Textbook
from parametra.verbs.identify import identify

PAGE = Path(__file__).parent.parent.parent / "docs" / "identify-textbook.md"


@cache
def textbook(name: str) -> Textbook:
    return TEXTBOOK[name]()


@cache
def identified(name: str):
    return identify(textbook(name).problem)


@pytest.mark.parametrize("name", sorted(TEXTBOOK))
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


SYMMETRIES = [n for n in sorted(TEXTBOOK) if any(c.along for c in TEXTBOOK[n]().combinations)]


@pytest.mark.parametrize("name", SYMMETRIES)
def test_the_literatures_combinations_are_what_does_not_change(name):
    """The expected answers themselves: predictions stay along the curve, and so do the combinations, and nothing else."""
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


@pytest.mark.parametrize("name", SYMMETRIES)
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


@pytest.mark.parametrize("name", [n for n in sorted(TEXTBOOK) if any(not c.along for c in TEXTBOOK[n]().combinations)])
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


def test_only_what_is_unidentifiable_is_named_as_a_structural_combination():
    for name in sorted(TEXTBOOK):
        if not any(c.along for c in textbook(name).combinations):
            assert not any(c.exact for c in identified(name).combinations), name


@pytest.mark.parametrize("name", [n for n in sorted(TEXTBOOK) if TEXTBOOK[n]().intervals])
def test_profiles_end_where_brute_force_says(name):
    """Ends are compared in the search's coordinate, as a share of the shorter side; far ends may be called open."""
    p, found = textbook(name), identified(name)
    best = {n: found.fit.estimate[n] for n in p.labels}
    for label, ends in p.intervals.items():
        got = found.intervals[label]
        assert got is not None
        at = {n: p.searched({**best, label: n}) for n in ()}
        assert not at
        position = p.labels.index(label)

        def searched(value, label=label, position=position):
            if math.isinf(value) or (label not in p.real and value <= 0):
                return math.copysign(math.inf, value - best[label])
            return float(p.searched({**best, label: value})[position])

        centre = searched(best[label])
        sides = [abs(searched(e) - centre) for e in ends]
        size = min(sides)
        for side, (wanted, end) in enumerate(zip(ends, got, strict=True)):
            if math.isinf(wanted) or math.isinf(end) or found.verdicts[label].open[side]:
                # what is open has no end, or one that is far away: at least a factor of a hundred
                assert found.verdicts[label].open[side]
                assert math.isinf(wanted) or sides[side] > math.log(100)
            else:
                assert searched(end) == pytest.approx(searched(wanted), abs=1e-3 * size), (label, side)


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


@pytest.mark.parametrize("name", sorted(TEXTBOOK))
def test_fisher_information_agrees(name):
    """The quick look sees what is structural, and calls nothing identifiable that no data could tell."""
    p = textbook(name)
    quick = identify(p.problem, method="fisher_information")
    for label, word in p.verdicts.items():
        assert (quick.verdicts[label].word == STRUCTURALLY) == (word == STRUCTURALLY), label


def test_the_page_tells_every_problem():
    """docs/identify-textbook.md holds the verdicts that are tested here, problem by problem."""
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    told = {title.strip(): verdicts for title, verdicts, *_ in rows}
    for name in TEXTBOOK:
        p = textbook(name)
        assert p.title in told, name
        for label, word in p.verdicts.items():
            assert re.search(rf"`{label}`[^;]*{word}", told[p.title]), (name, label)


def test_practically_means_open():
    """A parameter that is practically unidentifiable has no end on at least one side."""
    for name in sorted(TEXTBOOK):
        for label, word in textbook(name).verdicts.items():
            if word == PRACTICALLY:
                assert any(identified(name).verdicts[label].open), (name, label)
