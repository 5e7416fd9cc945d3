"""Every evaluation of many runs in one SQLite file, so that nothing that was computed is computed again.

    with Ledger.open("study.db") as ledger:
        run = ledger.begin(StatedRun("fit", ...))      # the one writer; a second one is refused
        statement = ledger.statement(model_hash, names)
        ledger.lookup(statement, keys)                 # an evaluation, or None, for each
        ledger.record(statement, keys, evaluations)    # in memory ...
        ledger.commit()                                # ... and on disk, all of it or none
        ledger.finish(run, "converged")

Readers may look while it is written: `stored_runs`, `export_evaluations`, `check_ledger`. Memory does not grow with the
file. What was committed survives a killed process; a power cut may take the last commits, never what was before them.
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any

from parametra.nouns.errors import LedgerError
from parametra.nouns.evaluation import Evaluation
from parametra.nouns.stored_run import StatedRun
from parametra.runs import _ledger_runs as runs
from parametra.runs._ledger_file import damaged, told, writing
from parametra.runs._ledger_lock import DriverLock
from parametra.runs._ledger_lookup import Lookup
from parametra.runs._ledger_rows import Damaged, Row, Shared, digest_of, row_of
from parametra.runs._ledger_schema import RECORD, transaction
from parametra.runs._ledger_words import Words

_HEARTBEAT_SECONDS = 20.0
"""An empty commit writes no more often than that."""


class Ledger:
    """A file of evaluations, open for writing; `Ledger.open` makes one. One thread at a time.

    Arguments:
        path: the file.
        connection: to it.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._lock = DriverLock(path)
        self._run: int | None = None
        self._pending: dict[int, Row] = {}
        self._news: dict[str, Any] = {}
        self._heard = 0.0
        self._layouts = Words(connection, "layouts")
        self._reasons = Words(connection, "reasons")
        self._lookup = Lookup(connection)

    @staticmethod
    def open(path: str | PathLike[str]) -> Ledger:
        """The ledger in a file, which is made where there is none.

        Raises:
            LedgerError: the file cannot be opened or written, is damaged, no ledger, or of a newer version.
        """
        place = Path(path)
        return Ledger(place, writing(place))

    def begin(self, stated: StatedRun, *, take_over: bool = False) -> int:
        """Become the one writer, and write down the run that begins.

        Arguments:
            stated: what is asked for.
            take_over: begin although a run on another machine may still be writing.

        Returns:
            The number of the run.

        Raises:
            LedgerError: another process holds the ledger, or it cannot be written.
        """
        if self._run is not None:
            raise LedgerError(f"run {self._run} has begun and not finished; a ledger takes one run after the other.")
        outcome = self._lock.take()
        try:
            with told(self.path), transaction(self._connection):
                other = runs.newest_running(self._connection)
                taken = runs.refuse_second_driver(self.path, outcome, other, take_over=take_over)
                self._run = runs.insert(self._connection, stated, taken=taken)
        except BaseException:
            self._run = None
            self._lock.release()
            raise
        self._heard = time.monotonic()
        return self._run

    def statement(self, model_hash: str, names: Sequence[str], title: str = "") -> int:
        """The number of "this model with these inputs", the same in every run.

        Arguments:
            model_hash: of the model's content, of its inputs, and of arguments that are no numbers.
            names: one for each number of a key, in its order.
            title: for people.
        """
        wanted = (model_hash, json.dumps(list(names)))
        find = "SELECT id FROM statements WHERE model_hash = ? AND names = ?"
        add = "INSERT INTO statements (model_hash, names, title) VALUES (?, ?, ?)"
        with told(self.path):
            found = self._connection.execute(find, wanted).fetchone()
            if found is None:
                self._writer()
                with transaction(self._connection):
                    found = (self._connection.execute(add, (*wanted, title)).lastrowid,)
        return int(found[0] or 0)

    def lookup(
        self, statement: int, keys: Sequence[bytes], seconds_limit: float | None = None
    ) -> list[Evaluation | None]:
        """What is known of these calls, in their order; None where nothing is, or another try is worth it.

        Arguments:
            statement: a number from `statement`.
            keys: the numbers of each call as little-endian float64, or complex128.
            seconds_limit: how long a call may take now; one that ran out of less time before is tried again.

        Raises:
            LedgerError: the file cannot be read, or holds changed bytes.
        """
        digests = [digest_of(statement, key) for key in keys]
        found: list[Evaluation | None] = [None] * len(keys)
        with told(self.path):
            stored = self._lookup.rows(statement, digests)
        alike: dict[tuple[Any, ...], list[int]] = {}  # what they share, they share by the thousand
        rows = [stored.get(digest) for digest in digests]
        for i, (key, row) in enumerate(zip(keys, rows, strict=True)):
            if row is not None and row[1] == key:
                alike.setdefault(row[5:], []).append(i)
        for common, places in alike.items():
            for i, one in zip(places, self._read(common, [rows[i] for i in places], seconds_limit), strict=True):
                found[i] = one
        if self._pending:
            self._find_waiting(statement, keys, digests, found, seconds_limit)
        return found

    def record(
        self,
        statement: int,
        keys: Sequence[bytes],
        evaluations: Sequence[Evaluation],
        seconds_limit: float | None = None,
    ) -> None:
        """Keep what calls came to, in memory until the next `commit`.

        What is known already stays, but for a failure that was worth another try, and a call that ran out of less time.

        Arguments:
            statement, keys: as for `lookup`.
            evaluations: one for each key.
            seconds_limit: how long each was allowed to take.
        """
        self._writer()
        now = time.time()
        for key, evaluation in zip(keys, evaluations, strict=True):
            row = row_of(statement, key, evaluation, seconds_limit, now)
            older = self._pending.get(row.digest)
            if older is None or row.replaces(older):
                self._pending[row.digest] = row

    def progress(self, run: int, evaluations: int, best: float | None, failures: Mapping[str, int]) -> None:
        """How far the run is; written with the next `commit`."""
        self._mine(run)
        self._news = {"evaluations": evaluations, "best": _best(best), "failures": json.dumps(dict(failures))}

    @property
    def waiting(self) -> int:
        """How many evaluations wait for the next `commit`."""
        return len(self._pending)

    def commit(self) -> None:
        """Write what waits, all of it or none, and say that this run is alive.

        Raises:
            LedgerError: it cannot be written: what waits is kept, and the next commit tries again; or another process
                has taken the ledger over.
        """
        if self._pending or self._news or time.monotonic() - self._heard > _HEARTBEAT_SECONDS:
            self._write({})

    def finish(
        self,
        run: int,
        status: str,
        message: str = "",
        *,
        evaluations: int | None = None,
        reused: int | None = None,
        best: float | None = None,
        seconds: float | None = None,
    ) -> None:
        """Write what waits and how the run ended, and let others write. Raises LedgerError as `commit`.

        Arguments:
            run: its number.
            status, message: how it ended, in a word and in a sentence.
            evaluations, reused: calls of the model, and those that were answered from the ledger.
            best: the best value that was found.
            seconds: how long it took. What is None stays as it was told last.
        """
        self._mine(run)
        told_now = {"evaluations": evaluations, "reused": reused, "best": _best(best), "seconds": seconds}
        known = {name: value for name, value in told_now.items() if value is not None}
        self._write({"status": status, "message": message, **known})
        self._run = None
        self._lock.release()

    def close(self) -> None:
        """Write what waits and close the file; a run that did not finish counts as interrupted.

        Raises:
            LedgerError: what waits cannot be written; the file is closed and free for others all the same.
        """
        try:
            if self._run is not None:
                self._write({"status": "interrupted", "message": "it was closed before it finished"})
        finally:
            self._run = None
            self._pending.clear()
            self._connection.close()
            self._lock.release()

    def __enter__(self) -> Ledger:  # noqa: PYI034  Self is not checkable at run time
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, ended: Mapping[str, Any]) -> None:
        """One transaction: the row of the run, and all that waits."""
        run = self._writer()
        count = len(self._pending)
        kept = f"{count} evaluations wait in memory for the next try." if count and not ended else ""
        try:
            with told(self.path, kept), transaction(self._connection):
                runs.update(self._connection, run, self.path, {"heard": time.time(), **self._news, **ended})
                rows = [self._numbered(row, run) for row in self._pending.values()]
                self._connection.executemany(RECORD, rows)
                self._lookup.forget()
        except BaseException:
            self._layouts.forget()
            self._reasons.forget()
            raise
        self._pending.clear()
        self._news = {}
        self._heard = time.monotonic()

    def _numbered(self, row: Row, run: int) -> tuple[Any, ...]:
        shared = row.shared
        layout = None if shared.layout is None else self._layouts.number(shared.layout.text)
        reason = None if shared.reason is None else self._reasons.number(shared.reason)
        return (
            row.statement, row.digest, row.key, shared.fate.value, layout, row.outputs, reason, int(shared.retry),
            row.seconds, shared.seconds_limit, run, row.time, row.checksum,
        )  # fmt: skip

    def _read(self, common: tuple[Any, ...], rows: Sequence[Any], limit: float | None) -> Sequence[Evaluation | None]:
        """Rows that share all but their first cells, and None for what is worth another try."""
        try:
            shared = self._shared(*common)
            return shared.evaluations(rows) if shared.is_final(limit) else [None] * len(rows)
        except Damaged as found:
            raise LedgerError(damaged(self.path, str(found))) from found

    def _shared(self, fate: Any, layout: Any, reason: Any, retry: Any, limit: Any) -> Shared:
        return Shared.read(fate, self._layouts.text(layout), self._reasons.text(reason), retry, limit)

    def _find_waiting(
        self,
        statement: int,
        keys: Sequence[bytes],
        digests: Sequence[int],
        found: list[Evaluation | None],
        seconds_limit: float | None,
    ) -> None:
        """Fill in what waits for the next commit, where nothing that is final is written."""
        for i, digest in enumerate(digests):
            waits = self._pending.get(digest) if found[i] is None else None
            if waits is not None and (waits.statement, waits.key) == (statement, keys[i]):
                found[i] = waits.evaluation() if waits.shared.is_final(seconds_limit) else None

    def _writer(self) -> int:
        if self._run is None:
            raise LedgerError(f"{self.path} is written by a run, and none has begun: call begin first.")
        return self._run

    def _mine(self, run: int) -> None:
        if run != self._writer():
            raise LedgerError(f"run {run} is not the one that writes {self.path}, which is run {self._run}.")


def _best(value: float | None) -> float | None:
    """The best value, None where there is none yet: nothing, infinity, or no number."""
    return None if value is None or not math.isfinite(value) else float(value)
