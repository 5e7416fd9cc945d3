"""What may be exchanged without changing the model: the peaks of a spectrum, the terms of a sum of exponentials."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from parametra.nouns.errors import ParameterError, did_you_mean

_WANTED = (
    "two groups of names or more are wanted, all of one length, the name that they are ordered by first: "
    'interchangeable=[["center_1", "height_1"], ["center_2", "height_2"]]'
)


@dataclass(frozen=True)
class Interchange:
    """Groups of parameters that may change places with one another, and the order in which they are reported.

    Arguments:
        groups: each of the same length, with the parameters in the same order; the first of each is a single number,
            by which the groups are ordered.
        falling: True puts the largest first.
    """

    groups: tuple[tuple[str, ...], ...]
    falling: bool = False

    @property
    def names(self) -> frozenset[str]:
        """All names of all groups."""
        return frozenset(name for group in self.groups for name in group)

    @staticmethod
    def of(thing: object, names: Sequence[str]) -> Interchange | None:
        """What was stated, checked; None where nothing was.

        Arguments:
            thing: groups of names, an `Interchange`, or nothing: None, or an empty list.
            names: of the parameters of the problem. An `Interchange` that speaks of others stands for nothing here:
                another statement of the problem has done without them.

        Raises:
            ParameterError: one group alone, groups of different lengths, a name that is no parameter or comes twice.
        """
        if thing is None or isinstance(thing, Interchange):
            return thing if thing is not None and thing.names <= {*names} and len(thing.groups) > 1 else None
        if not isinstance(thing, (list, tuple)):
            raise ParameterError(f"interchangeable={thing!r}: {_WANTED}.")
        groups = tuple(_group(each, thing) for each in cast("Iterable[Any]", thing))
        if not groups:
            return None
        if len({len(group) for group in groups}) != 1 or not groups[0] or len(groups) < 2:
            raise ParameterError(f"interchangeable={thing!r}: {_WANTED}.")
        every = [name for group in groups for name in group]
        for name in every:
            if name not in names:
                raise ParameterError(f'interchangeable: "{name}" is no parameter; ' + did_you_mean(name, names))
            if every.count(name) > 1:
                raise ParameterError(f'interchangeable: "{name}" comes twice; a parameter belongs to one group.')
        return Interchange(groups)


def _group(thing: object, whole: object) -> tuple[str, ...]:
    if not isinstance(thing, (list, tuple)) or not all(isinstance(name, str) for name in cast("Any", thing)):
        raise ParameterError(f"interchangeable={whole!r}: {_WANTED}.")
    return tuple(cast("Iterable[str]", thing))
