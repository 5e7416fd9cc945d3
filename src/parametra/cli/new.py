"""`parametra new`: write a problem file to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from parametra.cli._printing import json_option, print_json, print_text
from parametra.formats.new_file import TEMPLATES, write_new

_EPILOG = """\
\b
Examples:
  parametra new
  parametra new decay.toml --from measurements.csv
  parametra new doses.toml --template ode
  parametra new enzyme.toml --model kinetics.michaelis_menten
"""


@click.command(epilog=_EPILOG)
@click.argument("file", default="problem.toml")
@click.option("--from", "table", metavar="DATA.CSV", help="A table to fit: its columns are guessed and put in.")
@click.option(
    "--template",
    type=click.Choice(list(TEMPLATES)),
    default="formula",
    help="What the example is of: " + "; ".join(f"{name}: {words}" for name, words in TEMPLATES.items()) + ".",
)
@click.option("--model", default="", metavar="NAME", help="A ready-made model, as `parametra models` lists them.")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@json_option
def new(file: str, table: str | None, template: str, model: str, force: bool, as_json: bool) -> int:
    """Write a problem file to FILE (problem.toml unless named) that runs as it stands, with a comment at every line."""
    words = write_new(Path(file), None if table is None else Path(table), template=template, model=model, force=force)
    if as_json:
        print_json({"kind": "new", "file": file, "message": words})
    else:
        print_text(f"{words}\nNext: parametra check {file}")
    return 0
