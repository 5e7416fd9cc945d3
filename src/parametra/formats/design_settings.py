"""How a design is asked for, as a file or a command line states it: the [design] table of a problem file.

[design]                                [design.inputs]
criterion = "D"                         t = { lower = 0, upper = 10, points = 101 }
points = 6                              dose = [1, 3, 10]
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parametra.formats._problem_keys import number_at, refuse_unknown, table_at, text_at
from parametra.formats._problem_toml import read_toml
from parametra.nouns.errors import FileError
from parametra.nouns.statement import is_number, shown

KEYS = (
    "inputs",
    "file",
    "criterion",
    "quantities",
    "relative",
    "points",
    "budget",
    "cost",
    "sigma",
    "target",
    "existing",
    "over",
    "draws",
    "data_sets",
    "separate",
    "refine",
    "seed",
    "out",
)


@dataclass(frozen=True)
class DesignSettings:
    """The [design] table of a problem file: the arguments of `design`, and where its results go.

    Arguments:
        candidates: the inputs, or the file of a table of candidates; None for the range of the data.
        out: the folder of results, named from the folder of the problem file; None writes none.
        stated: the other arguments that are stated.
    """

    candidates: Any = None
    out: str | None = None
    stated: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def overridden(self, given: Mapping[str, Any]) -> DesignSettings:
        """The same with what a command line gives; one statement of how much replaces another."""
        new = {name: value for name, value in given.items() if value is not None}
        inputs = new.pop("inputs", None)
        much = ("points", "budget", "target")
        old = {k: v for k, v in self.stated.items() if not (k in much and any(m in new for m in much))}
        candidates = self.candidates
        if inputs:
            candidates = {**(candidates if isinstance(candidates, Mapping) else {}), **inputs}
        return replace(self, candidates=candidates, stated={**old, **new})

    def for_design(self) -> dict[str, Any]:
        """The settings as arguments of `design`."""
        return {"candidates": self.candidates, **self.stated}


def design_settings(tables: Mapping[str, Any], folder: Path) -> DesignSettings:
    """The [design] table.

    Arguments:
        tables: the whole file.
        folder: where the file is; a table of candidates is named from there.

    Raises:
        FileError: an unknown key, or a value of another kind.
    """
    table = table_at(tables, "design", "[design]", '[design] and below it criterion = "D"')
    refuse_unknown(table, KEYS, "[design]")
    stated: dict[str, Any] = {k: text_at(table, k, "[design]") for k in ("criterion", "over") if k in table}
    stated |= {k: number_at(table, k, "[design]", whole=True) for k in ("points", "draws", "seed") if k in table}
    if "budget" in table:
        stated["budget"] = number_at(table, "budget", "[design]", whole=False)
    stated |= {k: _truth(table, k) for k in ("relative", "existing", "separate", "refine") if k in table}
    stated |= {k: _names(table, k) for k in ("quantities", "data_sets") if k in table}
    if "cost" in table:
        stated["cost"] = _number_or_formula(table["cost"], "cost")
    if "sigma" in table:
        sigma = table["sigma"]
        by_output = isinstance(sigma, dict)
        stated["sigma"] = (
            {k: _number_or_formula(v, f"sigma.{k}") for k, v in sigma.items()}
            if by_output
            else _number_or_formula(sigma, "sigma")
        )
    if "target" in table:
        stated["target"] = table_at(table, "target", "[design]: target", "target = { K = 0.1 }")
    out = text_at(table, "out", "[design]") if "out" in table else None
    return DesignSettings(_candidates(table, folder), out, stated)


def read_design_settings(path: str | os.PathLike[str]) -> DesignSettings:
    """The [design] table of a problem file; without one, or for a PEtab problem, nothing is stated.

    Raises:
        FileError: a file that cannot be read, or what `design_settings` raises.
    """
    file = Path(path)
    if file.suffix in (".yaml", ".yml"):
        return DesignSettings()
    return design_settings(read_toml(file), file.parent)


def _candidates(table: Mapping[str, Any], folder: Path) -> Any:
    if "inputs" in table and "file" in table:
        raise FileError("[design] states inputs and a file of candidates; keep one of them.")
    if "file" in table:
        return str(folder / text_at(table, "file", "[design]"))
    if "inputs" not in table:
        return None
    return table_at(table, "inputs", "[design]: inputs", "t = { lower = 0, upper = 10 } below [design.inputs]")


def _truth(table: Mapping[str, Any], key: str) -> bool:
    value = table[key]
    if not isinstance(value, bool):
        raise FileError(f"[design]: {key} is true or false; {shown(value)} came.")
    return value


def _names(table: Mapping[str, Any], key: str) -> list[str]:
    value = table[key]
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise FileError(f'[design]: {key} is a list of names, such as ["K"]; {shown(value)} came.')
    return value


def _number_or_formula(value: Any, key: str) -> float | str:
    if is_number(value):
        return float(value)
    if isinstance(value, str):
        return value
    raise FileError(f'[design]: {key} is a number or a formula in quotes, such as "1 + 0.1 * t"; {shown(value)} came.')
