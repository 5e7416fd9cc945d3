"""`parametra fit`: find the parameters of a problem file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text
from parametra.cli._settings import fit_options, out_folder, overridden
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.origin import typed

_EPILOG = """\
\b
Examples:
  parametra fit problem.toml
  parametra fit problem.toml --starts 50 --seed 1 --out out

\b
Exit codes: 0 converged, 2 bad input, 3 budget spent, 4 stopped (Ctrl-C), 5 failed.
Options override the [fit] table of the file.
"""


@click.command(epilog=_EPILOG)
@click.argument("file")
@fit_options
@click.option(
    "--out", metavar="DIR", help="Folder for fit.json and the figures. Default: [fit] out of the file, or none."
)
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing but mistakes; the files and the exit code tell the rest.")
def fit(file: str, out: str | None, as_json: bool, quiet: bool, **given: Any) -> int:
    """Find the parameters under which the data of FILE are most likely, and say how far each can be trusted."""
    with only_ours(as_json):
        stated = read_problem_file(file)
        with typed(str(stated.path.resolve()), click.get_current_context().find_root().obj or ()):
            found = fitted(stated.problem, overridden(stated.settings, given).for_fit(), quiet=quiet)
        folder = out_folder(stated, out)
        files = [] if folder is None else written(found, folder, stated.of_model)
    if as_json:
        print_json({**found.to_json(), "files": [str(path) for path in files]})
    elif not quiet:
        print_text("\n".join([str(found), *([""] if files else []), *(f"wrote {path}" for path in files)]))
    return found.status.outcome.exit_code


def fitted(problem: Any, settings: dict[str, Any], *, quiet: bool) -> Any:
    """The fit, which is imported only here: `--help` must not wait for it."""
    from parametra.verbs import fit as verb

    return verb.fit(problem, **settings, progress=not quiet)


def written(found: Any, folder: Path, of_model: Any = None) -> list[Path]:
    """Write the result and its figures into a folder, and name the files. Raises FileError when that cannot be."""
    from parametra.report.files import write_figures, write_result

    return [write_result(found, folder), *write_figures(found, folder, of_model)]
