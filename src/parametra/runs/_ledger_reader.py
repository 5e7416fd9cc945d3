"""What a ledger holds, for readers: its runs, and its evaluations row by row."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation
from parametra.nouns.stored_run import StoredRun
from parametra.runs._ledger_file import reading
from parametra.runs._ledger_rows import Damaged, Shared
from parametra.runs._ledger_runs import COLUMNS, as_it_is, stored
from parametra.runs._ledger_words import Words

EVALUATION_COLUMNS = (
    "id, statement, digest, key, fate, layout, outputs, reason, retry, seconds, seconds_limit, run, time, checksum"
)


class Cells(NamedTuple):
    """A row of `EVALUATION_COLUMNS`."""

    id: int
    statement: int
    digest: int
    key: bytes
    fate: str
    layout: int | None
    outputs: bytes | None
    reason: int | None
    retry: int
    seconds: float
    seconds_limit: float | None
    run: int
    time: float
    checksum: int


@dataclass(frozen=True)
class Statement:
    """What calls of one model with some inputs share.

    Arguments:
        title: the model's name, or the beginning of its hash.
        names: of the numbers of a key.
    """

    title: str
    names: tuple[str, ...]

    def point(self, key: bytes) -> np.ndarray:
        """The numbers of a key, float64 or complex128. Raises Damaged where their number is another."""
        count, size = len(self.names), len(key)
        if size not in (8 * count, 16 * count):
            raise Damaged(f"a key of {size} bytes for {count} numbers")
        return np.frombuffer(key, "<f8" if size == 8 * count else "<c16")


class Reader:
    """Turns rows into what they mean.

    Arguments:
        connection: to a ledger.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._layouts = Words(connection, "layouts")
        self._reasons = Words(connection, "reasons")

    def evaluation(self, cells: Cells) -> Evaluation:
        """What a call came to. Raises Damaged for a row that cannot be what was written."""
        shared = Shared.read(
            cells.fate,
            self._layouts.text(cells.layout),
            self._reasons.text(cells.reason),
            cells.retry,
            cells.seconds_limit,
        )
        return shared.evaluation(cells.key, cells.outputs, cells.seconds, cells.checksum)


def statement_of(model_hash: Any, names: Any, title: Any) -> Statement:
    """From the cells of a row. Raises Damaged for what was never written."""
    if not (isinstance(model_hash, str) and isinstance(names, str) and isinstance(title, str)):
        raise Damaged("a statement that was never written so")
    try:
        stated = json.loads(names)
    except ValueError as error:
        raise Damaged(f"the names {names[:80]!r}") from error
    if not isinstance(stated, list) or not all(isinstance(name, str) for name in stated):
        raise Damaged(f"the names {names[:80]!r}")
    return Statement(title or model_hash[:12], tuple(stated))


def statements(connection: sqlite3.Connection) -> dict[int, Statement]:
    """All statements by number. Raises Damaged for a row that cannot be what was written."""
    rows = connection.execute("SELECT id, model_hash, names, title FROM statements ORDER BY id")
    return {number: statement_of(*cells) for number, *cells in rows}


def stored_runs(path: str | PathLike[str]) -> list[StoredRun]:
    """The runs of a ledger, the first one first. Raises LedgerError where it cannot be read."""
    place = Path(path)
    with reading(place) as connection:
        rows = connection.execute(f"SELECT {COLUMNS} FROM runs ORDER BY id").fetchall()  # noqa: S608  our own columns
    return [as_it_is(place, stored(row)) for row in rows]


def stored_run(path: str | PathLike[str], run: int) -> StoredRun:
    """One run of a ledger. Raises LedgerError where there is none of this number, or it cannot be read."""
    found = stored_runs(path)
    for each in found:
        if each.id == run:
            return each
    known = ", ".join(str(each.id) for each in found[-12:]) or "none"
    raise LedgerError(f"{path} has no run {run}; it has: {known}. See: parametra runs {path}")


def outcomes(path: str | PathLike[str], run: int) -> list[tuple[str, str, int]]:
    """How the calls ended that a run made: fate, reason and count, the most frequent first."""
    with reading(Path(path)) as connection:
        return connection.execute(
            "SELECT fate, coalesce(text, ''), count(*) AS many FROM evaluations LEFT JOIN reasons "
            "ON reasons.id = evaluations.reason WHERE run = ? GROUP BY fate, evaluations.reason "
            "ORDER BY many DESC, fate",
            (run,),
        ).fetchall()
