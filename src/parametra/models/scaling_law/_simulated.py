"""Tables of training runs, simulated from stated laws with a fixed seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from parametra.nouns.data import Data


def isoflop_runs(budgets: np.ndarray, tokens_per_parameter: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and tokens of runs at equal compute, C = 6 N D: every budget with every ratio D/N."""
    compute, ratio = (grid.ravel() for grid in np.meshgrid(budgets, tokens_per_parameter, indexing="ij"))
    parameters = np.sqrt(compute / (6 * ratio))
    return parameters, ratio * parameters


def losses(expected: np.ndarray, generator: np.random.Generator, *, scatter: float, heavy: bool = True) -> np.ndarray:
    """Losses around a law: log loss scatters by a Laplace law of this scale, or by a normal one."""
    drawn = generator.laplace(size=expected.shape) if heavy else generator.standard_normal(expected.shape)
    return expected * np.exp(scatter * drawn)


def table(inputs: Mapping[str, np.ndarray], output: str, values: np.ndarray, units: Mapping[str, str]) -> Data:
    """The data of such a table."""
    return Data({**inputs, output: values}, inputs=list(inputs), output=output, units=dict(units))
