"""The command `parametra`: its subcommands, each imported only when it runs, and how mistakes and ends are told.

Exit codes: 0 converged, 2 bad input, 3 budget spent, 4 stopped, 5 failed; 1 is a mistake of parametra itself.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

BAD_INPUT = 2
STOPPED = 4

COMMANDS = {
    "new": "Write a problem file to begin with.",
    "check": "Look at a problem before it is fitted: what is wrong, what it will cost.",
    "fit": "Find the parameters, and say how far each can be trusted.",
    "identify": "Say of each parameter how far the data determine it.",
    "compare": "Say which of several models the data prefer, and by how much.",
    "design": "Say where to measure next.",
    "trust": "Look at data again and again and stay honest: four methods.",
    "report": "Write a fit as one HTML page with figures.",
    "methods": "List the methods, or describe one.",
    "models": "List the ready-made models, or describe one.",
    "bench": "Compare methods by the evaluations that they need.",
    "runs": "List what a ledger holds, or show, export, check or resume it.",
}
"""Command to the line that `parametra --help` shows; each is the function of that name in a file of that name."""

_EPILOG = """\b
A first fit:
  parametra new problem.toml --from data.csv
  parametra check problem.toml
  parametra fit problem.toml
  parametra report problem.toml
"""


class Commands(click.Group):
    """The subcommands by name; `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return getattr(importlib.import_module(f"parametra.cli.{cmd_name}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from parametra.nouns.errors import did_you_mean

            raise click.UsageError(f'there is no command "{args[0]}"; {did_you_mean(args[0], COMMANDS)}', ctx)
        return super().resolve_command(ctx, args)

    def main(  # pyright: ignore[reportIncompatibleMethodOverride]  # click's own signature has a **bag
        self, args: Sequence[str] | None = None, prog_name: str | None = None, standalone_mode: bool = True
    ) -> Any:
        """Run a command; in a program of its own, mistakes become a sentence and an exit code, never a traceback."""
        words = sys.argv[1:] if args is None else list(args)
        if not standalone_mode:
            return super().main(words, prog_name, standalone_mode=False)
        sys.exit(self._run(words, prog_name))

    def _run(self, words: list[str], prog_name: str | None) -> int:
        from parametra.nouns.errors import ParametraError

        as_json = "--json" in words
        try:
            # nothing but the name asks what there is
            code = super().main(words or ["--help"], prog_name, standalone_mode=False, obj=tuple(words))
            sys.stdout.flush()
        except click.ClickException as error:
            return _mistake("UsageError", _usage(error), as_json=as_json)
        except ParametraError as error:
            return _mistake(type(error).__name__, str(error), as_json=as_json)
        except (click.Abort, KeyboardInterrupt):
            _mistake("Stopped", "stopped before there was a result.", as_json=as_json)
            return STOPPED
        except BrokenPipeError:  # `parametra ... | head`: who reads has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return code if isinstance(code, int) else 0


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = "" if context is None else f" Try: {context.command_path} --help"
    return f"{error.format_message()}{hint}"


def _mistake(kind: str, message: str, *, as_json: bool) -> int:
    from parametra.cli._printing import plain, print_json

    click.echo(f"error: {plain(message)}", err=True)
    if as_json:
        print_json({"error": {"kind": kind, "message": message}})
    return BAD_INPUT


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from parametra.nouns.version import VERSION

        click.echo(f"parametra {VERSION}")
        context.exit()


@click.group(cls=Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def main() -> None:
    """Determine the parameters of mathematical models, and say how far each can be trusted.

    A problem is stated in one file: a model, its unknown parameters, the data, and how the data scatter.
    """
