"""The [model] of a problem file: formulas, a function of Python, an ODE, a program, or a ready-made model by name."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from parametra import catalogue
from parametra.formats._problem_keys import MODEL, PROGRAM, READY, refuse_unknown, table_at, text_at, texts_at
from parametra.nouns.errors import FileError, ModelError, did_you_mean
from parametra.nouns.model import Model
from parametra.nouns.statement import shown

_WAYS = (
    'formula = "...", [model.formulas], python = "file.py:function", [model.ode], command = ["program"] or '
    'name = "field.model"'
)


def model_from_table(tables: Mapping[str, Any], folder: Path) -> Any:
    """What [model] states: a `Model`, or a `ReadyMade` for name = "...".

    Arguments:
        tables: the whole file.
        folder: where the file is; Python files are named from there.

    Raises:
        FileError: no model, several, or an unknown key.
        FormulaError: a formula that cannot be read.
        ModelError: a Python function or a ready-made model that is not there, or that cannot be imported.
    """
    if "model" not in tables:
        raise FileError(f"[model] is missing. Add it with {_WAYS}.")
    table = table_at(tables, "model", "[model]", '[model] and below it formula = "a * exp(-b * t)"')
    refuse_unknown(table, dict.fromkeys([*MODEL, *PROGRAM, *READY]), "[model]")
    stated = [key for key in MODEL if key in table]
    if len(stated) != 1:
        came = f"it has {' and '.join(stated)}" if stated else "it has none of them" if table else "it is empty"
        raise FileError(f"[model] takes one of {_WAYS}; {came}.")
    if stated == ["command"]:
        from parametra.formats._problem_program import program_from_table  # few files state one

        return Model.of(program_from_table(table, tables, folder))
    if stated == ["name"]:
        return _ready_made(table)
    _refuse_beside(stated[0], table, {*MODEL})
    if stated == ["ode"]:
        from parametra.formats._problem_ode import ode_from_table  # few files state one

        return Model.of(ode_from_table(table["ode"], tables, lambda text: function_at(text, folder)))
    if stated == ["formulas"]:
        formulas = texts_at(table, "formulas", "[model]")
        if not formulas:
            raise FileError('[model.formulas] is empty. Write output = "formula" for each output of the data.')
        return Model.of(formulas)
    text = text_at(table, stated[0], "[model]")
    if stated == ["formula"]:
        return Model.of(text)
    return Model.of(function_at(text, folder))


def _refuse_beside(stated: str, table: Mapping[str, Any], known: set[str]) -> None:
    extra = next((key for key in table if key not in known), None)
    if extra is not None:
        whose = "name, a ready-made model" if extra in READY else "command, a program"
        raise FileError(f"[model]: {extra} goes with {whose}; {stated} is stated. Leave one out.")


def _ready_made(table: Mapping[str, Any]) -> Any:
    _refuse_beside("name", table, {*MODEL, *READY})
    priors = table.get("priors", False)
    if not isinstance(priors, bool):
        raise FileError(f"[model]: priors is true or false; {shown(priors)} came.")
    options = table_at(table, "options", "[model] options", "[model.options] and below it an option of the model")
    return catalogue.model(text_at(table, "name", "[model]"), **options)


def function_at(stated: str, folder: Path) -> Callable[..., Any]:
    """The function that "file.py:function" names.

    Raises:
        ModelError: it is not there, or its file cannot be imported.
    """
    where = f'python = "{stated}"'
    place, colon, name = stated.rpartition(":")
    if not (colon and place and name):
        raise ModelError(f'{where}: write "file.py:function" or "module:function".')
    path = folder / place
    if place.endswith(".py") and not path.is_file():
        near = sorted(each.name for each in folder.glob("*.py"))
        raise ModelError(f"{where}: there is no file {path}; " + did_you_mean(place, near))
    with _importable(folder):
        module = _module(place, path, where)
    found = getattr(module, name, None)
    if found is None:
        functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise ModelError(f"{where}: {place} has no function {name}; " + did_you_mean(name, functions))
    if not callable(found):
        raise ModelError(f"{where}: {name} is {type(found).__name__}; a function is wanted.")
    return found


def _module(place: str, path: Path, where: str) -> ModuleType:
    try:
        return _from_file(path) if place.endswith(".py") else importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is not None and (place == error.name or place.startswith(f"{error.name}.")):
            raise ModelError(
                f"{where}: there is no module {place}. Install it, or name a file beside the problem file: "
                '"file.py:function".'
            ) from None
        raise ModelError(f"{where}: {place} imports {error.name}, which is not installed.") from None
    except SyntaxError as error:
        raise ModelError(f"{where}: line {error.lineno} of {place} is not Python: {error.msg}.") from None
    except (Exception, SystemExit) as error:  # a person's code may raise anything, and a script may exit
        line = traceback.extract_tb(error.__traceback__)[-1]
        raise ModelError(
            f"{where}: {place} raised {type(error).__name__} while it was imported (line {line.lineno} of "
            f"{Path(line.filename).name}): {error}."
        ) from error


def _from_file(path: Path) -> ModuleType:
    """The module of a file, under a name of its own, so that two model.py in two folders are two modules."""
    resolved = path.resolve()
    name = f"{resolved.stem}_{hashlib.sha256(str(resolved).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, resolved)
    if spec is None or spec.loader is None:
        raise ModelError(f"{path} cannot be read as Python.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextmanager
def _importable(folder: Path) -> Generator[None]:
    """Modules beside the problem file can be imported, as they could by a script that stands there."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
