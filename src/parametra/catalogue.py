"""Finds methods and models by their file names, and imports one only when it is asked for.

A method is a file `methods/<verb>/<name>.py` with a class `METHOD` that has a `card`; a model is a file
`models/<field>/<name>.py` with a `READY` of `nouns.ready_made.ReadyMade`. A name that begins with `_` is an engine.
"""

from __future__ import annotations

import importlib
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from parametra.nouns.card import Card
from parametra.nouns.errors import MethodError, ModelError, did_you_mean

_HERE = Path(__file__).parent


def verbs() -> tuple[str, ...]:
    """The verbs that have methods; fit, with which most begin, comes first."""
    shelves = sorted(p.name for p in (_HERE / "methods").iterdir() if p.is_dir() and not p.name.startswith("_"))
    return tuple(sorted(shelves, key=lambda verb: (verb != "fit", verb)))


def methods(verb: str) -> tuple[str, ...]:
    """Names of the methods of a verb, in alphabetical order."""
    return _stems(_HERE / "methods" / verb)


def method(verb: str, name: str) -> Any:
    """The class of a method.

    Raises:
        MethodError: there is none of this name.
    """
    known = methods(verb)
    if name not in known:
        raise MethodError(f'{verb} has no method "{name}"; ' + did_you_mean(str(name), known))
    return importlib.import_module(f"parametra.methods.{verb}.{name}").METHOD


def card(verb: str, name: str) -> Card:
    """The card of a method. Raises MethodError for an unknown name."""
    return method(verb, name).card


def models() -> tuple[str, ...]:
    """Names of the ready-made models, `field.name`, in alphabetical order."""
    fields = sorted(p.name for p in (_HERE / "models").iterdir() if p.is_dir() and not p.name.startswith("_"))
    return tuple(f"{field}.{name}" for field in fields for name in _stems(_HERE / "models" / field))


def fields() -> tuple[str, ...]:
    """The fields that have ready-made models, in alphabetical order."""
    return tuple(dict.fromkeys(name.partition(".")[0] for name in models()))


def tools(field: str) -> dict[str, Any]:
    """What a field has besides its models, such as a search for a period: name to function."""
    module = importlib.import_module(f"parametra.models.{field}")
    return {name: getattr(module, name) for name in getattr(module, "__all__", ())}


def model(name: str, **options: Any) -> Any:
    """A ready-made model, a `ReadyMade`: `problem(data)` is the problem of fitting it to data.

    Arguments:
        name: `field.model`, as `parametra models` lists them, in any case; the last part alone where only one has it.
        options: its choices, such as degree=8; `parametra models NAME` tells them.

    Raises:
        ModelError: there is none of this name, or it has no such option.
    """
    known = models()
    low = str(name).strip().lower()
    meant = [low] if low in known else [each for each in known if each.partition(".")[2] == low]
    if len(meant) > 1:
        raise ModelError(f'several ready-made models are called "{name}": {", ".join(meant)}. Say which.')
    if not meant:
        raise ModelError(f'there is no ready-made model "{name}"; {_nearest_model(low)}')
    found = importlib.import_module(f"parametra.models.{meant[0]}").READY
    return found.with_options(**options) if options else found


def _nearest_model(name: str) -> str:
    """The end of a message about an unknown model: the closest one, those of its field, or the fields."""
    known, shelves = models(), fields()
    field, _, rest = name.partition(".")
    shelf = next(iter(get_close_matches(field, shelves, n=1, cutoff=0.75)), "")
    mine = {each.partition(".")[2]: each for each in known if not shelf or each.startswith(f"{shelf}.")}
    near = get_close_matches(rest or ("" if shelf else field), mine, n=1)
    if near:
        return f'did you mean "{mine[near[0]]}"?'
    if shelf:
        return f'the field "{shelf}" has {", ".join(mine.values())}.'
    return f"the fields are {', '.join(shelves)}; `parametra models FIELD` lists the models of one."


@cache
def _stems(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_")))
