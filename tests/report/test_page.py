"""The page: complete in one file, nothing of the problem's text is taken for HTML, the doubts are not to be missed."""

from __future__ import annotations

import base64
import dataclasses
import re
from html.parser import HTMLParser

import numpy as np
import pytest

import parametra as pm
from parametra.nouns.status import Outcome, Status
from parametra.report.page import page, verdict

T = np.linspace(0.5, 6, 15)
EVIL = "<script>alert('x')</script> & \"co\""


@pytest.fixture(scope="module")
def fit():
    data = pm.Data({"t": T, EVIL: 2 * np.exp(-0.7 * T) + 0.02 * np.cos(7 * T)}, inputs=["t"], output=EVIL, sigma=0.015,
                   name=EVIL)  # fmt: skip
    problem = pm.Problem("a * exp(-b * t)", data, {"a": pm.Real(0, 5), "b": pm.Real(0.01, 3)}, title=EVIL,
                         description=f"One.\n\n{EVIL}")  # fmt: skip
    return pm.fit(problem, starts=4)


class Seen(HTMLParser):
    """Tags, attributes and text of a page; every tag that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.attributes, self.text, self.tags = [], [], "", []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta", "img", "br", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_page_is_whole_and_loads_nothing(fit):
    text = page(fit)
    seen = Seen(text)
    sources = [value for name, value in seen.attributes if name in ("src", "href")]
    assert len(sources) == 3
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    assert "@import" not in text
    assert "url(" not in text
    assert "script" not in seen.tags
    for source in sources:
        picture = base64.b64decode(source.partition(",")[2]).decode()
        assert picture.startswith("<?xml")
        assert not re.search(r'(?:href|src)="http', picture)


def test_the_problems_words_are_words(fit):
    text = page(fit)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert EVIL in Seen(text).text


def test_everything_is_on_it(fit):
    text = Seen(page(fit)).text
    for word in ("Parameters", "Goodness of fit", "Starts", "Correlation", "How it was done", "Receipt", fit.method,
                 fit.uncertainty, fit.choice, fit.receipt.problem_hash, "p-value", "95 % interval",
                 *fit.receipt.citation):  # fmt: skip
        assert word in text, word


def test_the_same_fit_is_the_same_page(fit):
    assert page(fit) == page(fit)


def test_verdicts(fit):
    sure = dataclasses.replace(fit, doubts=())
    assert verdict(sure).endswith("The fit converged, and nothing was noticed that speaks against it.")
    assert verdict(fit).startswith("a = ")
    one = dataclasses.replace(fit, doubts=("this",))
    assert "but one doubt remains" in verdict(one)
    assert "2 doubts remain" in verdict(dataclasses.replace(fit, doubts=("this", "that")))
    spent = dataclasses.replace(fit, status=Status(Outcome.BUDGET, "spent."))
    assert "only the best point so far: a = " in verdict(spent)
    failed = dataclasses.replace(fit, status=Status(Outcome.FAILED, "No start ran."))
    assert verdict(failed) == "The fit failed: No start ran."
    many = dataclasses.replace(fit, rows=tuple(dataclasses.replace(fit.rows[0], label=f"p{i}") for i in range(7)))
    assert "and 3 more" in verdict(many)


@pytest.mark.parametrize(
    ("outcome", "doubts", "tone"),
    [
        (Outcome.CONVERGED, (), "good"),
        (Outcome.CONVERGED, ("it may be wrong",), "doubt"),
        (Outcome.BUDGET, (), "doubt"),
        (Outcome.FAILED, (), "bad"),
    ],
)
def test_the_tone_follows_the_outcome(outcome, doubts, tone, fit):
    text = page(dataclasses.replace(fit, status=Status(outcome, "so it is"), doubts=doubts))
    assert f'class="verdict {tone}"' in text
    assert ('<section class="doubts">' in text) == bool(doubts)
    assert all(doubt in text for doubt in doubts)


def test_sigma_that_is_estimated():
    data = pm.Data({"t": T, "y": 2 * T + 0.1 * np.cos(9 * T)}, inputs=["t"], output="y")
    text = Seen(page(pm.fit("a * t", data, parameters={"a": 1}))).text
    assert "Residual sum of squares" in text
    assert "says nothing of the quality" in text
    assert "One start: " in text


def test_a_likelihood_without_residuals_has_no_sum_of_squares():
    x = np.linspace(-2, 2, 12)
    y = np.array([0, 0, 0, 1, 1, 2, 4, 5, 7, 8, 8, 8.0])
    data = pm.Data({"x": x, "y": y}, inputs=["x"], output="y")
    fit = pm.fit("1 / (1 + exp(-(a + b * x)))", data, {"a": (-5, 5), "b": (-5, 9)}, noise=pm.Binomial(8), starts=2)
    text = Seen(page(fit)).text
    assert "nan" not in text
    assert "Residual sum of squares" not in text
    assert "Degrees of freedom" in text
    assert "band and bars are cut at 0 and 1" in page(fit)


def test_the_path_of_a_penalty_is_on_it():
    x = np.linspace(0, 1, 40)
    data = pm.Data({"x": x, "y": 1 + 2 * x}, inputs=["x"], output="y", sigma=0.1)
    terms = dict.fromkeys("abc", 0.0)
    penalty = pm.Penalty("lasso", "bic", unpenalised="a", path=10)
    text = page(pm.fit("a + b * x + c * x**2", data, terms, penalty=penalty))
    assert text.count("The path of the penalty") == 1
    assert text.index("The path of the penalty") > text.index("Data and fit")


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((2457097.371794, 2457097.371918), "2457097.371794 .. 2457097.371918"),
        ((-0.25, 0.5), "-0.250 .. 0.500"),
        ((2.46113570001, 2.46113570009), "2.4611357000100 .. 2.4611357000900"),
        ((1.5e12, 1.6e12), "1.5e+12 .. 1.6e+12"),
        ((3e-9, 4e-9), "3e-09 .. 4e-09"),
        ((2.0, 2.0), "2 .. 2"),
        ((-np.inf, 2.0), "-inf .. 2"),
    ],
)
def test_an_interval_has_the_digits_of_its_width(interval, words):
    from parametra.nouns.result_table import interval_text

    low, high = interval_text(interval).split(" .. ")
    assert (float(low), float(high)) == pytest.approx(tuple(map(float, words.split(" .. "))), rel=1e-15, abs=1e-15)
    assert len(low) <= len(words.split(" .. ")[0])


def test_the_sources_of_model_and_method_are_cited(tmp_path):
    ready = pm.model("kinetics.michaelis_menten")
    found = pm.fit(ready.known_problem(ready.known[0]), starts=1)
    text = Seen(page(found)).text
    assert ready.sources
    for source in (*ready.sources, *found.receipt.citation):
        assert str(source) in text
    assert found.to_json()["sources"] == [str(source) for source in ready.sources]
    found.save(tmp_path / "fit.json")
    assert page(pm.load(tmp_path / "fit.json")) == page(found)
