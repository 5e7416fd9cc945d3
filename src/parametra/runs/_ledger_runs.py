"""The rows of runs: who writes now, what that means for the next, and how far each came."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import NoneType
from typing import Any

from parametra.nouns.errors import LedgerError
from parametra.nouns.stored_run import StatedRun, StoredRun
from parametra.runs._ledger_lock import Outcome, is_alive, is_held

SILENCE_SECONDS = 120.0
"""After so long without a word, a run on another machine counts as dead."""

COLUMNS = (
    "id, verb, title, problem_hash, seed, settings, file, command, folder, status, message, evaluations, reused, best, "
    "failures, seconds, pid, host, began, heard"
)

_NUMBER = (float, NoneType)
_KINDS = (int, *[str] * 10, int, int, _NUMBER, str, _NUMBER, int, str, float, float)
"""Of the cells of `COLUMNS`."""

_WITHOUT_A_WORD = "its process ended without a word"
_TAKE_OVER = "if that process is gone, --take-over (take_over=True) takes the ledger from it"


def this_host() -> str:
    """The name by which runs of this machine are known."""
    return socket.gethostname()


def stored(row: tuple[Any, ...]) -> StoredRun:
    """A row of `COLUMNS`. Raises LedgerError for one that cannot be what was written."""
    strange = [cell for cell, kind in zip(row, _KINDS, strict=True) if not isinstance(cell, kind)]
    if strange:
        raise LedgerError(f"the row of run {row[0]} is damaged ({strange[0]!r} is no part of one).")
    verb, title, problem_hash, seed, settings, file, command = row[1:8]
    folder, status, message, evaluations, reused, best, failures = row[8:15]
    seconds, pid, host, began, heard = row[15:]
    try:
        words = [str(word) for word in json.loads(command)]
        stated = StatedRun(verb, title, problem_hash, int(seed), dict(json.loads(settings)), file, words)
        counted = {str(reason): int(number) for reason, number in json.loads(failures).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise LedgerError(f"the row of run {row[0]} is damaged ({error}).") from error
    return StoredRun(
        row[0], stated, folder, status, message, evaluations, reused, best, counted, seconds, pid, host, began, heard
    )


def newest_running(connection: sqlite3.Connection) -> StoredRun | None:
    """The last run that did not say that it ended."""
    found = connection.execute(
        f"SELECT {COLUMNS} FROM runs WHERE status = 'running' ORDER BY id DESC LIMIT 1"  # noqa: S608  our own columns
    ).fetchone()
    return None if found is None else stored(found)


def refuse_second_driver(path: Path, lock: Outcome, other: StoredRun | None, *, take_over: bool) -> bool:
    """Let a run begin only where no other can be writing.

    On one machine the lock decides, whatever the clocks say. A network disk may not pass locks on, so a run on another
    machine counts as alive while it was heard of lately.

    Arguments:
        path: the ledger.
        lock: what came of asking for it.
        other: the last run that did not say that it ended.
        take_over: whether the person says that the other is gone.

    Returns:
        Whether the ledger is taken from a run that may be alive.

    Raises:
        LedgerError: another process holds the ledger.
    """
    if other is None:
        if lock is Outcome.HELD:
            raise LedgerError(f"{path} is just being opened or closed by another process. Try again in a moment.")
        return False
    elsewhere = other.host != this_host()
    if lock is Outcome.HELD:
        gone = elsewhere or not is_alive(other.pid)
        advice = _TAKE_OVER if gone else "end it, wait for it, or name another ledger"
        if not (take_over and gone):
            raise LedgerError(f"{_held(path, other)}; {advice}.")
        return True
    if elsewhere or lock is Outcome.UNKNOWN:
        lately = other.heard > time.time() - SILENCE_SECONDS  # also where a clock was set back
        if lately and (elsewhere or is_alive(other.pid)):
            if not take_over:
                raise LedgerError(f"{_held(path, other)}; {_TAKE_OVER}.")
            return True
    return False


def insert(connection: sqlite3.Connection, stated: StatedRun, *, taken: bool) -> int:
    """Write a run that begins, and say of those before it that did not end that they were ended."""
    pid, host, now = os.getpid(), this_host(), time.time()
    status = "taken over" if taken else "interrupted"
    message = f"taken over by process {pid} on {host}" if taken else _WITHOUT_A_WORD
    connection.execute("UPDATE runs SET status = ?, message = ? WHERE status = 'running'", (status, message))
    values = (
        stated.verb, stated.title, stated.problem_hash, str(stated.seed), _json(stated.settings), stated.file,
        _json(list(stated.command)), str(Path.cwd()), pid, host, now, now,
    )  # fmt: skip
    made = connection.execute(
        "INSERT INTO runs (verb, title, problem_hash, seed, settings, file, command, folder, pid, host, began, heard, "
        "status, message, evaluations, reused, failures) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', '', 0, 0, '{}')",
        values,
    )
    return int(made.lastrowid or 0)


def update(connection: sqlite3.Connection, run: int, path: Path, values: Mapping[str, Any]) -> None:
    """Write into the row of a run that goes on.

    Raises:
        LedgerError: another process has taken the ledger over.
    """
    columns = ", ".join(f"{column} = ?" for column in values)
    done = connection.execute(
        f"UPDATE runs SET {columns} WHERE id = ? AND status = 'running'",  # noqa: S608  columns are named by us
        (*values.values(), run),
    )
    if done.rowcount != 1:
        (message,) = connection.execute("SELECT message FROM runs WHERE id = ?", (run,)).fetchone() or ("",)
        raise LedgerError(f"run {run} no longer holds {path}: {message or 'another process wrote it anew'}.")


def as_it_is(path: Path, run: StoredRun) -> StoredRun:
    """A run as it was read, with "running" only where its process can be alive."""
    if not run.running:
        return run
    alive = run.heard > time.time() - SILENCE_SECONDS
    if run.host == this_host():
        held = is_held(path)
        alive = is_alive(run.pid) if held is None else held
    if alive:
        return run
    return replace(run, status="interrupted", message=_WITHOUT_A_WORD)


def _held(path: Path, other: StoredRun) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(other.began))
    title = f' of "{other.stated.title}"' if other.stated.title else ""
    what = f"run {other.id}, {other.stated.verb}{title}"
    return f"{path} is held by process {other.pid} on {other.host} since {since}: {what}"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=isinstance(value, Mapping))
    except (TypeError, ValueError) as error:
        raise LedgerError(f"the settings of a run must be what JSON can hold ({error}).") from error
