"""What the commands write: one JSON object, or text for a person; all else goes to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click


def print_json(found: dict[str, Any]) -> None:
    """One JSON object on standard output; plain ASCII, which every terminal and every pipe takes."""
    click.echo(json.dumps(found, indent=2, allow_nan=False))


_CONTROLS = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)], "?")


def plain(text: str) -> str:
    """Without characters that steer a terminal: a ledger or a program of someone else may have put them there."""
    return text.translate(_CONTROLS)


def print_text(text: str) -> None:
    """Text on standard output; a character that the terminal does not know becomes a question mark."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(plain(text).encode(encoding, "replace").decode(encoding))


@contextmanager
def only_ours(as_json: bool) -> Generator[None]:
    """While this lasts, what a person's model prints goes to standard error when standard output is for JSON."""
    if not as_json:
        yield
        return
    with redirect_stdout(sys.stderr):
        yield


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object and nothing else; messages go to standard error."
)
