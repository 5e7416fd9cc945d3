"""Words and templates with placeholders, {rate} or {rate:.6e}: read and refused at once, filled in at every call."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.nouns._cells import shortened
from parametra.nouns.errors import ModelError, did_you_mean

OWN = frozenset({"workdir", "problem_folder"})
"""Placeholders that are folders, and never parameters."""

_FORMAT = re.compile(r"[<>=^]?[-+ ]?0?[0-9]{0,3}(\.[0-9]{1,3})?[eEfFgGd]?")


@dataclass(frozen=True)
class Placeholder:
    """A name in braces, and how its number is written; "" writes 17 digits, which are read back as the same number."""

    name: str
    form: str


@dataclass(frozen=True)
class Text:
    """A text whose placeholders have been read.

    Arguments:
        where: what it is, for messages.
        parts: stretches of text and placeholders, in order.
        arrays: whether an array may be filled in, as words with a space between.
    """

    where: str
    parts: tuple[str | Placeholder, ...]
    arrays: bool

    @staticmethod
    def read(text: str, where: str, *, arrays: bool) -> Text:
        """Read the placeholders of a text; {{ and }} are braces.

        Raises:
            ModelError: a brace without its partner, or anything in braces but a name and a form.
        """
        parts: list[str | Placeholder] = []
        try:
            for literal, name, form, conversion in string.Formatter().parse(text):
                if literal:
                    parts.append(literal)
                if name is not None:
                    parts.append(_placeholder(name, form or "", conversion, where))
        except ModelError:
            raise
        except ValueError as error:
            raise ModelError(
                f"{where}: {str(error)[:1].lower()}{str(error)[1:]}; write a brace that is meant twice, {{{{ or }}}}."
            ) from None
        return Text(where, tuple(parts), arrays)

    @property
    def names(self) -> frozenset[str]:
        """The placeholders, the folders among them."""
        return frozenset(part.name for part in self.parts if isinstance(part, Placeholder))

    @property
    def literal(self) -> str | None:
        """The text, None when it has placeholders."""
        return None if self.names else "".join(map(str, self.parts))

    def filled(self, values: Mapping[str, Any]) -> str:
        """The text with values for the placeholders.

        Raises:
            ModelError: no value of that name, or one that cannot be written there.
        """
        return "".join(part if isinstance(part, str) else self._written(part, values) for part in self.parts)

    def _written(self, part: Placeholder, values: Mapping[str, Any]) -> str:
        if part.name not in values:
            raise ModelError(
                f"{self.where} has the placeholder {{{part.name}}}, which is neither a parameter nor an input; "
                + did_you_mean(part.name, sorted({*values, *OWN}))
            )
        value = _plain(values[part.name], part.name, self.where)
        if not isinstance(value, list):
            return self._one(value, part)
        if not self.arrays:
            raise ModelError(
                f"{self.where}: {{{part.name}}} is an array, and a word of a command takes one value. Write it in a "
                'template, or give the data set\'s inputs as a file, inputs = "inputs.csv".'
            )
        return " ".join(self._one(each, part) for each in value)

    def _one(self, value: Any, part: Placeholder) -> str:
        if isinstance(value, str):
            if part.form or "\0" in value:
                raise ModelError(f"{self.where}: {{{part.name}:{part.form}}} is for numbers, and text came.")
            return value
        if not part.form:
            return repr(value)
        if part.form.endswith("d"):
            if value != int(value):
                raise ModelError(
                    f"{self.where}: {{{part.name}:{part.form}}} is for whole numbers, and others came. Take an "
                    f"Integer parameter, or write {{{part.name}}}."
                )
            return format(int(value), part.form)
        return format(float(value), part.form)


def _placeholder(name: str, form: str, conversion: str | None, where: str) -> Placeholder:
    if conversion or not name.isidentifier():
        came = shortened(name + (f"!{conversion}" if conversion else ""))
        raise ModelError(
            f"{where}: {{{came}}} is no placeholder; write the name of a parameter, {{rate}} or {{rate:.6e}}, and a "
            "brace that is meant twice, {{ or }}."
        )
    if not _FORMAT.fullmatch(form) or (name in OWN and form):
        raise ModelError(
            f"{where}: {{{name}:{shortened(form)}}} has an unknown form; write {{{name}:.6e}}, {{{name}:10.3f}}, "
            f"{{{name}:d}}, or {{{name}}} for all digits."
        )
    return Placeholder(name, form)


def _plain(value: Any, name: str, where: str) -> Any:
    """A text, an int, a float, or a list of these."""
    if isinstance(value, (str, int, float)) and not isinstance(value, np.generic):
        return value
    try:
        array = np.asarray(value)
    except Exception as error:  # what a compiler tries a model with says in its own way that it is no number
        raise ModelError(f"{where}: {{{name}}} is {type(value).__name__}, where a number is wanted.") from error
    if array.dtype.kind not in "fiubU" or array.ndim > 1:
        came = f"an array of shape {array.shape}" if array.ndim > 1 else str(array.dtype)
        raise ModelError(f"{where}: {{{name}}} is {came}; a real number, a text or a row of these is wanted.")
    return array.tolist()
