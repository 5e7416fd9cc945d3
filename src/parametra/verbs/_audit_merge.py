"""What several alternatives of an audit say together: words that go together are joined, and a clash is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from parametra.nouns.errors import MethodError
from parametra.nouns.problem import Problem
from parametra.verbs._audit_choices import OF_NAMES, Alternative


@dataclass(frozen=True)
class Told:
    """What alternatives say together.

    Arguments:
        change: what changes the problem, word to value, without the rows.
        settings: arguments of the fit.
        rows: each alternative that keeps rows; what is kept is what all of them keep.
    """

    change: dict[str, Any]
    settings: dict[str, Any]
    rows: tuple[Alternative, ...]


def together(taken: tuple[Alternative, ...]) -> Told:
    """All that these alternatives say.

    Raises:
        MethodError: two of them say different things of the same word or name.
    """
    said: dict[str, tuple[Alternative, Any]] = {}
    change: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for each in taken:
        for into, words in ((change, each.change), (settings, each.settings)):
            for word, value in words.items():
                if word == "rows":
                    continue
                for subject, part in _parts(word, value):
                    _settle(said, each, subject, part)
                # a clash is refused by now
                into[word] = {**into.get(word, {}), **value} if _by_name(word, value) else value
    return Told(change, settings, tuple(each for each in taken if "rows" in each.change))


def _by_name(word: str, value: object) -> bool:
    return word in OF_NAMES or (word == "noise" and isinstance(value, Mapping))


def _parts(word: str, value: object) -> Iterator[tuple[str, tuple[str, Any]]]:
    """What a word speaks of, and what it says; restating a parameter and holding it speak of the same."""
    if _by_name(word, value):
        for name, part in cast("Mapping[str, Any]", value).items():
            subject = f'the parameter "{name}"' if word in ("parameters", "fixed") else f'{word} of "{name}"'
            yield subject, (word, part)
    else:
        yield word, (word, value)


def _settle(said: dict[str, tuple[Alternative, Any]], each: Alternative, subject: str, part: tuple[str, Any]) -> None:
    first, before = said.setdefault(subject, (each, part))
    # an alternative may restate a parameter and hold it at once
    if first is not each and not (before[0] == part[0] and same(before[1], part[1])):
        refuse(first, each, subject)
    # noise of one output beside noise of all of them
    if part[0] == "noise":
        other = said.get("noise") if subject != "noise" else None
        others = [a for k, (a, _) in said.items() if k.startswith("noise of")] if subject == "noise" else []
        beside = [a for a in [*others, *([other[0]] if other else [])] if a is not each]
        if beside:
            refuse(beside[0], each, "noise")


def refuse(first: Alternative, second: Alternative, subject: str) -> None:
    """Raises MethodError: two alternatives that cannot both hold."""
    raise MethodError(
        f'"{first.choice}: {first.name}" and "{second.choice}: {second.name}" both change {subject}, and differently; '
        "combine them yourself, in one alternative."
    )


def same(a: Any, b: Any) -> bool:
    """Whether two things that were said are the same; what cannot be told is not."""
    if a is b:
        return True
    try:
        return type(a) is type(b) and bool(np.all(a == b)) and np.shape(a) == np.shape(b)
    except (TypeError, ValueError):  # dataclasses that hold arrays
        return False


def refuse_lost(problem: Problem, other: Problem, by: Alternative, told: tuple[Alternative, ...]) -> None:
    """Refuses words that would undo what another problem, whole or by a function, has changed.

    Arguments:
        problem: as stated.
        other: in its place.
        by: the alternative that made it.
        told: all alternatives that are taken.

    Raises:
        MethodError: one of them changes what `other` has changed too.
    """
    touched = _touched(problem, other)
    for each in told:
        if each is by:
            continue
        for word, value in each.change.items():
            for subject, _ in _parts(word, value):
                named = "noise" if subject.startswith("noise of") else subject
                if named in touched:
                    refuse(by, each, named)


def _touched(problem: Problem, other: Problem) -> set[str]:
    """What differs between two problems, in the words of the parts."""

    def numbers(of: Problem) -> list[Any]:
        return [
            (d.content_hash(), {k: None if i is None else list(i) for k, i in d.observed.items()}) for d in of.data_sets
        ]

    found: set[str] = set()
    if numbers(problem) != numbers(other):
        found.add("data")
    if problem.model.signature != other.model.signature:
        found.add("model")
    before, after = ({k: n.signature for k, n in p.noise.items()} for p in (problem, other))
    if before != after:
        found.add("noise")
    mine, its = problem.stated_space, other.stated_space
    for name in {*mine.names, *its.names}:
        if name not in mine.names or name not in its.names or mine[name].key != its[name].key:
            found.add(f'the parameter "{name}"')
    return found
