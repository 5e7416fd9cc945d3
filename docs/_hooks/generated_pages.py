"""Pages that are made from something else while the site is built: methods from their cards, and the root's documents.

src/parametra/methods/<verb>/<name>.py   METHOD and METHOD.card   ->  methods/<verb>/<name>.md, methods/index.md
CONTRIBUTING.md, CHANGELOG.md            their text               ->  contributing.md, changelog.md
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from parametra.nouns.card import Card, Source
from parametra.nouns.method_settings import settings_of

ROOT = Path(__file__).parent.parent.parent
METHODS = ROOT / "src" / "parametra" / "methods"
DOCUMENTS = {"Contributing": "CONTRIBUTING.md", "Changelog": "CHANGELOG.md"}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the generated pages where the navigation names their section."""
    config.nav = [_with_generated(entry) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the generated pages to those of the folder."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    return files


@cache
def pages() -> dict[str, str]:
    """Every generated page: its path in the site's sources, and its text."""
    made = {f"methods/{verb}/{method.card.name}.md": _method_page(method) for verb, method in _methods()}
    made["methods/index.md"] = _overview([method.card for _, method in _methods()])
    for name in DOCUMENTS.values():
        path = ROOT / name
        if path.exists():
            made[name.lower()] = path.read_text(encoding="utf-8").replace("](docs/", "](")
    return made


def _with_generated(entry: Any) -> Any:
    if "Use" in entry:
        of_methods = {"Methods": [path for path in sorted(pages(), key=_overview_first) if path.startswith("methods/")]}
        return {"Use": [of_methods if "Methods" in item else item for item in entry["Use"]]}
    if "Inside" in entry:
        documents = [{title: name.lower()} for title, name in DOCUMENTS.items() if name.lower() in pages()]
        return {"Inside": [*entry["Inside"], *documents]}
    return entry


def _overview_first(path: str) -> tuple[bool, str]:
    return (not path.endswith("index.md"), path)


@cache
def _methods() -> list[tuple[str, Any]]:
    """Verb and method for every file on a shelf; engines, whose names begin with _, are not listed."""
    files = sorted(path for path in METHODS.glob("*/*.py") if not path.name.startswith("_"))
    names = [(path.parent.name, path.stem) for path in files]
    return [(verb, importlib.import_module(f"parametra.methods.{verb}.{name}").METHOD) for verb, name in names]


def _overview(cards: list[Card]) -> str:
    lines = [
        "# Methods",
        "",
        'What each needs and costs. `method="auto"` chooses among them, and says which and why.',
        "",
    ]
    for verb in sorted({card.verb for card in cards}):
        lines += [f"## {verb}", "", "| method | what it is | needs | cost |", "|---|---|---|---|"]
        for card in (card for card in cards if card.verb == verb):
            link = f"[`{card.name}`]({verb}/{card.name}.md)"
            lines.append(f"| {link} | {_cell(card.summary)} | {_needs(card)} | {_cell(card.cost)} |")
        lines.append("")
    return "\n".join(lines)


def _method_page(method: Any) -> str:
    card: Card = method.card
    lines = [f"# {card.name}", "", card.summary, "", "| | |", "|---|---|"]
    lines += [f"| Verb | `{card.verb}` |", f"| Needs | {_needs(card)} |"]
    lines += [f"| Honours | {_cell(', '.join(sorted(card.honours))) or 'nothing beyond its needs'} |"]
    lines += [f"| Cost | {_cell(card.cost)} |", ""]
    lines += ["## Good for", "", card.good_for, "", "## What to prefer instead", "", card.prefer_instead, ""]
    lines += [*_settings(method), "## Sources", "", *(f"- {_source(source)}" for source in card.sources)]
    return "\n".join(lines) + "\n"


def _settings(method: Any) -> list[str]:
    """A table of the method's settings with their defaults, described in the `Arguments:` of its class."""
    found = settings_of(method)
    if not found:
        return []
    lines = ["## Settings", "", "| setting | default | |", "|---|---|---|"]
    lines += [f"| `{one.name}` | `{one.default!r}` | {_cell(one.about)} |" for one in found]
    return [*lines, ""]


def _needs(card: Card) -> str:
    return _cell(", ".join(sorted(ability.value for ability in card.needs)))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _source(source: Source) -> str:
    kind, _, number = source.link.partition(":")
    address = {"doi": "https://doi.org/", "arXiv": "https://arxiv.org/abs/"}.get(kind)
    linked = f"[{source.link}]({address}{number})" if address else source.link
    return f"{source.authors} ({source.year}). {source.title}. {linked}"
