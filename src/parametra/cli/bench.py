"""`parametra bench fit`: which method needs the fewest evaluations of the model of a problem file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text

_EPILOG = """\
\b
Examples:
  parametra bench fit problem.toml
  parametra bench fit problem.toml --methods levenberg_marquardt,nelder_mead --seeds 5 --out out
  parametra bench fit problem.toml --methods monte_carlo+lbfgs,lbfgs --evaluations 500

\b
Exit codes: 0 done, 2 bad input, 3 time spent, 4 stopped (Ctrl-C), 5 failed.
Loss and seed are those of the [fit] table of the file; its method, options and starts are not used.
"""

_GROUP_EPILOG = """\
\b
Example:
  parametra bench fit problem.toml
"""


@click.group(no_args_is_help=False, epilog=_GROUP_EPILOG)
def bench() -> None:
    """Compare methods on a problem of yours."""


def _numbers(context: click.Context, option: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    try:
        return tuple(float(word) for word in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f'"{value}" is not a list of numbers, such as 1e-2,1e-4,1e-6.', context, option
        ) from None


def _words(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    del context, option
    return None if value is None else tuple(word.strip() for word in value.split(",") if word.strip())


@bench.command(epilog=_EPILOG, short_help="Rank the methods of fit by the evaluations that they need.")
@click.argument("file")
@click.option(
    "--accuracy",
    "accuracies",
    callback=_numbers,
    metavar="A,B,...",
    help="Shares of what the guess has to lose. Default: 1e-2,1e-4,1e-6.",
)
@click.option(
    "--methods",
    callback=_words,
    metavar="NAME,...",
    help="Names from `parametra methods`, two joined by + for one after the other. Default: all that can work.",
)
@click.option("--seeds", type=int, metavar="N", help="Runs of each method, each from its own start. Default: 11.")
@click.option("--evaluations", type=int, metavar="N", help="What one run may use. Default: 2000.")
@click.option("--seconds", type=float, metavar="S", help="Stop after so many seconds.")
@click.option("--seed", type=int, metavar="N", help="Of starts and methods; the same seed gives the same table.")
@click.option("--out", metavar="DIR", help="Folder for bench.json and bench.png. Default: none is written.")
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing but mistakes; the files and the exit code tell the rest.")
def fit(file: str, out: str | None, as_json: bool, quiet: bool, **given: Any) -> int:
    """Rank the methods of fit by the evaluations of FILE's model that each needs to come near the best."""
    from parametra.formats.problem_file import read_problem_file

    with only_ours(as_json):
        stated = read_problem_file(file)
        settings = stated.settings
        asked = {"loss": settings.loss, "loss_scale": settings.loss_scale, "seed": settings.seed}
        asked |= {name: value for name, value in given.items() if value is not None}
        found = _compared(stated.problem, asked, quiet=quiet)
        files = [] if out is None else _written(found, Path(out))
    if as_json:
        print_json({**found.to_json(), "files": [str(path) for path in files]})
    elif not quiet:
        print_text("\n".join([str(found), *([""] if files else []), *(f"wrote {path}" for path in files)]))
    return found.status.outcome.exit_code


def _compared(problem: Any, settings: dict[str, Any], *, quiet: bool) -> Any:
    from parametra.verbs.bench_fit import bench_fit

    return bench_fit(problem, **settings, progress=not quiet)


def _written(found: Any, folder: Path) -> list[Path]:
    from parametra.report.bench_files import write_bench

    return write_bench(found, folder)
