"""NIST's 27 certified problems, stated in the two ways in which a person would: a Python function, a problem file."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np

import parametra as pm
from nist_models import FORMULAS


def certified(folder: Path) -> dict:
    return json.loads((folder / "nist_strd" / "nist_strd.json").read_text())


def columns(name: str, entry: dict) -> dict[str, np.ndarray]:
    x = np.array(entry["x"], dtype=float)
    y = np.array(entry["y"], dtype=float)
    if name == "Nelson":
        x = x if x.shape[0] == y.size else x.T
        return {"x1": x[:, 0], "x2": x[:, 1], "y": np.log(y)}
    return {"x": x.ravel(), "y": y}


def names(entry: dict) -> list[str]:
    return [f"b{i + 1}" for i in range(entry["p"])]


def function_of(name: str):
    """The model as a NumPy function whose arguments are named."""
    text = FORMULAS[name]
    arguments = sorted(set(re.findall(r"\b(b\d|x\d?)\b", text)))
    known = {k: getattr(np, k) for k in ("exp", "cos", "sin", "arctan", "pi")}
    return eval(f"lambda {', '.join(arguments)}: {text}", known)  # noqa: S307  text of this folder


def by_function(name: str, entry: dict, start: int) -> pm.Fit:
    table = columns(name, entry)
    data = pm.Data(table, inputs=[k for k in table if k != "y"], output="y")
    guess = dict(zip(names(entry), entry[f"start{start}"], strict=True))
    return pm.fit(function_of(name), data, parameters=guess, starts=1)


def write_file(name: str, entry: dict, start: int, folder: Path) -> Path:
    table = columns(name, entry)
    rows = zip(*table.values(), strict=True)
    lines = [",".join(table), *(",".join(repr(float(v)) for v in row) for row in rows)]
    (folder / f"{name}.csv").write_text("\n".join(lines))
    guesses = "\n".join(f"{k} = {v!r}" for k, v in zip(names(entry), entry[f"start{start}"], strict=True))
    inputs = json.dumps([k for k in table if k != "y"])
    path = folder / f"{name}_{start}.toml"
    path.write_text(
        f'[model]\nformula = "{FORMULAS[name]}"\n[parameters]\n{guesses}\n'
        f'[data]\nfile = "{name}.csv"\ninputs = {inputs}\noutput = "y"\n[fit]\nstarts = 1\n'
    )
    return path


def digits(got: float | None, wanted: float) -> float:
    """log relative error: how many digits agree, 11 at most, as NIST prints no more."""
    if got is None or not math.isfinite(got):
        return 0.0
    if got == wanted:
        return 11.0
    return min(11.0, max(0.0, -math.log10(abs(got - wanted) / abs(wanted))))


def reached(fit: pm.Fit, entry: dict) -> tuple[float, float]:
    """The fewest digits over the parameters, and over their standard errors."""
    estimate = min(digits(fit.estimate[k], c) for k, c in zip(names(entry), entry["certified"], strict=True))
    error = min(digits(fit.standard_error[k], c) for k, c in zip(names(entry), entry["certified_sd"], strict=True))
    return estimate, error
