"""parametra determines the parameters of mathematical models, and says how far each can be trusted.

    import parametra as pm

    fit = pm.fit("Vm * c / (K + c)", pm.Data("rates.csv", inputs=["c"], output="v"), parameters={"Vm": 200, "K": 0.1})
    print(fit)

Everything is loaded when it is first used: importing the package loads neither NumPy nor JAX.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parametra.formats.problem_file import read_problem_file as read_problem
    from parametra.formats.result_file import load
    from parametra.maths.losses import Loss
    from parametra.nouns.data import Data
    from parametra.nouns.errors import ParametraError
    from parametra.nouns.fit_result import Fit
    from parametra.nouns.model import Model
    from parametra.nouns.noise import LogLikelihood, Noise, Normal, StudentT
    from parametra.nouns.objective import Objective
    from parametra.nouns.parameter import Choice, Fixed, Integer, Log, Parameter, Positive, Real, Simplex, Tied
    from parametra.nouns.problem import Problem
    from parametra.nouns.space import Space
    from parametra.nouns.status import Outcome, Status
    from parametra.verbs.check import check
    from parametra.verbs.fit import choose, fit

_WHERE = {
    "Choice": "nouns.parameter",
    "Data": "nouns.data",
    "Fit": "nouns.fit_result",
    "Fixed": "nouns.parameter",
    "Integer": "nouns.parameter",
    "Log": "nouns.parameter",
    "LogLikelihood": "nouns.noise",
    "Loss": "maths.losses",
    "Model": "nouns.model",
    "Noise": "nouns.noise",
    "Normal": "nouns.noise",
    "Objective": "nouns.objective",
    "Outcome": "nouns.status",
    "Parameter": "nouns.parameter",
    "ParametraError": "nouns.errors",
    "Positive": "nouns.parameter",
    "Problem": "nouns.problem",
    "Real": "nouns.parameter",
    "Simplex": "nouns.parameter",
    "Space": "nouns.space",
    "Status": "nouns.status",
    "StudentT": "nouns.noise",
    "Tied": "nouns.parameter",
    "check": "verbs.check",
    "choose": "verbs.fit",
    "fit": "verbs.fit",
    "load": "formats.result_file",
    "read_problem": "formats.problem_file",
}
_RENAMED = {"read_problem": "read_problem_file"}

__all__ = [
    "Choice",
    "Data",
    "Fit",
    "Fixed",
    "Integer",
    "Log",
    "LogLikelihood",
    "Loss",
    "Model",
    "Noise",
    "Normal",
    "Objective",
    "Outcome",
    "Parameter",
    "ParametraError",
    "Positive",
    "Problem",
    "Real",
    "Simplex",
    "Space",
    "Status",
    "StudentT",
    "Tied",
    "check",
    "choose",
    "fit",
    "load",
    "read_problem",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'parametra' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"parametra.{_WHERE[name]}"), _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
