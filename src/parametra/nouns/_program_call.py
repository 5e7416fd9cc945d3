"""One call of a program: its files are written, it runs, and its results are read, or why there are none."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parametra.nouns._program_folders import Folders, remove
from parametra.nouns._program_plan import Plan
from parametra.nouns._program_results import Rule
from parametra.nouns._program_run import Bounds, Ended, ran_out_of_memory, run, tail
from parametra.nouns.errors import ModelError
from parametra.nouns.evaluation import EvaluationFailed, EvaluationTimedOut, Infeasible

_SHOWN = 100


@dataclass(frozen=True)
class Caller:
    """Calls a program.

    Arguments:
        plan: its words and files.
        bounds: what a run may cost.
        folders: where it runs.
        infeasible, retry: exit codes that say more than that it failed.
    """

    plan: Plan
    bounds: Bounds
    folders: Folders
    infeasible: tuple[int, ...]
    retry: tuple[int, ...]

    def call(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """As `Program.__call__`."""
        plan, folder = self.plan, self.folders.fresh()
        values = {**parameters, **inputs, "workdir": str(folder), "problem_folder": str(plan.folder)}
        words = [plan.program(), *(text.filled(values) for text in plan.words[1:])]
        written = {name: text.filled(values) for name, text in plan.texts.items()}
        columns = {name: np.asarray(value) for name, value in inputs.items()}
        if plan.inputs:
            written[plan.inputs] = _csv(columns, plan.inputs)
        try:
            self._prepare(folder, written)
            ended = run(words, folder, {**os.environ, **plan.environment}, self.bounds)
            results = self._results(ended, folder)
            _check_rows(results, columns, plan.rules)
        except EvaluationFailed as error:
            why = "" if isinstance(error, Infeasible) else error.reason
            used = {name: np.asarray(values[name]).tolist() for name in sorted(plan.names)}
            self.folders.put_away(folder, why, {"command": words, "values": used})
            raise
        except BaseException:  # Ctrl-C, or a program that cannot be started at all: there is nothing to be read
            remove(folder)
            raise
        self.folders.put_away(folder, "", {})
        return results

    def _prepare(self, folder: Path, written: Mapping[str, str]) -> None:
        try:
            self.folders.make(folder)
            for name in self.plan.files:
                source, target = self.plan.folder / name, folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                if source.is_dir():
                    shutil.copytree(source, target)
                else:
                    shutil.copy2(source, target)
            for name, text in written.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(text.encode())
        except OSError as error:  # shutil.Error among them, which has no text of the system's
            reason = f"the working folder could not be written: {error.strerror or 'a file cannot be copied'}"
            raise EvaluationFailed(reason, retry=True) from error

    def _results(self, ended: Ended, folder: Path) -> dict[str, np.ndarray]:
        title, bounds = self.plan.title, self.bounds
        if ended.why == "time":
            raise EvaluationTimedOut(f"longer than {bounds.seconds:g} s")
        if ended.why == "output":
            raise EvaluationFailed(f"wrote more than its output_limit of {_bytes(bounds.output)}")
        if ended.code in self.infeasible:
            raise Infeasible(f"{title} ended with exit code {ended.code}, which says infeasible")
        refused = bounds.memory is not None and ended.code != 0 and ran_out_of_memory(folder)
        if ended.why == "memory" or refused:
            raise EvaluationFailed(f"ran out of its memory of {_bytes(bounds.memory or 0)}")
        if ended.code:
            how = f"exit code {ended.code}" if ended.code > 0 else f"signal {_signal(-ended.code)}"
            retry = ended.code in self.retry
            raise EvaluationFailed(f"{title} ended with {how}{_last_word(folder)}", retry=retry)
        return {output: rule.numbers(folder) for output, rule in self.plan.rules.items()}


def _csv(columns: Mapping[str, np.ndarray], name: str) -> str:
    if not columns:
        raise ModelError(f'inputs = "{name}": the data have no inputs to write there; leave it out.')
    rows = np.broadcast_arrays(*(column.ravel() for column in columns.values()))
    lines = [",".join(repr(cell) for cell in row) for row in zip(*(each.tolist() for each in rows), strict=True)]
    return "\n".join([",".join(columns), *lines, ""])


def _check_rows(
    results: Mapping[str, np.ndarray], columns: Mapping[str, np.ndarray], rules: Mapping[str, Rule]
) -> None:
    rows = max((column.size for column in columns.values() if column.ndim), default=None)
    for output, found in results.items():
        if rows is not None and found.size not in (1, rows):
            raise EvaluationFailed(f"{rules[output].text} has {found.size} values, where the data have {rows} rows")


def _last_word(folder: Path) -> str:
    """The last line of stderr, as far as it can be shown on one line.

    The working folder, which differs from run to run, is told by its placeholder: reasons are counted.
    """
    said = tail(folder / "stderr").replace(os.path.realpath(folder), "{workdir}").replace(str(folder), "{workdir}")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = "".join(c for c in lines[-1] if c.isprintable()) if lines else ""
    return f": {last[: _SHOWN - 3]}..." if len(last) > _SHOWN else f": {last}" if last else ""


def _bytes(size: int) -> str:
    """A size in the largest unit that it is a plain number of."""
    for unit, each in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size % each == 0:
            return f"{size // each} {unit}"
    return next(
        (f"{size // 2**n} {u}" for u, n in (("GiB", 30), ("MiB", 20), ("KiB", 10)) if size % 2**n == 0), f"{size} bytes"
    )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
