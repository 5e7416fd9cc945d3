"""A problem file to begin with: one that runs as it stands, with a comment beside everything that may be changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from parametra.formats import _new_ode
from parametra.formats._new_columns import Columns, guess_columns, quoted, relative
from parametra.formats.fit_settings import own_folder
from parametra.nouns._formula_functions import FUNCTIONS
from parametra.nouns.errors import FileError, ParametraError, did_you_mean
from parametra.nouns.statement import check_name
from parametra.nouns.table import Table, read_table

_TABLES = (".csv", ".tsv", ".parquet", ".xlsx")
TEMPLATES = {
    "formula": "one formula",
    "ode": "differential equations, with a dose",
}
"""What an example may be of, and what that is in words."""

_TEXT = """\
# A problem for parametra. Look at it with `parametra check {file}`, run it with `parametra fit {file}`.
# Lines that begin with # say what else is possible.

title = {title}
# description = "A few words for the report."

[model]
# One formula: + - * / **, exp, log, sqrt, sin, where(condition, a, b) and the like, parameters and inputs by name.
formula = {formula}
# Or a function of Python, whose arguments are named like the parameters and the inputs:
# python = "model.py:predict"

[parameters]
# Each is found between its bounds; the guess is where the first start begins. All of these keys may be left out.
{parameters}
# Others: positive, on a logarithmic scale, known, computed from others:
# rate = {{ type = "positive", guess = 1 }}
# size = {{ type = "log", lower = 1e-3, upper = 1e3 }}
# c = {{ fixed = 299792.458, unit = "km/s" }}
# sum = {{ tied = "a + b" }}

[data]
{data}

# [noise]
# How the data scatter around the model. Without this: normal, with the sigma of [data], estimated where there is none.
# kind = "student_t"      # for a few wild points
# sigma = "estimated"

# [derived]
# What follows from the parameters, reported with its error.
# half_life = "log(2) / rate"

[fit]
# starts = 20             # how many starting points; left out, parametra decides and says why
# seconds = 60            # a budget
seed = 0
out = {out}   # the folder for fit.json, the figures and the report
"""
_EXAMPLE_DATA = """\
# Your own table: file = "data.csv", with a header, beside this file. Here the numbers stand in the file itself.
columns = { t = [0, 1, 2, 3, 4, 5, 6, 8], y = [5.1, 3.9, 3.2, 2.4, 2.0, 1.7, 1.2, 0.9] }
inputs = ["t"]            # columns that the model takes
output = "y"              # the column that was measured
sigma = 0.1               # its standard deviation: a number, or a column, as in sigma = "sigma"
# units = { t = "s" }
# missing = "mask"        # leave out rows with missing values instead of refusing them
# where = { state = "treated" }"""
_EXAMPLE_PARAMETERS = """\
amplitude = { lower = 0, upper = 100, guess = 4 }
rate = { lower = 0.001, upper = 10, guess = 0.5, unit = "1/s" }"""


def write_new(
    path: Path, table: Path | None = None, *, template: str = "formula", model: str = "", force: bool = False
) -> str:
    """Write a problem file that runs as it stands.

    Arguments:
        path: where to.
        table: a CSV file to fit; its columns are guessed and a straight line is put in as the model. None writes an
            example with numbers of its own.
        template: what that example is of, one of `TEMPLATES`.
        model: the name of a ready-made model, for the table or, without one, for data of which its answer is known.
        force: write over a file that is there.

    Returns:
        What was written, in a sentence.

    Raises:
        FileError: the file is there already, or cannot be written; a template that is not known, or one for a table,
            whose model is a straight line.
        DataError: the table cannot be read, or has no column of numbers.
    """
    _refuse(path, table, template, model)
    files: dict[Path, str] = {}
    if model:
        from parametra import catalogue
        from parametra.formats.new_model import model_text  # few files name one

        text, words, files = model_text(path, catalogue.model(model), table)
    elif table is not None:
        text, words = _from_table(path, table)
    else:
        text, words = _example(path, template), f"with an example in it: {TEMPLATES[template]}"
    there = next((each for each in (path, *files) if each.exists()), None)
    if there is not None and not force:
        raise FileError(f"{there} is there already. Name another file, or write over it with --force.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for beside, content in {**files, path: text}.items():
            beside.write_text(content, encoding="utf-8", newline="\n")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}. Name another place.") from None
    return f"wrote {path}, {words}"


def _refuse(path: Path, table: Path | None, template: str, model: str) -> None:
    if template not in TEMPLATES:
        raise FileError(f'there is no template "{template}"; ' + did_you_mean(template, TEMPLATES))
    if model and template != "formula":
        raise FileError(f"a ready-made model is named, so the template {template} has no use. Leave one of them out.")
    if table is not None and template != "formula":
        raise FileError(
            f"from a table a straight line is written, so the template {template} has no use. Leave one of them out; "
            "the template shows where a table is named."
        )
    if path.suffix.lower() in _TABLES:
        raise FileError(
            f"{path} is a table by its name, and what is written is a problem file. From the columns of a table: "
            f"parametra new {path.with_suffix('.toml').name} --from {path}"
        )
    if path.is_dir():
        raise FileError(f"{path} is a folder; name the file, such as {path / 'problem.toml'}.")
    if table is not None and not table.is_file():
        raise FileError(f"there is no file {table} to take the columns from.")


def _example(path: Path, template: str) -> str:
    if template == "ode":
        return _new_ode.TEXT.format(file=path.name, title=quoted(path.stem), out=quoted(own_folder(path)))
    return _TEXT.format(
        file=path.name,
        title=quoted(path.stem),
        formula='"amplitude * exp(-rate * t)"',
        parameters=_EXAMPLE_PARAMETERS,
        data=_EXAMPLE_DATA,
        out=quoted(own_folder(path)),
    )


def _from_table(path: Path, source: Path) -> tuple[str, str]:
    table = read_table(source)
    found = guess_columns(table)
    argument = _argument(found.input)
    formula, parameters = _straight_line(table, found, argument)
    text = _TEXT.format(
        file=path.name,
        title=quoted(source.stem),
        formula=f"{quoted(formula)}   # a straight line to begin with; put your model here",
        parameters="\n".join(f"{name} = {{ guess = {guess:.4g} }}" for name, guess in parameters.items()),
        data="\n".join(_data_lines(found, argument, relative(source, path.parent))),
        out=quoted(own_folder(path)),
    )
    sigma = f", its standard deviation {quoted(found.sigma)}" if found.sigma else ""
    words = f"with the output {quoted(found.output)}{sigma}"
    if found.input:
        words += f" along {quoted(found.input)}"
    return text, f"{words}. Look at [model] and [data]: the columns are a guess, the model a straight line."


def _straight_line(table: Table, found: Columns, argument: str) -> tuple[str, dict[str, float]]:
    level, slope = ("level", "slope") if argument not in ("level", "slope") else ("a", "b")
    y = table.columns[found.output]
    if not found.input:
        return level, {level: float(np.nanmean(y))}
    x = table.columns[found.input]
    both = np.isfinite(x) & np.isfinite(y)
    steep = float(np.polyfit(x[both], y[both], 1)[0]) if both.sum() > 1 and np.ptp(x[both]) > 0 else 0.0
    start = float(np.mean(y[both]) - steep * np.mean(x[both])) if both.any() else 0.0
    return f"{level} + {slope} * {argument}", {level: start, slope: steep}


def _data_lines(found: Columns, argument: str, source: str) -> list[str]:
    inputs = f"[{quoted(found.input)}]" if argument == found.input else f"{{ {argument} = {quoted(found.input)} }}"
    lines = [f"file = {quoted(source)}"]
    lines += [f"inputs = {inputs}   # columns that the model takes"] if found.input else []
    lines.append(f"output = {quoted(found.output)}   # the column that was measured")
    if found.sigma:
        lines.append(f"sigma = {quoted(found.sigma)}   # its standard deviation: a column, or a number")
    else:
        lines.append('# sigma = 0.1   # its standard deviation: a number, or a column, as in sigma = "sigma"')
    if found.gaps:
        lines.append('missing = "mask"   # rows with missing values are left out; "refuse" stops at them')
    if found.unused:
        lines.append(f"# not used: {', '.join(quoted(name) for name in found.unused)}")
    lines += ['# units = { x = "s" }', '# where = { state = "treated" }   # keep some rows only']
    return lines


def _argument(column: str) -> str:
    """What the formula calls the input: its column's name, when a formula can say it."""
    try:
        usable = check_name(column) not in FUNCTIONS if column else True
    except ParametraError:
        usable = False
    return column if usable else "x"
