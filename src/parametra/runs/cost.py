"""Which cost an evaluator computes, and the answers that follow from residuals and their Jacobian."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from parametra.maths.losses import Loss, weights
from parametra.nouns.asker import Answers, Want


@dataclass(frozen=True)
class Cost:
    """1/2 sum rho(r^2) of the residuals, or the negative log density.

    Arguments:
        least_squares: True for the residuals.
        losses: (first row, end row, loss) of the residuals that have a robust loss.
        scores: True where the negative log density is to be minimised by Fisher scoring: residuals and Jacobian are
            then -score / sqrt(I) and sqrt(I) dq/dx of each quantity q that the density depends on, I its expected
            information, so that J'r is the exact gradient and J'J the expected information.
    """

    least_squares: bool
    losses: tuple[tuple[int, int, Loss], ...] = ()
    scores: bool = False

    def value(self, residuals: Any, xp: Any = np) -> Any:
        """The cost (*batch,) of unscaled residuals (*batch, m)."""
        if not self.losses:
            return 0.5 * xp.sum(residuals * residuals, axis=-1)
        total: Any = 0.0
        row = 0
        for first, end, loss in self.losses:
            plain = residuals[..., row:first]
            total = total + 0.5 * xp.sum(plain * plain, axis=-1) + loss.cost(residuals[..., first:end], xp)
            row = end
        rest = residuals[..., row:]
        return total + 0.5 * xp.sum(rest * rest, axis=-1)

    def factors(self, residuals: Any, xp: Any = np) -> tuple[Any, Any]:
        """Factors of the Jacobian's rows and of the residuals, both (*batch, m), that fold the losses in."""
        ones = xp.ones_like(residuals)
        for_jacobian, for_residuals, row = [], [], 0
        for first, end, loss in self.losses:
            a, b = weights(residuals[..., first:end], loss, xp)
            for_jacobian += [ones[..., row:first], a]
            for_residuals += [ones[..., row:first], b]
            row = end
        for_jacobian.append(ones[..., row:])
        for_residuals.append(ones[..., row:])
        return xp.concatenate(for_jacobian, axis=-1), xp.concatenate(for_residuals, axis=-1)


def answers_from_residuals(residuals: np.ndarray, jacobian: np.ndarray | None, cost: Cost, want: Want) -> Answers:
    """Answers to any want of a least-squares problem.

    Arguments:
        residuals: (B, m), unscaled; NaN where a point failed.
        jacobian: (B, m, d), unscaled; None where the want needs none.
        cost: the cost, with its losses.
        want: what was asked for.
    """
    value = cost.value(residuals)
    ok = np.isfinite(value)
    if want is Want.COST:
        return Answers(cost=np.where(ok, value, np.inf), ok=ok)
    if cost.losses:
        for_jacobian, for_residuals = cost.factors(residuals)
        residuals = residuals * for_residuals
        jacobian = None if jacobian is None else jacobian * for_jacobian[:, :, None]
    if jacobian is not None:
        ok = ok & np.isfinite(jacobian.sum(axis=(1, 2)))
    value = np.where(ok, value, np.inf)
    if jacobian is None:
        return Answers(cost=value, ok=ok, residuals=residuals)
    if want is Want.JACOBIAN:
        return Answers(cost=value, ok=ok, residuals=residuals, jacobian=jacobian)
    transposed = np.swapaxes(jacobian, 1, 2)
    gradient = (transposed @ residuals[:, :, None])[:, :, 0]
    if want is Want.GRADIENT:
        return Answers(cost=value, ok=ok, gradient=gradient)
    return Answers(cost=value, ok=ok, gradient=gradient, normal=transposed @ jacobian)
