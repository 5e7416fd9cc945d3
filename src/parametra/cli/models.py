"""`parametra models`: what ready-made models there are, and what each needs and gives."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from parametra.cli._printing import json_option, print_json, print_text

_EPILOG = """\
\b
Examples:
  parametra models
  parametra models peaks
  parametra models kinetics.michaelis_menten
  parametra new problem.toml --model kinetics.michaelis_menten
"""


@click.command(epilog=_EPILOG)
@click.argument("name", required=False)
@json_option
def models(name: str | None, as_json: bool) -> int:
    """List the ready-made models, or those of the field called NAME, or describe the model called NAME."""
    from parametra import catalogue
    from parametra.nouns.ready_made_text import described, text

    fields = catalogue.fields()
    if name is None or name.lower() in fields:
        _listed(fields if name is None else (name.lower(),), as_json=as_json)
        return 0
    ready = catalogue.model(name)
    if as_json:
        print_json({"kind": "model", **described(ready)})
    else:
        print_text(text(ready))
        print_text(f"\nA problem file with it: parametra new problem.toml --model {ready.name}")
    return 0


def _listed(fields: tuple[str, ...], *, as_json: bool) -> None:
    from parametra import catalogue

    found: dict[str, Any] = {
        field: {
            "models": [
                {"name": name, "summary": catalogue.model(name).summary}
                for name in catalogue.models()
                if name.startswith(f"{field}.")
            ],
            "functions": [
                {"name": f"pm.models.{field}.{name}", "summary": _first_line(tool)}
                for name, tool in catalogue.tools(field).items()
                if callable(tool) and not isinstance(tool, type)
            ],
        }
        for field in fields
    }
    if as_json:
        print_json({"kind": "models", "fields": found})
        return
    for field, has in found.items():
        rows = [*has["models"], *has["functions"]]
        print_text(f"{field.replace('_', ' ').upper()}\n\n" + "\n".join(map(_line, rows)) + "\n")
    print_text('More of one: parametra models NAME. In a problem file: [model] and below it name = "NAME".')


def _first_line(tool: Any) -> str:
    return (tool.__doc__ or "").strip().split("\n")[0].rstrip(".")


def _line(row: dict[str, str]) -> str:
    return textwrap.fill(f"{row['name']}  {row['summary']}", 96, subsequent_indent="    ")
