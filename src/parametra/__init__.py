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
    from parametra import models
    from parametra.catalogue import model
    from parametra.formats.petab import read_petab
    from parametra.formats.problem_file import read_problem_file as read_problem
    from parametra.formats.result_file import load
    from parametra.maths.losses import Loss
    from parametra.nouns.audit_result import Audit
    from parametra.nouns.bench_result import Bench
    from parametra.nouns.bootstrap_result import Bootstrap
    from parametra.nouns.comparison import Comparison
    from parametra.nouns.constraint import Constraint, ordered, simplex
    from parametra.nouns.coverage_result import Coverage
    from parametra.nouns.data import Data
    from parametra.nouns.design_result import Design
    from parametra.nouns.errors import ParametraError
    from parametra.nouns.evaluation import EvaluationFailed, Infeasible
    from parametra.nouns.fit_result import Fit
    from parametra.nouns.identification import Identification
    from parametra.nouns.model import Model
    from parametra.nouns.noise import LogLikelihood, Noise, Normal, StudentT
    from parametra.nouns.noise_censored import Censored
    from parametra.nouns.noise_correlated import AR1, Covariance
    from parametra.nouns.noise_counts import NegativeBinomial, Poisson
    from parametra.nouns.noise_huber import Huber, LogHuber
    from parametra.nouns.noise_kernel import KernelNoise
    from parametra.nouns.noise_lifetimes import Exponential, LogLogistic, Weibull
    from parametra.nouns.noise_outliers import Outliers
    from parametra.nouns.noise_positive import Gamma, LogNormal
    from parametra.nouns.noise_trials import BetaBinomial, Binomial
    from parametra.nouns.noise_truncated import Truncated
    from parametra.nouns.objective import Objective
    from parametra.nouns.ode import ODE, Event
    from parametra.nouns.parameter import Choice, Fixed, Integer, Log, Parameter, Positive, Real, Simplex, Tied
    from parametra.nouns.penalty import Penalty
    from parametra.nouns.problem import Problem
    from parametra.nouns.program import Program
    from parametra.nouns.space import Space
    from parametra.nouns.status import Outcome, Status
    from parametra.verbs.audit import audit
    from parametra.verbs.bench_fit import bench_fit
    from parametra.verbs.bootstrap import bootstrap, coverage
    from parametra.verbs.check import check
    from parametra.verbs.compare import compare
    from parametra.verbs.design import design
    from parametra.verbs.fit import choose, fit
    from parametra.verbs.identify import identify
    from parametra.verbs.trust import (
        calibrator,
        conformal_selection,
        online_calibration,
        private_test,
        reusable_holdout,
    )

_WHERE = {
    "AR1": "nouns.noise",
    "Audit": "nouns.audit_result",
    "Bench": "nouns.bench_result",
    "BetaBinomial": "nouns.noise",
    "Binomial": "nouns.noise",
    "Bootstrap": "nouns.bootstrap_result",
    "Censored": "nouns.noise",
    "Choice": "nouns.parameter",
    "Comparison": "nouns.comparison",
    "Constraint": "nouns.constraint",
    "Covariance": "nouns.noise",
    "Coverage": "nouns.coverage_result",
    "Data": "nouns.data",
    "Design": "nouns.design_result",
    "EvaluationFailed": "nouns.evaluation",
    "Event": "nouns.ode",
    "Exponential": "nouns.noise",
    "Fit": "nouns.fit_result",
    "Fixed": "nouns.parameter",
    "Gamma": "nouns.noise",
    "Huber": "nouns.noise",
    "Identification": "nouns.identification",
    "Infeasible": "nouns.evaluation",
    "Integer": "nouns.parameter",
    "KernelNoise": "nouns.noise",
    "Log": "nouns.parameter",
    "LogHuber": "nouns.noise",
    "LogLikelihood": "nouns.noise",
    "LogLogistic": "nouns.noise",
    "LogNormal": "nouns.noise",
    "Loss": "maths.losses",
    "Model": "nouns.model",
    "NegativeBinomial": "nouns.noise",
    "Noise": "nouns.noise",
    "Normal": "nouns.noise",
    "ODE": "nouns.ode",
    "Objective": "nouns.objective",
    "Outcome": "nouns.status",
    "Outliers": "nouns.noise",
    "Parameter": "nouns.parameter",
    "ParametraError": "nouns.errors",
    "Penalty": "nouns.penalty",
    "Poisson": "nouns.noise",
    "Positive": "nouns.parameter",
    "Problem": "nouns.problem",
    "Program": "nouns.program",
    "Real": "nouns.parameter",
    "Simplex": "nouns.parameter",
    "Space": "nouns.space",
    "Status": "nouns.status",
    "StudentT": "nouns.noise",
    "Tied": "nouns.parameter",
    "Truncated": "nouns.noise",
    "Weibull": "nouns.noise",
    "audit": "verbs.audit",
    "bench_fit": "verbs.bench_fit",
    "bootstrap": "verbs.bootstrap",
    "calibrator": "verbs.trust",
    "check": "verbs.check",
    "choose": "verbs.fit",
    "compare": "verbs.compare",
    "conformal_selection": "verbs.trust",
    "coverage": "verbs.bootstrap",
    "design": "verbs.design",
    "fit": "verbs.fit",
    "identify": "verbs.identify",
    "load": "formats.result_file",
    "model": "catalogue",
    "online_calibration": "verbs.trust",
    "ordered": "nouns.constraint",
    "private_test": "verbs.trust",
    "read_petab": "formats.petab",
    "read_problem": "formats.problem_file",
    "reusable_holdout": "verbs.trust",
    "simplex": "nouns.constraint",
}
_RENAMED = {"read_problem": "read_problem_file"}

__all__ = [
    "AR1",
    "ODE",
    "Audit",
    "Bench",
    "BetaBinomial",
    "Binomial",
    "Bootstrap",
    "Censored",
    "Choice",
    "Comparison",
    "Constraint",
    "Covariance",
    "Coverage",
    "Data",
    "Design",
    "EvaluationFailed",
    "Event",
    "Exponential",
    "Fit",
    "Fixed",
    "Gamma",
    "Huber",
    "Identification",
    "Infeasible",
    "Integer",
    "KernelNoise",
    "Log",
    "LogHuber",
    "LogLikelihood",
    "LogLogistic",
    "LogNormal",
    "Loss",
    "Model",
    "NegativeBinomial",
    "Noise",
    "Normal",
    "Objective",
    "Outcome",
    "Outliers",
    "Parameter",
    "ParametraError",
    "Penalty",
    "Poisson",
    "Positive",
    "Problem",
    "Program",
    "Real",
    "Simplex",
    "Space",
    "Status",
    "StudentT",
    "Tied",
    "Truncated",
    "Weibull",
    "audit",
    "bench_fit",
    "bootstrap",
    "calibrator",
    "check",
    "choose",
    "compare",
    "conformal_selection",
    "coverage",
    "design",
    "fit",
    "identify",
    "load",
    "model",
    "models",
    "online_calibration",
    "ordered",
    "private_test",
    "read_petab",
    "read_problem",
    "reusable_holdout",
    "simplex",
]


def __getattr__(name: str) -> Any:
    if name == "models":
        return importlib.import_module("parametra.models")
    if name not in _WHERE:
        raise AttributeError(f"module 'parametra' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"parametra.{_WHERE[name]}"), _RENAMED.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
