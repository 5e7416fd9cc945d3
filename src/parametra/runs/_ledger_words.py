"""Texts that many evaluations share, each stored once: layouts of outputs, and reasons of failures."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from parametra.runs._ledger_rows import Damaged

_MOST = 4096
"""Texts that are remembered; a model may have a reason of its own for every point."""


class Words:
    """One of these tables, with what was used of it lately in memory.

    Arguments:
        connection: to the ledger.
        table: which.
    """

    def __init__(self, connection: sqlite3.Connection, table: Literal["layouts", "reasons"]) -> None:
        self._connection = connection
        self._find = f"SELECT id FROM {table} WHERE text = ?"  # noqa: S608  one of two names
        self._add = f"INSERT INTO {table} (text) VALUES (?)"  # noqa: S608
        self._read = f"SELECT text FROM {table} WHERE id = ?"  # noqa: S608
        self._numbers: dict[str, int] = {}
        self._texts: dict[int, str] = {}

    def number(self, text: str | None) -> int | None:
        """The number of a text, which is added within the transaction that is going on; None for None."""
        if text is None:
            return None
        number = self._numbers.get(text)
        if number is None:
            row = self._connection.execute(self._find, (text,)).fetchone()
            number = self._connection.execute(self._add, (text,)).lastrowid if row is None else row[0]
            if len(self._numbers) >= _MOST:
                self._numbers.clear()
            self._numbers[text] = int(number or 0)
        return number

    def forget(self) -> None:
        """The transaction was not kept: numbers that were given in it mean nothing."""
        self._numbers.clear()

    def text(self, number: Any) -> str | None:
        """The text of a number; None for None. Raises Damaged for a number without a text."""
        if number is None:
            return None
        text = self._texts.get(number)
        if text is None:
            row = self._connection.execute(self._read, (number,)).fetchone()
            if row is None or not isinstance(row[0], str):
                raise Damaged(f"number {number}, which is not there")
            if len(self._texts) >= _MOST:
                self._texts.clear()
            text = self._texts[number] = row[0]
        return text
