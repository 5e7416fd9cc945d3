"""A problem file: the whole problem, and how it is to be fitted, in one TOML file.

    title = "..."                              [noise]       kind = "normal"
    [model]       formula = "a * exp(-b * t)"  [derived]     half_life = "log(2) / b"
    [parameters]  a = { lower = 0 }            [fit]         starts = 20
    [data]        file = "decay.csv", inputs = ["t"], output = "y", sigma = "sigma"

Paths are named from the folder of the file. A formula is only read; python = "file.py:function" runs that file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from parametra.formats._problem_data import data_from_tables
from parametra.formats._problem_keys import FIT, TOP, number_at, refuse_unknown, table_at, text_at
from parametra.formats._problem_model import model_from_table
from parametra.formats._problem_toml import read_toml
from parametra.formats.fit_settings import FitSettings
from parametra.formats.run_settings import RunSettings, run_settings
from parametra.nouns.errors import FileError, MissingExtraError, ParametraError
from parametra.nouns.model import Model
from parametra.nouns.noise import noise_from_table
from parametra.nouns.parameter import Parameter, parameter_from_table
from parametra.nouns.penalty import Penalty
from parametra.nouns.problem import Problem
from parametra.nouns.ready_made import ReadyMade
from parametra.nouns.units_check import any_unit, check_units

Made = TypeVar("Made")

_TABLES = ("of", "meaning", "matrix")
"""Settings of a noise that are tables themselves; every other table in [noise] is the noise of an output."""


@dataclass(frozen=True)
class ProblemFile:
    """What a problem file states.

    Arguments:
        problem: the problem, `fit(file.problem)`.
        settings: how it is to be fitted; the [fit] table.
        path: the file.
        ready: the ready-made model that it names, None where it names none.
    """

    problem: Problem
    settings: FitSettings
    path: Path
    ready: ReadyMade | None = None

    @property
    def of_model(self) -> tuple[ReadyMade, Problem] | None:
        """The ready-made model that the file names, and the problem with it; None where it names none."""
        return None if self.ready is None else (self.ready, self.problem)

    @property
    def out(self) -> Path | None:
        """The folder that results go to, None when the file names none."""
        return None if self.settings.out is None else self.path.parent / self.settings.out


def read_problem_file(path: str | os.PathLike[str]) -> ProblemFile:
    """Read a problem file.

    Good for a problem that is to be kept, sent and run again. A Python model that it names is code, and runs: read
    only files that you trust.

    Arguments:
        path: a TOML file; what may stand in it is described on the page "Problem file" of the documentation. Or the
            YAML file of a PEtab problem.

    Returns:
        The problem and the settings of its fit.

    Raises:
        ParametraError: whatever is wrong with it, in a sentence that begins with the file's name.
    """
    file = Path(path)
    if file.suffix in (".yaml", ".yml"):
        from parametra.formats.petab import read_petab  # few problems are stated so

        return ProblemFile(read_petab(file), FitSettings(), file)
    if file.suffix in (".csv", ".tsv", ".dat"):
        raise FileError(
            f"{file.name} is a table of data, and a problem file is wanted. Make one of it: parametra new problem.toml "
            f"--from {file.name}"
        )
    tables = read_toml(file)
    return _in_file(file, lambda: _read(tables, file))


def _read(tables: dict[str, Any], path: Path) -> ProblemFile:
    refuse_unknown(tables, TOP, "the problem file")
    title, description = (text_at(tables, key, "the problem file").strip() for key in ("title", "description"))
    settings = _settings(tables)
    model = _within("[model]", lambda: model_from_table(tables, path.parent))
    settings = replace(settings, running=_running(tables, model, path))
    parameters = _parameters(tables, beside=isinstance(model, ReadyMade))
    data = data_from_tables(tables, path.parent)
    noise = _noise(tables, path.parent)
    derived = table_at(tables, "derived", "[derived]", '[derived] and below it half_life = "log(2) / b"')
    beside: dict[str, Any] = {
        "noise": noise,
        "derived": derived,
        "constraints": tables.get("constraints"),
        "penalty": _within("[penalty]", lambda: Penalty.of(tables.get("penalty"))),
        "adversary": tables.get("adversary", ()),
        "interchangeable": tables.get("interchangeable"),
        "description": description,
    }
    if isinstance(model, ReadyMade):
        priors = bool(tables["model"].get("priors"))
        problem = model.problem(data, parameters=parameters, priors=priors, title=title, **beside)
    else:
        problem = Problem(model, data, parameters, title=title or path.stem, **beside)
    if any_unit(problem):  # pint takes a quarter of a second to load
        check_units(problem)
    return ProblemFile(problem, settings, path, model if isinstance(model, ReadyMade) else None)


def _parameters(tables: Mapping[str, Any], *, beside: bool) -> dict[str, Any]:
    """Each parameter; beside a ready-made model as it is stated, because only that changes."""
    example = "[parameters] and below it a line for each, such as rate = { lower = 0, upper = 10 }"
    table = table_at(tables, "parameters", "[parameters]", example)
    if beside:
        return dict(table)
    if not table:
        state = "is empty" if "parameters" in tables else "is missing"
        raise FileError(f"[parameters] {state}. Write {example}.")
    return {name: _within("[parameters]", lambda n=name, v=value: _parameter(n, v)) for name, value in table.items()}


def _parameter(name: str, value: Any) -> Parameter:
    return parameter_from_table(name, value) if isinstance(value, dict) else Parameter.of(value, name)


def _noise(tables: Mapping[str, Any], folder: Path) -> Any:
    table = table_at(tables, "noise", "[noise]", '[noise] and below it kind = "normal"')
    if not table:
        return None
    by_output = [name for name, value in table.items() if isinstance(value, dict) and name not in _TABLES]
    if not by_output:
        return _within("[noise]", lambda: noise_from_table(table, folder))
    if len(by_output) < len(table):
        mixed = next(name for name in table if name not in by_output)
        raise FileError(
            f'[noise] is for all outputs, or [noise.{by_output[0]}] for one; "{mixed}" is beside the latter.'
        )
    return {
        name: _within(f"[noise.{name}]", lambda t=value: noise_from_table(t, folder)) for name, value in table.items()
    }


def _settings(tables: Mapping[str, Any]) -> FitSettings:
    table = table_at(tables, "fit", "[fit]", "[fit] and below it starts = 20")
    refuse_unknown(table, FIT, "[fit]")
    stated: dict[str, Any] = {
        key: text_at(table, key, "[fit]") for key in ("method", "loss", "covariance", "screening", "out")
    }
    stated |= {key: number_at(table, key, "[fit]", whole=True) for key in ("seed", "evaluations", "workers")}
    stated |= {key: number_at(table, key, "[fit]", whole=False) for key in ("seconds", "loss_scale")}
    stated["starts"] = table.get("starts")
    stated["options"] = table_at(
        table, "options", "[fit] options", "[fit.options] and below it a setting of the method"
    )
    return _within("[fit]", lambda: FitSettings(**{k: v for k, v in stated.items() if k in table}))


def _running(tables: Mapping[str, Any], model: Any, path: Path) -> RunSettings:
    stated = run_settings(tables, path.parent)
    # whoever runs a program waits for it, and does not want to wait twice
    program = isinstance(model, Model) and hasattr(model.function, "costly")
    return stated.with_default_ledger(path) if program else stated


def _in_file(path: Path, make: Callable[[], Made]) -> Made:
    """A mistake in the file is told with the file's name."""
    return _within(path.name, make)


def _within(where: str, make: Callable[[], Made]) -> Made:
    """A mistake is told with the place where it was made."""
    try:
        return make()
    except MissingExtraError:
        raise
    except ParametraError as error:
        message = str(error)
        raise type(error)(message if message.startswith(where) else f"{where}: {message}") from error.__cause__
