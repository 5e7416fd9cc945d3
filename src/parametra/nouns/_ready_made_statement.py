"""What a person states beside a ready-made model, put together with what the model states itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np

from parametra.nouns.data import Data
from parametra.nouns.errors import ModelError, ParameterError, did_you_mean
from parametra.nouns.interchange import Interchange
from parametra.nouns.noise import Noise
from parametra.nouns.parameter import Parameter
from parametra.nouns.statement import is_number, shown
from parametra.nouns.units import Unit, compatible, parse_unit

_WHOLE = frozenset({"type", "choices", "simplex", "fixed", "tied"})
"""Keys that make another kind of parameter, of which only unit and words are kept."""
_WORDS = ("unit", "description")


def restated(own: Parameter, stated: object, name: str) -> Parameter:
    """The model's parameter with what was stated of it: a guess, bounds, a table of settings, or a whole parameter.

    Arguments:
        own: the model's.
        stated: a number is a guess, a pair are bounds, a mapping holds settings; all else stays as it is. A parameter
            takes its place, and its unit and words where it has none.
        name: for messages.
    """
    if isinstance(stated, Parameter):
        return _with_words(stated, own)
    if isinstance(stated, Mapping):
        settings: dict[str, Any] = dict(cast("Mapping[str, Any]", stated))
    elif is_number(stated):
        settings = {"guess": stated}
    elif isinstance(stated, (tuple, list)) and len(cast("Sequence[Any]", stated)) == 2:
        lower, upper = cast("Sequence[Any]", stated)
        settings = {"lower": lower, "upper": upper}
    else:
        return _with_words(Parameter.of(stated, name), own)
    if _WHOLE & settings.keys():
        return _with_words(Parameter.of(settings, name), own)
    # read as a table first, for its messages, and for what texts such as a prior become
    read: Any = Parameter.of({**_kind(own, settings), **settings}, name)
    kept = {field.name for field in dataclasses.fields(read) if field.name in settings}
    inherited = {
        field.name: getattr(own, field.name)
        for field in dataclasses.fields(read)
        if field.name not in kept and hasattr(own, field.name)
    }
    inherited = _guess_inside(inherited, settings)
    return dataclasses.replace(read, **inherited)


def _kind(own: Parameter, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The type that the table is read as: the model's own, but a lower bound makes a real of a positive parameter."""
    kind = type(own).__name__.lower()
    if kind == "positive" and "lower" in settings:
        kind = "real"
    if kind not in ("real", "positive", "log", "integer"):
        return {}
    bounds = {side: getattr(own, side, None) for side in ("lower", "upper")}
    return {"type": kind, **{k: v for k, v in bounds.items() if v is not None and kind in ("log", "integer")}}


def _guess_inside(inherited: dict[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Without the model's guess where it lies outside of bounds that were stated."""
    guess = inherited.get("guess")
    if guess is None or "guess" in settings:
        return inherited
    low, high = settings.get("lower", -np.inf), settings.get("upper", np.inf)
    inside = np.all((np.asarray(guess) >= low) & (np.asarray(guess) <= high))
    return inherited if inside else {k: v for k, v in inherited.items() if k != "guess"}


def _with_words(parameter: Parameter, own: Parameter) -> Parameter:
    lacking = {
        word: getattr(own, word)
        for word in _WORDS
        if hasattr(parameter, word) and not getattr(parameter, word) and getattr(own, word, "")
    }
    found = dataclasses.replace(cast("Any", parameter), **lacking) if lacking else parameter
    lacks_guess = getattr(found, "guess", 0) is None and getattr(found, "prior", None) is None
    return guessed(found, getattr(own, "guess", None)) if lacks_guess else found


def refuse_unknown(extra: Mapping[str, object], known: Sequence[str], used: object, model: str) -> None:
    """Raises ModelError for a parameter that neither the model has nor anything else that was stated speaks of."""
    words = repr(used)
    for name in extra:
        if name not in known and name not in words:
            raise ModelError(f'the model "{model}" has no parameter "{name}"; {did_you_mean(name, known)}')


def guessed(parameter: Parameter, value: object) -> Parameter:
    """With a guess that was read off data; without it where data are so odd that it cannot be one."""
    try:
        return dataclasses.replace(cast("Any", parameter), guess=value)
    except ParameterError:
        return parameter


def as_called(interchange: Interchange | None, sets: Sequence[Data]) -> Interchange | None:
    """The groups by the names that the data sets have for them: one that several name apart has all of these."""
    if interchange is None:
        return None
    called = [
        tuple(dict.fromkeys(data.parameters.get(name, name) for name in group for data in sets))
        for group in interchange.groups
    ]
    return dataclasses.replace(interchange, groups=tuple(called))


def common_guesses(interchange: Interchange | None, stated: Mapping[str, Any]) -> dict[str, float]:
    """One guess for what is interchangeable, by name: priors made of guesses of their own would tell peaks apart.

    Arguments:
        interchange: what may change places.
        stated: the parameters.
    """
    found: dict[str, float] = {}
    for names in zip(*interchange.groups, strict=True) if interchange is not None else ():
        guesses = [getattr(stated.get(name), "guess", None) for name in names]
        if len(names) > 1 and all(is_number(guess) for guess in guesses):
            values = np.abs(np.array(guesses, dtype=float))
            middle = np.exp(np.log(values).mean()) if values.all() else np.sqrt((values**2).mean())
            found |= dict.fromkeys(names, float(middle))
    return found


def with_prior(parameter: Parameter, prior: object) -> Parameter:
    """With a prior; without the guess where that lies outside of what the prior allows."""
    try:
        return dataclasses.replace(cast("Any", parameter), prior=prior)
    except ParameterError:
        return dataclasses.replace(cast("Any", parameter), prior=prior, guess=None)


def checked_option(name: str, default: object, value: object, model: str) -> object:
    """The value of an option, of the kind of its default where that is a number or a switch.

    A default that is a word, "estimated" or "auto", or nothing may stand beside numbers: the form tells these apart.

    Raises:
        ModelError: another kind.
    """
    plain = value.item() if isinstance(value, np.generic) else value
    wanted = ""
    if isinstance(default, bool):
        wanted = "" if isinstance(plain, bool) else "true or false"
    elif isinstance(default, int):
        wanted = "" if is_number(plain) and float(plain).is_integer() else "a whole number"
        plain = plain if wanted else int(cast("float", plain))
    elif isinstance(default, float):
        wanted = "" if is_number(plain) else "a number"
        plain = plain if wanted else float(cast("float", plain))
    if wanted:
        raise ModelError(f'the option "{name}" of "{model}" is {wanted}; {shown(value)} came.')
    return plain


def refuse_units(own: Mapping[str, str], free: frozenset[str], sets: Sequence[Data], model: str) -> None:
    """Raises ModelError where data are in another unit than the model's that no parameter follows, or another zero.

    An input that no parameter follows, and whose unit is that of one that is followed, goes with that one: the duration
    of an infusion is in minutes where the times are.

    Arguments:
        own: the model's units of inputs and outputs.
        free: those that some parameter follows.
        sets: the data.
        model: its name.
    """
    for data in sets:
        for name, unit in own.items():
            stated = data.units.get(name, "")
            wanted = unit if name in free else _beside(name, own, free, data)
            if not stated or stated == wanted:
                continue
            mine, theirs = parse_unit(wanted or "1"), parse_unit(stated)
            if mine is None or theirs is None:
                continue
            # what follows a unit follows its scale and not its zero, which matters to a model in kelvin: 0 degC is no
            # 0 K; a model of signals of any kind has no zero that they could miss
            followed = name in free and (mine.offset == theirs.offset or not compatible(mine, theirs))
            if not (followed or (mine.offset == theirs.offset and mine.same_scale(theirs))):
                raise ModelError(_other_unit(name, mine, theirs, data.name, model))


def _beside(name: str, own: Mapping[str, str], free: frozenset[str], data: Data) -> str:
    """The unit that an input is taken in: as the data state it for what is measured alike, or the model's own."""
    unit = parse_unit(own[name] or "1")
    alike = [other for other in own if other in free and own[other] == own[name] and data.units.get(other)]
    return data.units[alike[0]] if alike and unit is not None and unit.dimension else own[name]


def _other_unit(name: str, mine: Unit, theirs: Unit, data: str, model: str) -> str:
    """What is wrong with the unit of data, and what to do."""
    came = f'and the data "{data}" state {theirs}'
    if not mine.dimension and not compatible(mine, theirs):
        return (
            f'to the model "{model}", "{name}" is a pure number, {came}. State no unit for it (take it out of units = '
            "{...}) where the numbers are on the model's scale, and bring them there first where they are not."
        )
    how = ""
    if compatible(mine, theirs):
        times = theirs.factor / mine.factor
        steps = [f"multiply them by {times:.10g}"] if not np.isclose(times, 1.0, rtol=1e-9) else []
        if moved := (theirs.offset - mine.offset) / mine.factor:
            steps.append(f"add {moved:.10g}")
        how = f": {', then '.join(steps)}, and state {mine}"
    return f'the model "{model}" takes "{name}" in {mine}, {came}. Convert the numbers first{how}.'


def noise_for(noise: object, sets: Sequence[Data], outputs: Sequence[str]) -> object:
    """The model's noise; None, which is `Normal()`, where it is of logarithms and the data state standard deviations.

    A column of standard deviations is on the scale of the output, and noises of logarithms would take it for theirs.
    """
    stated = any(output in data.sigma for data in sets for output in outputs)
    return None if stated and noise is not None and Noise.of(noise).of_logarithms else noise
