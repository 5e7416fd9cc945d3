"""`parametra methods`: what methods there are, from their cards."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from parametra.cli._printing import json_option, print_json, print_text

_VERB = "fit"

_EPILOG = """\
\b
Examples:
  parametra methods
  parametra methods levenberg_marquardt
"""


@click.command(epilog=_EPILOG)
@click.argument("name", required=False)
@json_option
def methods(name: str | None, as_json: bool) -> int:
    """List the methods that a fit can use, or describe the one called NAME."""
    from parametra import catalogue

    if name is not None:
        described = _described(catalogue.card(_VERB, name))
        if as_json:
            print_json({"kind": "method", **described})
        else:
            print_text("\n".join(_entry(key, value) for key, value in described.items()))
        return 0
    cards = [_described(catalogue.card(_VERB, each)) for each in catalogue.methods(_VERB)]
    if as_json:
        print_json({"kind": "methods", "methods": cards})
    else:
        print_text("\n\n".join(f"{card['name']}\n{_wrapped(card['summary'])}" for card in cards))
        print_text("\nMore of one: parametra methods NAME. Without --method, `auto` chooses and says why.")
    return 0


def _described(card: Any) -> dict[str, Any]:
    return {
        "name": card.name,
        "verb": card.verb,
        "summary": card.summary,
        "good_for": card.good_for,
        "prefer_instead": card.prefer_instead,
        "needs": sorted(need.value for need in card.needs),
        "honours": sorted(card.honours),
        "cost": card.cost,
        "sources": [str(source) for source in card.sources],
    }


def _entry(key: str, value: Any) -> str:
    text = value if isinstance(value, str) else "; ".join(value) or "nothing"
    return f"{key.replace('_', ' ')}\n{_wrapped(text)}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 96, initial_indent="  ", subsequent_indent="  ")
