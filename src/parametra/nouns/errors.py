"""Mistakes that a person can mend. An outcome of a run (not converged, budget spent) is a `Status`, never one of these.

ParametraError (a ValueError)
├── ParameterError   a parameter or the space of them is stated wrongly
├── FormulaError     a formula cannot be read, or uses what is not allowed
├── ModelError       the model cannot be called, or gives what it should not
├── DataError        a table cannot be read, or holds what cannot be fitted
├── UnitError        units that do not fit one another
├── NoiseError       the noise does not go with the data
├── MethodError      a method's name or setting, or a problem that it cannot serve
├── FileError        a problem file or result file that cannot be read
├── LedgerError      a file of evaluations that cannot be read or written, or that another run holds
└── MissingExtraError     an optional package that is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ParametraError(ValueError):
    """Something was stated wrongly: the message says what was wanted, what came, and what to do."""


class ParameterError(ParametraError):
    """A parameter, or the space of parameters, is stated wrongly."""


class FormulaError(ParametraError):
    """A formula cannot be read, or uses something that formulas may not use."""


class ModelError(ParametraError):
    """The model cannot be called with these names, or returns something that cannot be compared with the data."""


class DataError(ParametraError):
    """A table cannot be read, or holds values that cannot be fitted."""


class UnitError(ParametraError):
    """Units that are unknown, or that do not fit one another."""


class NoiseError(ParametraError):
    """The noise does not go with the data or with the parameters."""


class MethodError(ParametraError):
    """An unknown method, an impossible setting, or a problem that does not offer what the method needs."""


class FileError(ParametraError):
    """A problem file or a result file that cannot be read or written."""


class LedgerError(ParametraError):
    """A file of evaluations that cannot be opened, read or written, or that another run holds."""


class MissingExtraError(ParametraError):
    """An optional package is needed and is not installed."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs the package {package}. Install it with: pip install "parametra[{extra}]"')


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """The end of a message about an unknown word: the closest known word, or all of them when they are few."""
    known = list(dict.fromkeys(candidates))
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.65)
    if close:
        return f'did you mean "{close[0]}"?'
    if not known:
        return "there are none to choose from."
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"known here: {shown}."
