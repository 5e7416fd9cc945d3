"""Parameters that are chosen against the fit: which may be, checked where a problem is stated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parametra.nouns.errors import ParameterError, did_you_mean
from parametra.nouns.parameter import Bounded
from parametra.nouns.space import Space


def adversary_of(thing: object, space: Space) -> tuple[str, ...]:
    """The names of parameters that maximise the cost, as stated: one name, or several.

    Arguments:
        thing: what was stated.
        space: the coordinates that the fit moves in.

    Raises:
        ParameterError: no name, a name that is no free parameter, one without finite bounds, or all of them.
    """
    names = (thing,) if isinstance(thing, str) else tuple(_names(thing))
    for name in names:
        if name not in space.free:
            raise ParameterError(
                f'adversary: "{name}" is no free parameter of this problem; ' + did_you_mean(name, space.free)
            )
        parameter = space[name]
        if not isinstance(parameter, Bounded) or not _bounded(parameter):
            raise ParameterError(
                f'adversary: "{name}" is {parameter!r}, and an adversary without finite bounds can do any harm. Give '
                f"it both bounds, such as Real(-1, 1)."
            )
    if names and set(names) >= set(space.free):
        raise ParameterError(
            f"adversary: {', '.join(names)} are all the free parameters, so none is left to be fitted. Name only those "
            "that are chosen against the fit."
        )
    return tuple(dict.fromkeys(names))


def _names(thing: object) -> Sequence[str]:
    if not isinstance(thing, (list, tuple)) or not all(isinstance(name, str) for name in thing):
        raise ParameterError(f'adversary={thing!r}: names of parameters are wanted, such as ["bias"].')
    names: Any = thing
    return names


def _bounded(parameter: Bounded) -> bool:
    return bool(np.isfinite(parameter.box_lower).all() and np.isfinite(parameter.box_upper).all())
