"""Pages of the ready-made models, made while the site is built: a page and a picture for each, and one of all.

src/parametra/models/<field>/<name>.py   READY and its first known answer   ->  models/<field>/<name>.md and .png
docs/models/<field>.md                   written by hand                    is linked from them
"""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from parametra import catalogue
from parametra.nouns.card import Source
from parametra.nouns.ready_made import Known, ReadyMade
from parametra.nouns.ready_made_text import described
from parametra.verbs.fit import fit

HERE = Path(__file__).parent.parent
OVERVIEW = "models/index.md"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the pages where the navigation says "Ready-made models"."""
    config.nav = [_with_models(entry) for entry in config.nav or []]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages, and their pictures, to those of the folder."""
    for path, text in pages().items():
        files.append(File.generated(config, path, content=text))
    for name in catalogue.models():
        files.append(File.generated(config, f"{_page(name)[:-3]}.png", content=picture(name)))
    return files


@cache
def pages() -> dict[str, str]:
    """Every page by its path: the overview, and one for each model."""
    models = [catalogue.model(name) for name in catalogue.models()]
    return {OVERVIEW: _overview(models), **{_page(ready.name): _model_page(ready) for ready in models}}


@cache
def picture(name: str) -> bytes:
    """A fit of the first known answer whose data are at hand, as PNG."""
    ready: ReadyMade = catalogue.model(name)
    known = _shown(ready)
    problem = ready.known_problem(known)
    settings: dict[str, Any] = {"starts": 1, **known.settings}
    figure = ready.plot(fit(problem, progress=False, **settings), problem)
    drawn = io.BytesIO()
    # without a date, so that the same figure is the same file
    figure.savefig(drawn, format="png", dpi=110, metadata={"Software": None})
    return drawn.getvalue()


def _with_models(entry: Any) -> Any:
    if "Use" not in entry:
        return entry
    fields: dict[str, list[Any]] = {}
    for name in catalogue.models():
        field, _, model = name.partition(".")
        fields.setdefault(field, _by_hand(field)).append({model.replace("_", " "): _page(name)})
    listed = [OVERVIEW, *({field.replace("_", " ").capitalize(): paths} for field, paths in fields.items())]
    made = {"Ready-made models": listed}
    return {"Use": [made if isinstance(item, dict) and "Ready-made models" in item else item for item in entry["Use"]]}


def _by_hand(field: str) -> list[Any]:
    return [{"About": f"models/{field}.md"}] if (HERE / "models" / f"{field}.md").exists() else []


def _page(name: str) -> str:
    field, _, model = name.partition(".")
    return f"models/{field}/{model}.md"


def _shown(ready: ReadyMade) -> Known:
    return next(known for known in ready.known if not known.external)


def _overview(models: list[ReadyMade]) -> str:
    lines = [
        "# Ready-made models",
        "",
        "Models that people cite, each with its units, a guess that is read off your data, priors, and an answer it",
        "must come to. The pictures are fits of the data of those answers. [How to use them](../ready-made.md).",
        "",
    ]
    for field in catalogue.fields():
        by_hand = f" ([more]({field}.md))" if _by_hand(field) else ""
        lines += [f"## {field.replace('_', ' ').capitalize()}{by_hand}", "", "| | model |", "|---|---|"]
        for ready in (ready for ready in models if ready.name.startswith(f"{field}.")):
            link = _page(ready.name).removeprefix("models/")
            image = f"[![{ready.name}]({link[:-3]}.png){{ width=220 }}]({link})"
            lines.append(f"| {image} | [`{ready.name}`]({link})<br>{_cell(ready.summary)} |")
        lines.append("")
    return "\n".join(lines)


def _model_page(ready: ReadyMade) -> str:
    told = described(ready)
    name = ready.name.partition(".")[2]
    lines = [f"# {ready.name}", "", f"{ready.summary}.", "", "```text", ready.formula, "```", ""]
    lines += [f"![{_shown(ready).about}]({name}.png)", "", f"*{_shown(ready).about.capitalize()}.*", ""]
    lines += ["## Good for", "", _sentence(ready.good_for), ""]
    lines += ["## What to prefer instead", "", _sentence(ready.prefer_instead), ""]
    lines += ["## Inputs and outputs", "", "| | | unit |", "|---|---|---|"]
    lines += [f"| input | `{key}` | {_cell(unit)} |" for key, unit in told["inputs"].items()]
    lines += [f"| output | `{key}` | {_cell(unit)} |" for key, unit in told["outputs"].items()]
    lines += ["", "## Parameters", "", "| name | unit | searched in | prior | what it is |", "|---|---|---|---|---|"]
    for each in told["parameters"]:
        cells = (f"`{each['name']}`", each["unit"], each["domain"], each["prior"], each["about"])
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    if told["derived"]:
        units = told["derived_units"]
        derived = (f"`{each}` ({units[each]})" if units.get(each) else f"`{each}`" for each in told["derived"])
        lines += ["", f"Derived, with their errors: {', '.join(derived)}."]
    if told["options"]:
        lines += ["", "## Options", "", "| option | default | choices | |", "|---|---|---|---|"]
        for each in told["options"]:
            cells = (f"`{each['name']}`", each["default"], ", ".join(each["choices"]), each["about"])
            lines.append(f"| {' | '.join(map(_cell, cells))} |")
    lines += ["", "## Known answers", ""]
    lines += [f"- {_cell(each['about'])}: {_cell(each['answer'])}. {each['source']}" for each in told["known"]]
    lines += ["", "## Use", "", "```toml", "[model]", f'name = "{ready.name}"', "```", ""]
    lines += ["```console", f"$ parametra new problem.toml --model {ready.name}", "```", ""]
    return "\n".join([*lines, "## Sources", "", *(f"- {_source(source)}" for source in ready.sources)]) + "\n"


def _sentence(text: str) -> str:
    """With a capital and a full stop, and links to the models that it names."""
    begun = text if text.split(" ", 1)[0] in catalogue.models() else f"{text[:1].upper()}{text[1:]}"
    for name in catalogue.models():
        begun = re.sub(rf"(?<![\w./`]){re.escape(name)}(?![\w])", f"[`{name}`](../{_page(name)[7:]})", begun)
    return f"{begun.rstrip('.')}."


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def _source(source: Source) -> str:
    kind, _, number = source.link.partition(":")
    address = {"doi": "https://doi.org/", "arXiv": "https://arxiv.org/abs/"}.get(kind)
    linked = f"[{source.link}]({address}{number})" if address else source.link
    return f"{source.authors} ({source.year}). {source.title}. {linked}"
