"""What every method of every verb must have: a complete card, settings that are explained, fields that are frozen."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from parametra.nouns.card import Card
from parametra.nouns.method_settings import settings_of

_LINK = re.compile(r"(doi:10\.\d{4,9}/\S+|arXiv:(\d{4}\.\d{4,5}|[a-z-]+/\d{7})|https?://\S+|.*ISBN [\d-]{10,})$")


def check_card(method: type[Any], verb: str) -> list[str]:
    """All that is wrong with a method's card and settings, in sentences; empty when it conforms.

    Arguments:
        method: the class, as `METHOD` in its file.
        verb: whose shelf it stands on.
    """
    card = getattr(method, "card", None)
    if not isinstance(card, Card):
        return ["it has no card"]
    empty = [f for f in ("name", "verb", "summary", "good_for", "prefer_instead", "cost") if not getattr(card, f)]
    wrong = [f"its card has no {field}" for field in empty]
    if card.verb != verb:
        wrong.append(f"its card says {card.verb}, and it stands under {verb}")
    if verb == "fit" and not card.needs:  # other verbs have methods that ask for data alone, no problem
        wrong.append("its card says nothing of its needs")
    if not card.sources:
        wrong.append("its card names no source")
    wrong += [
        f"the link {s.link!r} is no DOI, arXiv number, address or ISBN" for s in card.sources if not _LINK.match(s.link)
    ]
    if not dataclasses.is_dataclass(method):
        return [*wrong, "it is no dataclass"]
    if not method.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        wrong.append("its settings are not frozen")
    wrong += [f"nothing explains its setting {one.name}" for one in settings_of(method) if not one.about]
    return wrong
