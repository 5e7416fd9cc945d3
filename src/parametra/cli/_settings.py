"""The options that say how a fit is run; each overrides its key in the [fit] table of the problem file."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from parametra.formats.fit_settings import FitSettings
from parametra.formats.problem_file import ProblemFile
from parametra.formats.run_settings import TYPED


def _starts(context: click.Context, option: click.Parameter, value: str | None) -> int | str | None:
    if value is None or value == "auto":
        return value
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(f'"{value}" is neither a whole number nor auto.', context, option) from None


def _option(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not (key and equals and text):
            raise click.BadParameter(f'"{value}" is not KEY=VALUE, such as maximum_iterations=50.', context, option)
        try:
            found[key.strip()] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            found[key.strip()] = text
    return found or None


_OPTIONS = (
    click.option("--method", metavar="NAME", help="How to search: a name from `parametra methods`, or auto."),
    click.option(
        "--starts",
        callback=_starts,
        metavar="N|auto",
        help="How many starting points; the first is the guess. Default: auto.",
    ),
    click.option("--seed", type=int, metavar="N", help="Of the random starts; the same seed gives the same answer."),
    click.option("--evaluations", type=int, metavar="N", help="Stop after so many evaluations of the model."),
    click.option("--seconds", type=float, metavar="S", help="Stop after so many seconds."),
    click.option("--loss", metavar="NAME", help="A robust loss for wild points: huber, soft_l1, cauchy or arctan."),
    click.option("--loss-scale", type=float, metavar="S", help="Residual, in standard deviations, where it sets in."),
    click.option("--workers", type=int, metavar="N", help="Processes that share the starts. Default: 1."),
    click.option("--screening", metavar="auto|off", help="Whether many starts first run on a part of many data."),
    click.option(
        "--option",
        "options",
        multiple=True,
        callback=_option,
        metavar="KEY=VALUE",
        help="A setting of the method; may be repeated. Its page lists them.",
    ),
    click.option("--covariance", metavar="NAME", help="How errors are made: jacobian, sandwich, hessian or auto."),
    click.option("--pool", metavar="N|URL", help="Where calls run: processes, dask://host:port or ray://auto."),
    click.option("--ledger", metavar="FILE", help="Where calls are kept and looked up; none keeps nothing."),
    click.option("--fresh", is_flag=True, default=None, help="Look nothing up: run all anew."),
    click.option("--take-over", is_flag=True, default=None, help="Use a ledger whose run on another machine is gone."),
    click.option("--timeout", type=float, metavar="S", help="Seconds that one call of the model may take."),
    click.option("--memory", metavar="SIZE", help='Memory that one call may take, such as "2 GB".'),
    click.option("--most-failures", type=float, metavar="SHARE", help="Share of the calls that may fail."),
)


def fit_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator: the command takes the options of a fit, None where they are not given."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def overridden(stated: FitSettings, given: dict[str, Any]) -> FitSettings:
    """The settings with those that were given on the command line. Raises MethodError for one that cannot be."""
    own = {name: value for name, value in given.items() if value is not None and name not in TYPED}
    return dataclasses.replace(stated, **own, running=stated.running.overridden(given))


def out_folder(file: ProblemFile, out: str | None) -> Path | None:
    """Where results go: --out, named from where the command runs, or [fit] out, named from the file's folder."""
    return file.out if out is None else Path(out)
