"""`parametra methods`: what methods there are, from their cards."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click

from parametra.cli._printing import json_option, print_json, print_text

_EPILOG = """\
\b
Examples:
  parametra methods
  parametra methods identify
  parametra methods levenberg_marquardt
"""


@click.command(epilog=_EPILOG)
@click.argument("name", required=False)
@json_option
def methods(name: str | None, as_json: bool) -> int:
    """List the methods of all verbs, or of the verb called NAME, or describe the method called NAME."""
    from parametra import catalogue

    verbs = catalogue.verbs()
    if name is None or name in verbs:
        _listed(verbs if name is None else (name,), as_json=as_json)
        return 0
    # an unknown name is refused with the names of the verb that has a method most like it
    verb = next((each for each in verbs if name in catalogue.methods(each)), _likeliest(name))
    _one(catalogue.method(verb, name), as_json=as_json)
    return 0


def _likeliest(name: str) -> str:
    import difflib

    from parametra import catalogue

    near = {each: difflib.get_close_matches(name, catalogue.methods(each), 1) for each in catalogue.verbs()}
    return next((verb for verb, found in near.items() if found), "fit")


def _listed(verbs: tuple[str, ...], *, as_json: bool) -> None:
    from parametra import catalogue

    cards = {verb: [_described(catalogue.card(verb, each)) for each in catalogue.methods(verb)] for verb in verbs}
    if as_json:
        print_json({"kind": "methods", "methods": [card for found in cards.values() for card in found]})
        return
    for verb, found in cards.items():
        body = "\n\n".join(f"{card['name']}\n{_wrapped(card['summary'])}" for card in found)
        print_text(f"{verb.upper()}\n\n{body}\n")
    print_text("More of one: parametra methods NAME. Without --method, a fit chooses and says why.")


def _one(made: Any, *, as_json: bool) -> None:
    from parametra.nouns.method_settings import settings_of

    described, settings = _described(made.card), settings_of(made)
    if as_json:
        print_json({"kind": "method", **described, "settings": [vars(one) for one in settings]})
        return
    print_text("\n".join(_entry(key, value) for key, value in described.items()))
    fits = made.card.verb == "fit"
    print_text("settings, by --option NAME=VALUE or in [fit.options]" if fits else "settings")
    print_text("\n".join(_setting(one) for one in settings) or "  none")


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
