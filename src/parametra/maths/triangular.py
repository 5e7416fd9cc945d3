"""Cholesky factors and triangular solves that NumPy, JAX, complex steps and batches go through alike."""

from __future__ import annotations

from typing import Any

import numpy as np


def cholesky(matrix: Any, xp: Any = np) -> Any:
    """The lower factor L of C = L L', NaN throughout where C is not positive definite.

    A complex matrix A + iB is taken for a complex step, with B so small that B^2 is nothing: L gets the derivative
    L phi(L^-1 B L^-T) as its imaginary part, phi the lower triangle with half the diagonal.

    Arguments:
        matrix: (*batch, n, n), symmetric.
        xp: numpy or jax.numpy.

    Source: Smith (1995), Differentiation of the Cholesky algorithm, doi:10.1080/10618600.1995.10474671
    """
    if xp is not np:
        return xp.linalg.cholesky(matrix)
    if matrix.ndim == 2:
        return _cholesky(matrix)
    n = matrix.shape[-1]
    return np.stack([_cholesky(one) for one in matrix.reshape(-1, n, n)]).reshape(matrix.shape)


def _cholesky(matrix: np.ndarray) -> np.ndarray:
    try:
        factor = np.linalg.cholesky(np.real(matrix))
    except np.linalg.LinAlgError:
        return np.full(matrix.shape, np.nan, dtype=matrix.dtype)
    if not np.iscomplexobj(matrix):
        return factor
    across = solve_lower(factor, solve_lower(factor, np.imag(matrix)).T)
    half = np.tril(across)
    np.fill_diagonal(half, 0.5 * np.diag(across))
    return factor + 1j * (factor @ half)


def solve_lower(factor: Any, rows: Any, xp: Any = np) -> Any:
    """L^-1 e for each row e.

    Arguments:
        factor: (n, n) or (*batch, n, n), lower triangular.
        rows: (*batch, n), real or complex.
        xp: numpy or jax.numpy.
    """
    if xp is not np:
        import jax.scipy.linalg

        if factor.ndim == 2:
            flat = rows.reshape(-1, rows.shape[-1])
            return jax.scipy.linalg.solve_triangular(factor, flat.T, lower=True).T.reshape(rows.shape)
        batch = xp.broadcast_shapes(factor.shape[:-2], rows.shape[:-1])
        n = rows.shape[-1]
        factor, rows = xp.broadcast_to(factor, (*batch, n, n)), xp.broadcast_to(rows, (*batch, n))
        return jax.scipy.linalg.solve_triangular(factor, rows[..., None], lower=True)[..., 0]
    if factor.ndim == 2:
        return _solve(factor, rows)
    n = rows.shape[-1]
    batch = np.broadcast_shapes(factor.shape[:-2], rows.shape[:-1])
    factors = np.broadcast_to(factor, (*batch, n, n)).reshape(-1, n, n)
    flat = np.broadcast_to(rows, (*batch, n)).reshape(-1, n)
    return np.stack([_solve(f, e) for f, e in zip(factors, flat, strict=True)]).reshape(*batch, n)


def _solve(factor: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from scipy.linalg import solve_triangular

    columns = rows.reshape(-1, rows.shape[-1]).T
    if np.iscomplexobj(columns) and not np.iscomplexobj(factor):
        # apart, so that an imaginary part of 1e-30 is not rounded against a real one
        both = np.concatenate([np.real(columns), np.imag(columns)], axis=1)
        solved = solve_triangular(factor, both, lower=True, check_finite=False)
        k = columns.shape[1]
        return (solved[:, :k] + 1j * solved[:, k:]).T.reshape(rows.shape)
    return solve_triangular(factor, columns, lower=True, check_finite=False).T.reshape(rows.shape)
