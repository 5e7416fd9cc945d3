"""Sentences as a terminal shows them."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

WIDTH = 100


def wrapped(line: str, indent: str = "") -> str:
    """A paragraph in the lines of a terminal, all but the first behind the indent."""
    return "\n".join(wrap(line, WIDTH, subsequent_indent=indent)) if line else ""


def listed_and(words: Sequence[str]) -> str:
    """Words in a row: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
