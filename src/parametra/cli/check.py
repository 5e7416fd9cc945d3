"""`parametra check`: look at a problem before it is fitted."""

from __future__ import annotations

from typing import Any

import click

from parametra.cli._printing import json_option, only_ours, print_json, print_text
from parametra.cli._settings import fit_options, overridden
from parametra.cli.main import BAD_INPUT
from parametra.formats.problem_file import read_problem_file
from parametra.nouns.origin import typed

_EPILOG = """\
\b
Example:
  parametra check problem.toml

\b
Exit codes: 0 it can be fitted (perhaps with warnings), 2 it cannot.
"""


@click.command(epilog=_EPILOG)
@click.argument("file")
@fit_options
@json_option
@click.option("--quiet", is_flag=True, help="Print nothing; the exit code tells whether it can be fitted.")
def check(file: str, as_json: bool, quiet: bool, **given: Any) -> int:
    """Look at the problem in FILE before it is fitted.

    Runs the model at the guess and in the corners of the bounds, compares its derivative with differences, checks the
    units, and says what a fit would do, why, and how long it will take.
    """
    from parametra.verbs import check as verb

    with only_ours(as_json):
        stated = read_problem_file(file)
        settings = overridden(stated.settings, given)
        running = {
            key: value
            for key, value in settings.running.for_verb().items()
            if key not in ("most_failures", "take_over")
        }
        with typed(str(stated.path.resolve()), click.get_current_context().find_root().obj or ()):
            found = verb.check(
                stated.problem, method=settings.method, starts=settings.starts, loss=settings.loss, **running
            )
    if as_json:
        print_json(found.to_json())
    elif not quiet:
        print_text(str(found))
    return 0 if found.ok else BAD_INPUT
