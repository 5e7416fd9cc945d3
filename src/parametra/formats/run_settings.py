"""Where the calls of a model run and are kept, as a file or a command line states it; the same for every verb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parametra.formats._problem_keys import refuse_unknown, table_at
from parametra.nouns.errors import FileError
from parametra.nouns.statement import shown

RUN = ("pool", "ledger", "fresh", "timeout", "memory", "most_failures")

TYPED = (*RUN, "take_over")
"""What a command line may give."""

NO_LEDGER = "none"
"""What is stated for a ledger where there is to be none."""


@dataclass(frozen=True)
class RunSettings:
    """The [run] table of a problem file: the arguments of a verb that say how its calls are run.

    Arguments:
        pool, ledger, fresh, timeout, memory, most_failures: as for `fit`; None is the verb's own choice.
        take_over: the same, on a command line only.
    """

    pool: str | int | None = None
    ledger: str | None = None
    fresh: bool | None = None
    timeout: float | None = None
    memory: str | int | None = None
    most_failures: float | None = None
    take_over: bool | None = None

    def for_verb(self) -> dict[str, Any]:
        """What is stated, as arguments of a verb."""
        stated = {name: value for name, value in vars(self).items() if value is not None}
        if stated.get("ledger") == NO_LEDGER:
            del stated["ledger"]
        return stated

    def overridden(self, given: Mapping[str, Any]) -> RunSettings:
        """The same with what a command line gives."""
        return replace(self, **{name: given[name] for name in TYPED if given.get(name) is not None})

    def with_default_ledger(self, path: Path) -> RunSettings:
        """The same with a ledger where none is stated: beside a problem file, and named like it."""
        return replace(self, ledger=str(path.with_suffix(".db"))) if self.ledger is None else self


def run_settings(tables: Mapping[str, Any], folder: Path) -> RunSettings:
    """The [run] table.

    Arguments:
        tables: the whole file.
        folder: where the file is; a ledger is named from there, and stays below it.

    Raises:
        FileError: an unknown key, or a value of another kind.
    """
    table = table_at(tables, "run", "[run]", "[run] and below it pool = 4")
    refuse_unknown(table, RUN, "[run]")
    kinds: dict[str, tuple[tuple[type, ...], str]] = {
        "pool": ((str, int), 'a number of processes or a text such as "dask://host:8786"'),
        "ledger": ((str,), 'the name of a file, such as "study.db"'),
        "fresh": ((bool,), "true or false"),
        "timeout": ((int, float), "a number of seconds"),
        "memory": ((str, int), 'a number of bytes, such as "2 GB"'),
        "most_failures": ((int, float), "a share, such as 0.5"),
    }
    for key, value in table.items():
        wanted, words = kinds[key]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise FileError(f"[run]: {key} is {words}; {shown(value)} came.")
    stated: dict[str, Any] = dict(table)
    if stated.get("ledger", NO_LEDGER) != NO_LEDGER:
        stated["ledger"] = str(_below(stated["ledger"], folder))
    return RunSettings(**stated)


def _below(ledger: str, folder: Path) -> Path:
    path = folder / ledger
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):
        raise FileError(f"[run]: ledger = {shown(ledger)} can be no name of a file.") from None
    if not inside:
        raise FileError(
            f'[run]: ledger = "{ledger}" is outside the folder of the problem file. Name a file below it here, or any '
            "file on the command line: --ledger FILE."
        )
    return path
