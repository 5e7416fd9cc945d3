"""`parametra compare`: which of several models of the same data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text
from parametra.cli._settings import fit_options, overridden
from parametra.nouns.errors import MethodError
from parametra.nouns.origin import typed

_EPILOG = """\
\b
Examples:
  parametra compare line.toml parabola.toml
  parametra compare a.toml b.toml c.toml --criterion bic --cross-validation 10 --out out

\b
Exit codes: 0 done, 2 bad input, 3 a fit did not converge, 4 stopped (Ctrl-C), 5 failed.
Each file is fitted with its own [fit] table; options given here override those of all files.
"""


def _folds(context: click.Context, option: click.Parameter, value: str) -> str | int | bool:
    known: dict[str, str | bool] = {"auto": "auto", "yes": True, "no": False}
    if value in known:
        return known[value]
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(
            f'"{value}" is neither auto, yes, no nor a number of folds.', context, option
        ) from None


@click.command(epilog=_EPILOG)
@click.argument("files", nargs=-1)
@click.option("--criterion", default="auto", metavar="NAME", help="What ranks: aic, aicc, bic or auto. Default: auto.")
@click.option(
    "--nested/--not-nested", default=None, help="Whether one is a special case of the other. Default: found out."
)
@click.option(
    "--cross-validation",
    callback=_folds,
    default="auto",
    metavar="auto|yes|no|N",
    help="Whether, and in how many folds. Default: auto, where it is quick.",
)
@fit_options
@click.option("--out", metavar="DIR", help="Folder for compare.json and the figures. Default: none is written.")
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing but mistakes; the files and the exit code tell the rest.")
def compare(
    files: tuple[str, ...],
    criterion: str,
    nested: bool | None,
    cross_validation: Any,
    out: str | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> int:
    """Say which of the models of FILES, all of the same data, is better, how surely, and whether it is any good."""
    if len(files) < 2:
        raise MethodError(
            f"compare takes two problem files or more, and {len(files)} came: parametra compare a.toml b.toml."
        )
    with only_ours(as_json):
        from parametra.formats.problem_file import read_problem_file
        from parametra.verbs import compare as verb

        stated = {name: read_problem_file(file) for name, file in zip(_names(files), files, strict=True)}
        settings = {name: overridden(one.settings, given) for name, one in stated.items()}
        first = next(iter(stated))
        with typed(str(stated[first].path.resolve()), click.get_current_context().find_root().obj or ()):
            found = verb.compare(
                {name: one.problem for name, one in stated.items()},
                criterion=criterion,
                nested=nested,
                cross_validation=cross_validation,
                seed=settings[first].seed,
                fit_settings={name: one.for_fit() for name, one in settings.items()},
                progress=not quiet,
            )
        written = [] if out is None else _written(found, Path(out))
    if as_json:
        print_json({**found.to_json(), "files": [str(path) for path in written]})
    elif not quiet:
        print_text("\n".join([str(found), *([""] if written else []), *(f"wrote {path}" for path in written)]))
    return found.status.outcome.exit_code


def _names(files: tuple[str, ...]) -> list[str]:
    """Short names of files: stems, or whole paths where these are the same."""
    stems = [Path(file).stem for file in files]
    names = stems if len(set(stems)) == len(stems) else list(files)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise MethodError(f"{twice} is named twice. Name each file once.")
    return names


def _written(found: Any, folder: Path) -> list[Path]:
    from parametra.report.compare_files import write_comparison

    return write_comparison(found, folder)
