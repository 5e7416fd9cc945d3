"""Answers as data: one row for each pattern of answers, with how many persons gave it, and how such counts scatter."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from parametra.maths.arrays import Float
from parametra.models.item_response._marginal import ABILITY
from parametra.nouns._noise_contract import Noise, Scatter, Working, data_sets_with
from parametra.nouns._noise_settings import refuse_values
from parametra.nouns.data import Data
from parametra.nouns.errors import DataError, NoiseError

RIGHT, WRONG, NOT_ASKED = 1.0, 0.0, -1.0

_EVERY_PATTERN = 1024
"""Up to so many patterns, those that nobody gave are listed too: answers can then be drawn from the model."""

_COLUMNS = ("persons_asked", "booklet")


@dataclass(frozen=True)
class PatternCounts(Noise):
    """Counts of persons by pattern of answers: log density = persons times the predicted log probability.

    The multinomial likelihood without its coefficient, as item response theory quotes it. The prediction is the
    logarithm of the probability of the pattern, given which items were asked.

    Where every pattern is listed, the expected information is known: with N persons and log probabilities f of all
    patterns, N sum e^f (df)' (df), because probabilities of one sum change by nothing together.

    Raises:
        NoiseError: data that are no counts; drawing answers where the data do not list every pattern that may come.
    """

    grouped: bool = field(default=False, init=False, repr=False)
    complete: bool = field(default=False, init=False, repr=False)
    support: ClassVar[str] = "counts"

    def settle(self, data_sets: Sequence[Data], output: str) -> Noise:
        refuse_values(
            data_sets,
            output,
            "answers",
            wrong=lambda y: ~((y >= 0) & (y == np.floor(y))),
            wanted="counts of persons, which are whole numbers of zero or more",
        )
        settled = replace(self)
        having = data_sets_with(data_sets, output)
        grouped = all(name in data.columns for data in having for name in _COLUMNS)
        object.__setattr__(settled, "grouped", grouped)
        object.__setattr__(settled, "complete", grouped and all(_lists_every_pattern(data) for data in having))
        return settled

    @property
    def columns(self) -> tuple[str, ...]:
        return _COLUMNS if self.grouped else ()

    def log_density(self, scatter: Scatter) -> Any:
        xp = scatter.xp
        given = xp.asarray(scatter.observed) > 0
        return xp.where(given, scatter.observed * xp.where(given, scatter.predicted, 0.0), 0.0)

    def repeats(self, data: Data, output: str) -> Float[np.ndarray, " n"] | None:
        persons = data.observations(output)[0]
        return None if np.all(persons == 1) else persons

    def working(self, scatter: Scatter) -> tuple[Working, ...] | None:
        if not self.complete:
            return None
        xp = scatter.xp
        # above zero, so that no pattern's score is divided by nothing
        expected = xp.maximum(scatter.columns["persons_asked"] * xp.exp(xp.real(scatter.predicted)), 1e-200)
        return (Working(scatter.predicted, scatter.observed + 0.0 * expected, expected),)

    @property
    def offers_scores(self) -> bool:
        return self.complete

    def standard_deviation(self, scatter: Scatter) -> Any | None:
        del scatter

    def simulate(self, scatter: Scatter, generator: np.random.Generator) -> np.ndarray:
        chance = np.exp(np.asarray(scatter.predicted, dtype=float))
        drawn = np.zeros(chance.shape)
        persons = np.asarray(scatter.columns["persons_asked"]) if self.grouped else None
        booklet = np.asarray(scatter.columns["booklet"]) if self.grouped else np.zeros(chance.shape[-1])
        for number in np.unique(booklet):
            here = np.flatnonzero(booklet == number)
            asked = np.sum(scatter.observed) if persons is None else persons[here[0]]
            total = chance[..., here].sum(axis=-1)
            if np.any(np.abs(total - 1) > 1e-6):
                raise NoiseError(
                    f"answers cannot be drawn: the {here.size} patterns in the data have a chance of "
                    f"{float(np.min(total)):.3g} together, because patterns that nobody gave are not listed. Draw them "
                    "with item_response.simulate_responses(bank, persons=...), or resample persons: "
                    'responses(answers, patterns=False) and kind="case".'
                )
            drawn[..., here] = generator.multinomial(int(asked), chance[..., here] / total[..., None])
        return drawn

    @property
    def signature(self) -> tuple[Any, ...]:
        return ("answers", self.grouped, self.complete)

    def describe(self) -> str:
        return "multinomial over patterns of answers"


def responses(
    answers: Any, *, persons: Any = None, patterns: bool = True, name: str = "data", source: str = ""
) -> Data:
    """Answers of persons to items as data of the models of this field.

        problem = pm.model("item_response.two_parameter").problem(responses(answers))

    Arguments:
        answers: one row a person, one column an item: 1 or True right, 0 or False wrong, NaN, None or -1 not asked. An
            array, a mapping of item to column, or a data frame.
        persons: how many persons gave each row, where the rows are patterns already.
        patterns: equal rows are put together, which saves time. False keeps a row for each person, so that
            resampling of rows resamples persons.
        name: what results call it.
        source: where the answers come from.

    Raises:
        DataError: an answer that is none of these, an item that nobody was asked, numbers of rows that differ.
    """
    table = as_answers(answers)
    return _data(table, _counts(persons, len(table)), patterns, name, source)


def group_responses(
    answers: Any, group: Any, *, persons: Any = None, patterns: bool = True, source: str = ""
) -> list[Data]:
    """Answers of several groups to items that they have in common, one data set a group.

    Ability has mean 0 and standard deviation 1 in the first group, and parameters ability_mean_GROUP and
    ability_spread_GROUP in the others. A group may have been asked some of the items only.

    Arguments:
        answers, persons, patterns, source: as for `responses`.
        group: to which group each row belongs.

    Raises:
        DataError: as for `responses`.
    """
    table = as_answers(answers)
    counts = _counts(persons, len(table))
    labels = [str(label) for label in np.asarray(group).tolist()]
    if len(labels) != len(table):
        raise DataError(f"group needs one label for each of the {len(table)} rows of answers; {len(labels)} came.")
    found: list[Data] = []
    for label in dict.fromkeys(labels):
        here = np.array([each == label for each in labels])
        own = {each: re.sub(r"\W", "_", f"{each}_{label}") for each in ABILITY} if found else {}
        found.append(_data(table[here], counts[here], patterns, label, source, own))
    return found


def as_answers(answers: Any, *, asked: bool = True) -> Float[np.ndarray, "n k"]:
    """A table of 1 right, 0 wrong, -1 not asked.

    Arguments:
        answers: as for `responses`.
        asked: True where each item needs to have been asked of somebody.

    Raises:
        DataError: an answer that is none of these, an item that nobody was asked.
    """
    columns: Any = None
    if isinstance(answers, Mapping):
        columns = [np.asarray(column) for column in answers.values()]
        if len({column.shape for column in columns}) > 1:
            raise DataError("answers need columns of one length, one column an item; lengths differ.")
        columns = np.stack(columns, axis=1)
    try:
        table = np.array(answers if columns is None else columns, dtype=float)
    except (TypeError, ValueError):
        raise DataError("answers are numbers: 1 right, 0 wrong, NaN not asked; something else came.") from None
    if table.ndim != 2 or not table.size:
        raise DataError(f"answers are a table of persons x items; an array of shape {table.shape} came.")
    table[np.isnan(table)] = NOT_ASKED
    wrong = ~np.isin(table, (RIGHT, WRONG, NOT_ASKED))
    if wrong.any():
        row, item = (int(i) for i in np.argwhere(wrong)[0])
        raise DataError(
            f"an answer is 1 (right), 0 (wrong) or NaN (not asked); row {row}, item {item} holds {table[row, item]:g}. "
            "Score answers of several grades as right or wrong first."
        )
    silent = np.flatnonzero((table == NOT_ASKED).all(axis=0))
    if asked and silent.size:
        raise DataError(f"item {int(silent[0])} was asked of nobody, so nothing is known of it. Leave its column out.")
    return table


def _counts(persons: Any, rows: int) -> Float[np.ndarray, " n"]:
    counts = np.ones(rows) if persons is None else np.asarray(persons, dtype=float)
    if counts.shape != (rows,):
        raise DataError(f"persons needs a count for each of the {rows} rows of answers; shape {counts.shape} came.")
    return counts


def _data(
    table: np.ndarray,
    counts: np.ndarray,
    patterns: bool,
    name: str,
    source: str,
    own: Mapping[str, str] | None = None,
) -> Data:
    rows = table
    if patterns:
        rows, which = np.unique(table, axis=0, return_inverse=True)
        counts = np.bincount(which.reshape(-1), weights=counts, minlength=len(rows))
        rows, counts = _with_unseen(rows, counts)
    booklets, booklet = np.unique(rows != NOT_ASKED, axis=0, return_inverse=True)
    asked = np.bincount(booklet.reshape(-1), weights=counts, minlength=len(booklets))
    return Data(
        {"persons": counts, "persons_asked": asked[booklet.reshape(-1)], "booklet": booklet.reshape(-1).astype(float)},
        inputs={"answers": rows},
        output="persons",
        units={"answers": "1", "persons": "1"},
        name=name,
        source=source,
        parameters=own,
    )


def _with_unseen(rows: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The patterns that nobody gave as well, where there are few of them."""
    booklets = np.unique(rows != NOT_ASKED, axis=0)
    if sum(2.0 ** int(asked.sum()) for asked in booklets) > _EVERY_PATTERN:
        return rows, counts
    seen = {tuple(row): count for row, count in zip(rows.tolist(), counts.tolist(), strict=True)}
    every: list[tuple[float, ...]] = []
    for asked in booklets:
        every += itertools.product(*((WRONG, RIGHT) if one else (NOT_ASKED,) for one in asked))
    return np.array(every), np.array([seen.get(pattern, 0.0) for pattern in every])


def _lists_every_pattern(data: Data) -> bool:
    """Whether the rows of each booklet are all the patterns that its items allow, each once."""
    answers, booklet = data.inputs["answers"], data.columns["booklet"]
    if data.masked:
        return False
    for number in np.unique(booklet):
        here = answers[booklet == number]
        if len(here) != 2.0 ** int((here[0] != NOT_ASKED).sum()) or len(np.unique(here, axis=0)) != len(here):
            return False
    return True
