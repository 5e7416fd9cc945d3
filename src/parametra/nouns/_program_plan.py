"""What a program states, read and checked once: its words, the files written for it, where its results are."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parametra.nouns import _program_settings as settings
from parametra.nouns._cells import shortened
from parametra.nouns._program_results import Rule
from parametra.nouns._program_text import OWN, Text
from parametra.nouns.errors import ModelError, did_you_mean
from parametra.nouns.model import ONLY

_COMMAND = '["python", "sim.py", "{rate}"]'


@dataclass(frozen=True)
class Plan:
    """How a program is called, and where its results are.

    Arguments:
        title: what the program is called in messages, its script where it has one.
        folder: what names are relative to.
        words: the program and its arguments; those that name a file of the folder are whole paths.
        named: the files that words name, as stated.
        sources: file in the working folder to the text of its template.
        texts: the same, read.
        inputs: the file that inputs are written to, "" for none.
        files: what is copied.
        rules: where each output stands.
        environment: variables beside those of this process.
    """

    title: str
    folder: Path
    words: tuple[Text, ...]
    named: tuple[str, ...]
    sources: Mapping[str, str]
    texts: Mapping[str, Text]
    inputs: str
    files: tuple[str, ...]
    rules: Mapping[str, Rule]
    environment: Mapping[str, str]

    @staticmethod
    def of(
        folder: Path,
        command: object,
        results: object,
        templates: object,
        inputs: object,
        files: object,
        environment: object,
    ) -> Plan:
        """Read what a person states; the arguments are those of `Program`.

        Raises:
            ModelError: what is stated wrongly, or a file that is not there.
        """
        title, words, named = _command(settings.texts(command, "command", _COMMAND), folder)
        stated = settings.table(templates, "templates", '{ "config.in" = "config.tmpl" }')
        copied = settings.texts(files, "files", '["mesh.dat"]')
        if not isinstance(inputs, str):
            raise ModelError(f'inputs is the name of a file, such as "inputs.csv"; {type(inputs).__name__} came.')
        settings.written_names({"templates": tuple(stated), "inputs": (inputs,) if inputs else (), "files": copied})
        sources = {target: _template(folder, target, name) for target, name in stated.items()}
        texts = {k: Text.read(text, f"template {stated[k]}", arrays=True) for k, text in sources.items()}
        for name in copied:
            if not (folder / name).exists():
                raise ModelError(f"files: {_missing(folder / name)}")
        plan = Plan(
            title,
            folder,
            words,
            named,
            sources,
            texts,
            inputs,
            copied,
            _rules(results),
            settings.variables(environment),
        )
        plan.program()
        return plan

    @property
    def names(self) -> frozenset[str]:
        """The placeholders of words and templates that are no folders."""
        used = [text.names for text in (*self.words, *self.texts.values())]
        return frozenset[str]().union(*used) - OWN

    def program(self) -> str:
        """The whole path of the program; machines differ in it, so it is looked up where it runs.

        Raises:
            ModelError: it is not there, or may not be run.
        """
        word = self.words[0].filled({"problem_folder": str(self.folder)})
        if word == "python":
            return sys.executable
        found = shutil.which(word, path=self.environment.get("PATH", os.environ.get("PATH")))
        if found is not None:
            return str(Path(found).absolute())
        if _is_file(Path(word)):
            raise ModelError(f"command: {word} is not executable; chmod +x, or write its interpreter before it.")
        near = sorted(each.name for each in self.folder.glob("*") if each.is_file())
        raise ModelError(
            f'command: there is no program "{word}", neither in {self.folder} nor on the PATH; '
            + did_you_mean(word, near)
        )

    def digest(self, **more: Any) -> str:
        """The digest of all that makes this model another one than others.

        Arguments:
            more: what else is stated, as JSON knows it.

        Raises:
            ModelError: a file that is named cannot be read any more.
        """
        stated = {
            "format": "program 1",
            "results": {output: rule.text for output, rule in self.rules.items()},
            "inputs": self.inputs,
            "environment": dict(self.environment),
            "templates": {k: hashlib.sha256(text.encode()).hexdigest() for k, text in self.sources.items()},
            "files": {name: _digest(self.folder / name) for name in (*self.files, *self.named)},
            "program": _digest(Path(self.program())),
            **more,
        }
        return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()


def _command(words: tuple[str, ...], folder: Path) -> tuple[str, tuple[Text, ...], tuple[str, ...]]:
    if not words or not words[0]:
        raise ModelError(f"command is empty; write the program and its arguments, {_COMMAND}.")
    read = [Text.read(word, f'command "{shortened(word)}"', arrays=False) for word in words]
    if read[0].names - {"problem_folder"}:
        raise ModelError(f"command: the program itself, {words[0]}, cannot be a parameter; write {_COMMAND}.")
    named: list[str] = []
    titles: list[str] = []
    for i, text in enumerate(read):
        # as it is named from the folder, so that the digest is the same wherever the folder is
        word = text.filled({"problem_folder": "."}) if text.names <= {"problem_folder"} else ""
        # also the file of --mesh=mesh.dat, whose bytes tell models apart, though its name is passed as it is
        named += [part for part in (word, word.partition("=")[2]) if part and _is_file(folder / part)]
        if text.literal and not Path(word).is_absolute() and _is_file(folder / word):
            read[i] = Text(text.where, (str(folder / word),), arrays=False)
            titles.append(Path(word).name)
    return [*titles, Path(words[0]).name][0], tuple(read), tuple(named)


def _rules(results: object) -> dict[str, Rule]:
    if isinstance(results, str):
        return {ONLY: Rule.read(results, "results")}
    stated = settings.table(results, "results", '{ y = "out.csv:y" }, or one text, "stdout"')
    if not stated:
        raise ModelError('results is empty; write where each output stands, { y = "out.csv:y" }.')
    return {output: Rule.read(rule, f"results: {output}") for output, rule in stated.items()}


def _template(folder: Path, target: str, name: object) -> str:
    if not isinstance(name, str) or not name:
        raise ModelError(f'templates: {target} is written from a file, "{target}" = "template.txt".')
    if not _is_file(folder / name):
        raise ModelError(f"templates: {_missing(folder / name)}")
    try:
        return (folder / name).read_bytes().decode()
    except UnicodeDecodeError:
        raise ModelError(f"templates: {name} is not UTF-8; save it as UTF-8.") from None
    except OSError as error:
        raise ModelError(f"templates: {name} cannot be read: {error.strerror}.") from None


def _missing(path: Path) -> str:
    near = sorted(each.name for each in path.parent.glob("*")) if path.parent.is_dir() else []
    return f"there is no file {path}; " + did_you_mean(path.name, near)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a word that is too long for a name, or no name at all
        return False


def _digest(path: Path) -> str:
    """The digest of a file, or of all files below a folder with their names."""
    found = hashlib.sha256()
    try:
        if path.is_dir():
            for each in sorted(each for each in path.rglob("*") if each.is_file()):
                found.update(f"{each.relative_to(path).as_posix()}\0{_digest(each)}\n".encode())
            return found.hexdigest()
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} is part of the model and cannot be read: {error.strerror}.") from None
