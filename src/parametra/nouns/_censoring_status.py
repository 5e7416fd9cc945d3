"""Which values are exact and which are limits: read from a status column and from limits of detection."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from parametra.maths.arrays import Bool, Float
from parametra.nouns._noise_settings import column_of, row_of
from parametra.nouns.data import Data
from parametra.nouns.errors import NoiseError, did_you_mean

EXACT, RIGHT, LEFT, INTERVAL = range(4)
WORDS = ("exact", "right", "left", "interval")
"""In the order of their codes."""
Meaning = tuple[tuple[str, tuple[Any, ...]], ...]
USUAL: Meaning = (
    ("exact", (1, True, "exact")),
    ("right", (0, False, "right")),
    ("left", (2, "left")),
    ("interval", (3, "interval")),
)
"""The codes of R's `Surv`, and the words themselves."""


def checked_meaning(meaning: Any) -> Meaning:
    """As it is kept: each word with the codes that mean it. Raises NoiseError for other words, or codes twice."""
    if isinstance(meaning, tuple) and all(isinstance(one, tuple) and len(one) == 2 for one in meaning):
        meaning = dict(meaning)  # as it is kept
    if not isinstance(meaning, Mapping) or not meaning:
        raise NoiseError(
            f'meaning is a mapping of {", ".join(WORDS)} to codes of the status column, {{"exact": 1, "right": 0}}; '
            f"came {meaning!r}."
        )
    kept: list[tuple[str, tuple[Any, ...]]] = []
    for word, codes in cast("Mapping[Any, Any]", meaning).items():
        if word not in WORDS:
            raise NoiseError(f'meaning knows no "{word}"; {did_you_mean(str(word), WORDS)}')
        kept.append((word, as_codes(codes)))
    every = [code.strip() if isinstance(code, str) else float(code) for _, codes in kept for code in codes]
    twice = next((code for code in every if every.count(code) > 1), None)
    if twice is not None:
        raise NoiseError(f"meaning states the code {twice!r} twice; each code means one thing.")
    return tuple(kept)


def as_codes(codes: Any) -> tuple[Any, ...]:
    """One code, or several, as a tuple of numbers and words. Raises NoiseError for anything else."""
    several = isinstance(codes, (list, tuple, set, frozenset, np.ndarray))
    kept = tuple(one.item() if isinstance(one, np.generic) else one for one in (codes if several else [codes]))
    if not kept or not all(isinstance(one, (str, int, float)) for one in kept):
        raise NoiseError(f"a code of a status column is a number or a word; came {codes!r}.")
    return kept


def read_status(
    data: Data, output: str, column: str, meaning: Meaning, otherwise: int | None
) -> Float[np.ndarray, " n"]:
    """The code of each observed value.

    Arguments:
        data, output: of what.
        column: of numbers or words.
        meaning: what its values mean.
        otherwise: what a value means that `meaning` does not know; None refuses it.

    Raises:
        NoiseError: no such column, a missing or unknown value.
    """
    values = _column(data, output, column)
    codes = np.full(len(values), np.nan)
    for word, known in meaning:
        for code in known:
            codes[_equals(values, code)] = WORDS.index(word)
    missing = values == "" if values.dtype.kind == "U" else np.isnan(values)
    if missing.any():
        row = row_of(data, output, int(np.argmax(missing)))
        raise NoiseError(
            f'the status column "{column}" of the data set "{data.name}" is missing in row {row}; state it, or leave '
            "the row out."
        )
    if otherwise is not None:
        codes[np.isnan(codes)] = otherwise
    unknown = np.isnan(codes)
    if unknown.any():
        first = int(np.argmax(unknown))
        stated = "; ".join(f"{word} {' or '.join(dict.fromkeys(map(str, known)))}" for word, known in meaning)
        held = values[first] if values.dtype.kind == "U" else f"{values[first]:g}"
        raise NoiseError(
            f'the status column "{column}" of the data set "{data.name}" holds {held} in row '
            f"{row_of(data, output, first)}, which means nothing yet (known: {stated}). State event=... for the code "
            'of exact values when all others are right-censored, or meaning={"exact": ..., "right": ...}.'
        )
    return codes


def refuse_strange_events(data_sets: Sequence[Data], output: str, column: str, events: tuple[Any, ...]) -> None:
    """Refuse codes of exact values that no data set holds: all would be right-censored, or those that were meant.

    Arguments:
        data_sets: with the output.
        output: of what.
        column: the status column.
        events: the codes.

    Raises:
        NoiseError: none of the codes is held, or one is not that looks like another one that is.
    """
    held = [_column(data, output, column) for data in data_sets]
    strange = [code for code in events if not any(_equals(values, code).any() for values in held)]
    if not strange:
        return
    known = {f"{one}" if values.dtype.kind == "U" else f"{one:g}" for values in held for one in np.unique(values)}
    others = sorted(known - {"", "nan"} - {_written(code) for code in events})
    plain = [one.casefold() for one in others]
    near = [one for one in strange if difflib.get_close_matches(_written(one).casefold(), plain, cutoff=0.8)]
    if len(strange) < len(events) and not near:
        return
    code = (near or strange)[0]
    raise NoiseError(
        f'no row of the status column "{column}" holds event={code!r}, so that no value would be exact for it; '
        + did_you_mean(_written(code), others)
        + ' Where all values are limits on purpose, say so: meaning={"right": ...}.'
    )


def _written(code: Any) -> str:
    return code.strip() if isinstance(code, str) else f"{float(code):g}"


def _column(data: Data, output: str, name: str) -> np.ndarray:
    if name in data.texts:
        index = data.observed[output]
        return data.texts[name] if index is None else data.texts[name][index]
    known = [*data.columns, *data.texts, *(k for k, one in data.inputs.items() if one.shape == (data.rows,))]
    if name not in known:
        raise NoiseError(
            f'the status column "{name}" is not in the data set "{data.name}"; ' + did_you_mean(name, known)
        )
    return column_of(data, output, name, "status")


def _equals(values: np.ndarray, code: Any) -> Bool[np.ndarray, " n"]:
    if values.dtype.kind == "U":
        if isinstance(code, bool):  # R writes TRUE and FALSE
            return np.array([cell.lower() == str(code).lower() for cell in values.tolist()], dtype=bool)
        word = code.strip() if isinstance(code, str) else f"{code:g}"
        return np.array([cell == word for cell in values.tolist()], dtype=bool)
    try:
        return values == float(code)
    except ValueError:
        return np.zeros(len(values), dtype=bool)


@dataclass(frozen=True)
class Told:
    """What is known of each value of an output, (n,) each.

    Arguments:
        codes: EXACT, RIGHT, LEFT or INTERVAL.
        lower: the value lies above it, where it is right- or interval-censored; the observed value elsewhere.
        upper: the value lies at it or below, where it is left- or interval-censored; the observed value elsewhere.
    """

    codes: Float[np.ndarray, " n"]
    lower: Float[np.ndarray, " n"]
    upper: Float[np.ndarray, " n"]


def limit_of(data: Data, output: str, stated: Any, word: str) -> Float[np.ndarray, " n"] | None:
    """A number or a column as one value for each observation, NaN where there is no limit."""
    if stated is None:
        return None
    if isinstance(stated, str):
        return column_of(data, output, stated, f'{word}="{stated}"')
    return np.full(len(data.observations(output)[0]), float(stated))


def between(
    told: Told, below: np.ndarray | None, above: np.ndarray | None, data: Data, output: str, *, counts: bool
) -> Told:
    """The same with exact values at or beyond a limit of detection censored at that limit.

    A count at or above a limit is above the whole number before it.
    """
    codes, lower, upper = told.codes.copy(), told.lower.copy(), told.upper.copy()
    exact = codes == EXACT
    if below is not None and above is not None:
        wrong = below >= above
        if wrong.any():
            first = int(np.argmax(wrong))
            raise NoiseError(
                f"the limit below={below[first]:g} is not less than above={above[first]:g} in row "
                f'{row_of(data, output, first)} of the data set "{data.name}"; swap them.'
            )
    if below is not None:
        left = exact & (lower <= below)
        codes[left], upper[left], lower[left] = LEFT, below[left], below[left]
    if above is not None:
        right = exact & (told.lower >= above)
        limit = np.ceil(above) - 1 if counts else above
        codes[right], lower[right], upper[right] = RIGHT, limit[right], limit[right]
    return Told(codes, lower, upper)


def intervals(told: Told, data: Data, output: str, column: str) -> Told:
    """The same with the upper ends of interval-censored values. Raises NoiseError when one is missing or not above."""
    which = told.codes == INTERVAL
    if not which.any():
        return told
    if not column:
        raise NoiseError(
            f'the data set "{data.name}" has interval-censored values of "{output}", whose lower ends are observed; '
            'name the column of their upper ends: Censored(..., upper="column").'
        )
    ends = column_of(data, output, column, f'upper="{column}"')
    wrong = which & ~(ends > told.lower)
    if wrong.any():
        first = int(np.argmax(wrong))
        came = "is missing" if np.isnan(ends[first]) else f"is {ends[first]:g}"
        raise NoiseError(
            f'the upper end "{column}" of an interval-censored value {came} in row {row_of(data, output, first)} of '
            f'the data set "{data.name}", and its lower end is {told.lower[first]:g}; it must lie above. Where it is '
            "not known, the value is right-censored."
        )
    return Told(told.codes, told.lower, np.where(which, ends, told.upper))


def counted(codes: Sequence[np.ndarray]) -> tuple[int, int, int, int]:
    """How many are exact, right-, left- and interval-censored."""
    every = np.concatenate(codes)
    counts = [int(np.sum(every == code)) for code in range(4)]
    return (counts[0], counts[1], counts[2], counts[3])
