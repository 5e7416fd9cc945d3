"""`parametra report`: a fit as one HTML page with figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text
from parametra.cli._settings import fit_options, out_folder, overridden
from parametra.cli.fit import fitted
from parametra.formats.fit_settings import own_folder
from parametra.formats.problem_file import read_problem_file
from parametra.formats.result_file import load
from parametra.nouns.errors import FileError
from parametra.nouns.fit_result import Fit
from parametra.nouns.identification import Identification
from parametra.report.files import RESULT, write_figures, write_page, write_result
from parametra.report.identify_files import write_identify_page

_EPILOG = """\
\b
Examples:
  parametra report problem.toml
  parametra report out/problem/fit.json
"""


@click.command(epilog=_EPILOG)
@click.argument("file")
@fit_options
@click.option("--out", metavar="DIR", help="Folder for the page. Default: [fit] out of the file, or out/ and its name.")
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing but mistakes.")
def report(file: str, out: str | None, as_json: bool, quiet: bool, **given: Any) -> int:
    """Write report.html: the answer, its doubts, the figures and how it was come by, in one file for a browser.

    FILE is a problem file, which is fitted first, or a result (fit.json or the folder that holds it, identify.json),
    which is only drawn.
    """
    path = Path(file)
    if path.is_dir():
        path = path / RESULT
    with only_ours(as_json):
        found, files = _drawn(path, out, given) if path.suffix == ".json" else _run(path, out, given, quiet=quiet)
    if as_json:
        print_json({
            "kind": "report",
            "status": found.status.outcome.value,
            "message": found.status.message,
            "files": [str(each) for each in files],
        })  # fmt: skip
    elif not quiet:
        print_text("\n".join(f"wrote {each}" for each in files))
    return found.status.outcome.exit_code


def _run(path: Path, out: str | None, given: dict[str, Any], *, quiet: bool) -> tuple[Fit, list[Path]]:
    stated = read_problem_file(path)
    found = fitted(stated.problem, overridden(stated.settings, given).for_fit(), quiet=quiet)
    folder = out_folder(stated, out) or path.parent / own_folder(path)
    return found, [
        write_result(found, folder),
        *write_figures(found, folder, stated.of_model),
        write_page(found, folder, stated.of_model),
    ]


def _drawn(path: Path, out: str | None, given: dict[str, Any]) -> tuple[Fit | Identification, list[Path]]:
    stated = [name for name, value in given.items() if value is not None]
    if stated:
        raise FileError(
            f"{path.name} holds a result, which is drawn and not fitted again, so --{stated[0].replace('_', '-')} has "
            "no use. Give the problem file to fit again."
        )
    found = load(path)
    if isinstance(found, Identification):
        return found, [write_identify_page(found, path.parent if out is None else Path(out))]
    return found, [write_page(found, path.parent if out is None else Path(out))]
