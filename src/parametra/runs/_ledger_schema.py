"""The tables of a ledger, their version, and the steps from older versions to this one.

    statements    a model with its inputs, and the names of the numbers that one of its calls takes
    evaluations   what each call came to
    layouts       name, dtype and shape of the outputs, once for all evaluations that share them
    reasons       why there are no outputs, once for each reason
    runs          who asked, and how far it came

`key` is the numbers of a call, in the order of the statement's names, as little-endian float64, or complex128 where any
of them is complex. `outputs` is the arrays of its layout, one after the other, little-endian. `digest` finds a call: it
is short, so that a million of them are searched quickly, and the key itself decides. `checksum` tells bytes that a
failing disk has changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from parametra.nouns.errors import LedgerError

APPLICATION = 0x70726D74
"""In the header of the file (application_id): says that it is a ledger. The letters prmt."""

VERSION = 1
"""In the header of the file (user_version)."""

SCHEMA = (
    """CREATE TABLE statements (
    id INTEGER PRIMARY KEY,
    model_hash TEXT NOT NULL,
    names TEXT NOT NULL,          -- JSON: a list of names
    title TEXT NOT NULL,
    UNIQUE (model_hash, names)
)""",
    """CREATE TABLE layouts (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE     -- JSON: a list of [name, dtype, shape]
)""",
    """CREATE TABLE reasons (
    id INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE
)""",
    """CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    verb TEXT NOT NULL,
    title TEXT NOT NULL,
    problem_hash TEXT NOT NULL,
    seed TEXT NOT NULL,           -- a whole number of any size
    settings TEXT NOT NULL,       -- JSON: an object
    file TEXT NOT NULL,
    command TEXT NOT NULL,        -- JSON: a list of words
    folder TEXT NOT NULL,
    status TEXT NOT NULL,
    message TEXT NOT NULL,
    evaluations INTEGER NOT NULL,
    reused INTEGER NOT NULL,
    best REAL,
    failures TEXT NOT NULL,       -- JSON: reason to count
    seconds REAL,
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    began REAL NOT NULL,
    heard REAL NOT NULL
)""",
    """CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    statement INTEGER NOT NULL REFERENCES statements (id),
    digest INTEGER NOT NULL UNIQUE,
    key BLOB NOT NULL,
    fate TEXT NOT NULL,           -- ok, failed, timed out, infeasible
    layout INTEGER REFERENCES layouts (id),
    outputs BLOB,
    reason INTEGER REFERENCES reasons (id),
    retry INTEGER NOT NULL,
    seconds REAL NOT NULL,
    seconds_limit REAL,           -- how long the call was allowed to take
    run INTEGER NOT NULL REFERENCES runs (id),
    time REAL NOT NULL,           -- seconds since 1970
    checksum INTEGER NOT NULL
)""",
)

LOOKUP = (
    "SELECT digest, key, outputs, seconds, checksum, fate, layout, reason, retry, seconds_limit FROM evaluations "
    "WHERE statement = ? AND digest IN ({})"
)
"""What is known of some calls; {} is a question mark for each."""

RECORD = """
INSERT INTO evaluations
    (statement, digest, key, fate, layout, outputs, reason, retry, seconds, seconds_limit, run, time, checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET
    fate = excluded.fate, layout = excluded.layout, outputs = excluded.outputs, reason = excluded.reason,
    retry = excluded.retry, seconds = excluded.seconds, seconds_limit = excluded.seconds_limit, run = excluded.run,
    time = excluded.time, checksum = excluded.checksum
WHERE statement = excluded.statement AND key = excluded.key AND (
    retry OR (fate = 'timed out' AND NOT excluded.retry AND (
        excluded.fate != 'timed out'
        OR (seconds_limit IS NOT NULL
            AND (excluded.seconds_limit IS NULL OR excluded.seconds_limit > seconds_limit)))))
"""
"""What is known stays, but for a failure that was worth another try, and a call that ran out of less time."""

STEPS: dict[int, tuple[str, ...]] = {}
"""Version to the statements that make the next version of it."""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """All that is written in it is kept, or nothing is."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk may have ended it already
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def version_of(connection: sqlite3.Connection, path: Path) -> int | None:
    """The version of a ledger; None for a file with nothing in it.

    Raises:
        LedgerError: a database of something else, or a ledger of a newer version.
    """
    application, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), "
        "(SELECT count(*) FROM sqlite_master)"  # at one moment: another process may just be making the tables
    ).fetchone()
    if application == APPLICATION:
        if version > VERSION:
            raise LedgerError(
                f"{path} was written by a newer parametra (ledger version {version}; this one reads up to {VERSION}). "
                "Update parametra, or name another file."
            )
        return version
    if application == 0 and version == 0 and tables == 0:
        return None
    raise LedgerError(f"{path} is a database of something else, no ledger of parametra. Name another file.")


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables where there are none, or take the steps from an older version; all of them or none.

    Raises:
        LedgerError: as `version_of`, or a version from which no step leads on.
    """
    with transaction(connection):
        version = version_of(connection, path)  # again: another process may have been faster
        if version is None:
            for statement in SCHEMA:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            version = VERSION
        while version < VERSION:
            if version not in STEPS:
                raise LedgerError(
                    f"{path} was written by an older parametra (ledger version {version}), from which nothing leads to "
                    f"version {VERSION}. Name another file."
                )
            for statement in STEPS[version]:
                connection.execute(statement)
            version += 1
        connection.execute(f"PRAGMA user_version = {version}")
