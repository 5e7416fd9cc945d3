"""Opening a ledger's file to write or to read it, and what is said when the file or the disk does not let us."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from parametra.nouns.errors import LedgerError
from parametra.runs._ledger_schema import VERSION, bring_up_to_date, version_of

_WAIT_SECONDS = 10.0
"""How long a lock of the file is waited for; a commit holds it for milliseconds."""

_PAUSE_SECONDS = 0.02

_CACHE_KILOBYTES = 64 * 1024
"""Memory for pages: the digests of two million evaluations stay in it."""

_LOG_PAGES = 10_000
"""Pages of the write-ahead log before it is copied into the file: the more, the fewer pages are written twice."""

_HEADER = 512
"""The smallest file that SQLite writes."""


def writing(path: Path) -> sqlite3.Connection:
    """A connection that writes; a file that is not there is made, an older one is brought up to date.

    Raises:
        LedgerError: the file cannot be opened or written, is damaged, no ledger, or of a newer version.
    """
    _refuse_what_is_no_file(path)
    if not path.parent.is_dir():
        raise LedgerError(f"{path}: there is no folder {path.parent}. Make it, or name another file.")
    if path.exists() and not os.access(path, os.W_OK):  # SQLite would open it to read, and say so at the first commit
        raise LedgerError(_not_ours(path, "no permission to write"))
    with told(path):
        connection = sqlite3.connect(path, _WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            version = version_of(connection, path)  # before anything is written into a file of something else
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KILOBYTES}")
            _log_ahead(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
            if version != VERSION:
                bring_up_to_date(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _log_ahead(connection: sqlite3.Connection) -> None:
    """Readers then never wait for the writer. SQLite itself does not wait where two processes do this to a new file."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


@contextmanager
def reading(path: Path, *, damaged: bool = False) -> Generator[sqlite3.Connection]:
    """A connection that only reads, also while a run writes; an older file is brought up to date first.

    Arguments:
        path: the file.
        damaged: whether to read on where the file is shorter than it says.

    Raises:
        LedgerError: there is no such file, it cannot be read, is damaged, no ledger, or of a newer version; also for
            what goes wrong while it is read.
    """
    _refuse_what_is_no_file(path)
    if not path.exists():
        raise LedgerError(f"there is no file {path}.")
    with told(path):
        connection = _opened(path, damaged=damaged)
        try:
            version = version_of(connection, path)
            if version is None:
                raise LedgerError(f"{path} is no ledger of parametra: it is empty.")
            if version < VERSION:
                connection.close()
                writing(path).close()
                connection = _opened(path, damaged=damaged)
            yield connection
        finally:
            connection.close()


def _opened(path: Path, *, damaged: bool) -> sqlite3.Connection:
    connection = _looking(path, "mode=ro", damaged=damaged)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        log = Path(f"{path}-wal")
        # SQLite wants to write beside a file that it reads; in a read-only folder, where nobody writes, it need not
        if os.access(path.parent, os.W_OK) or (log.exists() and log.stat().st_size > 0):
            raise
        connection = _looking(path, "mode=ro&immutable=1", damaged=damaged)
    return connection


def _looking(path: Path, how: str, *, damaged: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", _WAIT_SECONDS, isolation_level=None, uri=True)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    if damaged:
        connection.execute("PRAGMA writable_schema = ON")  # among else, takes a file that was cut as it is
    return connection


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    except (OSError, ValueError) as error:  # a name that is too long, or holds what no name may hold
        why = getattr(error, "strerror", None) or error
        raise LedgerError(f"{str(path)!r} cannot be opened as a ledger ({why}). Name another file.") from None
    if stat.S_ISDIR(found.st_mode):
        raise LedgerError(f"{path} is a folder; name a file in it, such as {path / 'study.db'}.")
    size = found.st_size
    if 0 < size < _HEADER:
        raise LedgerError(f"{path} is no ledger of parametra, or the first {size} bytes of one. Name another file.")


@contextmanager
def told(path: Path, also: str = "") -> Generator[None]:
    """What SQLite raises within becomes a sentence.

    Arguments:
        path: the file.
        also: a sentence on what this means for the run.

    Raises:
        LedgerError: instead of any error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"{_sentence(path, error)} {also}".strip()) from error


def damaged(path: Path, how: str) -> str:
    """What is said of a damaged file."""
    return f"{path} is damaged ({how}). Save what can still be read with: parametra runs check {path} --rescue new.db"


def _not_ours(path: Path, how: str) -> str:
    return (
        f"{path} cannot be opened or written ({how}): the file or its folder is read-only, or belongs to someone else. "
        "Name a file in a folder of yours."
    )


def _sentence(path: Path, error: sqlite3.Error) -> str:
    # not every error has a code: those of Python's own module, about how it is called, have none
    code = int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return f"{path} cannot grow: the disk is full. Make room and run the same command again."
    if code == sqlite3.SQLITE_IOERR:
        return (
            f"{path} cannot be read or written ({error}): the disk is full, failing, or gone. Make room, or name a "
            "file on another disk."
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return _not_ours(path, str(error))
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_NOTADB:
        return f"{path} is no ledger of parametra, or its beginning is damaged. Name another file."
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return f"{path} was being written by another process for {_WAIT_SECONDS:.0f} s. Try again when that is done."
    return f"{path}: {error}."
