"""`parametra trust NAME`: statistical honesty on a table, and what each method promises against what it delivers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text

_EPILOG = """\
\b
Examples:
  parametra trust conformal_selection compounds.csv --outcome activity --above 6.5 --scores forest,network
  parametra trust online_calibration stream.csv --score p --outcome happened
  parametra trust private_test patients.csv --test t_test --columns change --epsilon 1
  parametra trust reusable_holdout --promise --out out

\b
Exit codes: 0 done, 2 bad input, 3 budget spent, 5 a promise was not kept.
"""

Command = Callable[..., Any]


@click.group(no_args_is_help=False, epilog=_EPILOG)
def trust() -> None:
    """Answers that hold although the data were looked at again and again, drift, or are private."""


def _words(context: click.Context, option: click.Parameter, value: str | None) -> tuple[str, ...]:
    del context, option
    return () if value is None else tuple(word.strip() for word in value.split(",") if word.strip())


def _of_all(command: Command) -> Command:
    """The options that every method has."""
    options = (
        click.option("--promise", is_flag=True, help="Simulate what is promised and what is delivered; no table."),
        click.option("--runs", type=int, metavar="N", help="Simulations of --promise."),
        click.option("--out", metavar="DIR", help="Folder for trust.json and trust.png. Default: none is written."),
        json_option,
        click.option("--quiet", is_flag=True, help="Print nothing but mistakes."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@trust.command("reusable_holdout", short_help="Many questions to one holdout: its promise.")
@_of_all
@click.option("--seed", type=int, default=0, metavar="N", help="The same seed gives the same answer.")
def reusable_holdout(**given: Any) -> int:
    """A holdout for many questions, each asked after a look at the answers before.

    Questions are functions of rows, so it is used from Python; here it shows what it promises.
    """
    return _run("reusable_holdout", None, given, None)


@trust.command("conformal_selection", short_help="A shortlist with a false-discovery rate.")
@click.argument("table", required=False)
@click.option("--outcome", metavar="COLUMN", help="Known in some rows; the rows where it is blank are selected from.")
@click.option("--above", type=float, metavar="X", help="An outcome above it is wanted.")
@click.option("--scores", callback=_words, metavar="A,B,...", help="Columns of scores, larger promises more.")
@click.option("--inputs", callback=_words, metavar="A,B,...", help="Columns to learn scores from instead.")
@click.option("--name", metavar="COLUMN", help="What the rows are called.")
@click.option("--level", type=float, metavar="Q", help="False-discovery rate. Default: 0.1.")
@click.option("--pruning", metavar="WORD", help="homogeneous, heterogeneous or none. Default: homogeneous.")
@_of_all
@click.option("--seed", type=int, default=0, metavar="N", help="The same seed gives the same answer.")
def conformal_selection(table: str | None, **given: Any) -> int:
    """Select rows of TABLE whose unknown outcome is likely large, by the best of several scores."""
    return _run("conformal_selection", table, given, "select_rows", "outcome", "above")


@trust.command("online_calibration", short_help="Probabilities put right as outcomes come in.")
@click.argument("table", required=False)
@click.option("--score", metavar="COLUMN", help="Probabilities of a model, in the order of time.")
@click.option("--outcome", metavar="COLUMN", help="0 or 1; blank where it is not known yet.")
@click.option("--family", metavar="WORD", help="platt or beta. Default: platt.")
@click.option("--width", type=float, metavar="W", help="Of the bins. Default: 0.1.")
@_of_all
@click.option("--seed", type=int, default=0, metavar="N", help="The same seed gives the same answer.")
def online_calibration(table: str | None, **given: Any) -> int:
    """Calibrate the probabilities in TABLE, row by row, each forecast made before its outcome."""
    return _run("online_calibration", table, given, "calibrate_rows", "score", "outcome")


@trust.command("private_test", short_help="A test of a hypothesis; no row shows.")
@click.argument("table", required=False)
@click.option("--test", metavar="NAME", help="t_test, mann_whitney or correlation.")
@click.option("--columns", callback=_words, metavar="A[,B]", help="Columns of numbers; two for correlation.")
@click.option("--group", metavar="COLUMN", help="A column of two groups, which are compared.")
@click.option("--null", type=float, default=0.0, metavar="X", help="Mean that t_test tests without groups. Default: 0.")
@click.option("--epsilon", type=float, metavar="E", help="The privacy that is spent. Default: 1.")
@click.option("--size", type=float, metavar="A", help="Accepted probability of a false alarm. Default: 0.05.")
@click.option("--parts", type=int, metavar="M", help="Parts of the rows. Default: chosen by their number and epsilon.")
@click.option("--cut", type=float, metavar="C", help="p-value below which a part counts. Default: chosen likewise.")
@_of_all
@click.option("--seed", type=int, metavar="N", help="For simulations only: who knows it can subtract the noise.")
def private_test(table: str | None, **given: Any) -> int:
    """Test a hypothesis about the rows of TABLE such that what is printed may be published."""
    return _run("private_test", table, given, "private_test_of_rows", "test", "columns")


def _run(name: str, table: str | None, given: dict[str, Any], ask: str | None, *needed: str) -> int:
    promised, runs, out = given.pop("promise"), given.pop("runs"), given.pop("out")
    as_json, quiet = given.pop("as_json"), given.pop("quiet")
    with only_ours(as_json):
        if promised:
            _nothing_beside_promise(table, given, needed)
            from parametra.verbs.trust_promise import promise

            found: Any = promise(name, runs=runs, seed=given.get("seed") or 0)
        else:
            found = _answered(name, table, given, ask, needed, runs)
        files = [] if out is None else _written(found, Path(out))
    if as_json:
        print_json({**found.to_json(), "files": [str(path) for path in files]})
    elif not quiet:
        print_text("\n".join([str(found), *([""] if files else []), *(f"wrote {path}" for path in files)]))
    return found.status.outcome.exit_code


def _nothing_beside_promise(table: str | None, given: dict[str, Any], needed: tuple[str, ...]) -> None:
    stated = [f"--{word}" for word in needed if given[word]]
    if table is not None or stated:
        raise click.UsageError(f"--promise simulates its own data; leave {table or stated[0]} out.")


def _answered(
    name: str, table: str | None, given: dict[str, Any], ask: str | None, needed: tuple[str, ...], runs: int | None
) -> Any:
    if ask is None:
        raise click.UsageError(f"{name} is asked from Python, see docs/trust.md; here it takes --promise.")
    if table is None:
        raise click.UsageError("a table is wanted, or --promise.")
    if runs is not None:
        raise click.UsageError("--runs belongs to --promise.")
    missing = [word for word in needed if given[word] in (None, ())]
    if missing:
        raise click.UsageError(f"--{missing[0]} is wanted.")
    from parametra.nouns.table import read_table
    from parametra.verbs import _trust_table

    optional = {"group", "name"}
    stated = {word: value for word, value in given.items() if value is not None or word in optional}
    return getattr(_trust_table, ask)(read_table(table), **stated)


def _written(found: Any, folder: Path) -> list[Path]:
    from parametra.report.trust_files import write_trust

    return write_trust(found, folder)
