"""What is told when something in the files of a PEtab problem is wrong: the file, the line, and what to do."""

from __future__ import annotations

import sys

import pytest

from parametra.formats.petab import read_petab
from parametra.nouns.errors import FileError, MissingExtraError
from petab_files import EXAMPLE, example

SPOILT = {
    "a missing column": ("observables.tsv", "observableFormula", "formula", 'has no column "observableFormula"'),
    "a column twice": ("conditions.tsv", "conditionName", "A", 'names 2 columns "A"'),
    "an identifier twice": (
        "conditions.tsv",
        "high\t",
        "low\t",
        'line 3 .* "low" is stated in line 2 of conditions.tsv',
    ),
    "an unknown observable": (
        "measurements.tsv",
        "product\tlow\t1",
        "produce\tlow\t1",
        'line 5 .* "produce" is not in the observable table; did you mean "product"',
    ),
    "an unknown condition": (
        "measurements.tsv",
        "signal\tlow\t1",
        "signal\tlo\t1",
        'line 4 .* "lo" is not in the condition',
    ),
    "a text for a time": ("measurements.tsv", "low\t1\t", "low\tone\t", '"time" must be a number; "one" came'),
    "an early time": ("measurements.tsv", "low\t1\t", "low\t-1\t", "time is 0 or later, or inf; -1 came"),
    "too few overrides": (
        "measurements.tsv",
        "\t0.3\n",
        "\t\n",
        'noiseParameters must hold 1 for "signal", as .* line 2 of observables.tsv do; 0',
    ),
    "an unknown override": (
        "measurements.tsv",
        "\t0.3\n",
        "\tsd\n",
        '"sd" is neither a number nor in the parameter table',
    ),
    "a number below zero": (
        "measurements.tsv",
        "product\tlow\t1\t",
        "product\tlow\t1\t-",
        "above zero for a logarithm",
    ),
    "an unknown name": ("observables.tsv", "scale * A", "scale * C", 'line 2 .* "C" in observableFormula is neither'),
    "a formula that cannot be read": (
        "observables.tsv",
        "scale * A",
        "scale * ",
        'the formula "scale \\*" cannot be read',
    ),
    "a placeholder of another": (
        "observables.tsv",
        "Parameter1_signal",
        "Parameter1_product",
        "belongs to the observable",
    ),
    "an unknown word": (
        "observables.tsv",
        "log10",
        "ln",
        '"observableTransformation" is one of lin, log, log10; "ln" came',
    ),
    "a noise of zero": ("observables.tsv", "0.05", "0", 'the noise of "product" is 0 there'),
    "an unknown scale": ("parameters.tsv", "log10", "log2", '"parameterScale" is one of lin, log, log10; "log2" came'),
    "a wrong estimate": ("parameters.tsv", "0.1\t1", "0.1\tyes", '"estimate" is one of'),
    "a guess outside": (
        "parameters.tsv",
        "0.1\t1",
        "1000\t1",
        "line 2 of parameters.tsv: k1: .* the guess 1000 lies outside",
    ),
    "an unknown cell": ("conditions.tsv", "\t5", "\tdose", 'line 2 of conditions.tsv: "A": "dose" is neither a number'),
    "a column of nothing": (
        "conditions.tsv",
        "\tA",
        "\tturning",
        'a column "turning", which a rule of the model determines',
    ),
    "a column that nothing knows": (
        "conditions.tsv",
        "\tA",
        "\tAA",
        'a column "AA", which is neither in the SBML model',
    ),
    "an unused parameter": ("observables.tsv", "scale * A", "2 * A", 'line 4 .* nothing depends on "scale"'),
    "a version": (
        "problem.yaml",
        "format_version: 1",
        "format_version: 2.0.0",
        "format_version is 2.0.0; PEtab version 1",
    ),
    "no version": ("problem.yaml", "format_version: 1", "", "is no PEtab problem"),
    "no YAML": (
        "problem.yaml",
        "format_version: 1",
        "format_version: [1",
        r"^problem.yaml is no YAML: expected ',' or '\]', but got ':' \(line 3, column 15\)\.$",
    ),
    "a bound that is a logarithm": (
        "parameters.tsv",
        "0.001\t",
        "-3\t",
        "k1: parameterScale is log10, and bounds are on the linear scale; lowerBound -3 came",
    ),
    "two models": ("problem.yaml", "[model.xml]", "[model.xml, b.xml]", "sbml_files names 2 files; one is read"),
    "no list": ("problem.yaml", "[conditions.tsv]", "3", "condition_files names one file or a list of files; 3 came"),
    "no problems": ("problem.yaml", "problems:", "problem:", "problems must be a list with one problem"),
    "no file": (
        "problem.yaml",
        "[observables.tsv]",
        "[observable.tsv]",
        "there is no file .*observable.tsv, which the",
    ),
    "no model": ("problem.yaml", "[model.xml]", "[mode.xml]", "there is no file .*mode.xml, which the problem names"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_mistakes_are_told_with_their_place(tmp_path, case):
    file, old, new, message = SPOILT[case]
    stated = example(tmp_path)
    text = (tmp_path / file).read_text()
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1))
    with pytest.raises(FileError, match=message):
        read_petab(stated)


def prior(folder, kind, numbers):
    stated = example(folder)
    lines = (folder / "parameters.tsv").read_text().splitlines()
    lines[0] += "\tobjectivePriorType\tobjectivePriorParameters"
    lines[1] += f"\t{kind}\t{numbers}"
    (folder / "parameters.tsv").write_text("\n".join([lines[0], lines[1], *(f"{each}\t\t" for each in lines[2:])]))
    return read_petab(stated)


def test_a_missing_file_and_bad_priors(tmp_path):
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    with pytest.raises(FileError, match=r"empty\.yaml is empty; the YAML file of a PEtab problem is wanted"):
        read_petab(tmp_path / "empty.yaml")
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_petab(tmp_path / "none.yaml")
    with pytest.raises(FileError, match="objectivePriorParameters are two numbers, such as 0;1; 1 came"):
        prior(tmp_path, "normal", "1")
    with pytest.raises(FileError, match=r"line 2 of parameters.tsv: the prior normal of 1;-1 cannot be"):
        prior(tmp_path, "normal", "1;-1")
    with pytest.raises(FileError, match='"objectivePriorType" is one of'):
        prior(tmp_path, "cauchy", "1;1")


@pytest.mark.parametrize("package", ["libsbml", "yaml"])
def test_what_is_not_installed_is_told_in_one_sentence(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        MissingExtraError, match=r'a PEtab problem needs the package .*: pip install "parametra\[petab\]"'
    ):
        read_petab(EXAMPLE / "problem.yaml")
