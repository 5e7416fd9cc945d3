"""Which solver serves an ODE."""

from __future__ import annotations

from parametra.nouns._ode_compiled import Batched
from parametra.nouns._ode_lsoda import Lsoda
from parametra.nouns._ode_slopes import Slopes
from parametra.nouns._ode_solver import Solver, Tolerances
from parametra.nouns.errors import ModelError


def solver_for(slopes: Slopes, tolerances: Tolerances, wish: str) -> Solver:
    """The solver that serves.

    Arguments:
        slopes: what is integrated.
        tolerances: how accurately.
        wish: one of `SOLVERS`.
    """
    function = slopes.statement.slopes.function
    if wish == "lsoda" or (wish == "auto" and function is not None and not function.traceable):
        return Lsoda(slopes, tolerances)
    if function is not None and not function.traceable:
        raise ModelError(f'solver = "{wish}" needs slopes that JAX can trace; {function.what} is not so. Leave it out.')
    return Batched(slopes, tolerances, wish)
