"""Constraints on parameters: formulas that must hold."""

from __future__ import annotations

from dataclasses import dataclass

from parametra.nouns.limits import Limits
from parametra.nouns.space import Space


@dataclass(frozen=True)
class Constraint:
    """One condition that the parameters must meet.

    Arguments:
        name: what messages call it.
        text: the condition as it was stated.
    """

    name: str
    text: str


def constraints_of(thing: object, space: Space) -> tuple[Constraint, ...]:
    """The constraints that a problem states."""
    del space
    if thing is None:
        return ()
    raise NotImplementedError


def limits_of(constraints: tuple[Constraint, ...], space: Space) -> Limits | None:
    """The constraints as functions of the box coordinates of `space`; None without any."""
    del space
    if not constraints:
        return None
    raise NotImplementedError
