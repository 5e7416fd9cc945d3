"""`parametra methods`: what methods there are, from their cards."""

from __future__ import annotations

import json
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
    from parametra.nouns.method_settings import settings_of

    if name is not None:
        made = catalogue.method(_VERB, name)
        described, settings = _described(made.card), settings_of(made)
        if as_json:
            print_json({"kind": "method", **described, "settings": [vars(one) for one in settings]})
        else:
            print_text("\n".join(_entry(key, value) for key, value in described.items()))
            print_text("settings, by --option NAME=VALUE or in [fit.options]")
            print_text("\n".join(_setting(one) for one in settings) or "  none")
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


def _setting(one: Any) -> str:
    default = json.dumps(one.default) if isinstance(one.default, (str, bool, tuple)) else one.default
    head = f"  {one.name} = {'none' if default is None else default}  "
    return textwrap.fill(head + one.about, 96, subsequent_indent="      ")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 96, initial_indent="  ", subsequent_indent="  ")
