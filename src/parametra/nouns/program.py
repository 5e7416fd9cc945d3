"""An external program as a model: parameters go into its words and files, results are read from what it leaves."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from parametra.nouns import _program_settings as settings
from parametra.nouns._program_call import Caller
from parametra.nouns._program_folders import KEEP, Folders, removed_with
from parametra.nouns._program_plan import Plan
from parametra.nouns._program_run import Bounds
from parametra.nouns.errors import ModelError, did_you_mean

if TYPE_CHECKING:
    Words = Sequence[str]
    Name = str
    Table = Mapping[str, str]
    Rules = str | Mapping[str, str]
    Variables = Mapping[str, str | int]
    Place = str | os.PathLike[str]
    Seconds = float | None
    Size = str | int
    Codes = int | Sequence[int]
    Count = int
    Precision = float
else:
    # What comes is checked where it is kept, and refused with a message that says what to do.
    Words = Name = Table = Rules = Variables = Place = Seconds = Size = Codes = Count = Precision = Any


@dataclass(frozen=True)
class Program:
    r"""A program that is run once for every evaluation, in a folder of its own, without a shell.

        program = Program(["python", "sim.py", "{rate}"], results={"y": "out.csv:y"})
        fit(program, data, {"rate": (0, 10)})

    Words and templates hold {rate}, {rate:.6e}, {workdir} (the working folder) and {problem_folder}; {{ and }} are
    braces. A word that names a file of `folder` becomes its whole path, because the program runs elsewhere. The word
    "python" at the beginning is the Python that runs parametra.

    Good for simulators in any language. Prefer a function of Python where there is one: starting a program costs
    milliseconds, and its derivatives are differences.

    Arguments:
        command: the program and its arguments.
        results: output to rule, or one rule for a single output: "out.csv:y", "out.json:fit.y", "out.npy",
            "out.npz:y", "stdout", "stdout:last", "stdout~cost = (\S+)".
        parameters: the names that must be used; () checks none.
        templates: file in the working folder to the template that it is written from, which is read at once.
        inputs: a CSV file in the working folder that the data set's inputs are written to, "" for none.
        files: files or folders that are copied into the working folder.
        folder: where the names above are looked for.
        timeout: seconds that a run may take; then it is ended with all that it started.
        memory: bytes that each process of it may have, such as "2 GB".
        output_limit: bytes that it may write into its working folder.
        environment: variables beside those of this process.
        infeasible: exit codes that say that the parameters make no sense together.
        retry: exit codes after which the same call may succeed.
        keep: which working folders are kept: "failed", "all" or "never".
        keep_at_most: how many failed ones, the last.
        working_folder: where working folders are made; None takes the machine's folder for temporary files.
        precision: relative error of its results, 1e-6 where it prints six digits: steps of differences follow it.

    Raises:
        ModelError: what is stated wrongly, or a file or program that is not there.
    """

    command: Words
    results: Rules
    parameters: Words = ()
    templates: Table = field(default_factory=dict[str, str])
    inputs: Name = ""
    files: Words = ()
    folder: Place = "."
    timeout: Seconds = None
    memory: Size | None = None
    output_limit: Size = "1 GB"
    environment: Variables = field(default_factory=dict[str, "str | int"])
    infeasible: Codes = ()
    retry: Codes = ()
    keep: Name = "failed"
    keep_at_most: Count = 20
    working_folder: Place | None = None
    precision: Precision = settings.ROUNDING
    _caller: Caller = field(init=False, repr=False, compare=False)

    costly: ClassVar[bool] = True
    """Every run of it is worth being recorded."""

    def __post_init__(self) -> None:
        folder = Path(self.folder).absolute()
        plan = Plan.of(folder, self.command, self.results, self.templates, self.inputs, self.files, self.environment)
        bounds = Bounds(
            settings.seconds(self.timeout),
            None if self.memory is None else settings.size(self.memory, "memory"),
            settings.size(self.output_limit, "output_limit"),
        )
        infeasible, retry = settings.codes(self.infeasible, "infeasible"), settings.codes(self.retry, "retry")
        if set(infeasible) & set(retry):
            raise ModelError(
                f"the exit code {min({*infeasible} & {*retry})} is both infeasible and retry; leave one out."
            )
        caller = Caller(plan, bounds, self._folders(folder), infeasible, retry)
        for name, value in {
            "folder": folder,
            "command": tuple(self.command),
            "precision": settings.precision(self.precision),
            "_caller": caller,
        }.items():
            object.__setattr__(self, name, value)
        for name in settings.texts(self.parameters, "parameters", '["rate"]'):
            if name not in plan.names:
                raise ModelError(
                    f'the parameter "{name}" is used by nothing: no word of the command and no template holds '
                    f"{{{name}}}; " + did_you_mean(name, sorted(plan.names))
                )
        removed_with(self, caller.folders)

    def _folders(self, folder: Path) -> Folders:
        if self.keep not in KEEP:
            raise ModelError(f'keep = "{self.keep}": {did_you_mean(str(self.keep), KEEP)}')
        stated: Any = self.working_folder
        if not isinstance(stated, (str, os.PathLike, type(None))):
            raise ModelError(f"working_folder is a path; {type(stated).__name__} came.")
        where = None if stated is None else folder / stated
        return Folders.of(where, self.keep, settings.count(self.keep_at_most, "keep_at_most"))

    def __hash__(self) -> int:
        return hash((self.command, self.folder))

    @property
    def __name__(self) -> str:
        return self._caller.plan.title

    @property
    def names(self) -> frozenset[str]:
        """The parameters and inputs that its words and templates use: what else changes is nothing to it."""
        return self._caller.plan.names

    @property
    def failed_folder(self) -> Path:
        """Where working folders of failed runs are kept, each with a why.txt."""
        return self._caller.folders.failed

    @property
    def content_hash(self) -> str:
        """What tells this model from another one: words, rules, templates, and the bytes of all files that are named.

        Limits of time, memory and disk are no part of it: they decide whether there is an answer, not which.

        Raises:
            ModelError: a file that is named is not there any more.
        """
        return self._caller.plan.digest(command=self.command, infeasible=self._caller.infeasible)

    def __call__(self, parameters: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Run it once.

        Arguments:
            parameters: numbers, texts and rows of numbers by name; those without a placeholder are left aside.
            inputs: the inputs and constants of the data set by name; they win over parameters.

        Returns:
            One row of numbers an output; "" for a single one without a name.

        Raises:
            ModelError: a placeholder without a value, or with one that cannot be written.
            EvaluationFailed: the program failed, or left no such results.
            EvaluationTimedOut: it took longer than it may.
            Infeasible: it says that the parameters make no sense together.
        """
        return self._caller.call(parameters, inputs)
