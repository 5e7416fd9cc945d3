"""Which columns tell events from limits, by a guess at their names and at what they hold."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

_OF_EVENTS = (
    *("status", "event", "events", "dead", "died", "death", "deceased", "fustat", "delta"),
    *("failed", "failure", "relapse", "relapsed", "recurrence", "observed", "uncensored"),
)
_OF_LIMITS = ("censored", "censoring", "censor", "censored?", "cens", "alive")
_HAPPENED = ("event", "dead", "died", "death", "deceased", "failed", "failure", "relapse", "relapsed", "exact")
_YES, _NO = ("yes", "true", "y", "t"), ("no", "false", "n", "f")
_SURV = {"exact", "right", "left", "interval"}
"""The words that a status column is read by where nothing else is said."""


def named_after_events(name: str) -> bool | None:
    """True for a column named after events, False for one named after what is censored; None for others."""
    low = name.strip().lower()
    parts = {low, *re.split(r"[\s_.-]+", low)}
    if parts & {*_OF_LIMITS}:
        return False
    return True if parts & {*_OF_EVENTS} else None


def like_status(name: str, values: np.ndarray) -> bool:
    """Whether a column is named like a status, and holds codes or words of one."""
    return named_after_events(name) is not None and _codes(values) is not None


def event_code(name: str, values: np.ndarray) -> Any:
    """The code of an event in such a column; None where its codes or words are those of R's `Surv`."""
    codes = _codes(values)
    events = named_after_events(name)
    if codes is None or events is None:
        return None
    if isinstance(codes[0], str):
        return _word(codes, events=events)
    if len(codes) > 2:
        return None
    if events:
        return max(codes) if max(codes) > 0 else None
    return min(codes) if len(codes) == 2 else None


def _codes(values: np.ndarray) -> list[Any] | None:
    """What a column holds, where that may be codes: whole numbers up to 3, or two words, or those of `_SURV`."""
    if values.dtype.kind == "U":
        words = sorted({*values.tolist()} - {""})
        told = {*words} <= _SURV or any(_word(words, events=events) is not None for events in (True, False))
        return words if words and told else None
    numbers = np.unique(values[np.isfinite(values)]).tolist()
    return [int(each) for each in numbers] if numbers and {*numbers} <= {0.0, 1.0, 2.0, 3.0} else None


def _word(words: list[str], *, events: bool) -> str | None:
    """The word of an event among two; None for the words that are known anyway, and for others."""
    if len(words) > 2 or {*words} <= _SURV:
        return None
    meant = (*_HAPPENED, *(_YES if events else _NO))
    return next((word for word in words if word.lower() in meant), None)
