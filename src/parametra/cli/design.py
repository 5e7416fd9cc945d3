"""`parametra design`: where to measure next, so that the parameters of a problem file become known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text

_EPILOG = """\
\b
Examples:
  parametra design problem.toml
  parametra design problem.toml --points 6 --input t=0:10 --out out
  parametra design problem.toml --target K=0.1
  parametra design problem.toml --criterion c --quantity K --from-nothing

\b
Exit codes: 0 designed, 2 bad input, 4 stopped (Ctrl-C), 5 no design does what was asked.
Options override the [design] table of the file; the fit that comes first follows its [fit] table.
"""


def _inputs(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for value in values:
        name, equals, words = value.partition("=")
        try:
            if not (name and equals):
                raise ValueError  # noqa: TRY301  told below, with all other mistakes
            if ":" in words:
                ends = words.split(":")
                numbers = (float(ends[0]), float(ends[1]), *(int(end) for end in ends[2:]))
                found[name.strip()] = numbers
            else:
                found[name.strip()] = [float(word) for word in words.split(",")]
        except (ValueError, IndexError):
            raise click.BadParameter(
                f'"{value}" is not NAME=LOWER:UPPER, NAME=LOWER:UPPER:COUNT or NAME=VALUE,VALUE,...', context, option
            ) from None
    return found or None


def _targets(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for value in values:
        name, _, share = value.partition("=")
        try:
            found[name.strip()] = float(share)
        except ValueError:
            raise click.BadParameter(f'"{value}" is not NAME=SHARE, such as K=0.1.', context, option) from None
    return found or None


def _several(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> list[str] | None:
    del context, option
    return list(values) or None


def _number_or_formula(context: click.Context, option: click.Parameter, value: str | None) -> float | str | None:
    del context, option
    try:
        return None if value is None else float(value)
    except ValueError:
        return value


_OPTIONS = (
    click.option("--criterion", metavar="NAME", help="D, A, E, modified_E, worst or c. Default: D."),
    click.option(
        "--quantity", "quantities", multiple=True, callback=_several, metavar="NAME", help="What is wanted; repeatable."
    ),
    click.option("--points", type=int, metavar="N", help="How many new measurements. Default: as few as are enough."),
    click.option("--budget", type=float, metavar="B", help="What they may cost together, with --cost."),
    click.option("--cost", callback=_number_or_formula, metavar="C", help="Of one measurement: a number or a formula."),
    click.option(
        "--sigma", callback=_number_or_formula, metavar="S", help="Of new measurements: a number or a formula."
    ),
    click.option(
        "--target", multiple=True, callback=_targets, metavar="NAME=SHARE", help="Relative error to reach; repeatable."
    ),
    click.option(
        "--input",
        "inputs",
        multiple=True,
        callback=_inputs,
        metavar="NAME=LOWER:UPPER",
        help="What an input may be; also LOWER:UPPER:COUNT or VALUE,VALUE. Default: the range of the data.",
    ),
    click.option(
        "--from-nothing", "existing", is_flag=True, flag_value=False, default=None, help="The data do not count."
    ),
    click.option("--over", metavar="NAME", help="estimate, or averaged over uncertainty or priors. Default: estimate."),
    click.option("--draws", type=int, metavar="N", help="Of the average. Default: 32."),
    click.option("--data-set", "data_sets", multiple=True, callback=_several, metavar="NAME", help="Only in this one."),
    click.option("--separate", is_flag=True, default=None, help="Each output is measured alone."),
    click.option(
        "--seed", type=int, metavar="N", help="Of the fit and the draws; the same seed gives the same answer."
    ),
)


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(epilog=_EPILOG)
@click.argument("file")
@_options
@click.option("--out", metavar="DIR", help="Folder for design.json and the figures. Default: none is written.")
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing but mistakes; the files and the exit code tell the rest.")
def design(file: str, out: str | None, as_json: bool, quiet: bool, **given: Any) -> int:
    """Tell where to measure next, so that the parameters of FILE's model become known, and how well they then will."""
    from parametra.formats.design_settings import read_design_settings
    from parametra.formats.problem_file import read_problem_file

    with only_ours(as_json):
        stated = read_problem_file(file)
        settings = read_design_settings(file).overridden(given)
        found = _designed(stated, settings.for_design(), quiet=quiet)
        folder = Path(out) if out is not None else None if settings.out is None else stated.path.parent / settings.out
        files = [] if folder is None else _written(found, folder)
    if as_json:
        print_json({**found.to_json(), "files": [str(path) for path in files]})
    elif not quiet:
        print_text("\n".join([str(found), *([""] if files else []), *(f"wrote {path}" for path in files)]))
    return found.status.outcome.exit_code


def _designed(stated: Any, asked: dict[str, Any], *, quiet: bool) -> Any:
    """The fit that the file states, then the design."""
    from parametra.verbs import fit as fitting
    from parametra.verbs.design import design as verb

    settings = stated.settings.for_fit()
    if "seed" in asked:
        settings["seed"] = asked["seed"]
    fit = fitting.fit(stated.problem, **settings, progress=not quiet)
    return verb(stated.problem, **{"seed": settings["seed"], **asked}, fit=fit, progress=not quiet)


def _written(found: Any, folder: Path) -> list[Path]:
    from parametra.nouns.errors import FileError
    from parametra.report._design_figure import worth_drawing
    from parametra.report._earlier import make_room

    result = folder / "design.json"
    files = [result]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files[0] = make_room(result, found, ["design_*.png"])
        found.save(files[0])
        for kind in worth_drawing(found):
            path = folder / f"design_{kind}.png"
            found.plot(kind).savefig(path, dpi=150)
            files.append(path)
    except OSError as error:
        raise FileError(
            f"the folder {folder} cannot be written: {error.strerror}. Choose another one with --out."
        ) from None
    return files
