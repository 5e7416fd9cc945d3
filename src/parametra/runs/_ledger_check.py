"""Is a ledger whole? And what can be read of one that is not.

What is found: pages that SQLite cannot read, and rows whose bytes have changed. What is saved from a damaged file is
every row that can be read and whose checksum is right. A file whose first page or whose list of tables cannot be read
is not rescued.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

from parametra.nouns.errors import LedgerError
from parametra.runs._ledger_file import reading, told, writing
from parametra.runs._ledger_reader import EVALUATION_COLUMNS, Cells, Reader, Statement, statement_of
from parametra.runs._ledger_rows import Damaged, digest_of
from parametra.runs._ledger_runs import COLUMNS, stored
from parametra.runs._ledger_schema import transaction

_MOST_PROBLEMS = 20
_SHARE = 64
"""Damage of n rows is searched for its end in steps of n / 64, so that half a million lost rows take no longer."""

_STATEMENT_COLUMNS = "id, model_hash, names, title"
_SMALLEST_ROW = 24
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class LedgerReport:
    """What a look at a ledger found.

    Arguments:
        path: the file.
        size: its bytes.
        runs, statements: how many.
        evaluations: how many by fate, of those that can be read.
        problems: sentences; none where the ledger is whole.
    """

    path: Path
    size: int
    runs: int = 0
    statements: int = 0
    evaluations: Mapping[str, int] = field(default_factory=dict[str, int])
    problems: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problems


@dataclass(frozen=True)
class Rescue:
    """What was saved.

    Arguments:
        into: the new ledger.
        runs, statements, evaluations: how many.
        lost: how many evaluations could not be saved; None where that is not known.
    """

    into: Path
    runs: int
    statements: int
    evaluations: int
    lost: int | None


def check_ledger(path: str | PathLike[str]) -> LedgerReport:
    """Read all of a ledger.

    Raises:
        LedgerError: the file cannot be opened, or is no ledger. Damage is no error here, but a problem in the report.
    """
    place = Path(path)
    problems: list[str] = []
    with _as_a_problem(problems), reading(place):  # as every run would open it
        pass
    counts = {"runs": 0, "statements": 0}
    fates: Counter[str] = Counter()
    with _as_a_problem(problems), reading(place, damaged=True) as connection:
        with _as_a_problem(problems):
            for (found,) in connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})"):
                problems += [line for line in found.splitlines() if line != "ok" and not line.startswith("***")]
        known = _known_statements(connection)
        counts = {"runs": sum(1 for _ in _readable(connection, "runs", "id")), "statements": len(known)}
        reader, changed = Reader(connection), 0
        for row in _readable(connection, "evaluations", EVALUATION_COLUMNS):
            cells = Cells(*row)
            whole = _is_whole(cells, reader, known)
            fates.update([cells.fate] if whole else [])
            changed += not whole
        problems += [f"{changed} evaluations have bytes that changed since they were written"] if changed else []
    shown = tuple(dict.fromkeys(problems))[:_MOST_PROBLEMS]
    return LedgerReport(place, place.stat().st_size, **counts, evaluations=dict(fates), problems=shown)


@contextmanager
def _as_a_problem(problems: list[str]) -> Generator[None]:
    try:
        yield
    except (LedgerError, sqlite3.DatabaseError) as error:
        cause = error if isinstance(error, sqlite3.Error) else error.__cause__
        if int(getattr(cause, "sqlite_errorcode", 0)) & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        problems.append(str(cause))


def _known_statements(connection: sqlite3.Connection) -> dict[int, Statement]:
    known: dict[int, Statement] = {}
    for number, *cells in _readable(connection, "statements", _STATEMENT_COLUMNS):
        with suppress(Damaged):
            known[number] = statement_of(*cells)
    return known


def _is_whole(cells: Cells, reader: Reader, known: Mapping[int, Statement]) -> bool:
    try:
        statement = known.get(cells.statement)
        if statement is None or cells.digest != digest_of(cells.statement, cells.key):
            return False
        statement.point(cells.key)
        reader.evaluation(cells)
    except (Damaged, TypeError, sqlite3.DatabaseError):  # TypeError: a cell of another kind than was written
        return False
    return True


def rescue(path: str | PathLike[str], into: str | PathLike[str]) -> Rescue:
    """Write what can be read of a damaged ledger into a new one.

    Arguments:
        path: the damaged file, which stays as it is; a file beside it that ends in -wal belongs to it.
        into: the new file, which must not be there.

    Raises:
        LedgerError: there is no such file, or it is no ledger; its beginning cannot be read; the new file is there, or
            cannot be written.
    """
    place, new = Path(path), Path(into)
    if new.exists():
        raise LedgerError(f"{new} is there already; name a file that is not.")
    try:
        with reading(place, damaged=True) as source, closing(writing(new)) as target:
            return _saved(source, target, new)
    except LedgerError as error:
        if getattr(error.__cause__, "sqlite_errorcode", None) != sqlite3.SQLITE_CORRUPT:
            raise
        raise LedgerError(
            f"the beginning of {place} cannot be read ({error.__cause__}), and without it nothing can. Take a backup."
        ) from error


def _saved(source: sqlite3.Connection, target: sqlite3.Connection, new: Path) -> Rescue:
    known = _known_statements(source)
    runs = 0
    with told(new), transaction(target):
        for table in ("layouts", "reasons"):
            for row in _readable(source, table, "id, text"):
                _insert(target, table, "id, text", row)
        for row in _readable(source, "statements", _STATEMENT_COLUMNS):
            if row[0] in known:
                _insert(target, "statements", _STATEMENT_COLUMNS, row)
        for row in _readable(source, "runs", COLUMNS):
            runs += _insert(target, "runs", COLUMNS, row) if _is_a_run(row) else 0
        target.execute("UPDATE runs SET status = 'interrupted', message = 'rescued' WHERE status = 'running'")
    saved = 0
    reader = Reader(target)
    rows = _readable(source, "evaluations", EVALUATION_COLUMNS)
    for first in rows:  # a thousand at once, so that a large ledger fits into memory
        with told(new), transaction(target):
            for _, row in zip(range(_ROWS_AT_ONCE), chain([first], rows), strict=False):
                if _is_whole(Cells(*row), reader, known):
                    saved += _insert(target, "evaluations", EVALUATION_COLUMNS, row)
    there = _count(source)
    return Rescue(new, runs, len(known), saved, None if there is None else max(0, there - saved))


def _count(source: sqlite3.Connection) -> int | None:
    """How many evaluations there were, by the index of digests, which may be whole where the table is not."""
    try:
        return source.execute("SELECT count(*) FROM evaluations").fetchone()[0]
    except sqlite3.DatabaseError:
        return None


def _readable(connection: sqlite3.Connection, table: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """The rows that can be read, by id; damage is stepped over."""
    query = f"SELECT {columns} FROM {table} WHERE id >= ? ORDER BY id LIMIT {_ROWS_AT_ONCE}"  # noqa: S608
    highest = _highest(connection, table)
    at = 1
    while at <= highest:
        rows: list[tuple[Any, ...]] = []
        broken = False
        try:
            for row in connection.execute(query, (at,)):
                if not at <= row[0] <= highest:
                    broken = True
                    break
                rows.append(row)
                at = row[0] + 1
        except sqlite3.DatabaseError:
            broken = True
        yield from rows
        if broken:
            at = _after_damage(connection, query, at, highest)
        elif not rows:
            return


def _after_damage(connection: sqlite3.Connection, query: str, at: int, highest: int) -> int:
    """The first id from `at` on from which something can be read."""
    before, reach = 0, 1
    while at + reach <= highest:
        if _reads(connection, query, at + reach, highest):
            back = range(at + before + 1, at + reach)
            return next((i for i in back if _reads(connection, query, i, highest)), at + reach)
        before, reach = reach, reach + max(1, reach // _SHARE)
    return highest + 1


def _reads(connection: sqlite3.Connection, query: str, at: int, highest: int) -> bool:
    try:
        row = connection.execute(query, (at,)).fetchone()
    except sqlite3.DatabaseError:
        return False
    return row is None or at <= row[0] <= highest


def _highest(connection: sqlite3.Connection, table: str) -> int:
    """The highest id that a row of a table can have: what the file says in two places, or else as many as would fit."""
    found = [0]
    for query in (f"SELECT max(id) FROM {table}", f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'"):  # noqa: S608
        try:
            found += [row[0] for row in connection.execute(query) if isinstance(row[0], int)]
        except sqlite3.DatabaseError:
            continue
    pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    return max(found) or pages * size // _SMALLEST_ROW


def _insert(target: sqlite3.Connection, table: str, columns: str, row: tuple[Any, ...]) -> int:
    marks = ", ".join("?" * len(row))
    return target.execute(f"INSERT OR IGNORE INTO {table} ({columns}) VALUES ({marks})", row).rowcount  # noqa: S608


def _is_a_run(row: tuple[Any, ...]) -> bool:
    try:
        run = stored(row)
    except LedgerError:
        return False
    return "\0" not in run.host and run.heard > 0
