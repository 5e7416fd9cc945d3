"""What was typed to begin a run, so that a ledger can tell it and `parametra runs resume` can type it again."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a run comes from.

    Arguments:
        file: the problem file, "" for a run from Python.
        command: the words after `parametra`, none for a run from Python.
    """

    file: str = ""
    command: tuple[str, ...] = ()


_PYTHON = Origin()
_NOW: ContextVar[Origin] = ContextVar("parametra_origin", default=_PYTHON)


def origin() -> Origin:
    """Where the run that begins now comes from."""
    return _NOW.get()


@contextmanager
def typed(file: str, command: Sequence[str]) -> Generator[None]:
    """Runs that begin within come from this file and these words."""
    token = _NOW.set(Origin(file, tuple(command)))
    try:
        yield
    finally:
        _NOW.reset(token)
