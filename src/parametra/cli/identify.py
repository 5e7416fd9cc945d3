"""`parametra identify`: how far the parameters of a problem file can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text
from parametra.cli._settings import fit_options, out_folder, overridden
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.origin import typed

_EPILOG = """\b
Examples:
  parametra identify problem.toml
  parametra identify problem.toml --bootstrap 1000 --contour rate,volume --out out

\b
Exit codes: 0 done, 2 bad input, 3 budget spent, 4 stopped (Ctrl-C), 5 the fit failed.
The options of `parametra fit` steer the fit that comes first; --method is that of the fit.
"""


def _pair(context: click.Context, option: click.Parameter, value: str) -> str | tuple[str, ...]:
    if value in ("auto", "off"):
        return value
    labels = tuple(word.strip() for word in value.split(","))
    if len(labels) != 2 or not all(labels):
        raise click.BadParameter(f'"{value}" is neither auto, off nor two labels with a comma.', context, option)
    return labels


@click.command(epilog=_EPILOG)
@click.argument("file")
@click.option(
    "--by", default="auto", metavar="NAME", help="fisher_information, profile_likelihood, or auto, which is both."
)
@click.option("--level", type=float, default=0.95, metavar="P", help="Of the intervals. Default: 0.95.")
@click.option(
    "--bootstrap", type=int, default=0, metavar="N", help="Replicates for bootstrap intervals. Default: none."
)
@click.option(
    "--coverage", type=int, default=0, metavar="N", help="Simulated data sets that count how often intervals hold."
)
@click.option(
    "--contour",
    default="auto",
    callback=_pair,
    metavar="A,B|auto|off",
    help="The pair whose region is drawn. Default: the two that hang together most.",
)
@fit_options
@click.option("--fit", "fitted", metavar="FILE", help="A saved fit of this problem, fit.json: it is not fitted again.")
@click.option(
    "--out", metavar="DIR", help="Folder for identify.json, the figures and the page. Default: [fit] out of the file."
)
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing but mistakes; the files and the exit code tell the rest.")
def identify(
    file: str,
    by: str,
    level: float,
    bootstrap: int,
    coverage: int,
    contour: str | tuple[str, ...],
    fitted: str | None,
    out: str | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """Say for each parameter of FILE how far the data determine it, and what to do where they do not."""
    with only_ours(as_json):
        stated = read_problem_file(file)
        settings = overridden(stated.settings, given).for_fit()
        settings["fit_method"] = settings.pop("method")
        with typed(str(stated.path.resolve()), click.get_current_context().find_root().obj or ()):
            found = _identified(
                stated.problem,
                settings,
                {
                    "method": by,
                    "level": level,
                    "bootstrap": bootstrap,
                    "coverage": coverage,
                    "contour": contour,
                    "fit": None if fitted is None else _saved(fitted),
                    "progress": not quiet,
                },
            )
        folder = out_folder(stated, out)
        files = [] if folder is None else _written(found, folder)
    if as_json:
        print_json({**found.to_json(), "files": [str(path) for path in files]})
    elif not quiet:
        print_text("\n".join([str(found), *([""] if files else []), *(f"wrote {path}" for path in files)]))
    return found.status.outcome.exit_code


def _identified(problem: Any, settings: dict[str, Any], asked: dict[str, Any]) -> Any:
    from parametra.verbs import identify as verb  # imported only here: `--help` must not wait for it

    return verb.identify(problem, **asked, **settings)


def _saved(path: str) -> Any:
    """The fit in a file. Raises FileError for another result."""
    from parametra.formats.result_file import load
    from parametra.nouns.errors import FileError
    from parametra.nouns.fit_result import Fit

    found = load(path)
    if not isinstance(found, Fit):
        raise FileError(f"{path} holds no fit: give the fit.json that `parametra fit --out DIR` writes.")
    return found


def _written(found: Any, folder: Path) -> list[Path]:
    from parametra.report.identify_files import write_identification

    return write_identification(found, folder)
