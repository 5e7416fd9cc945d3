"""Finding calls in a ledger: by their digests, and those that were recorded behind them at once.

A run that goes on asks for its calls in the order in which they were recorded. Rows that follow one another are read
several times as fast as rows that are searched one by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import islice
from typing import Any

from parametra.runs._ledger_schema import LOOKUP

_AT_ONCE = (1, 8, 64, 1000)
"""Calls in one query: a few sizes, so that each is parsed once."""

_AHEAD = 4096
"""Rows that are read ahead."""

_IN_ORDER = 32
"""Calls of one lookup, all of them known and recorded one after the other, from which on reading ahead pays."""

_FOLLOWING = f"{LOOKUP.partition(' WHERE ')[0]} WHERE statement = ? AND id > ? AND id <= ?"
_PLACE = "SELECT id FROM evaluations WHERE digest = ?"

Found = dict[int, tuple[Any, ...]]


class Lookup:
    """The rows of calls, by digest.

    Arguments:
        connection: to the ledger.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ahead: Found = {}

    def forget(self) -> None:
        """What was read ahead may be written over by now."""
        self._ahead = {}

    def rows(self, statement: int, digests: Sequence[int]) -> Found:
        """What is there of these digests, each once."""
        ahead = self._ahead
        found = {digest: ahead[digest] for digest in digests if digest in ahead}
        rest = [digest for digest in dict.fromkeys(digests) if digest not in found]
        if not rest:
            return found
        waiting = iter(rest)
        while chunk := list(islice(waiting, _AT_ONCE[-1])):
            size = next(size for size in _AT_ONCE if size >= len(chunk))
            query = LOOKUP.format(",".join("?" * size))
            padded = [statement, *chunk, *chunk[:1] * (size - len(chunk))]
            found |= {row[0]: row for row in self._connection.execute(query, padded).fetchall()}
        if len(rest) >= _IN_ORDER and all(digest in found for digest in rest):
            self._read_ahead(statement, rest[0], rest[-1], len(rest))
        return found

    def _read_ahead(self, statement: int, first: int, last: int, count: int) -> None:
        begin, end = (int(self._connection.execute(_PLACE, (one,)).fetchone()[0]) for one in (first, last))
        if begin <= end < begin + 2 * count:
            following = self._connection.execute(_FOLLOWING, (statement, end, end + _AHEAD)).fetchall()
            self._ahead = {row[0]: row for row in following}
