"""`parametra runs`: what a ledger holds, and going on with it."""

from __future__ import annotations

import contextlib
import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from parametra.cli._printing import json_option, plain, print_json, print_text
from parametra.cli.main import BAD_INPUT, COMMANDS, main

if TYPE_CHECKING:
    from parametra.nouns.stored_run import StoredRun
    from parametra.runs._ledger_check import LedgerReport, Rescue

_LIST = "list"
_MOST_REASONS = 12
_MOST_PROBLEMS = 6

_GROUP_EPILOG = """\
\b
Examples:
  parametra runs study.db
  parametra runs show study.db 3
  parametra runs export study.db --to study.csv
"""


class Runs(click.Group):
    """The subcommands; a file in the place of one is listed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        first = args[0] if args else ""
        if first not in ctx.help_option_names and first not in self.commands:
            words = [word for word in args if not word.startswith("-")]
            if len(words) > 1 and not Path(words[0]).exists():
                from parametra.nouns.errors import did_you_mean

                ctx.fail(f'there is no command "{words[0]}"; {did_you_mean(words[0], self.commands)}')
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


@click.group(cls=Runs, epilog=_GROUP_EPILOG)
def runs() -> None:
    """List what a ledger holds, or show, export, check or resume it.

    A ledger is the file in which runs keep every evaluation of a model. `parametra runs FILE` lists its runs.
    """


@runs.command(
    _LIST, epilog="\b\nExample:\n  parametra runs study.db", short_help="List the runs; the word may be left out."
)
@click.argument("file")
@json_option
def list_runs(file: str, as_json: bool) -> int:
    """List the runs in FILE."""
    from parametra.runs._ledger_reader import stored_runs

    found = stored_runs(file)
    if as_json:
        print_json({"kind": "runs", "file": file, "runs": [_as_json(run) for run in found]})
    else:
        print_text(_table(found) if found else f"{file} holds no run yet.")
    return 0


@runs.command(epilog="\b\nExample:\n  parametra runs show study.db 3", short_help="Tell all of one run.")
@click.argument("file")
@click.argument("run", type=int, metavar="ID")
@json_option
def show(file: str, run: int, as_json: bool) -> int:
    """Tell what run ID in FILE was asked for, and what came of it."""
    from parametra.runs._ledger_reader import outcomes, stored_run

    found = stored_run(file, run)
    ends = [{"outcome": fate, "reason": reason, "count": count} for fate, reason, count in outcomes(file, run)]
    if as_json:
        print_json({"kind": "run", "file": file, **_as_json(found), "outcomes": ends})
        return 0
    lines = [f"{name:12}{value}" for name, value in _described(found).items() if value not in ("", None)]
    lines += ["", "what its calls came to, those that it found in the ledger left out:"] if ends else []
    for each in ends[:_MOST_REASONS]:
        lines.append(f"{each['count']:>10}  {each['outcome']}" + (f": {each['reason']}" if each["reason"] else ""))
    lines += [f"            and {len(ends) - _MOST_REASONS} more reasons"] if len(ends) > _MOST_REASONS else []
    print_text("\n".join(lines))
    return 0


@runs.command(
    epilog="\b\nExamples:\n  parametra runs export study.db --to study.csv\n"
    "  parametra runs export study.db --run 3 --to study.parquet",
    short_help="Write the evaluations as a table.",
)
@click.argument("file")
@click.option("--to", required=True, metavar="TABLE", help="The table: a name that ends in .csv or .parquet.")
@click.option("--run", type=int, metavar="ID", help="Only what this run computed. Default: all.")
@json_option
def export(file: str, to: str, run: int | None, as_json: bool) -> int:
    """Write the evaluations in FILE as a table: arguments by name, outcome, reason, seconds, outputs."""
    from parametra.runs._ledger_export import export_evaluations
    from parametra.runs._ledger_reader import stored_run

    if run is not None:
        stored_run(file, run)
    done = export_evaluations(file, to, run)
    if as_json:
        left_out = {"complex_points": done.complex_points}
        print_json({"kind": "export", "file": file, "to": str(done.to), "rows": done.rows, "left_out": left_out})
        return 0
    left = f"; {done.complex_points} calls at complex points, which derivatives need, are left out"
    print_text(f"wrote {done.to}: {done.rows} evaluations" + (left if done.complex_points else ""))
    return 0


@runs.command(
    epilog="\b\nExamples:\n  parametra runs check study.db\n  parametra runs check study.db --rescue new.db\n\n"
    "\b\nExit codes: 0 it is whole, or what could be read is rescued; 2 it is damaged.",
    short_help="Is the file whole? Rescue what can be read.",
)
@click.argument("file")
@click.option("--rescue", "into", metavar="NEW", help="A new file for what can be read of a damaged one.")
@json_option
def check(file: str, into: str | None, as_json: bool) -> int:
    """Read all of FILE, and say whether it is whole."""
    from parametra.runs._ledger_check import check_ledger, rescue

    found = check_ledger(file)
    saved = None if into is None else rescue(file, into)
    if as_json:
        print_json({"kind": "ledger check", **_checked(found), "rescued": None if saved is None else _saved(saved)})
    else:
        print_text("\n".join(_check_lines(found, saved)))
    return 0 if found.sound or saved is not None else BAD_INPUT


@runs.command(
    epilog="\b\nExample:\n  parametra runs resume study.db 3\n\n\b\nExit codes: those of the command.",
    short_help="Run the command of a run again; it goes on where that ended.",
)
@click.argument("file")
@click.argument("run", type=int, metavar="ID")
@json_option
def resume(file: str, run: int, as_json: bool) -> Any:
    """Type the command of run ID in FILE again, in the folder where it was typed.

    What the ledger holds is not computed again, so the run goes on where it ended. This runs the model of the problem
    file that the ledger names: resume only ledgers that you trust as you would trust that file.
    """
    from parametra.nouns.errors import LedgerError
    from parametra.runs._ledger_reader import stored_run

    found = stored_run(file, run)
    words, place = list(found.stated.command), Path(found.folder)
    if found.running:
        raise LedgerError(f"run {run} of {file} is still going on: {found.holder}.")
    if not words:
        raise LedgerError(f"run {run} of {file} was begun from Python. Run that program again: it goes on from there.")
    if words[0] not in COMMANDS or words[0] == "runs":
        raise LedgerError(f'run {run} of {file} names the command "{words[0]}", which is none that can be resumed.')
    if not place.is_dir():
        raise LedgerError(f"run {run} of {file} was begun in {place}, which is not there any more.")
    if found.stated.file and not Path(found.stated.file).is_file():
        raise LedgerError(f"the problem file of run {run}, {found.stated.file}, is not there any more.")
    words += ["--json"] if as_json and "--json" not in words else []
    click.echo(plain(f"in {place}: parametra {' '.join(words)}"), err=True)
    with contextlib.chdir(place):
        return click.Group.main(main, words, standalone_mode=False, obj=tuple(words))


def _table(found: list[StoredRun]) -> str:
    from parametra.nouns.result_table import ResultTable

    columns = ("id", "title", "verb", "status", "evaluations", "reused", "best", "failures", "began", "held by")
    rows = tuple(
        (
            run.id, run.stated.title, run.stated.verb, run.status, run.evaluations, run.reused, run.best,
            sum(run.failures.values()), _when(run.began), run.holder,
        )
        for run in found
    )  # fmt: skip
    return str(ResultTable(columns, rows))


def _described(run: StoredRun) -> dict[str, Any]:
    stated = run.stated
    return {
        "run": run.id,
        "title": stated.title,
        "verb": stated.verb,
        "status": f"{run.status}: {run.message}" if run.message else run.status,
        "held by": run.holder,
        "began": _when(run.began),
        "last heard": _when(run.heard),
        "seconds": None if run.seconds is None else f"{run.seconds:.6g}",
        "evaluations": f"{run.evaluations}, and {run.reused} found in the ledger",
        "best": None if run.best is None else f"{run.best:.10g}",
        "failures": "; ".join(f"{count} x {reason}" for reason, count in list(run.failures.items())[:_MOST_REASONS]),
        "seed": stated.seed,
        "settings": ", ".join(f"{name} = {value}" for name, value in stated.settings.items() if value is not None),
        "file": stated.file,
        "command": f"parametra {' '.join(stated.command)}" if stated.command else "",
        "folder": run.folder,
        "problem": stated.problem_hash,
    }


def _as_json(run: StoredRun) -> dict[str, Any]:
    stated = run.stated
    return {
        "id": run.id,
        "title": stated.title,
        "verb": stated.verb,
        "status": run.status,
        "message": run.message,
        "evaluations": run.evaluations,
        "reused": run.reused,
        "best": run.best,
        "failures": dict(run.failures),
        "seconds": run.seconds,
        "began": run.began,
        "heard": run.heard,
        "held_by": {"pid": run.pid, "host": run.host} if run.running else None,
        "problem_hash": stated.problem_hash,
        "seed": stated.seed,
        "settings": _finite(stated.settings),
        "file": stated.file,
        "command": list(stated.command),
        "folder": run.folder,
    }


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: null stands for them."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _checked(found: LedgerReport) -> dict[str, Any]:
    return {
        "file": os.fspath(found.path),
        "sound": found.sound,
        "problems": list(found.problems),
        "bytes": found.size,
        "runs": found.runs,
        "statements": found.statements,
        "evaluations": dict(found.evaluations),
    }


def _saved(saved: Rescue) -> dict[str, Any]:
    return {"into": os.fspath(saved.into), "runs": saved.runs, "evaluations": saved.evaluations, "lost": saved.lost}


def _check_lines(found: LedgerReport, saved: Rescue | None) -> list[str]:
    counts = ", ".join(f"{count} {fate}" for fate, count in sorted(found.evaluations.items())) or "none"
    lines = [f"{found.path}: {'whole' if found.sound else 'damaged'}, {found.size / 1e6:.1f} MB"]
    lines += [f"runs: {found.runs}; evaluations that can be read: {counts}"]
    lines += [f"  {problem}" for problem in found.problems[:_MOST_PROBLEMS]]
    more = len(found.problems) - _MOST_PROBLEMS
    lines += [f"  and {more} more problems"] if more > 0 else []
    if saved is not None:
        lost = "" if saved.lost is None else f"; {saved.lost} are lost"
        lines.append(f"wrote {saved.into}: {saved.evaluations} evaluations of {saved.runs} runs{lost}")
    elif not found.sound:
        lines.append(f"Save what can be read with: parametra runs check {found.path} --rescue new.db")
    return lines


def _when(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (ValueError, OverflowError, OSError):  # a clock, or a disk, that tells nonsense
        return "?"
